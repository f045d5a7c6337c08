// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A second opinion that shares none of our code: Debian's http-parser. It is lenient, so it says nothing
// about what we should refuse; but whatever we accept it must accept too, and read the same way. How many of
// the refused cases it lets pass is the reason why it judges nothing in the product (docs/HTTP.md).
#include <gtest/gtest.h>
#include <http_parser.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "base/bytes.h"
#include "gateway/http/chars.h"
#include "tests/unit/http/strictness.h"

namespace postern::http {
namespace {

struct Opinion {
  bool accepted = false;
  std::string method;
  std::string target;
  std::string fields;
  std::string body;
  int messages = 0;
  bool value_last = true;
};

Opinion& self(http_parser* parser) { return *static_cast<Opinion*>(parser->data); }
bool first(http_parser* parser) { return self(parser).messages == 0; }

http_parser_settings make_settings() {
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_url = [](http_parser* p, const char* at, std::size_t size) {
    if (first(p)) self(p).target.append(at, size);
    return 0;
  };
  settings.on_header_field = [](http_parser* p, const char* at, std::size_t size) {
    if (!first(p)) return 0;
    if (self(p).value_last && !self(p).fields.empty()) self(p).fields += '\n';
    self(p).value_last = false;
    self(p).fields += base::to_lower({at, size});
    return 0;
  };
  settings.on_header_value = [](http_parser* p, const char* at, std::size_t size) {
    if (!first(p)) return 0;
    if (!self(p).value_last) self(p).fields += ": ";
    self(p).value_last = true;
    self(p).fields.append(at, size);
    return 0;
  };
  settings.on_headers_complete = [](http_parser* p) {
    if (!first(p)) return 0;
    self(p).method = http_method_str(static_cast<http_method>(p->method));
    self(p).fields += '\n';
    return 0;
  };
  settings.on_body = [](http_parser* p, const char* at, std::size_t size) {
    if (first(p)) self(p).body.append(at, size);
    return 0;
  };
  settings.on_message_complete = [](http_parser* p) {
    ++self(p).messages;
    self(p).value_last = true;
    return 0;
  };
  return settings;
}

Opinion ask_http_parser(std::string_view bytes) {
  Opinion opinion;
  http_parser parser;
  http_parser_init(&parser, HTTP_REQUEST);
  parser.data = &opinion;
  const http_parser_settings settings = make_settings();
  std::size_t used = http_parser_execute(&parser, &settings, bytes.data(), bytes.size());
  if (parser.upgrade != 0) used = bytes.size();  // an offer of h2c or CONNECT: it hands the connection over
  opinion.accepted = HTTP_PARSER_ERRNO(&parser) == HPE_OK && used == bytes.size() && opinion.messages > 0;
  return opinion;
}

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
