// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// From the text of policy.yaml to a Policy. Reads on after a fault, so that one run names them all; compiles
// only what has none.
#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/crypto.h"
#include "policy/match.h"
#include "policy/parse_operation.h"
#include "policy/policy.h"
#include "policy/reader.h"

namespace postern::policy {
namespace {

constexpr std::size_t kNameLength = 64;
constexpr std::size_t kDescriptionLength = 4'000;
const std::vector<std::string_view> kRoleNames{"viewer", "user", "admin"};

// Lower-case words and digits, joined by single dots or dashes.
bool is_capability_name(std::string_view name) {
  bool joined = true;
  for (const char c : name) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!word && (joined || (c != '.' && c != '-'))) return false;
    joined = !word;
  }
  return !name.empty() && name.size() <= kNameLength && !joined;
}

}  // namespace

class PolicyParser {
 public:
  explicit PolicyParser(std::vector<base::Fault>& faults)
      : reader_(faults), operations_(reader_), policy_(new Policy) {}

  std::shared_ptr<const Policy> parse(const base::YamlNode& root, std::string_view text) {
    if (!reader_.is_map(root, "a policy")) return nullptr;
    reader_.only_keys(root, "a policy", {"version", "capabilities", "never", "roles", "redact", "banner"});
    take_version(root);
    take_capabilities(root);
    if (const base::YamlNode* never = root.find("never")) take_never(*never);
    if (const base::YamlNode* roles = root.find("roles")) take_roles(*roles);
    policy_->redaction_ = parse_redaction(reader_, root.find("redact"));
    policy_->banner_ = reader_.flag(root, "banner");
    check_arrangements();
    if (!reader_.faults().empty()) return nullptr;
    policy_->hash_ = "sha256:" + base::sha256_hex(text);
    compile();
    return std::move(policy_);
  }

 private:
  void take_version(const base::YamlNode& root) {
    const base::YamlNode* version = root.find("version");
    if (version == nullptr) {
      reader_.fault(root.mark, "a policy says which form it has: write version: 1");
    } else if (!version->is_scalar() || version->quoted || version->scalar != "1") {
      reader_.fault(version->mark, "this version of Postern reads version: 1");
    }
  }

  void take_capabilities(const base::YamlNode& root) {
    const base::YamlNode* node = root.find("capabilities");
    if (node == nullptr)
      return reader_.fault(root.mark, "a policy needs capabilities: without one nothing can be reached");
    if (!reader_.is_map(*node, "capabilities")) return;
    if (node->entries.size() > kCapabilityLimit) {
      return reader_.fault(node->mark, "more than " + std::to_string(kCapabilityLimit) + " capabilities");
    }
    for (const auto& entry : node->entries) take_capability(entry);
    if (policy_->operations_.size() > kOperationLimit) {
      reader_.fault(node->mark, "more than " + std::to_string(kOperationLimit) + " operations");
    }
  }

  void take_capability(const base::YamlNode::Entry& entry) {
    if (!is_capability_name(entry.key)) {
      reader_.fault(entry.mark,
                    in_quotes(entry.key) +
                        " is not a capability's name: lower-case words, joined by dots or dashes, such as "
                        "silences.write");
    }
    Capability capability;
    capability.name = entry.key;
    capability.mark = entry.mark;
    indices_.emplace(entry.key, static_cast<int>(policy_->capabilities_.size()));
    if (reader_.is_map(entry.value, "a capability")) {
      take_words(entry, capability);
      take_operations(entry, capability);
    }
    policy_->capabilities_.push_back(std::move(capability));
  }

  void take_words(const base::YamlNode::Entry& entry, Capability& capability) {
    const base::YamlNode& map = entry.value;
    reader_.only_keys(map, "a capability",
                      {"title", "description", "group", "class", "operations", "hold", "approvals"});
    capability.title = reader_.text(map, "title", kTitleLength);
    capability.description = reader_.text(map, "description", kDescriptionLength);
    capability.group = reader_.text(map, "group", kTitleLength);
    if (map.find("title") == nullptr) {
      reader_.fault(entry.mark, "capability " + in_quotes(entry.key) +
                                    " needs a title: what an administrator reads beside its switch");
    }
    const base::YamlNode* klass = map.find("class");
    const bool known =
        klass != nullptr && klass->is_scalar() && (klass->scalar == "read" || klass->scalar == "write");
    if (klass == nullptr) {
      reader_.fault(entry.mark, "capability " + in_quotes(entry.key) + " needs class: read, or class: write");
    } else if (!known) {
      reader_.fault(klass->mark, "class must be read or write");
    }
    // An unknown class is taken as write here, so that one fault does not bring a second for each operation.
    capability.klass = known && klass->scalar == "read" ? Class::Read : Class::Write;
    operations_.check_hold(map, capability.klass);
    take_approvals(map, capability);
  }

