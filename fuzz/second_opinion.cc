// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/second_opinion.h"

#include <http_parser.h>

#include "base/bytes.h"

namespace postern::http {
namespace {

struct Reading : Opinion {
  bool value_last = true;
};

Reading& self(http_parser* parser) { return *static_cast<Reading*>(parser->data); }
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

}  // namespace

std::string with_known_space(std::string_view head) {
  std::string text(head);
  const std::string lower = base::to_lower(head);
  for (const std::string_view name : {"\r\ncontent-length:", "\r\ntransfer-encoding:"}) {
    for (std::size_t at = lower.find(name); at != std::string::npos; at = lower.find(name, at + 1)) {
      const std::size_t end = lower.find("\r\n", at + name.size());
      for (std::size_t i = end; i-- > at && (text[i] == ' ' || text[i] == '\t');) text[i] = ' ';
    }
  }
  return text;
}

Opinion ask_http_parser(std::string_view bytes) {
  Reading opinion;
  http_parser parser;
  http_parser_init(&parser, HTTP_REQUEST);
  parser.data = &opinion;
  const http_parser_settings settings = make_settings();
  std::size_t used = http_parser_execute(&parser, &settings, bytes.data(), bytes.size());
  if (parser.upgrade != 0) used = bytes.size();  // an offer of h2c or CONNECT: it hands the connection over
  opinion.accepted = HTTP_PARSER_ERRNO(&parser) == HPE_OK && used == bytes.size() && opinion.messages > 0;
  return opinion;
}

}  // namespace postern::http
