// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What Debian's http-parser makes of the first request of a connection: an opinion that shares none of our code, and a lenient one. Of
// requests behind the first it says only how many there are.
#pragma once

#include <string>
#include <string_view>

namespace postern::http {

struct Opinion {
  bool accepted = false;
  std::string method;
  std::string target;
  std::string fields;
  std::string body;
  int messages = 0;
};

Opinion ask_http_parser(std::string_view bytes);

// A head that we accepted, as http-parser can read it. RFC 9110 section 5.5 lets spaces and tabs stand behind any value; behind the
// digits of Content-Length and the word of Transfer-Encoding http-parser takes spaces only. So there, and nowhere else, tabs become spaces.
std::string with_known_space(std::string_view head);

}  // namespace postern::http