  void take_approvals(const base::YamlNode& map, Capability& capability) {
    const base::YamlNode* node = map.find("approvals");
    if (node == nullptr) return;
    const bool digit = node->is_scalar() && node->scalar.size() == 1 && node->scalar[0] >= '1' &&
                       node->scalar[0] - '0' <= kMostApprovals;
    if (!digit) return reader_.fault(node->mark, "approvals must be a number of administrators, 1 to 9");
    capability.approvals = node->scalar[0] - '0';
  }

  void take_operations(const base::YamlNode::Entry& entry, Capability& capability) {
    capability.first_operation = static_cast<int>(policy_->operations_.size());
    const base::YamlNode* node = entry.value.find("operations");
    if (node == nullptr) {
      reader_.fault(entry.mark, "capability " + in_quotes(entry.key) + " needs operations");
    } else if (reader_.is_list(*node, "operations")) {
      if (node->items.empty()) {
        reader_.fault(node->mark, "capability " + in_quotes(entry.key) +
                                      " lists no operation: list some, or remove the capability");
      }
      std::unordered_map<std::string, int> own;
      const bool held = reader_.flag(entry.value, "hold");
      for (const base::YamlNode& item : node->items) take_operation(item, capability, held, own);
    }
    capability.end_operation = static_cast<int>(policy_->operations_.size());
  }

  void take_operation(const base::YamlNode& item, const Capability& capability, bool held,
                      std::unordered_map<std::string, int>& own) {
    const std::size_t before = reader_.faults().size();
    Operation operation = operations_.parse(item, capability.klass);
    operation.hold = operation.hold || held;
    if (held && operation.constraints.websocket)
      reader_.fault(operation.mark,
                    "a WebSocket is one call that stays open: list it in a capability without hold");
    operation.capability = static_cast<int>(policy_->capabilities_.size());
    if (reader_.faults().size() == before) {
      const std::string key = operation.key();
      const auto [found, fresh] = own.emplace(key, operation.mark.line);
      if (!fresh) {
        reader_.fault(operation.mark, in_quotes(operation.text()) +
                                          " is in this capability already, at line " +
                                          std::to_string(found->second) + ": keep one");
      }
      if (fresh && ++listed_[key] == kListingLimit + 1) {
        reader_.fault(operation.mark, in_quotes(operation.text()) + " is listed by more than " +
                                          std::to_string(kListingLimit) + " capabilities");
      }
      note(operation_arrangements_, operation.path, operation.mark, "operations");
    }
    policy_->operations_.push_back(std::move(operation));
  }

