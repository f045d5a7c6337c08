// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A vendor that signs updates, for tests: five keys, of which two must sign a root, and a repository of one version of each.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "update/refresh.h"

namespace postern::update {

inline constexpr base::Micros kVendorNow = 1'800'000'000LL * base::kWallSecond;
inline constexpr base::Micros kVendorDay = 86'400LL * base::kWallSecond;

class Vendor {
 public:
  Vendor() {
    POSTERN_CHECK(base::init_crypto().ok());
    for (const char* name : {"root1", "root2", "targets", "snapshot", "timestamp"}) make_key(name);
    root_.version = 1;
    root_.expires = kVendorNow + 365 * kVendorDay;
    assign("root", {"root1", "root2"}, 2);
    for (const char* role : {"targets", "snapshot", "timestamp"}) assign(role, {role}, 1);
    targets_.version = snapshot_.version = timestamp_.version = 1;
    targets_.expires = snapshot_.expires = kVendorNow + 90 * kVendorDay;
    timestamp_.expires = kVendorNow + 7 * kVendorDay;
    roots.push_back(sign(to_json(root_), {"root1", "root2"}));
    publish();
  }

  void make_key(const std::string& name) {
    keys_[name] = std::string(32, static_cast<char>(keys_.size() + 1));
  }
  std::string id(const std::string& name) const { return key_id(public_of(name)); }
  std::string public_of(const std::string& name) const {
    return base::ed25519_public(base::Secret(keys_.at(name)));
  }
  void assign(const std::string& role, const std::vector<std::string>& names, std::int64_t threshold) {
    RoleKeys keys;
    keys.threshold = threshold;
    for (const std::string& name : names) {
      keys.ids.insert(id(name));
      root_.keys[id(name)] = public_of(name);
    }
    root_.roles[role] = keys;
  }
  std::string sign(const base::Json& content, const std::vector<std::string>& names) const {
    std::string out = unsigned_document(content).value();
    for (const std::string& name : names) out = add_signature(out, base::Secret(keys_.at(name))).value();
    return out;
  }
  // The next version of the root, by these keys.
  std::string next_root(const std::vector<std::string>& names) {
    ++root_.version;
    return sign(to_json(root_), names);
  }
  void add(const std::string& name, std::string_view bytes, const std::string& version = "2.0.0") {
    Target target;
    target.name = name;
    target.length = static_cast<std::int64_t>(bytes.size());
    target.sha256 = base::sha256_hex(bytes);
    target.of = "prometheus";
    target.version = version;
    target.postpone_hours = 72;
    targets_.targets[name] = target;
  }
  // Each document anew, of the versions that stand in targets_, snapshot_ and timestamp_.
  void publish() {
    targets = sign(to_json(targets_), {"targets"});
    snapshot_.targets = name_document(targets_.version, targets);
    snapshot = sign(to_json(snapshot_), {"snapshot"});
    timestamp_.snapshot = name_document(snapshot_.version, snapshot);
    timestamp = sign(to_json(timestamp_), {"timestamp"});
  }
  void publish_next() {
    ++targets_.version;
    ++snapshot_.version;
    ++timestamp_.version;
    publish();
  }

  Root root_;
  Targets targets_;
  Snapshot snapshot_;
  Timestamp timestamp_;
  std::vector<std::string> roots;
  std::string targets, snapshot, timestamp;

 private:
  std::map<std::string, std::string> keys_;  // seeds
};

// Everything at once.
inline Taken take_all(Trust& trust, const Vendor& vendor, base::Micros now = kVendorNow) {
  if (Taken taken = trust.take_timestamp(vendor.timestamp, now); taken) return taken;
  if (Taken taken = trust.take_snapshot(vendor.snapshot, now); taken) return taken;
  return trust.take_targets(vendor.targets, now);
}

}  // namespace postern::update
