// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a policy says about responses: redact. Part of parse_policy().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/reader.h"
#include "redact/path.h"

namespace postern::redact {
class Rules;
}

namespace postern::policy {

inline constexpr std::size_t kRedactionLimit = 1'000;  // items of redact

struct Redaction {
  std::vector<redact::Path> paths;             // json: in the file's order
  std::vector<std::string> headers;            // header: in lower case, in the file's order
  std::shared_ptr<const redact::Rules> rules;  // of the paths, with the detectors that are always on

  // Whatever the other one takes out, this one does too.
  bool covers(const Redaction& other) const;
};

// node: the value of redact, or nullptr. rules is null after a fault.
Redaction parse_redaction(Reader& reader, const base::YamlNode* node);

}  // namespace postern::policy
