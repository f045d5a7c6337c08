// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/export.h"

#include "audit/event.h"
#include "audit/sentence.h"

namespace postern::audit {
namespace {

using base::Ok;
using base::Result;
using base::Status;

// Spreadsheets run what begins like a formula, quoted or not; an apostrophe makes it text.
bool looks_like_formula(std::string_view value) {
  return !value.empty() && std::string_view("=+-@\t\r\n").find(value.front()) != std::string_view::npos;
}

void append_value(std::string& out, std::string_view value) {
  out += '"';
  if (looks_like_formula(value)) out += '\'';
  for (const char c : value) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

void append_json_line(std::string& out, std::string_view line) {
  out += line;
  out += '\n';
}

std::string to_json_lines(std::span<const std::string> lines) {
  std::string out;
  for (const std::string& line : lines) append_json_line(out, line);
  return out;
}

std::string_view csv_header() {
  return "time,type,severity,actor,session,subject,outcome,sentence,detail,policy,id\r\n";
}

Status append_csv(std::string& out, std::string_view line) {
  const auto event = read_event_head(line);
  if (!event.ok()) return event.error();
  const auto sentence = describe(line);
  if (!sentence.ok()) return sentence.error();
  const std::string values[] = {base::format_time(event->time),
                                std::string(text_of(event->type).name),
                                std::string(name_of(event->severity)),
                                unescape(event->actor),
                                unescape(event->session),
                                unescape(event->subject),
                                unescape(event->outcome),
                                *sentence,
                                std::string(event->detail),
                                unescape(event->policy),
                                std::string(event->id)};
  const char* separator = "";
  for (const std::string& value : values) {
    out += separator;
    append_value(out, value);
    separator = ",";
  }
  out += "\r\n";
  return Ok{};
}

Result<std::string> to_csv(std::span<const std::string> lines) {
  std::string out(csv_header());
  for (const std::string& line : lines) {
    if (const Status status = append_csv(out, line); !status.ok()) return status.error();
  }
  return out;
}

}  // namespace postern::audit
