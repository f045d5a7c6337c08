// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// decide() against a second decision procedure that shares none of its code: it reads the rule set that the
// generator made, not the policy that was parsed, and tries every rule with the definition of a template.
// Seeds are fixed.
#include <algorithm>
#include <random>

#include "tests/unit/policy/fixture.h"

namespace postern::policy {
namespace {

using base::Refusal;

struct NaiveOperation {
  std::string method;
  std::vector<std::string> segments;  // "{}" for a parameter, "**" for the rest
  bool constrained = false;           // query: k must be v, once, nothing else
  bool required = false;              // k must be there
  bool id_numeric = false;            // the first parameter is all digits
  int capability = 0;
};

struct NaiveRules {
  std::vector<NaiveOperation> operations;
  std::vector<NaiveOperation> never;  // method "ANY" for all
  std::vector<bool> read;             // class of each capability
};

std::vector<std::string> cut(const std::string& path) {
  std::vector<std::string> out(1);
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (path[i] == '/') {
      out.emplace_back();
    } else {
      out.back() += path[i];
    }
  }
  return out;
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path, std::size_t at = 0) {
  if (at == pattern.size()) return at == path.size();
  if (pattern[at] == "**") return true;
  if (at == path.size()) return false;
  return (pattern[at] == "{}" ? !path[at].empty() : pattern[at] == path[at]) && fits(pattern, path, at + 1);
}

bool speaks(const NaiveOperation& rule, const Asked& asked) {
  const bool method =
      rule.method == "ANY" || rule.method == asked.method || (rule.method == "GET" && asked.method == "HEAD");
  return method && fits(rule.segments, cut(asked.path));
}

Refusal demands(const NaiveOperation& rule, const Asked& asked) {
  if (rule.id_numeric) {
    const auto at = std::find(rule.segments.begin(), rule.segments.end(), "{}") - rule.segments.begin();
    const std::string value = cut(asked.path)[static_cast<std::size_t>(at)];
    for (const char c : value) {
      if (c < '0' || c > '9') return Refusal::ParameterNotAllowed;
    }
  }
  if (rule.constrained || rule.id_numeric) {
    int k = 0;
    for (const auto& [name, value] : asked.query) {
      if (!rule.constrained || name != "k" || value != "v" || ++k > 1) return Refusal::ParameterNotAllowed;
    }
    if (rule.constrained && rule.required && k == 0) return Refusal::ParameterNotAllowed;
  }
  const bool body = asked.method == "POST" || asked.method == "PUT";
  return asked.has_body && !body ? Refusal::BodyNotAllowed : Refusal::None;
}

// The order in which a refusal is worth naming; the first present is the answer.
Refusal naive(const NaiveRules& rules, const Asked& asked, const std::vector<Refusal>& standing) {
  for (const NaiveOperation& rule : rules.never) {
    if (speaks(rule, asked)) return Refusal::Never;
  }
  std::vector<Refusal> answers;
  for (const NaiveOperation& rule : rules.operations) {
    if (!speaks(rule, asked)) continue;
    const Refusal demanded = demands(rule, asked);
    answers.push_back(demanded == Refusal::None ? standing[static_cast<std::size_t>(rule.capability)]
                                                : demanded);
  }
  for (const Refusal one : {Refusal::None, Refusal::ApprovalNeeded, Refusal::GrantEnded, Refusal::ReadOnly,
                            Refusal::CapabilityOff, Refusal::RemoteAccessOff, Refusal::ParameterNotAllowed,
                            Refusal::BodyNotAllowed}) {
    if (std::find(answers.begin(), answers.end(), one) != answers.end()) return one;
  }
  return Refusal::OperationNotListed;
}

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  template <std::size_t N>
  const char* pick(const char* const (&from)[N]) {
    return from[below(N)];
  }

  // Short segments, some sharing prefixes, some long enough to be stored another way, in few combinations:
  // many overlaps.
  const char* literal() {
    static const char* const kLiterals[] = {
        "a", "b", "aa", "api", "v1", "42", "%20", "a-segment-that-is-longer-than-thirty-two-bytes"};
    return pick(kLiterals);
  }

  std::vector<std::string> segments() {
    std::vector<std::string> out;
    const unsigned length = below(5);
    for (unsigned i = 0; i < length; ++i) out.emplace_back(below(3) == 0 ? "{}" : literal());
    if (below(6) == 0) {
      out.emplace_back("**");
    } else if (out.empty() || below(8) == 0) {
      out.emplace_back("");
    }
    return out;
  }

  NaiveRules rules() {
    static const char* const kMethods[] = {"GET", "GET", "HEAD", "POST", "PUT", "DELETE"};
    static const char* const kNever[] = {"ANY", "ANY", "GET", "HEAD", "POST"};
    NaiveRules out;
    const unsigned capabilities = 1 + below(5);
    for (unsigned i = 0; i < capabilities; ++i) out.read.push_back(below(2) == 0);
    for (unsigned i = 0; i < 1 + below(60); ++i) {
      NaiveOperation one{pick(kMethods), segments(),    below(4) == 0,
                         below(2) == 0,  below(4) == 0, static_cast<int>(below(capabilities))};
      one.id_numeric &= std::find(one.segments.begin(), one.segments.end(), "{}") != one.segments.end();
      if (fresh(out.operations, one)) out.operations.push_back(one);
    }
    for (unsigned i = 0; i < below(6); ++i) {
      const NaiveOperation one{pick(kNever), segments(), false, false, false, 0};
      if (one.segments[0] != "**" && fresh(out.never, one)) out.never.push_back(one);
    }
    // A policy has no empty capability.
    for (unsigned i = 0; i < capabilities; ++i) {
      out.operations.push_back(
          {"OPTIONS", {"own", std::to_string(i)}, false, false, false, static_cast<int>(i)});
    }
    std::stable_sort(
        out.operations.begin(), out.operations.end(),
        [](const NaiveOperation& a, const NaiveOperation& b) { return a.capability < b.capability; });
    return out;
  }

