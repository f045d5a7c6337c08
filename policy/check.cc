// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/check.h"

#include <algorithm>
#include <vector>

#include "policy/place.h"
#include "policy/reader.h"
#include "policy/template_tree.h"

namespace postern::policy {
namespace {

// Overlapping pairs looked at. Past it the policy is mostly a contradiction, and the findings say so already.
constexpr std::size_t kPairLimit = 2'000'000;

const ValueRule* rule_at(const Operation& operation, std::size_t segment) {
  for (const PathRule& rule : operation.constraints.path) {
    if (index(rule.segment) == segment) return &rule.value;
  }
  return nullptr;
}

// "%41" -> "A": rules speak about decoded values, templates hold canonical ones.
std::string decoded(std::string_view segment) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const bool escape = segment[i] == '%' && i + 2 < segment.size();
    out += escape ? static_cast<char>(value(segment[i + 1]) * 16 + value(segment[i + 2])) : segment[i];
    if (escape) i += 2;
  }
  return out;
}

// Literals of the never rule that the operation's own rule for that segment rules out: no path is in both.
bool excluded(const Operation& operation, const NeverRule& never) {
  const std::size_t common = std::min(operation.path.segments.size(), never.path.segments.size());
  for (std::size_t i = 0; i < common; ++i) {
    const ValueRule* rule = rule_at(operation, i);
    const Segment& segment = never.path.segments[i];
    if (rule != nullptr && !segment.parameter && !rule->accepts(decoded(segment.text))) return true;
  }
  return false;
}

// Every request of the operation is refused by this one rule. A {} that may be one value only counts as that
// value.
bool covered(const Operation& operation, const NeverRule& never) {
  if ((covered_by(operation.method) & static_cast<MethodSet>(~never.methods)) != 0) return false;
  Template narrowed = operation.path;
  for (const PathRule& rule : operation.constraints.path) {
    if (rule.value.one_of.size() != 1 || canonical_fault(rule.value.one_of[0])) continue;
    narrowed.segments[index(rule.segment)] = {false, rule.value.one_of[0]};
  }
  return covers(never.path, narrowed);
}

// A request that both speak about. Parameters of the operation take a value that its rule accepts, if one is
// known.
std::string example(const Operation& operation, const NeverRule& never) {
  Template filled = operation.path;
  for (const PathRule& rule : operation.constraints.path) {
    if (rule.value.one_of.empty() || canonical_fault(rule.value.one_of[0])) continue;
    filled.segments[index(rule.segment)].text = rule.value.one_of[0];
  }
  const bool get_itself = (never.methods & bit(operation.method)) != 0;
  const Method method = get_itself ? operation.method : Method::Head;
  return std::string(to_text(method)) + " " + witness(filled, never.path);
}

class Review {
 public:
  explicit Review(const Policy& policy) : policy_(policy) {
    for (const Operation& operation : policy.operations()) operations_.add(operation.path, next_++);
    next_ = 0;
    for (const NeverRule& rule : policy.never()) never_.add(rule.path, next_++);
  }

  std::vector<Finding> run() {
    overlaps();
    redundant();
    compressed();
    capabilities_without_role();
    std::stable_sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
      return std::pair(a.mark.line, a.mark.column) < std::pair(b.mark.line, b.mark.column);
    });
    if (left_out_ > 0) say(Severity::Warning, {}, "and " + std::to_string(left_out_) + " more findings");
    return std::move(findings_);
  }

 private:
  Finding* say(Severity severity, base::Mark mark, std::string message) {
    Finding finding;
    finding.severity = severity;
    finding.mark = mark;
    finding.message = std::move(message);
    findings_.push_back(std::move(finding));
    return &findings_.back();
  }

  bool full() {
    if (findings_.size() < kFindingLimit) return false;
    ++left_out_;
    return true;
  }

  void overlaps() {
    std::size_t pairs = 0;
    TemplateTree::overlaps(operations_, never_, [&](int operation, int never) {
      overlap_found(operation, never);
      return ++pairs < kPairLimit;
    });
    if (pairs == kPairLimit) {
      say(Severity::Error, {},
          "operations and never rules overlap more than " + std::to_string(kPairLimit) +
              " times: the search ended there; make the never rules narrower");
    }
  }

  void overlap_found(int operation_index, int never_index) {
    const Operation& operation = policy_.operations()[index(operation_index)];
    const NeverRule& never = policy_.never()[index(never_index)];
    if ((covered_by(operation.method) & never.methods) == 0 || excluded(operation, never) || full()) return;
    const std::string witness = example(operation, never);
    const std::string rule = in_quotes(never.text) + " (line " + std::to_string(never.mark.line) + ")";
    const bool whole = covered(operation, never);
    Finding* finding = whole ? say(Severity::Error, operation.mark,
                                   operation.text() + " can never be used: never " + rule +
                                       " covers all of it; remove the operation or the rule")
                             : say(Severity::Warning, operation.mark,
                                   operation.text() + " overlaps never " + rule +
                                       ": such requests stay refused, for example " + witness);
    finding->operation = operation_index;
    finding->never = never_index;
    finding->witness = witness;
  }

  // An operation that a wider one of the same capability, without demands of its own, makes pointless.
  void redundant() {
    for (std::size_t i = 0; i < policy_.operations().size(); ++i) {
      const Operation& operation = policy_.operations()[i];
      for (const int other : operations_.covering(operation.path)) {
        const Operation& wide = policy_.operations()[index(other)];
        const bool includes = (covered_by(wide.method) & bit(operation.method)) != 0;
        if (index(other) == i || wide.capability != operation.capability || !includes ||
            !wide.constraints.trivial() || operation.constraints.websocket)
          continue;
        if (full()) break;
        say(Severity::Warning, operation.mark,
            operation.text() + " adds nothing: " + wide.text() + " at line " +
                std::to_string(wide.mark.line) + " of the same capability covers it");
        break;
      }
    }
  }

  void compressed() {
    for (const Operation& operation : policy_.operations()) {
      if (!operation.constraints.websocket || !operation.constraints.websocket->compression || full())
        continue;
      say(Severity::Warning, operation.mark,
          operation.text() +
              " lets compressed messages pass: no secret in them is found; compression: remove "
              "has them looked at");
    }
  }

  void capabilities_without_role() {
    std::vector<bool> member(policy_.capabilities().size());
    for (const Role& role : policy_.roles()) {
      for (const int capability : role.capabilities) member[index(capability)] = true;
    }
    for (std::size_t i = 0; i < member.size(); ++i) {
      const Capability& capability = policy_.capabilities()[i];
      if (member[i] || policy_.roles().empty() || full()) continue;
      say(Severity::Warning, capability.mark,
          "capability " + in_quotes(capability.name) + " is in no role: it can be asked for by name only");
    }
  }

  const Policy& policy_;
  TemplateTree operations_;
  TemplateTree never_;
  int next_ = 0;
  std::vector<Finding> findings_;
  std::size_t left_out_ = 0;
};

}  // namespace

std::vector<Finding> check(const Policy& policy) { return Review(policy).run(); }

std::string format_findings(std::string_view file, const std::vector<Finding>& findings) {
  std::string out;
  for (const Finding& finding : findings) {
    if (!out.empty()) out += '\n';
    out += file;
    if (finding.mark.line > 0) {
      out += ":" + std::to_string(finding.mark.line) + ":" + std::to_string(finding.mark.column);
    }
    out += finding.severity == Severity::Error ? ": error: " : ": warning: ";
    out += finding.message;
  }
  return out;
}

}  // namespace postern::policy
