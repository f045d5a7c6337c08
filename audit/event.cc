// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/event.h"

#include <array>

#include "base/bytes.h"
#include "base/json.h"
#include "base/plain_text.h"

namespace postern::audit {
namespace {

using base::Code;
using base::JsonWriter;
using base::Micros;
using base::Result;

constexpr std::size_t kTimeLength = 27;
constexpr std::size_t kIdLength = 26;
constexpr std::string_view kVersion = "{\"v\":1,\"id\":\"";

void write_text(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out += key;
  JsonWriter::escape(out, value);
}

// Crockford's base 32 as one look-up per character.
constexpr std::array<bool, 256> kUlidCharacters = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool is_id(std::string_view text) {
  if (text.size() != kIdLength || text.front() > '7') return false;
  for (const char c : text) {
    if (!kUlidCharacters[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// Reads the line from front to end; every step says whether it fitted.
class Scanner {
 public:
  explicit Scanner(std::string_view line) : rest_(line) {}

  bool take(std::string_view literal) {
    if (rest_.substr(0, literal.size()) != literal) return false;
    rest_.remove_prefix(literal.size());
    return true;
  }

  // The text up to the next quotation mark, which is taken too. rest_ stands behind the opening one.
  bool take_text(std::string_view& text) {
    const auto length = text_length(rest_);
    if (length == std::string_view::npos || length == 0) return false;
    text = rest_.substr(0, length);
    rest_.remove_prefix(length + 1);
    return true;
  }

  // A key with a text, if it is there at all.
  bool take_optional(std::string_view key, std::string_view& text) { return !take(key) || take_text(text); }

  bool take_object(std::string_view& object) {
    const auto length = object_length(rest_);
    if (length == 0) return false;
    object = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }

  bool done() const { return rest_.empty(); }

 private:
  // Characters before the closing quotation mark; npos if there is none, or a byte or an escape that
  // write_event never makes.
  static std::size_t text_length(std::string_view text) {
    for (std::size_t i = base::plain_front(text); i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (c == '"') return i;
      if (c < 0x20 || c == 0x7F) break;
      if (c != '\\') continue;
      const auto escape = escape_length(text.substr(i));
      if (escape == 0) break;
      i += escape - 1;
    }
    return std::string_view::npos;
  }

  static std::size_t escape_length(std::string_view text) {
    if (text.size() >= 2 && (text[1] == '"' || text[1] == '\\')) return 2;
    const bool fits =
        text.size() >= 6 && text.substr(1, 3) == "u00" && is_lower_hex(text[4]) && is_lower_hex(text[5]);
    return fits ? 6 : 0;
  }

  // Bytes of the object that text begins with; 0 if there is none. Brackets must match and strings must end.
  static std::size_t object_length(std::string_view text) {
    if (text.empty() || text.front() != '{') return 0;
    std::array<char, kDetailDepthLimit> open{};
    int depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '"') {
        const auto length = text_length(text.substr(i + 1));
        if (length == std::string_view::npos) return 0;
        i += length + 1;
      } else if (c == '{' || c == '[') {
        if (depth == kDetailDepthLimit) return 0;
        open[static_cast<std::size_t>(depth++)] = c == '{' ? '}' : ']';
      } else if (c == '}' || c == ']') {
        if (open[static_cast<std::size_t>(--depth)] != c) return 0;
        if (depth == 0) return i + 1;
      } else if (static_cast<unsigned char>(c) <= 0x20) {
        return 0;
      }
    }
    return 0;
  }

  std::string_view rest_;
};

bool take_time(Scanner& scanner, Micros& time) {
  std::string_view text;
  if (!scanner.take(",\"time\":\"") || !scanner.take_text(text)) return false;
  // With these four in place the general reader has no freedom left.
  if (text.size() != kTimeLength || text[10] != 'T' || text[19] != '.' || text[26] != 'Z') return false;
  const auto parsed = base::parse_time(text);
  if (!parsed.ok()) return false;
  time = *parsed;
  return true;
}

bool take_type(Scanner& scanner, EventType& type) {
  std::string_view text;
  if (!scanner.take(",\"type\":\"") || !scanner.take_text(text)) return false;
  const auto found = event_type_from_name(text);
  if (found) type = *found;
  return found.has_value();
}

bool take_severity(Scanner& scanner, Severity& severity) {
  std::string_view text;
  if (!scanner.take(",\"severity\":\"") || !scanner.take_text(text)) return false;
  const auto found = severity_from_name(text);
  if (found) severity = *found;
  return found.has_value();
}

Result<EventFields> not_an_event(std::string_view what) {
  return base::fail(Code::Invalid, "not an event: " + std::string(what) + " is not as written");
}

}  // namespace

void write_event(std::string& out, const EventHead& head, std::string_view detail_json) {
  char time[kTimeLength];
  base::format_time_to(head.time, time);
  out += kVersion;
  out += head.id;
  out += "\",\"time\":\"";
  out.append(time, sizeof time);
  out += "\",\"type\":\"";
  out += text_of(head.type).name;
  out += "\",\"severity\":\"";
  out += name_of(head.severity);
  out += '"';
  write_text(out, ",\"actor\":", head.actor);
  write_text(out, ",\"session\":", head.session);
  write_text(out, ",\"subject\":", head.subject);
  write_text(out, ",\"outcome\":", head.outcome);
  out += ",\"detail\":";
  out += detail_json.empty() ? "{}" : detail_json;
  write_text(out, ",\"policy\":", head.policy);
  out += '}';
}

Result<EventFields> read_event_head(std::string_view line) {
  EventFields event;
  Scanner scanner(line);
  if (line.size() > kEventLimit) return not_an_event("its length");
  if (!scanner.take(kVersion)) return not_an_event("its version");
  if (!scanner.take_text(event.id) || !is_id(event.id)) return not_an_event("id");
  if (!take_time(scanner, event.time)) return not_an_event("time");
  if (!take_type(scanner, event.type)) return not_an_event("type");
  if (!take_severity(scanner, event.severity)) return not_an_event("severity");
  if (!scanner.take_optional(",\"actor\":\"", event.actor)) return not_an_event("actor");
  if (!scanner.take_optional(",\"session\":\"", event.session)) return not_an_event("session");
  if (!scanner.take_optional(",\"subject\":\"", event.subject)) return not_an_event("subject");
  if (!scanner.take_optional(",\"outcome\":\"", event.outcome)) return not_an_event("outcome");
  if (!scanner.take(",\"detail\":") || !scanner.take_object(event.detail)) return not_an_event("detail");
  if (!scanner.take_optional(",\"policy\":\"", event.policy)) return not_an_event("policy");
  if (!scanner.take("}") || !scanner.done()) return not_an_event("its end");
  return event;
}

std::string unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
    } else if (text[i + 1] != 'u') {
      out += text[++i];
    } else {
      const auto byte =
          base::from_hex(text.substr(i).size() >= 6 ? text.substr(i + 4, 2) : std::string_view());
      out += byte ? *byte : std::string();
      i += 5;
    }
  }
  return out;
}

}  // namespace postern::audit
