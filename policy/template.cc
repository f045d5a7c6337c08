// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "policy/reader.h"

namespace postern::policy {
namespace {

using base::hex_value;

constexpr std::array<std::pair<std::string_view, Method>, kMethods> kMethodNames{
    {{"GET", Method::Get},
     {"HEAD", Method::Head},
     {"POST", Method::Post},
     {"PUT", Method::Put},
     {"PATCH", Method::Patch},
     {"DELETE", Method::Delete},
     {"OPTIONS", Method::Options}}};

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Characters that canonical form writes as they are: pchar of RFC 3986 without ";".
bool is_plain(char c) {
  return is_alpha(c) || is_digit(c) || std::string_view("-._~!$&'()*+,=:@").find(c) != std::string_view::npos;
}

// "%25" and two hexadecimal digits: what would be an escape if somebody decoded once more.
bool is_encoded_twice(std::string_view segment) {
  for (std::size_t at = segment.find("%25"); at != std::string_view::npos; at = segment.find("%25", at + 3)) {
    if (at + 4 < segment.size() && hex_value(segment[at + 3]) >= 0 && hex_value(segment[at + 4]) >= 0)
      return true;
  }
  return false;
}

std::string encoded(char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  return {'%', digits[byte >> 4U], digits[byte & 15U]};
}

std::optional<std::string> plain_fault(char c) {
  if (c == ';') return "\";\" never reaches a decision: path parameters are refused";
  if (is_plain(c)) return std::nullopt;
  return "write " + encoded(c) + " instead of " + in_quotes({&c, 1});
}

std::optional<std::string> escape_fault(std::string_view escape, char decoded) {
  if (decoded == '/' || decoded == '\\' || decoded == ';') {
    return in_quotes(escape) + " never reaches a decision: an encoded " + in_quotes({&decoded, 1}) +
           " is refused";
  }
  if (static_cast<unsigned char>(decoded) < 0x20 || decoded == 0x7f) {
    return in_quotes(escape) + " never reaches a decision: control characters are refused";
  }
  if (is_plain(decoded)) return "write " + in_quotes({&decoded, 1}) + " instead of " + in_quotes(escape);
  if (escape != encoded(decoded)) return "write " + encoded(decoded) + " instead of " + in_quotes(escape);
  return std::nullopt;
}

bool is_parameter_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || !(is_alpha(name[0]) || name[0] == '_')) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; });
}

// One template while it is parsed; place() is where the current segment stands in the file.
class TemplateParser {
 public:
  TemplateParser(std::string_view text, base::Mark mark, std::vector<base::Fault>& faults)
      : text_(text), mark_(mark), faults_(faults) {}

  Template parse() {
    if (!whole_text_is_sane()) return {};
    const std::vector<std::string_view> segments = split_path(text_);
    for (std::size_t i = 0; i < segments.size(); ++i) take(segments[i], i + 1 == segments.size());
    return std::move(result_);
  }

 private:
  bool whole_text_is_sane() {
    offset_ = 0;
    if (text_.empty() || text_[0] != '/') return fault("a path begins with \"/\""), false;
    if (text_.size() > kTemplateLength) {
      return fault("the path is longer than " + std::to_string(kTemplateLength) + " bytes"), false;
    }
    if (const std::size_t at = text_.find_first_of("?#"); at != std::string_view::npos) {
      offset_ = at;
      return fault("the path ends before " + in_quotes(text_.substr(at, 1)) +
                   ": say what the query may hold under parameters"),
             false;
    }
    const auto segments = static_cast<std::size_t>(std::count(text_.begin(), text_.end(), '/'));
    if (segments > kTemplateSegments) {
      return fault("the path has more than " + std::to_string(kTemplateSegments) + " segments"), false;
    }
    offset_ = 1;
    return true;
  }

  void take(std::string_view segment, bool last) {
    if (segment == "**") {
      if (!last)
        fault(
            "\"**\" stands for the rest of a path: only the last segment may be one; write {name} for one "
            "segment");
      result_.tail = true;
    } else if (!segment.empty() && segment.front() == '{' && segment.back() == '}') {
      take_parameter(segment.substr(1, segment.size() - 2));
    } else {
      take_literal(segment, last);
    }
    offset_ += segment.size() + 1;
  }

  void take_parameter(std::string_view name) {
    if (!is_parameter_name(name)) {
      fault(
          "a parameter is a name in braces such as {id}: letters, digits, \"_\", \"-\", \".\", beginning "
          "with a letter");
    }
    for (const Segment& other : result_.segments) {
      if (other.parameter && other.text == name)
        fault("{" + std::string(name) + "} appears twice: give each parameter its own name");
    }
    result_.segments.push_back({true, std::string(name)});
  }

