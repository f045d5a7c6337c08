// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Holds audit/EVENTS.md against the table in the code, both ways.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "audit/event.h"
#include "base/file.h"

namespace postern::audit {
namespace {

using Cells = std::vector<std::string>;

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string without_ticks(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '`'), text.end());
  return text;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

// The rows of every markdown table whose first heading is `heading`.
std::vector<Cells> tables(const std::string& heading) {
  std::vector<Cells> rows;
  const auto text = base::read_file(POSTERN_SOURCE_DIR "/audit/EVENTS.md", 1U << 20U);
  EXPECT_TRUE(text.ok());
  bool inside = false;
  for (const std::string& line : split(text.ok() ? *text : "", '\n')) {
    Cells cells;
    for (const std::string& cell : split(line, '|')) cells.push_back(trimmed(cell));
    if (line.empty() || line[0] != '|' || cells.size() < 2) {
      inside = false;
    } else if (cells[1] == heading) {
      inside = true;
    } else if (inside && cells[1].rfind("---", 0) != 0) {
      cells.erase(cells.begin());
      rows.push_back(cells);
    }
  }
  return rows;
}

std::map<std::string, Cells> documented() {
  std::map<std::string, Cells> rows;
  for (const Cells& row : tables("type")) {
    EXPECT_TRUE(rows.emplace(without_ticks(row.at(0)), row).second) << row.at(0) << " stands there twice";
  }
  return rows;
}

TEST(Catalogue, SaysOfEveryTypeWhatTheCodeSays) {
  const auto rows = documented();
  for (const EventText& text : all_events()) {
    const auto row = rows.find(std::string(text.name));
    ASSERT_NE(row, rows.end()) << text.name << " is not in EVENTS.md";
    Cells cells = row->second;
    cells.resize(5);
    EXPECT_EQ(cells[1], name_of(text.severity)) << text.name;
    EXPECT_EQ(cells[2], text.subject) << text.name;
    EXPECT_EQ(cells[3], text.says) << text.name;
    EXPECT_EQ(without_ticks(cells[4]), text.fields) << text.name;
  }
}

TEST(Catalogue, NamesNoTypeThatTheCodeDoesNotHave) {
  for (const auto& [name, row] : documented()) EXPECT_TRUE(event_type_from_name(name).has_value()) << name;
}

TEST(Catalogue, ExplainsEveryDetailFieldAndNoOther) {
  std::set<std::string> used;
  for (const EventText& text : all_events()) {
    for (const std::string& field : split(std::string(text.fields), ' ')) used.insert(field);
  }
  std::set<std::string> explained;
  for (const Cells& row : tables("field")) explained.insert(without_ticks(row.at(0)));
  EXPECT_EQ(used, explained);
}

TEST(Catalogue, FindsEveryTypeByItsName) {
  for (const EventText& text : all_events()) {
    EXPECT_EQ(event_type_from_name(text.name), text.type);
    EXPECT_EQ(text_of(text.type).name, text.name);
  }
  EXPECT_FALSE(event_type_from_name("session").has_value());
  EXPECT_EQ(severity_from_name("severe"), Severity::Severe);
  EXPECT_FALSE(severity_from_name("fatal").has_value());
}

TEST(Catalogue, ShowsALineThatIsAnEvent) {
  const auto text = base::read_file(POSTERN_SOURCE_DIR "/audit/EVENTS.md", 1U << 20U);
  ASSERT_TRUE(text.ok());
  const auto begin = text->find("{\"v\":1");
  ASSERT_NE(begin, std::string::npos);
  const auto event = read_event_head(std::string_view(*text).substr(begin, text->find('\n', begin) - begin));
  EXPECT_TRUE(event.ok());
}

}  // namespace
}  // namespace postern::audit
