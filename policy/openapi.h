// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Reads what an import needs out of an OpenAPI 3.0, 3.1 or Swagger 2 document: its calls with their
// parameters. References within the document are followed; what cannot be read is left out with a note.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "policy/template.h"

namespace postern::policy {

struct ApiParameter {
  std::string name;
  bool in_path = false;  // else in the query
  bool required = false;
  bool repeat = false;  // a list, each item a parameter of its own
  bool checked = true;  // false: its form is one that a rule cannot say
  std::string type;     // "string", "integer", "boolean" ...; may be empty
  std::string format;
  std::string pattern;  // of JSON Schema: finds a match anywhere
  std::vector<std::string> one_of;
  std::uint64_t max_length = 0;
  base::Mark mark;
};

struct ApiCall {
  Method method = Method::Get;
  std::string path;  // with {parameters}, without the document's base path
  std::string tag;   // the first one; empty if there is none
  std::string title;
  bool deprecated = false;
  std::vector<ApiParameter> parameters;
  bool body = false;
  std::vector<std::string> content_types;  // of the body; empty if any will do
  base::Mark mark;
};

struct ApiDocument {
  std::string title;
  std::string base_path;  // "" or "/api/v2"
  std::vector<ApiCall> calls;
  std::vector<base::Fault> notes;
  std::vector<base::Fault> faults;  // empty if and only if the rest counts
};

ApiDocument parse_openapi(std::string_view text);

}  // namespace postern::policy
