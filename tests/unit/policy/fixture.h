// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Policies and questions as short as a test needs them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "policy/decide.h"

namespace postern::policy {

// The policy, or a failed test that shows its faults.
inline std::shared_ptr<const Policy> policy_of(const std::string& text) {
  ParsedPolicy parsed = parse_policy(text);
  EXPECT_NE(parsed.policy, nullptr) << base::format_faults("policy.yaml", parsed.faults) << "\n" << text;
  EXPECT_TRUE(parsed.faults.empty());
  return parsed.policy;
}

// One capability "c" of class write with these operations (each a YAML list item), and never rules.
inline std::string text_with(const std::vector<std::string>& operations,
                             const std::vector<std::string>& never = {}) {
  std::string text = "version: 1\ncapabilities:\n  c:\n    title: T\n    class: write\n    operations:\n";
  for (const std::string& operation : operations) text += "      - " + operation + "\n";
  if (!never.empty()) text += "never:\n";
  for (const std::string& rule : never) text += "  - " + rule + "\n";
  return text;
}

// A question that owns what it views.
struct Asked {
  std::string method = "GET";
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> query = {};
  std::string content_type = {};
  bool has_body = false;
};

inline Decision decide(const Policy& policy, const Asked& asked, const std::vector<base::Refusal>& standing) {
  std::vector<QueryParameter> query;
  for (const auto& [name, value] : asked.query) query.push_back({name, value});
  return decide(policy, Question{asked.method, asked.path, query, asked.content_type, asked.has_body},
                standing);
}

// Every capability usable.
inline base::Refusal ask(const Policy& policy, const Asked& asked) {
  return decide(policy, asked, std::vector<base::Refusal>(policy.capabilities().size())).refusal;
}

}  // namespace postern::policy