  void take_never(const base::YamlNode& node) {
    std::unordered_map<std::string, int> seen;
    for (const base::YamlNode* item : reader_.texts(node, "never", kNeverLimit)) {
      const std::size_t before = reader_.faults().size();
      NeverRule rule;
      rule.mark = item->mark;
      rule.text = item->scalar;
      const std::string_view word = split_call(reader_, *item, rule.path);
      if (const auto method = parse_method(word)) {
        rule.methods = covered_by(*method);
      } else if (word != "ANY" && !word.empty()) {
        reader_.fault(item->mark,
                      in_quotes(word) +
                          " is not a method; known are ANY, GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
      }
      if (reader_.faults().size() != before) continue;
      const auto [found, fresh] = seen.emplace(std::string(word) + " " + rule.path.key(), item->mark.line);
      if (!fresh)
        reader_.fault(item->mark, in_quotes(rule.text) + " is in never already, at line " +
                                      std::to_string(found->second) + ": keep one");
      note(never_arrangements_, rule.path, rule.mark, "never rules");
      policy_->never_.push_back(std::move(rule));
    }
  }

  void take_roles(const base::YamlNode& node) {
    if (!reader_.is_map(node, "roles")) return;
    for (const auto& entry : node.entries) {
      if (std::find(kRoleNames.begin(), kRoleNames.end(), entry.key) == kRoleNames.end()) {
        reader_.fault(entry.mark, "roles are viewer, user and admin: " + in_quotes(entry.key) + " is none" +
                                      did_you_mean(entry.key, kRoleNames));
      }
      Role role;
      role.name = entry.key;
      for (const base::YamlNode* item : reader_.texts(entry.value, "a role", kCapabilityLimit))
        take_member(*item, role);
      policy_->roles_.push_back(std::move(role));
    }
  }

  void take_member(const base::YamlNode& item, Role& role) {
    const auto found = indices_.find(item.scalar);
    if (found == indices_.end()) {
      std::vector<std::string_view> names;
      for (const Capability& capability : policy_->capabilities_) names.push_back(capability.name);
      reader_.fault(item.mark,
                    "there is no capability " + in_quotes(item.scalar) + did_you_mean(item.scalar, names));
    } else if (std::find(role.capabilities.begin(), role.capabilities.end(), found->second) !=
               role.capabilities.end()) {
      reader_.fault(item.mark, "capability " + in_quotes(item.scalar) + " is in this role already: keep one");
    } else {
      role.capabilities.push_back(found->second);
    }
  }

  // What bounds the cost of a decision, see match.h.
  struct Arrangements {
    std::set<std::uint64_t> seen;
    base::Mark first_too_many;
    std::string_view what;
  };

  static void note(Arrangements& all, const Template& path, base::Mark mark, std::string_view what) {
    all.what = what;
    all.seen.insert(path.arrangement());
    if (all.seen.size() == kArrangementLimit + 1 && all.first_too_many.line == 0) all.first_too_many = mark;
  }

  void check_arrangements() {
    for (const Arrangements* all : {&operation_arrangements_, &never_arrangements_}) {
      if (all->seen.size() <= kArrangementLimit) continue;
      reader_.fault(all->first_too_many,
                    "the " + std::string(all->what) + " have their {parameters} and ** in " +
                        std::to_string(all->seen.size()) + " different arrangements of places; at most " +
                        std::to_string(kArrangementLimit) +
                        " keep a decision quick: write literals where the names are known");
    }
  }

  void compile() {
    std::vector<const Template*> paths;
    std::vector<Matcher::Entry> entries;
    for (const Operation& operation : policy_->operations_) {
      Matcher::Entry entry;
      entry.item = static_cast<std::uint32_t>(entries.size());
      entry.capability = static_cast<std::uint16_t>(operation.capability);
      entry.methods = covered_by(operation.method);
      entry.write = policy_->capabilities_[entry.capability].klass == Class::Write;
      entry.plain = operation.constraints.trivial();
      paths.push_back(&operation.path);
      entries.push_back(entry);
      policy_->texts_.push_back(operation.text());
    }
    policy_->listed_ = std::make_unique<const Matcher>(paths, entries);

    paths.clear();
    entries.clear();
    for (const NeverRule& rule : policy_->never_) {
      Matcher::Entry entry;
      entry.item = static_cast<std::uint32_t>(entries.size());
      entry.methods = rule.methods;
      paths.push_back(&rule.path);
      entries.push_back(entry);
    }
    policy_->forbidden_ = std::make_unique<const Matcher>(paths, entries);
  }

  Reader reader_;
  OperationParser operations_;
  std::unique_ptr<Policy> policy_;
  std::unordered_map<std::string, int> indices_;  // of capabilities, by name
  std::unordered_map<std::string, std::size_t> listed_;
  Arrangements operation_arrangements_;
  Arrangements never_arrangements_;
};

ParsedPolicy parse_policy(std::string_view text) {
  ParsedPolicy parsed;
  base::YamlDocument document = base::parse_yaml(text);
  parsed.faults = std::move(document.faults);
  if (parsed.faults.empty()) parsed.policy = PolicyParser(parsed.faults).parse(document.root, text);
  std::stable_sort(parsed.faults.begin(), parsed.faults.end(),
                   [](const base::Fault& a, const base::Fault& b) {
                     return std::pair(a.mark.line, a.mark.column) < std::pair(b.mark.line, b.mark.column);
                   });
  if (parsed.faults.size() > kFaultLimit) parsed.faults.resize(kFaultLimit);
  return parsed;
}

}  // namespace postern::policy
