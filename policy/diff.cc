// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/diff.h"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>

#include "policy/compare.h"
#include "policy/place.h"
#include "policy/reader.h"
#include "policy/template_tree.h"

namespace postern::policy {
namespace {

// One of the two policies, made searchable.
class Side {
 public:
  explicit Side(const Policy& policy) : policy_(policy) {
    int next = 0;
    for (const Operation& operation : policy.operations()) {
      tree_.add(operation.path, next);
      exact_.emplace(key(operation, capability_of(operation).name), next++);
    }
  }
  const Policy& policy() const { return policy_; }
  const TemplateTree& tree() const { return tree_; }
  const Capability& capability_of(const Operation& operation) const {
    return policy_.capabilities()[index(operation.capability)];
  }

  // The same operation in the capability of that name; nullptr if it is not there.
  const Operation* same(const Operation& operation, const std::string& capability) const {
    const auto found = exact_.find(key(operation, capability));
    return found == exact_.end() ? nullptr : &policy_.operations()[index(found->second)];
  }

  // An operation that lets every request of this one pass: of that capability, or with an empty name of any.
  const Operation* including(const Operation& operation, const std::string& capability) const {
    for (const int item : tree_.covering(operation.path)) {
      const Operation& wide = policy_.operations()[index(item)];
      const bool methods =
          (covered_by(operation.method) & static_cast<MethodSet>(~covered_by(wide.method))) == 0;
      const bool here = capability.empty() || capability_of(wide).name == capability;
      if (methods && here && passes_all_of(wide, operation)) return &wide;
    }
    return nullptr;
  }

 private:
  // Path rules count segments, which agree in both templates as far as the wide one goes.
  static bool passes_all_of(const Operation& wide, const Operation& narrow) {
    return at_least_as_strict(narrow.constraints, wide.constraints, narrow.method);
  }
  static std::string key(const Operation& operation, const std::string& capability) {
    return capability + " " + operation.key();
  }

  const Policy& policy_;
  TemplateTree tree_;
  std::unordered_map<std::string, int> exact_;
};

std::string missing_words(const Constraints& from, const Constraints& in) {
  const std::vector<std::string> there = in_words(in);
  std::string out;
  for (const std::string& word : in_words(from)) {
    if (std::find(there.begin(), there.end(), word) == there.end()) out += (out.empty() ? "" : "; ") + word;
  }
  return out.empty() ? "nothing" : out;
}

std::string constraint_change(const Operation& before, const Operation& now) {
  return "was: " + missing_words(before.constraints, now.constraints) +
         "; is: " + missing_words(now.constraints, before.constraints);
}

class Comparison {
 public:
  Comparison(const Policy& old_policy, const Policy& new_policy) : old_(old_policy), new_(new_policy) {}

  Difference run() {
    for (const Operation& operation : new_.policy().operations()) now_listed(operation);
    for (const Operation& operation : old_.policy().operations()) once_listed(operation);
    for (const Capability& capability : new_.policy().capabilities()) words(capability);
    never_rules(old_, new_, out_.never_removed, out_.newly_allowed, "refused before by never ");
    never_rules(new_, old_, out_.never_added, out_.no_longer_allowed, "now refused by never ");
    guards(&Operation::hold, "an administrator let some of these calls pass, each as ");
    guards(&Operation::before, "what some of these calls change was recorded, as of ");
    roles();
    redaction();
    return std::move(out_);
  }

 private:
  void now_listed(const Operation& operation) {
    const std::string& capability = new_.capability_of(operation).name;
    const Change change{capability, operation.text(), "", operation.mark};
    if (const Operation* before = old_.same(operation, capability)) {
      constraints_changed(*before, operation, change);
      guards_changed(*before, operation, change);
    } else if (const Operation* wide = old_.including(operation, capability)) {
      put(out_.changed, change, "was part of " + wide->text() + " before", Effect::Same);
    } else if (const Operation* other = old_.including(operation, "")) {
      put(out_.newly_allowed, change,
          "capability " + old_.capability_of(*other).name + " listed it before, as " + other->text(),
          Effect::New);
    } else {
      put(out_.newly_allowed, change, "", Effect::New);
    }
  }

  void guards_changed(const Operation& before, const Operation& now, const Change& change) {
    if (!before.hold && now.hold)
      put(out_.no_longer_allowed, change, "an administrator has to let each call pass now", Effect::Stricter);
    if (before.hold && !now.hold)
      put(out_.newly_allowed, change, "no administrator has to let it pass any more", Effect::Looser);
    if (document(before) == document(now)) return;
    put(out_.changed, change,
        now.before ? "what it changes is recorded, as of " + now.before->text()
                   : "what it changes is not recorded any more",
        before.before ? Effect::Looser : Effect::Stricter);
  }
  static std::string document(const Operation& operation) {
    return operation.before ? operation.before->key() : std::string();
  }

