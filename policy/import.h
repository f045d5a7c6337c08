// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An OpenAPI 3.0 or 3.1 or Swagger 2 document (YAML or JSON) as the first draft of a policy: one capability
// per tag and class, reads and writes apart, for a person to prune. Pure: references to other files are
// faults. What a document says about parameters becomes constraints only where both mean the same; the rest
// is said in a note. A request that the document does not describe is never listed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"

namespace postern::policy {

struct ImportOptions {
  std::string prefix;  // where the service stands below Postern's listener: "/prometheus"; comes before the
                       // document's own
  std::string
      name;  // comes before each capability's name: "prometheus" -> "prometheus.query.read"; may be empty
};

// The faults are empty if and only if policy holds a text, which parse_policy() accepts.
struct Imported {
  std::string policy;
  std::vector<base::Fault> notes;  // what was left out or could not be said, with its place in the document
  std::vector<base::Fault> faults;
};

Imported import_openapi(std::string_view document, const ImportOptions& options);

}  // namespace postern::policy
