// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "redact/rules.h"

namespace postern::redact {

std::shared_ptr<const Rules> Rules::make(const std::vector<Path>& paths) {
  std::shared_ptr<Rules> rules(new Rules);
  std::unordered_set<std::string> seen;
  for (const Path& path : paths) {
    if (!rules->add(path)) return nullptr;
    const std::string_view name = path.last_name();
    if (name.empty() || !seen.emplace(name).second) continue;
    rules->last_names_.push_back(std::make_shared<const std::string>(name));
    rules->with_names_.add(named_pattern(*rules->last_names_.back()));
  }
  return rules;
}

std::shared_ptr<const Rules> Rules::with(const Literals& literals) const {
  std::shared_ptr<Rules> rules(new Rules(*this));
  for (const auto& literal : literals) {
    if (literal->view().size() < kLeastLiteral) continue;
    rules->literals_.push_back(literal);
    for (Prefilter* filter : {&rules->with_names_, &rules->without_names_})
      filter->add(literal_pattern(literal->view()));
  }
  return rules;
}

// A state for each step, set while everything in front of it has been found, and one for the whole.
bool Rules::add(const Path& path) {
  const bool simple = path.steps.size() == 1 && path.steps[0].deep;
  for (const Step& step : path.steps)
    if (!step.name.empty()) first_bytes_.set(static_cast<unsigned char>(step.name.front()));
  if (simple) {
    anywhere_.insert(path.steps[0].name);
    return true;
  }
  if (states_ + path.steps.size() + 1 > kMostStates) return false;
  start_.set(states_);
  for (const Step& step : path.steps) {
    if (step.deep) deep_.set(states_);
    if (step.what == Step::What::Any) any_step_.set(states_);
    if (step.what == Step::What::Name) by_name_[step.name].set(states_);
    if (step.what == Step::What::Index) by_index_[step.index].set(states_);
    ++states_;
  }
  accept_.set(states_++);
  return true;
}

Rules::States Rules::member(const States& of, std::string_view name) const {
  States follow = of & any_step_;
  if (may_be_name(name)) {
    if (const auto it = by_name_.find(std::string(name)); it != by_name_.end()) follow |= of & it->second;
  }
  return (follow << 1U) | (of & deep_);
}

Rules::States Rules::element(const States& of, std::uint32_t index) const {
  States follow = of & any_step_;
  if (const auto it = by_index_.find(index); it != by_index_.end()) follow |= of & it->second;
  return (follow << 1U) | (of & deep_);
}

}  // namespace postern::redact