  void constraints_changed(const Operation& before, const Operation& now, const Change& change) {
    const bool stricter = at_least_as_strict(now.constraints, before.constraints, now.method);
    const bool looser = at_least_as_strict(before.constraints, now.constraints, now.method);
    if (stricter && looser) return;
    const std::string what = constraint_change(before, now);
    if (stricter) {
      put(out_.no_longer_allowed, change, "stricter constraints; " + what, Effect::Stricter);
    } else if (looser) {
      put(out_.newly_allowed, change, "looser constraints; " + what, Effect::Looser);
    } else {
      put(out_.newly_allowed, change, "other constraints; " + what, Effect::Looser);
    }
  }

  void once_listed(const Operation& operation) {
    const std::string& capability = old_.capability_of(operation).name;
    if (new_.same(operation, capability) != nullptr) return;
    const Change change{capability, operation.text(), "", operation.mark};
    if (const Operation* wide = new_.including(operation, capability)) {
      put(out_.changed, change, "is part of " + wide->text() + " now", Effect::Same);
    } else if (const Operation* other = new_.including(operation, "")) {
      put(out_.no_longer_allowed, change,
          "capability " + new_.capability_of(*other).name + " lists it now, as " + other->text(),
          Effect::Gone);
    } else {
      put(out_.no_longer_allowed, change, "", Effect::Gone);
    }
  }

  // A capability that both have: what an admin reads about it, and whether read-only access lets it pass.
  void words(const Capability& now) {
    const int found = old_.policy().find_capability(now.name);
    if (found < 0) return;
    const Capability& before = old_.policy().capabilities()[index(found)];
    const Change change{now.name, "all its operations", "", now.mark};
    if (before.klass == Class::Write && now.klass == Class::Read) {
      put(out_.newly_allowed, change,
          "class was write and is read: they pass while remote access is read-only", Effect::Looser);
    } else if (before.klass != now.klass) {
      put(out_.no_longer_allowed, change,
          "class was read and is write: they do not pass while remote access is read-only", Effect::Stricter);
    }
    if (now.approvals != before.approvals) {
      put(now.approvals < before.approvals ? out_.newly_allowed : out_.no_longer_allowed, change,
          "a request for it took " + std::to_string(before.approvals) +
              " of the administrators' approvals and takes " + std::to_string(now.approvals),
          now.approvals < before.approvals ? Effect::Looser : Effect::Stricter);
    }
    const Change text{now.name, "", "", now.mark};
    if (before.title != now.title)
      put(out_.changed, text, "title was " + in_quotes(before.title) + " and is " + in_quotes(now.title),
          Effect::Same);
    if (before.description != now.description)
      put(out_.changed, text, "the description is another", Effect::Same);
    if (before.group != now.group)
      put(out_.changed, text, "group was " + in_quotes(before.group) + " and is " + in_quotes(now.group),
          Effect::Same);
  }

  // Rules that only has and other has not, and the operations of both policies that this concerns.
  void never_rules(const Side& only, const Side& other, std::vector<Change>& rules,
                   std::vector<Change>& concerned, const std::string& how) {
    const Effect effect = &rules == &out_.never_removed ? Effect::Looser : Effect::Stricter;
    TemplateTree gone;
    for (std::size_t i = 0; i < only.policy().never().size(); ++i) {
      const NeverRule& rule = only.policy().never()[i];
      if (has(other.policy(), rule)) continue;
      const NeverRule* wide = including(other.policy(), rule);
      rules.push_back({"", rule.text,
                       wide == nullptr ? "" : "as part of " + wide->text + " it is in the other", rule.mark,
                       wide == nullptr ? effect : Effect::Same});
      if (wide == nullptr) gone.add(rule.path, static_cast<int>(i));
    }
    TemplateTree::overlaps(new_.tree(), gone, [&](int item, int rule_index) {
      const Operation& operation = new_.policy().operations()[index(item)];
      const NeverRule& rule = only.policy().never()[index(rule_index)];
      const std::string& capability = new_.capability_of(operation).name;
      const bool methods = (covered_by(operation.method) & rule.methods) != 0;
      if (methods && old_.including(operation, capability) != nullptr) {
        concerned.push_back({capability, operation.text(),
                             how + in_quotes(rule.text) + " (" + line_of(rule.mark) + "), wholly or in part",
                             operation.mark, effect});
      }
      return true;
    });
  }

  static bool has(const Policy& policy, const NeverRule& rule) {
    const std::string key = rule.path.key();
    return std::any_of(policy.never().begin(), policy.never().end(), [&](const NeverRule& one) {
      return one.methods == rule.methods && one.path.key() == key;
    });
  }

  static const NeverRule* including(const Policy& policy, const NeverRule& rule) {
    for (const NeverRule& one : policy.never()) {
      if ((rule.methods & static_cast<MethodSet>(~one.methods)) == 0 && covers(one.path, rule.path))
        return &one;
    }
    return nullptr;
  }

  static std::set<std::string> members(const Policy& policy, const std::string& role) {
    std::set<std::string> out;
    const Role* found = policy.find_role(role);
    if (found == nullptr) return out;
    for (const int capability : found->capabilities)
      out.insert(policy.capabilities()[index(capability)].name);
    return out;
  }

