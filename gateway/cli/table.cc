// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/table.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/bytes.h"
#include "base/clock.h"

namespace postern::cli {
namespace {

constexpr std::size_t kLongestCell = 400;  // bytes

// Columns that a terminal needs, for text without wide characters.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

const base::Json* find(const base::Json& object, std::string_view key) {
  const base::Json* at = &object;
  while (!key.empty()) {
    const std::size_t dot = std::min(key.find('.'), key.size());
    if (!at->is_object()) return nullptr;
    const auto found = at->find(std::string(key.substr(0, dot)));
    if (found == at->end()) return nullptr;
    at = &*found;
    key.remove_prefix(std::min(dot + 1, key.size()));
  }
  return at;
}

std::string plain(const base::Json& value) {
  if (value.is_null()) return {};
  return base::printable(value.is_string() ? value.get_ref<const std::string&>() : base::dump_json(value),
                         kLongestCell);
}

std::string joined(const base::Json& list) {
  std::string out;
  for (const base::Json& item : list) out += (out.empty() ? "" : ", ") + plain(item);
  return out;
}

void append_padded(std::string& out, const std::string& cell, std::size_t to, bool right) {
  const std::size_t padding = to - std::min(to, width(cell));
  if (right) out.append(padding, ' ');
  out += cell;
  if (!right) out.append(padding, ' ');
}

void end_line(std::string& out) {
  out.erase(out.find_last_not_of(' ') + 1);
  out += '\n';
}

}  // namespace

std::string local_time(std::string_view rfc3339) {
  const base::Result<base::Micros> time = base::parse_time(rfc3339);
  if (!time.ok()) return base::printable(rfc3339, kLongestCell);
  const std::time_t seconds = *time / base::kWallSecond;
  std::tm local{};
  std::array<char, 64> text{};
  if (::localtime_r(&seconds, &local) == nullptr) return std::string(rfc3339);
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S %Z", &local);
  return {text.data(), size};
}

std::string display(const base::Json& object, const Column& column) {
  const base::Json* value = find(object, column.key);
  if (value == nullptr || value->is_null()) return "-";
  std::string text = column.kind == Kind::Time && value->is_string()
                         ? local_time(value->get_ref<const std::string&>())
                     : value->is_array() ? joined(*value)
                                         : plain(*value);
  return text.empty() ? "-" : text;
}

std::string to_table(const base::Json& items, const std::vector<Column>& columns, std::string_view none) {
  if (!items.is_array() || items.empty()) return std::string(none) + "\n";
  std::vector<std::vector<std::string>> rows(1);
  for (const Column& column : columns) rows[0].emplace_back(column.title);
  for (const base::Json& item : items) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const Column& column : columns) row.push_back(display(item, column));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      append_padded(line, row[i], widths[i], columns[i].kind == Kind::Number);
      line += "  ";
    }
    end_line(line);
    out += line;
  }
  return out;
}

std::string to_lines(const base::Json& object, const std::vector<Column>& columns) {
  std::size_t widest = 0;
  for (const Column& column : columns) widest = std::max(widest, column.title.size() + 1);
  std::string out;
  for (const Column& column : columns) {
    append_padded(out, std::string(column.title) + ":", widest, false);
    out += "  " + display(object, column) + "\n";
  }
  return out;
}

std::string to_json_line(const base::Json& value) {
  return value.dump(-1, ' ', true, base::Json::error_handler_t::replace) + '\n';
}

}  // namespace postern::cli
