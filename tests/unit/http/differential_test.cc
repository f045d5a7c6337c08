// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A second opinion that shares none of our code: Debian's http-parser. It is lenient, so it says nothing
// about what we should refuse; but whatever we accept it must accept too, and read the same way. How many of
// the refused cases it lets pass is the reason why it judges nothing in the product (docs/HTTP.md).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "fuzz/second_opinion.h"
#include "gateway/http/chars.h"
#include "tests/unit/http/strictness.h"

namespace postern::http {
namespace {

// http-parser keeps white space behind a value; the lines are compared without it. Trailers come as fields
// too: only the head's number of lines is compared.
std::string trimmed_lines(std::string_view fields, std::size_t lines) {
  std::string out;
  while (!fields.empty() && lines-- > 0) {
    const std::string_view line = fields.substr(0, fields.find('\n'));
    fields.remove_prefix(std::min(fields.size(), line.size() + 1));
    out.append(trim(line)).append("\n");
  }
  return out;
}

TEST(Differential, WhatWeAcceptHttpParserReadsTheSameWay) {
  for (const StrictnessCase& one : read_strictness_cases()) {
    if (!one.code.empty()) continue;
    SCOPED_TRACE(one.name);
    const Judged ours = judge_bytes(one.raw, {});
    const Opinion theirs = ask_http_parser(one.raw);
    EXPECT_TRUE(theirs.accepted);
    EXPECT_EQ(theirs.messages, static_cast<int>(ours.requests));
    EXPECT_EQ(theirs.method, ours.method);
    EXPECT_EQ(theirs.target, ours.sent_target);
    EXPECT_EQ(theirs.body, ours.body);
    const auto lines = static_cast<std::size_t>(std::count(ours.fields.begin(), ours.fields.end(), '\n'));
    EXPECT_EQ(trimmed_lines(theirs.fields, lines), trimmed_lines(ours.fields, lines));
  }
}

TEST(Differential, HttpParserAloneWouldLetManyRefusedCasesPass) {
  int refused_ones = 0;
  int passed = 0;
  for (const StrictnessCase& one : read_strictness_cases()) {
    if (one.code.empty()) continue;
    ++refused_ones;
    passed += ask_http_parser(one.raw).accepted ? 1 : 0;
  }
  std::printf("http-parser accepts %d of the %d cases that we refuse\n", passed, refused_ones);
  RecordProperty("accepted_by_http_parser", passed);
  EXPECT_GT(passed, refused_ones / 4) << "a strict http-parser would be news: read docs/HTTP.md again";
}

}  // namespace
}  // namespace postern::http
