// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/relay/client_hello.h"

#include <algorithm>
#include <set>

namespace postern::mission {
namespace {

constexpr std::size_t kRecordHeader = 5, kRecordLimit = 16'384, kMessageHeader = 4, kRandom = 32;
constexpr unsigned kHandshakeRecord = 22, kClientHello = 1, kServerName = 0, kHostName = 0;
constexpr std::size_t kLongestHost = 253;
constexpr std::size_t kShortestMethod = 3, kLongestMethod = 24;  // letters

unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

// Takes numbers and vectors off the front; once something was not there, nothing is any more.
class HelloCursor {
 public:
  explicit HelloCursor(std::string_view rest) : rest_(rest) {}
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  unsigned number(std::size_t size) {
    unsigned out = 0;
    for (const char c : take(size)) out = out << 8U | static_cast<unsigned char>(c);
    return out;
  }
  std::string_view vector(std::size_t length_size) { return take(number(length_size)); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

bool is_host(std::string_view name) {
  return !name.empty() && name.size() <= kLongestHost && name.front() != '.' && name.back() != '.' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string_view::npos;
}

// False: not well formed.
bool read_server_name(std::string_view extension, std::string& name) {
  HelloCursor outer(extension);
  HelloCursor list(outer.vector(2));
  const unsigned kind = list.number(1);
  std::string host(list.vector(2));
  if (!outer.ok() || !outer.at_end() || !list.ok() || !list.at_end() || kind != kHostName) return false;
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  if (is_host(host)) name = std::move(host);
  return true;
}

bool read_extensions(std::string_view extensions, std::string& name) {
  HelloCursor in(extensions);
  std::set<unsigned> seen;
  while (in.ok() && !in.at_end()) {
    const unsigned type = in.number(2);
    const std::string_view body = in.vector(2);
    if (!in.ok() || !seen.insert(type).second) return false;
    if (type == kServerName && !read_server_name(body, name)) return false;
  }
  return in.ok();
}

bool read_message(std::string_view message, std::string& name) {
  HelloCursor in(message);
  in.take(2 + kRandom);
  const std::string_view session = in.vector(1);
  const std::string_view suites = in.vector(2);
  const std::string_view compression = in.vector(1);
  if (!in.ok() || session.size() > 32 || suites.size() < 2 || suites.size() % 2 != 0 || compression.empty())
    return false;
  if (in.at_end()) return true;
  const std::string_view extensions = in.vector(2);
  return in.ok() && in.at_end() && read_extensions(extensions, name);
}

// What does not begin as a record does. A method is capital letters up to a space (RFC 9110 section 9.1, of those that browsers send), and
// nothing is said before what follows them is there: the answer must not depend on where the bytes were cut.
Hello::State not_a_record(std::string_view bytes) {
  const auto behind = std::find_if(bytes.begin(), bytes.end(), [](char c) { return c < 'A' || c > 'Z'; });
  const auto letters = static_cast<std::size_t>(behind - bytes.begin());
  if (letters > kLongestMethod) return Hello::State::None;
  if (behind == bytes.end()) return Hello::State::More;
  return letters >= kShortestMethod && *behind == ' ' ? Hello::State::Http : Hello::State::None;
}

}  // namespace

Hello read_hello(std::string_view bytes) {
  Hello out;
  const auto end = [&out](Hello::State state) {
    out.state = state;
    if (state != Hello::State::Whole) out.name.clear();
    return out;
  };
  if (!bytes.empty() && byte_at(bytes, 0) != kHandshakeRecord) return end(not_a_record(bytes));
  std::string message;
  while (bytes.size() >= kRecordHeader) {
    const std::size_t size = byte_at(bytes, 3) << 8U | byte_at(bytes, 4);
    const bool sound =
        byte_at(bytes, 0) == kHandshakeRecord && byte_at(bytes, 1) == 3 && size > 0 && size <= kRecordLimit;
    if (!sound) return end(Hello::State::None);
    const std::string_view piece = bytes.substr(kRecordHeader, size);
    message += piece;
    bytes.remove_prefix(kRecordHeader + piece.size());
    if (message.empty()) continue;
    if (byte_at(message, 0) != kClientHello) return end(Hello::State::None);
    if (message.size() >= kMessageHeader) {
      const std::size_t length = byte_at(message, 1) << 16U | byte_at(message, 2) << 8U | byte_at(message, 3);
      if (length > kHelloLimit) return end(Hello::State::TooLarge);
      if (message.size() >= kMessageHeader + length) {
        if (message.size() > kMessageHeader + length) return end(Hello::State::None);
        const bool read = read_message(std::string_view(message).substr(kMessageHeader), out.name);
        return end(read ? Hello::State::Whole : Hello::State::None);
      }
    }
    if (piece.size() < size) break;
  }
  return out;
}

std::string alert_record(Alert alert) { return {21, 3, 1, 0, 2, 2, static_cast<char>(alert)}; }

}  // namespace postern::mission
