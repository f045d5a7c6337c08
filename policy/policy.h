// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// policy.yaml as a value: what engineers could be let do (capabilities and their operations), what nobody
// ever may (never), and how roles bundle capabilities. docs/POLICY.md describes the file, policy.schema.json
// its form. A Policy is complete and immutable: it exists only if the text had no fault. It may be shared
// between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "policy/constraint.h"
#include "policy/redaction.h"
#include "policy/template.h"

namespace postern::policy {

enum class Class : std::uint8_t { Read, Write };
std::string_view to_text(Class klass);  // "read", "write"

inline constexpr std::size_t kCapabilityLimit = 4'096;  // fits Matcher::Entry
inline constexpr std::size_t kOperationLimit = 200'000;
inline constexpr std::size_t kNeverLimit = 10'000;
inline constexpr int kMostApprovals = 9;
inline constexpr std::size_t kListingLimit = 16;  // capabilities that may list one and the same operation

struct Operation {
  Method method = Method::Get;
  Template path;
  Constraints constraints;
  std::string title;               // may be empty
  std::optional<Template> before;  // of a document, read with GET, that tells what the call changes
  bool hold = false;               // an admin lets each call pass
  bool safe = false;               // changes nothing although its method could: a POST that only asks
  int capability = 0;              // index into Policy::capabilities()
  base::Mark mark;

  // The document's path for a call of that path; the two have parameters of the same names.
  std::string before_path(std::string_view path) const;
  std::string key() const;   // the same for operations that list the same requests, but for their demands
  std::string text() const;  // "GET /api/v1/label/{name}/values", "GET /live (WebSocket)"
};

struct Capability {
  std::string name;  // "silences.write"
  std::string title;
  std::string description;  // may be empty
  std::string group;        // may be empty
  Class klass = Class::Read;
  int approvals = 1;        // admins who must approve an access request for it, 1 to kMostApprovals
  int first_operation = 0;  // its operations are [first_operation, end_operation) of Policy::operations()
  int end_operation = 0;
  base::Mark mark;
};

struct NeverRule {
  MethodSet methods = kEveryMethod;  // GET speaks about HEAD too
  std::string text;                  // as written: "ANY /debug/**"
  Template path;
  base::Mark mark;
};

struct Role {
  std::string name;               // "viewer", "user" or "admin"
  std::vector<int> capabilities;  // indices, in the file's order
};

class Matcher;

class Policy {
 public:
  ~Policy();
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  std::span<const Capability> capabilities() const { return capabilities_; }
  std::span<const Operation> operations() const { return operations_; }  // by capability, in the file's order
  std::span<const NeverRule> never() const { return never_; }
  std::span<const Role> roles() const { return roles_; }  // those that the file names
  const Redaction& redaction() const { return redaction_; }
  bool banner() const { return banner_; }            // the component's pages say that the session is recorded
  const std::string& hash() const { return hash_; }  // "sha256:" and 64 hexadecimal digits, of the text

  const std::string& text_of(int operation) const {
    return texts_[static_cast<std::size_t>(operation)];
  }  // its text(), kept

  int find_capability(std::string_view name) const;    // index, or -1
  const Role* find_role(std::string_view name) const;  // nullptr if the file does not name it
  const Matcher& listed() const { return *listed_; }   // over operations()
  const Matcher& forbidden() const {
    return *forbidden_;
  }  // over never(); never one structure with the other

 private:
  friend class PolicyParser;
  Policy();

  std::vector<Capability> capabilities_;
  std::vector<Operation> operations_;
  std::vector<std::string> texts_;  // of operations_
  std::vector<NeverRule> never_;
  std::vector<Role> roles_;
  Redaction redaction_;
  bool banner_ = false;
  std::string hash_;
  std::unique_ptr<const Matcher> listed_;
  std::unique_ptr<const Matcher> forbidden_;
};

// The faults are empty if and only if there is a policy. All faults that can be found are reported, in the
// order of the file, each saying what would be right; at most kFaultLimit of them.
struct ParsedPolicy {
  std::shared_ptr<const Policy> policy;
  std::vector<base::Fault> faults;
};
inline constexpr std::size_t kFaultLimit = 200;
ParsedPolicy parse_policy(std::string_view text);

}  // namespace postern::policy
