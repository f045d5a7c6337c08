// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <array>
#include <charconv>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "base/plain_text.h"

namespace postern::base {
namespace {

std::string position(std::string_view text, std::size_t offset) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      column = 1;
    } else {
      ++column;
    }
  }
  return std::to_string(line) + ":" + std::to_string(column);
}

// Builds the value through nlohmann's own SAX builder and refuses what that one lets pass: depth and
// duplicate keys.
class StrictBuilder : public nlohmann::detail::json_sax_dom_parser<Json> {
  using Parent = nlohmann::detail::json_sax_dom_parser<Json>;

 public:
  StrictBuilder(Json& into, int depth) : Parent(into, false), depth_(depth) {}

  bool start_object(std::size_t n) {
    keys_.emplace_back();
    return enter() && Parent::start_object(n);
  }
  bool end_object() {
    keys_.pop_back();
    ++depth_;
    return Parent::end_object();
  }
  bool start_array(std::size_t n) { return enter() && Parent::start_array(n); }
  bool end_array() {
    ++depth_;
    return Parent::end_array();
  }
  bool key(std::string& name) {
    if (!keys_.back().insert(name).second) {
      problem = "the key \"" + printable(name, 80) + "\" appears twice";
      return false;
    }
    return Parent::key(name);
  }
  bool parse_error(std::size_t offset, const std::string& token, const nlohmann::detail::exception&) {
    error_offset = offset > 0 ? offset - 1 : 0;
    problem = "unexpected \"" + printable(token, 40) + "\"";
    return false;
  }

  std::string problem;
  std::size_t error_offset = std::string::npos;

 private:
  bool enter() {
    if (depth_-- > 0) return true;
    problem = "is nested too deeply";
    return false;
  }
  int depth_;
  std::vector<std::set<std::string>> keys_;
};

template <typename J>
std::string dump(const J& value) {
  return value.dump(-1, ' ', false, J::error_handler_t::replace);
}

}  // namespace

Result<Json> parse_json(std::string_view text, int depth) {
  Json root;
  StrictBuilder builder(root, depth);
  if (!Json::sax_parse(text.begin(), text.end(), &builder) || !builder.problem.empty()) {
    std::string where =
        builder.error_offset == std::string::npos ? "" : position(text, builder.error_offset) + ": ";
    return fail(Code::Invalid, where + "not valid JSON: " + builder.problem);
  }
  return root;
}

std::string dump_json(const Json& value) { return dump(value); }
std::string dump_json(const OrderedJson& value) { return dump(value); }

const std::string* json_text(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() ? nullptr : it->get_ptr<const std::string*>();
}

std::string json_text_or(const Json& object, const char* key, std::string_view fallback) {
  const std::string* text = json_text(object, key);
  return text != nullptr ? *text : std::string(fallback);
}

std::vector<std::string> json_texts(const Json& object, const char* key) {
  std::vector<std::string> texts;
  if (!object.is_object()) return texts;
  const auto it = object.find(key);
  if (it == object.end() || !it->is_array()) return texts;
  for (const Json& item : *it) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::int64_t json_number_or(const Json& object, const char* key, std::int64_t fallback) {
  if (!object.is_object()) return fallback;
  const auto it = object.find(key);
  return it != object.end() && it->is_number_integer() ? it->get<std::int64_t>() : fallback;
}

bool json_bool_or(const Json& object, const char* key, bool fallback) {
  if (!object.is_object()) return fallback;
  const auto it = object.find(key);
  return it != object.end() && it->is_boolean() ? it->get<bool>() : fallback;
}

void JsonWriter::comma() {
  if (!first_) out_ += ',';
  first_ = false;
}
void JsonWriter::key(std::string_view name) {
  comma();
  out_ += '"';
  out_ += name;  // keys are ours: literals without anything to escape
  out_ += "\":";
}
void JsonWriter::open_object() {
  comma();
  out_ += '{';
  first_ = true;
}
void JsonWriter::open_object(std::string_view name) {
  key(name);
  out_ += '{';
  first_ = true;
}
void JsonWriter::close_object() {
  out_ += '}';
  first_ = false;
}
void JsonWriter::open_array(std::string_view name) {
  key(name);
  out_ += '[';
  first_ = true;
}
void JsonWriter::close_array() {
  out_ += ']';
  first_ = false;
}
void JsonWriter::field(std::string_view name, std::string_view value) {
  key(name);
  escape(out_, value);
}
void JsonWriter::field(std::string_view name, std::int64_t value) {
  key(name);
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out_.append(digits.data(), end);
}
void JsonWriter::field(std::string_view name, bool value) {
  key(name);
  out_ += value ? "true" : "false";
}
void JsonWriter::item(std::string_view value) {
  comma();
  escape(out_, value);
}
void JsonWriter::raw(std::string_view name, std::string_view json) {
  key(name);
  out_ += json;
}

void JsonWriter::escape(std::string& out, std::string_view value) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;  // start of the run that needs no change
  const std::size_t front = plain_front(value);
  const bool valid = front == value.size() || is_utf8(value);
  for (std::size_t i = front; i < value.size(); ++i) {
    const auto c = static_cast<unsigned char>(value[i]);
    if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F && (c < 0x80 || valid)) continue;
    out += value.substr(plain, i - plain);
    plain = i + 1;
    if (c >= 0x80) {
      out += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else {
      out += "\\u00";
      out += kHex[c >> 4U];
      out += kHex[c & 15U];
    }
  }
  out += value.substr(plain);
  out += '"';
}

}  // namespace postern::base
