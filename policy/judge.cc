// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/judge.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/bytes.h"

namespace postern::policy {
namespace {

using base::hex_value;
using base::Refusal;

// Decodes a canonical segment into a buffer that lives as long as this.
class DecodedSegment {
 public:
  explicit DecodedSegment(std::string_view segment) {
    for (std::size_t i = 0; i < segment.size(); ++i) {
      if (size_ == text_.size()) return;
      const bool escape = segment[i] == '%' && i + 2 < segment.size();
      text_[size_++] =
          escape ? static_cast<char>(hex_value(segment[i + 1]) * 16 + hex_value(segment[i + 2])) : segment[i];
      if (escape) i += 2;
    }
    whole_ = true;
  }
  bool whole() const { return whole_; }  // false: longer than kPathValueLength
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, kPathValueLength> text_;
  std::size_t size_ = 0;
  bool whole_ = false;
};

std::string_view segment_of(std::string_view path, int index) {
  std::size_t begin = 1;
  for (int i = 0; i < index; ++i) begin = path.find('/', begin) + 1;
  return path.substr(begin, path.find('/', begin) - begin);
}

std::optional<std::string_view> bad_path_value(const Constraints& constraints, std::string_view path) {
  for (const PathRule& rule : constraints.path) {
    const DecodedSegment value(segment_of(path, rule.segment));
    if (!value.whole() || !rule.value.accepts(value.view())) return rule.value.name;
  }
  return std::nullopt;
}

bool satisfied(const ValueRule& rule, std::span<const QueryParameter> query) {
  std::size_t seen = 0;
  for (const QueryParameter& parameter : query) {
    if (parameter.name != rule.name) continue;
    if (++seen > 1 && rule.constrains() && !rule.repeat) return false;
    if (!rule.accepts(parameter.value)) return false;
  }
  return seen > 0 || !rule.required;
}

std::optional<std::string_view> bad_query_value(const Constraints& constraints,
                                                std::span<const QueryParameter> query) {
  for (const ValueRule& rule : constraints.query) {
    if (!satisfied(rule, query)) return rule.name;
  }
  if (constraints.other_query) return std::nullopt;
  for (const QueryParameter& parameter : query) {
    const auto& rules = constraints.query;
    const auto found =
        std::lower_bound(rules.begin(), rules.end(), parameter.name,
                         [](const ValueRule& rule, std::string_view name) { return rule.name < name; });
    if (found == rules.end() || found->name != parameter.name) return parameter.name;
  }
  return std::nullopt;
}

// "Type/Subtype; charset=x" -> "Type/Subtype".
std::string_view media_type(std::string_view field) {
  field = field.substr(0, field.find(';'));
  while (!field.empty() && (field.front() == ' ' || field.front() == '\t')) field.remove_prefix(1);
  while (!field.empty() && (field.back() == ' ' || field.back() == '\t')) field.remove_suffix(1);
  return field;
}

bool body_allowed(const Constraints& constraints, Method method, const Question& question) {
  if (!question.has_body) return true;
  if (constraints.body == BodyRule::None) return false;
  if (constraints.body == BodyRule::ByMethod) return (bit(method) & kBodyMethods) != 0;
  if (constraints.content_types.empty()) return true;
  const std::string_view type = media_type(question.content_type);
  return std::any_of(constraints.content_types.begin(), constraints.content_types.end(),
                     [&](const std::string& one) { return base::equals_ignoring_case(one, type); });
}

}  // namespace

Judgement judge(const Constraints& constraints, Method method, const Question& question) {
  if (question.websocket && !constraints.websocket) return {Refusal::WebsocketNotListed, {}};
  if (const auto name = bad_path_value(constraints, question.path))
    return {Refusal::ParameterNotAllowed, *name};
  if (const auto name = bad_query_value(constraints, question.query))
    return {Refusal::ParameterNotAllowed, *name};
  if (!body_allowed(constraints, method, question)) return {Refusal::BodyNotAllowed, {}};
  return {};
}

}  // namespace postern::policy