  void take_literal(std::string_view segment, bool last) {
    if (segment.empty() && !last) {
      fault("an empty segment never reaches a decision: \"//\" is refused; write one \"/\"");
    } else if (!segment.empty() && segment.find_first_not_of('.') == std::string_view::npos) {
      fault(in_quotes(segment) +
            " never reaches a decision: dot segments are refused; write the path that is meant");
    } else if (segment.find_first_of("{}") != std::string_view::npos) {
      fault("a parameter is a whole segment: write {name} and say what it may be under parameters.path");
    } else if (segment.find('*') != std::string_view::npos) {
      fault(
          "\"*\" is not a wildcard: write {name} for one segment, or \"**\" as the last segment for the "
          "rest");
    } else if (const auto wrong = canonical_fault(segment)) {
      fault("this is not how the path reaches a decision: " + *wrong);
    }
    result_.segments.push_back({false, std::string(segment)});
  }

  void fault(std::string message) {
    base::Mark place = mark_;
    if (place.line > 0) place.column += static_cast<int>(offset_);
    faults_.push_back({place, std::move(message)});
  }

  std::string_view text_;
  base::Mark mark_;
  std::vector<base::Fault>& faults_;
  std::size_t offset_ = 0;
  Template result_;
};

bool agree(const Segment& a, const Segment& b) {
  if (a.parameter) return b.parameter || !b.text.empty();
  return b.parameter ? !a.text.empty() : a.text == b.text;
}

std::string join(const Template& path, bool names) {
  std::string out;
  for (const Segment& segment : path.segments) {
    out += '/';
    if (!segment.parameter) {
      out += segment.text;
    } else {
      out += names ? "{" + segment.text + "}" : "{}";
    }
  }
  if (path.tail) out += "/**";
  return out;
}

}  // namespace

std::optional<Method> parse_method(std::string_view text) {
  for (const auto& [name, method] : kMethodNames) {
    if (name == text) return method;
  }
  return std::nullopt;
}

std::string_view to_text(Method method) { return kMethodNames[static_cast<std::size_t>(method)].first; }

std::string Template::text() const { return join(*this, true); }
std::string Template::key() const { return join(*this, false); }

std::uint64_t Template::arrangement() const {
  std::uint64_t places = 0;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].parameter) places |= std::uint64_t{1} << i;
  }
  return tail ? places | (std::uint64_t{segments.size()} + 1) << 32U : places;
}

Template parse_template(std::string_view text, base::Mark mark, std::vector<base::Fault>& faults) {
  return TemplateParser(text, mark, faults).parse();
}

bool matches(const Template& pattern, std::string_view path) {
  if (path.empty() || path[0] != '/') return false;
  const std::vector<std::string_view> segments = split_path(path);
  if (segments.size() < pattern.segments.size()) return false;
  if (segments.size() > pattern.segments.size() && !pattern.tail) return false;
  for (std::size_t i = 0; i < pattern.segments.size(); ++i) {
    const Segment& want = pattern.segments[i];
    if (want.parameter ? segments[i].empty() : segments[i] != want.text) return false;
  }
  return true;
}

bool covers(const Template& wide, const Template& narrow) {
  if (wide.segments.size() > narrow.segments.size()) return false;
  for (std::size_t i = 0; i < wide.segments.size(); ++i) {
    const Segment& a = wide.segments[i];
    const Segment& b = narrow.segments[i];
    if (!a.parameter && b.parameter) return false;
    if (!agree(a, b)) return false;
  }
  return wide.tail || (!narrow.tail && wide.segments.size() == narrow.segments.size());
}

bool overlap(const Template& a, const Template& b) {
  const std::size_t common = std::min(a.segments.size(), b.segments.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (!agree(a.segments[i], b.segments[i])) return false;
  }
  return (a.segments.size() == common || b.tail) && (b.segments.size() == common || a.tail);
}

std::string witness(const Template& a, const Template& b) {
  std::string out;
  for (std::size_t i = 0; i < std::max(a.segments.size(), b.segments.size()); ++i) {
    const Segment* first = i < a.segments.size() ? &a.segments[i] : nullptr;
    const Segment* second = i < b.segments.size() ? &b.segments[i] : nullptr;
    if (first == nullptr || (first->parameter && second != nullptr && !second->parameter))
      std::swap(first, second);
    out += "/" + first->text;
  }
  return out.empty() ? "/" : out;
}

std::optional<std::string> canonical_fault(std::string_view segment) {
  std::string decoded;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      if (auto fault = plain_fault(segment[i])) return fault;
      decoded += segment[i];
      continue;
    }
    const int high = i + 2 < segment.size() ? hex_value(segment[i + 1]) : -1;
    const int low = i + 2 < segment.size() ? hex_value(segment[i + 2]) : -1;
    if (high < 0 || low < 0) return "two hexadecimal digits follow \"%\"; a percent sign itself is %25";
    decoded += static_cast<char>(high * 16 + low);
    if (auto fault = escape_fault(segment.substr(i, 3), decoded.back())) return fault;
    i += 2;
  }
  if (is_encoded_twice(segment))
    return "a percent-encoded escape never reaches a decision: double encoding is refused";
  if (!base::is_utf8(decoded)) return "what is percent-encoded must be UTF-8";
  return std::nullopt;
}

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> segments;
  std::size_t begin = 1;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    segments.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return segments;
}

}  // namespace postern::policy
