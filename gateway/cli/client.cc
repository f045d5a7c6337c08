// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "gateway/http/h1_body.h"
#include "gateway/http/h1_response.h"
#include "gateway/http/h1_write.h"

namespace postern::cli {
namespace {

base::Status send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno("the gateway does not take the request", errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return base::Ok{};
}

// Appends what came; false at the end of the stream.
base::Result<bool> receive_some(int socket, std::string& in) {
  std::array<char, 16384> piece;
  for (;;) {
    const ssize_t n = ::recv(socket, piece.data(), piece.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno("the gateway broke off its answer", errno);
    in.append(piece.data(), static_cast<std::size_t>(n));
    return n > 0;
  }
}

base::Error cut_short() { return base::fail(base::Code::Closed, "the gateway broke off its answer"); }

base::Status read_head(int socket, http::Method method, std::string& in, http::ResponseHead& head) {
  http::ResponseParser parser(http::HeadLimits{});
  for (;;) {
    const http::HeadStep step = parser.parse(in, method);
    if (step.state == http::HeadState::Refused) {
      return base::fail(base::Code::Invalid,
                        "the gateway's answer is not valid HTTP: " + std::string(step.verdict.sentence));
    }
    if (step.state == http::HeadState::Complete) {
      in.erase(0, step.consumed);
      const bool interim = parser.head().interim();
      if (!interim) head = std::move(parser.head());
      if (!interim) return base::Ok{};
      parser.reset();
      continue;
    }
    const auto more = receive_some(socket, in);
    if (!more.ok()) return more.error();
    if (!*more) return cut_short();
  }
}

base::Status read_body(int socket, http::Framing framing, std::string& in, const Client::Take& take) {
  http::BodyDecoder decoder(framing, http::BodySide::Response);
  for (;;) {
    const http::BodyStep step = decoder.feed(in);
    if (step.state == http::BodyState::Refused)
      return base::fail(base::Code::Invalid, "the gateway's answer is not valid HTTP");
    if (!step.piece.empty() && !take(step.piece)) return base::Ok{};
    in.erase(0, step.consumed);
    if (step.state == http::BodyState::Done) return base::Ok{};
    if (step.consumed > 0) continue;
    const auto more = receive_some(socket, in);
    if (!more.ok()) return more.error();
    if (*more) continue;
    if (decoder.close()) return base::Ok{};
    return cut_short();
  }
}

std::string request_text(http::Method method, std::string_view target, const base::Json* body) {
  const std::string content = body == nullptr ? std::string() : base::dump_json(*body);
  http::Fields fields;
  fields.put("accept", "application/json");
  fields.put("user-agent", "postern-cli");
  const bool changes = method != http::Method::Get;
  if (changes) fields.put("content-type", "application/json");
  std::string out;
  http::Framing framing;
  if (changes) framing = {http::BodyKind::Sized, content.size()};
  http::write_request_head(out, {method, target, "postern"}, fields, framing, false);
  return out + content;
}

}  // namespace

// The functions above speak of the gateway.
base::Error Client::said(base::Error error) const {
  constexpr std::string_view kGateway = "the gateway";
  for (std::size_t at = error.message.find(kGateway); at != std::string::npos;
       at = error.message.find(kGateway, at + place_.size()))
    error.message.replace(at, kGateway.size(), place_);
  return error;
}

base::Result<base::UniqueFd> Client::connect() const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path)
    return base::fail(base::Code::Invalid, path_ + " is too long for a socket's path");
  std::memcpy(address.sun_path, path_.data(), path_.size());
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return base::fail_errno("cannot make a socket", errno);
  if (::connect(socket.get(), static_cast<const sockaddr*>(static_cast<const void*>(&address)),
                sizeof address) != 0) {
    if (errno == EACCES || errno == EPERM) {
      return base::fail(base::Code::Denied, "this user may not speak to " + place_ + " at " + path_ +
                                                ": run it as root or as the user that it runs as");
    }
    const std::string none = place_ == "the gateway" ? "no gateway answers" : place_ + " does not answer";
    return base::fail(base::Code::Unavailable, none + " at " + path_ + " (" + std::strerror(errno) +
                                                   "): is it running, and is --config the one it runs with?");
  }
  return socket;
}

base::Result<Client::Answer> Client::call(http::Method method, std::string_view target,
                                          const base::Json* body) {
  return exchange(method, target, body, nullptr);
}

base::Result<Client::Answer> Client::stream(std::string_view target, const Take& take) {
  return exchange(http::Method::Get, target, nullptr, &take);
}

base::Result<Client::Answer> Client::exchange(http::Method method, std::string_view target,
                                              const base::Json* body, const Take* take) {
  auto socket = connect();
  if (!socket.ok()) return std::move(socket).error();
  if (auto sent = send_all(socket->get(), request_text(method, target, body)); !sent.ok())
    return said(std::move(sent).error());
  std::string in;
  http::ResponseHead head;
  if (auto read = read_head(socket->get(), method, in, head); !read.ok())
    return said(std::move(read).error());
  Answer answer;
  answer.status = head.status;
  bool too_long = false;
  const Take keep = [&](std::string_view piece) {
    too_long = answer.body.size() + piece.size() > kAnswerLimit;
    if (!too_long) answer.body += piece;
    return !too_long;
  };
  const bool streamed = take != nullptr && answer.ok();
  if (auto read = read_body(socket->get(), head.body, in, streamed ? *take : keep); !read.ok())
    return said(std::move(read).error());
  if (too_long) return base::fail(base::Code::Limit, place_ + "'s answer is too long: ask for less");
  return answer;
}

std::string path_segment(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

std::string query_of(const std::vector<std::pair<std::string_view, std::string>>& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    out.append(out.empty() ? "?" : "&").append(name).append("=").append(path_segment(value));
  }
  return out;
}

}  // namespace postern::cli
