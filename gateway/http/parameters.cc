// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/parameters.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "gateway/http/chars.h"
#include "gateway/http/percent.h"

namespace postern::http {
namespace {

enum class Raw : std::uint8_t {
  Refused,
  Plain,    // stays as it is
  Encoded,  // browsers leave it raw though RFC 3986 does not allow it, or some servers split at it: written
            // percent-encoded
};

constexpr std::array<Raw, 256> make_raw() {
  std::array<Raw, 256> table{};
  for (int c = 0; c < 128; ++c) {
    if (is_unreserved(static_cast<char>(c))) table[static_cast<std::size_t>(c)] = Raw::Plain;
  }
  for (const char c : std::string_view("!$'()*,/:?@")) table[static_cast<unsigned char>(c)] = Raw::Plain;
  for (const char c : std::string_view("[]{}|^`;=")) table[static_cast<unsigned char>(c)] = Raw::Encoded;
  return table;
}
constexpr std::array<Raw, 256> kRaw = make_raw();
Raw raw_of(char c) { return kRaw[static_cast<unsigned char>(c)]; }

bool is_refused_control(unsigned char byte, bool in_name) {
  if (byte == 0x7f) return true;
  return byte < 0x20 && (in_name || (byte != '\t' && byte != '\n' && byte != '\r'));
}

// One name or one value. Returns an empty sentence if all is well.
std::string_view decode(std::string_view text, bool in_name, std::string& canonical, std::string& arena) {
  const std::size_t arena_begin = arena.size();
  const std::size_t canonical_begin = canonical.size();
  bool above_ascii = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t plain_begin = i;
    while (i < text.size() && raw_of(text[i]) == Raw::Plain) ++i;
    canonical.append(text, plain_begin, i - plain_begin);
    arena.append(text, plain_begin, i - plain_begin);
    if (i == text.size()) break;
    const char c = text[i];
    if (c == '%') {
      const int byte = percent_byte(text, i);
      if (byte < 0) return "a percent sign is not followed by two hexadecimal digits";
      if (is_refused_control(static_cast<unsigned char>(byte), in_name))
        return "a parameter holds a control character";
      above_ascii |= byte >= 0x80;
      append_decoded(static_cast<char>(byte), canonical);
      arena.push_back(static_cast<char>(byte));
      i += 2;
    } else if (c == '+') {
      canonical += "%20";
      arena.push_back(' ');
    } else {
      if (raw_of(c) == Raw::Refused) return "a query holds a character that must be percent-encoded";
      append_percent(c, canonical);
      arena.push_back(c);
    }
  }
  if (above_ascii && !is_clean_utf8(std::string_view(arena).substr(arena_begin)))
    return "a parameter is not clean UTF-8";
  // Values are nested addresses and expressions such as "a%10" and may look encoded again; a name has no
  // reason to.
  if (in_name && is_encoded_twice(std::string_view(canonical).substr(canonical_begin)))
    return "a name is encoded twice";
  return {};
}

}  // namespace

std::optional<std::string_view> Parameters::only(std::string_view name) const {
  std::optional<std::string_view> answer;
  for (const Parameter& parameter : parameters_) {
    if (parameter.name != name) continue;
    if (answer) return std::nullopt;
    answer = parameter.value;
  }
  return answer;
}

std::size_t Parameters::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(parameters_.begin(), parameters_.end(),
                    [name](const Parameter& parameter) { return parameter.name == name; }));
}

void Parameters::reset(std::size_t decoded_size) {
  parameters_.clear();
  arena_.clear();
  arena_.reserve(decoded_size);
}

void Parameters::forget() {
  reset(0);
  arena_.shrink_to_fit();
  parameters_.shrink_to_fit();
}

void Parameters::push(std::size_t name_begin, std::size_t value_begin) {
  POSTERN_CHECK(name_begin <= value_begin && value_begin <= arena_.size());
  const std::string_view text = arena_;
  parameters_.push_back({text.substr(name_begin, value_begin - name_begin), text.substr(value_begin)});
}

Verdict parse_parameters(std::string_view text, std::size_t most, base::Refusal code, std::string& canonical,
                         Parameters& out) {
  out.reset(text.size());  // decoding never makes text longer
  std::string& arena = out.arena();
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    if (out.size() == most) return refused(code, "there are more parameters than the limit");
    if (out.size() != 0) canonical.push_back('&');

    const std::size_t equals = pair.find('=');
    const std::size_t name_begin = arena.size();
    std::string_view wrong = decode(pair.substr(0, equals), true, canonical, arena);
    const std::size_t value_begin = arena.size();
    if (wrong.empty() && value_begin == name_begin) wrong = "a parameter has no name";
    if (wrong.empty() && equals != std::string_view::npos) {
      canonical.push_back('=');
      wrong = decode(pair.substr(equals + 1), false, canonical, arena);
    }
    if (!wrong.empty()) return refused(code, wrong);
    out.push(name_begin, value_begin);
  }
  return accepted();
}

}  // namespace postern::http
