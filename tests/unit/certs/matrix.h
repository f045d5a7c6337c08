// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The matrix: a chain of three that is right in everything, and what each case changes in it. A table per group of
// rules; certs/RULES.md names the cases of each rule.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "certs/verify.h"
#include "tests/unit/certs/forge.h"
#include "tests/unit/certs/validity.h"

namespace postern::certs {

struct Built {
  Forged root, middle, leaf;
  std::vector<std::string> chain;    // presented, DER
  std::vector<std::string> anchors;  // DER
  std::vector<std::string> crls;     // DER
  std::string staple;
};

struct Scene {
  Recipe root{"Root", {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"}};
  Recipe middle{"Middle", {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"}};
  Recipe leaf{"www.example.com",
              {"basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature",
               "extendedKeyUsage=serverAuth", "subjectAltName=DNS:www.example.com"}};
  Question question{Purpose::Server, "www.example.com", kNow};
  std::function<void(Built&)> then = {};  // when all is made

  void for_client() {
    question.purpose = Purpose::Client;
    question.host.clear();
    leaf.set("extendedKeyUsage=clientAuth").set("subjectAltName=email:erin@vendor.example");
  }
  Built build() const;
};
// The chain's verdict.
Verdict verdict_of(const Scene& scene, const Built& built);

inline constexpr std::optional<Rule> kGood = std::nullopt;

struct Case {
  const char* name;
  std::optional<Rule> broken;  // kGood: nothing is
  const char* sentence;        // of the failure, whole or its beginning
  std::function<void(Scene&)> change;
};

std::span<const Case> path_cases();
std::span<const Case> name_cases();
std::span<const Case> constraint_cases();
std::span<const Case> usage_cases();
std::span<const Case> structure_cases();
std::span<const Case> strength_cases();
std::span<const Case> revocation_cases();

}  // namespace postern::certs