  void roles() {
    for (const std::string role : {"viewer", "user", "admin"}) {
      const std::set<std::string> before = members(old_.policy(), role);
      const std::set<std::string> now = members(new_.policy(), role);
      for (const std::string& name : now) {
        if (!before.contains(name)) out_.roles.push_back({name, role, "gains it", {}, Effect::Looser});
      }
      for (const std::string& name : before) {
        if (now.contains(name)) continue;
        // Whoever may still use it works as a greater role from now on.
        const bool there = new_.policy().find_capability(name) >= 0;
        out_.roles.push_back({name, role, "loses it", {}, there ? Effect::Looser : Effect::Gone});
      }
    }
  }

  // A call that several operations list is judged by the most specific of them. So it may lose what stood in its way
  // although no operation of its own changed: where one that has it and one that has not overlap, and either is new,
  // gone or another.
  template <typename Guard>
  void guards(Guard guard, const std::string& how) {
    TemplateTree guarded, open;
    const std::span<const Operation> before = old_.policy().operations();
    const std::span<const Operation> now = new_.policy().operations();
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (before[i].*guard) guarded.add(before[i].path, static_cast<int>(i));
    }
    for (std::size_t i = 0; i < now.size() && guarded.size() > 1; ++i) {
      if (!(now[i].*guard)) open.add(now[i].path, static_cast<int>(i));
    }
    std::set<int> told;
    TemplateTree::overlaps(open, guarded, [&](int item, int guard_item) {
      const Operation& free = now[index(item)];
      const Operation& kept = before[index(guard_item)];
      const bool methods = (covered_by(free.method) & covered_by(kept.method)) != 0;
      if (!methods || (unchanged(kept, old_, new_, guard) && unchanged(free, new_, old_, guard))) return true;
      const std::string& capability = new_.capability_of(free).name;
      // Told already: the same operation, without it.
      if (new_.same(kept, old_.capability_of(kept).name) == &free || !told.insert(item).second) return true;
      put(out_.newly_allowed, {capability, free.text(), "", free.mark}, how + kept.text(), Effect::Looser);
      return true;
    });
  }
  template <typename Guard>
  static bool unchanged(const Operation& operation, const Side& here, const Side& there, Guard guard) {
    const Operation* same = there.same(operation, here.capability_of(operation).name);
    return same != nullptr && static_cast<bool>(same->*guard) == static_cast<bool>(operation.*guard) &&
           same->constraints == operation.constraints;
  }

  void redaction() {
    const auto texts = [](const Policy& policy) {
      std::set<std::string> out;
      for (const redact::Path& path : policy.redaction().paths) out.insert("json: " + path.text);
      for (const std::string& header : policy.redaction().headers) out.insert("header: " + header);
      return out;
    };
    const std::set<std::string> before = texts(old_.policy());
    const std::set<std::string> now = texts(new_.policy());
    for (const std::string& one : before) {
      if (!now.contains(one))
        out_.redaction.push_back({"", one, "stays in responses from now on", {}, Effect::Looser});
    }
    for (const std::string& one : now) {
      if (!before.contains(one))
        out_.redaction.push_back({"", one, "is taken out of responses from now on", {}, Effect::Stricter});
    }
  }

  static void put(std::vector<Change>& list, Change change, std::string detail, Effect effect) {
    change.detail = std::move(detail);
    change.effect = effect;
    list.push_back(std::move(change));
  }

  Side old_;
  Side new_;
  Difference out_;
};

void write(std::string& out, std::string_view title, const std::vector<Change>& changes) {
  if (changes.empty()) return;
  out += out.empty() ? "" : "\n";
  out += std::string(title) + ":";
  for (const Change& change : changes) {
    out += "\n  ";
    if (!change.capability.empty()) out += change.capability + (change.what.empty() ? "" : ": ");
    out += change.what;
    if (!change.detail.empty()) out += " (" + change.detail + ")";
  }
}

}  // namespace

std::string_view to_text(Effect effect) {
  constexpr std::array<std::string_view, 5> kNames{"new", "gone", "looser", "stricter", "same"};
  return kNames.at(static_cast<std::size_t>(effect));
}

bool Difference::empty() const {
  return newly_allowed.empty() && no_longer_allowed.empty() && changed.empty() && never_added.empty() &&
         never_removed.empty() && roles.empty() && redaction.empty();
}

bool Difference::opens() const {
  for (const auto* list :
       {&newly_allowed, &no_longer_allowed, &changed, &never_added, &never_removed, &roles, &redaction}) {
    for (const Change& change : *list) {
      if (change.effect == Effect::New || change.effect == Effect::Looser) return true;
    }
  }
  return false;
}

Difference diff(const Policy& old_policy, const Policy& new_policy) {
  return Comparison(old_policy, new_policy).run();
}

std::string to_text(const Difference& difference) {
  std::string out;
  write(out, "newly allowed", difference.newly_allowed);
  write(out, "no longer allowed", difference.no_longer_allowed);
  write(out, "changed", difference.changed);
  write(out, "never, new", difference.never_added);
  write(out, "never, removed", difference.never_removed);
  write(out, "roles", difference.roles);
  write(out, "redaction", difference.redaction);
  return out.empty() ? "no difference" : out;
}

}  // namespace postern::policy