  Asked question(const NaiveRules& rules) {
    static const char* const kMethods[] = {"GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"};
    static const char* const kKeys[] = {"k", "k", "other"};
    static const char* const kValues[] = {"v", "v", "w"};
    Asked out;
    out.method = pick(kMethods);
    // Most paths are made from a rule, so that they nearly match.
    std::vector<std::string> path =
        below(8) == 0 ? segments()
                      : rules.operations[below(static_cast<unsigned>(rules.operations.size()))].segments;
    if (path.back() == "**") {
      path.pop_back();
      for (unsigned i = 0; i < below(4); ++i) path.emplace_back(literal());
      if (path.empty() || below(6) == 0) path.emplace_back("");
    }
    for (std::string& segment : path) {
      if (segment == "{}" || below(16) == 0) segment = literal();
    }
    if (below(16) == 0) path.emplace_back(below(2) == 0 ? "" : literal());
    out.path.clear();
    for (const std::string& segment : path) out.path += "/" + segment;
    for (unsigned i = 0; i < below(4) / 2 + below(2); ++i) out.query.emplace_back(pick(kKeys), pick(kValues));
    out.has_body = below(8) == 0;
    return out;
  }

  std::vector<Refusal> standing(const NaiveRules& rules) {
    static constexpr Refusal kAll[] = {Refusal::None,           Refusal::None,     Refusal::CapabilityOff,
                                       Refusal::ApprovalNeeded, Refusal::ReadOnly, Refusal::GrantEnded,
                                       Refusal::RemoteAccessOff};
    std::vector<Refusal> out;
    for (std::size_t i = 0; i < rules.read.size(); ++i) out.push_back(kAll[below(7)]);
    return out;
  }

 private:
  static bool fresh(const std::vector<NaiveOperation>& all, const NaiveOperation& one) {
    return std::none_of(all.begin(), all.end(), [&](const NaiveOperation& other) {
      return other.method == one.method && other.segments == one.segments &&
             other.capability == one.capability;
    });
  }
  std::mt19937 random_;
};

std::string call_text(const NaiveOperation& one) {
  std::string out = one.method + " ";
  for (std::size_t i = 0; i < one.segments.size(); ++i) {
    out += "/" + (one.segments[i] == "{}" ? "{p" + std::to_string(i) + "}" : one.segments[i]);
  }
  return out;
}

std::string operation_text(const NaiveOperation& one) {
  std::string out = "      - call: \"" + call_text(one) + "\"\n        safe: true\n";
  if (!one.constrained && !one.id_numeric) return out;
  out += "        parameters:\n";
  if (one.id_numeric) {
    const auto at = std::find(one.segments.begin(), one.segments.end(), "{}") - one.segments.begin();
    out += "          path: { p" + std::to_string(at) + ": { matches: \"[0-9]*\" } }\n";
  }
  const std::string required = one.required ? ", required: true" : "";
  if (one.constrained) out += "          query: { k: { one_of: [v]" + required + " } }\n";
  return out + "          other: refuse\n";
}

std::string policy_text(const NaiveRules& rules) {
  std::string out = "version: 1\ncapabilities:\n";
  int last = -1;
  for (const NaiveOperation& one : rules.operations) {
    if (one.capability != last) {
      last = one.capability;
      out += "  c" + std::to_string(last) + ":\n    title: T\n    class: " +
             (rules.read[static_cast<std::size_t>(last)] ? "read" : "write") + "\n    operations:\n";
    }
    out += operation_text(one);
  }
  out += "never:" + std::string(rules.never.empty() ? " []" : "") + "\n";
  for (const NaiveOperation& one : rules.never) out += "  - \"" + call_text(one) + "\"\n";
  return out;
}

TEST(Agreement, WithANaiveProcedureOverGeneratedRuleSets) {
  std::vector<std::size_t> seen(base::all_refusals().size());
  std::size_t questions = 0;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    Generator generator(seed);
    const NaiveRules rules = generator.rules();
    const auto policy = policy_of(policy_text(rules));
    ASSERT_NE(policy, nullptr);
    for (int i = 0; i < 700; ++i) {
      const Asked asked = generator.question(rules);
      const std::vector<Refusal> standing = generator.standing(rules);
      const Refusal want =
          asked.method == "TRACE" ? Refusal::OperationNotListed : naive(rules, asked, standing);
      const Decision have = decide(*policy, asked, standing);
      ASSERT_EQ(base::text_of(have.refusal).code, base::text_of(want).code)
          << "seed " << seed << ": " << asked.method << " " << asked.path << "\n"
          << policy_text(rules);
      ++seen[static_cast<std::size_t>(want)];
      ++questions;
    }
  }
  EXPECT_GE(questions, 200'000U);
  // The generator reaches every answer often; else the agreement would say little.
  for (const Refusal one : {Refusal::None, Refusal::ApprovalNeeded, Refusal::GrantEnded, Refusal::ReadOnly,
                            Refusal::CapabilityOff, Refusal::RemoteAccessOff, Refusal::ParameterNotAllowed,
                            Refusal::BodyNotAllowed, Refusal::Never, Refusal::OperationNotListed}) {
    EXPECT_GE(seen[static_cast<std::size_t>(one)], 1'000U) << base::text_of(one).code;
  }
}

}  // namespace
}  // namespace postern::policy
