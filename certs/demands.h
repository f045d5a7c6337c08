// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What whoever lets clients in demands of their certificates, beyond the rules for all: which names count, which
// extended key usages they need, how long they may live. Demands only take away: nothing that a rule refuses is let
// through by one. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "certs/candidate.h"
#include "certs/rules.h"

namespace postern::certs {

inline constexpr std::size_t kIdentityPatternsLimit = 64;
inline constexpr std::size_t kIdentityPatternSize = 255;  // bytes
inline constexpr std::size_t kPurposesLimit = 16;

struct Demands {
  // Patterns of e-mail addresses and URIs in subjectAltName. A name that fits none counts for nothing; one must fit.
  // Empty: each counts. "*" stands for any characters but "@" and "/", none too: "*@vendor.example",
  // "spiffe://vendor.example/support/*". Addresses are compared in lower case, URIs as they are.
  std::vector<std::string> identities;
  std::vector<std::string> purposes;  // extended key usages, dotted; all of them, beside clientAuth
  base::Micros longest_life = 0;      // from the first to the last second of the client's own; 0: any
  bool operator==(const Demands&) const = default;
};

std::optional<Fault> judge_demands(const Candidate& leaf, const Demands& demands);

// Whether an e-mail address (lower case) or a URI counts.
bool is_demanded(std::string_view name, const Demands& demands);

// Invalid with a sentence: neither an e-mail address nor a URI with a scheme, or what neither can hold.
base::Status check_identity_pattern(std::string_view pattern);
bool is_dotted_oid(std::string_view text);

}  // namespace postern::certs
