// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/explain.h"

#include <algorithm>
#include <numeric>

#include "base/bytes.h"
#include "policy/judge.h"
#include "policy/match.h"
#include "policy/place.h"
#include "policy/reader.h"

namespace postern::policy {
namespace {

using base::Refusal;

// What an operation that matches says about the request, beside what the others say.
std::string voice(const Operation& operation, Method method, const Question& question, Refusal standing) {
  if (operation.constraints.websocket && !question.websocket) return "is for WebSockets alone";
  const Judgement judgement = judge(operation.constraints, method, question);
  if (judgement.refusal == Refusal::WebsocketNotListed) return "lets no WebSocket pass";
  if (judgement.refusal == Refusal::BodyNotAllowed) {
    return question.content_type.empty() ? "refuses the body"
                                         : "refuses a body of type " + in_quotes(question.content_type);
  }
  if (judgement.refusal != Refusal::None) return "refuses the parameter " + in_quotes(judgement.parameter);
  if (standing == Refusal::None && operation.hold) return "lets it pass once an admin does";
  if (standing == Refusal::None) return "lets it pass";
  return "would let it pass, but: " + std::string(base::text_of(standing).title);
}

std::vector<Voice> voices(const Policy& policy, const Question& question, Method method, Standing standing) {
  std::vector<Voice> out;
  const SegmentedPath path(question.path);
  policy.forbidden().each(path, bit(method), [&](const Matcher::Entry& entry) {
    out.push_back({-1, static_cast<int>(entry.item), policy.never()[entry.item].mark, "never lets it pass"});
  });
  policy.listed().each(path, bit(method), [&](const Matcher::Entry& entry) {
    const Operation& operation = policy.operations()[entry.item];
    const Refusal now =
        entry.capability < standing.size() ? standing[entry.capability] : Refusal::CapabilityOff;
    out.push_back(
        {static_cast<int>(entry.item), -1, operation.mark, voice(operation, method, question, now)});
  });
  std::sort(out.begin(), out.end(), [](const Voice& a, const Voice& b) {
    return std::pair(a.mark.line, a.mark.column) < std::pair(b.mark.line, b.mark.column);
  });
  return out;
}

// Levenshtein's distance over segments, where a {} equals any one segment and ** any rest.
int path_distance(const Template& pattern, const std::vector<std::string_view>& path) {
  std::vector<int> row(path.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (const Segment& want : pattern.segments) {
    int diagonal = row[0]++;
    for (std::size_t j = 1; j <= path.size(); ++j) {
      const bool same = want.parameter ? !path[j - 1].empty() : want.text == path[j - 1];
      const int replaced = diagonal + (same ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return pattern.tail ? *std::min_element(row.begin(), row.end()) : row.back();
}

std::vector<Near> nearest(const Policy& policy, const Question& question) {
  constexpr std::size_t kPathSegments = 64;  // of a longer path nothing is near
  std::vector<std::string_view> path = split_path(question.path);
  if (path.size() > kPathSegments) return {};
  std::vector<Near> all;
  for (std::size_t i = 0; i < policy.operations().size(); ++i) {
    const Operation& operation = policy.operations()[i];
    const int distance = path_distance(operation.path, path);
    // More than half of it changed is another path.
    if (2 * index(distance) > std::max(path.size(), operation.path.segments.size())) continue;
    const bool other_method = to_text(operation.method) != question.method;
    std::string how = distance == 0 ? "the same path"
                                    : std::to_string(distance) + (distance == 1 ? " segment" : " segments") +
                                          " differ" + (distance == 1 ? "s" : "");
    if (other_method) how += ", with " + std::string(to_text(operation.method));
    all.push_back({static_cast<int>(i), distance, std::move(how)});
  }
  const auto closer = [&](const Near& a, const Near& b) {
    const bool a_other = to_text(policy.operations()[index(a.operation)].method) != question.method;
    const bool b_other = to_text(policy.operations()[index(b.operation)].method) != question.method;
    return std::tuple(a.distance, a_other, a.operation) < std::tuple(b.distance, b_other, b.operation);
  };
  const std::size_t kept = std::min(kNearest, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(kept), all.end(), closer);
  all.resize(kept);
  return all;
}

}  // namespace

Explanation explain(const Policy& policy, const Question& question, Standing standing) {
  Explanation explanation;
  explanation.decision = decide(policy, question, standing);
  explanation.why = describe(policy, question, explanation.decision);
  if (const auto method = parse_method(question.method)) {
    explanation.voices = voices(policy, question, *method, standing);
  } else {
    explanation.why += ": " + in_quotes(question.method) + " is not a method that a policy can list";
  }
  if (explanation.decision.refusal == Refusal::OperationNotListed)
    explanation.nearest = nearest(policy, question);
  return explanation;
}

std::string to_text(const Policy& policy, const Explanation& explanation) {
  const Decision& decision = explanation.decision;
  std::string out =
      decision.allowed() ? "allowed" : "refused (" + std::string(base::text_of(decision.refusal).code) + ")";
  out += ": " + explanation.why;
  for (const Voice& voice : explanation.voices) {
    const bool never = voice.never >= 0;
    const std::string rule =
        never ? policy.never()[index(voice.never)].text : policy.operations()[index(voice.operation)].text();
    out += "\n  " + line_of(voice.mark) + ": " + rule;
    if (!never)
      out +=
          " in " + policy.capabilities()[index(policy.operations()[index(voice.operation)].capability)].name;
    out += " " + voice.says;
  }
  for (const Near& near : explanation.nearest) {
    const Operation& operation = policy.operations()[index(near.operation)];
    out += "\n  near: " + operation.text() + " in " +
           policy.capabilities()[index(operation.capability)].name + " (" + line_of(operation.mark) +
           "): " + near.how;
  }
  return out;
}

}  // namespace postern::policy
