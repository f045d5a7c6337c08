// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the four roles say, by The Update Framework's specification 1.0 (sections 4.3 to 4.6) as far as Postern takes it, and
// what a target's `custom` says of the update that it is. Fields that are not known are ignored, as the specification wants.
//
//   root       the keys, and which role needs how many of them
//   timestamp  which snapshot is the newest
//   snapshot   which targets are: of one file, targets.json, as there are no delegations
//   targets    the artefacts: length, SHA-256, and of each
//              "custom": {"service": NAME | "product": NAME, "version": V, "from": [V, ...], "severity": S, "notes": TEXT,
//                         "not_before": TIME, "postpone_hours": N}
//
// A version is a text that is compared for being the same, and never for which is higher: what it may replace stands in `from`
// (empty: any). Pure; errors are Invalid or Limit, a sentence about the document. docs/UPDATES.md says what was left out, and why.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "update/envelope.h"

namespace postern::update {

inline constexpr std::size_t kRootLimit = 64U << 10U, kTimestampLimit = 16U << 10U,
                             kSnapshotLimit = 16U << 10U,
                             kTargetsLimit = 192U << 10U;  // bytes of a document
inline constexpr std::size_t kMostKeys = 32;
inline constexpr std::size_t kMostTargets = 200;
inline constexpr std::size_t kMostFrom = 64;
inline constexpr std::size_t kNotesLimit = 8U << 10U;                   // bytes
inline constexpr std::int64_t kArtefactLimit = std::int64_t{8} << 30U;  // bytes
inline constexpr std::int64_t kMostPostponed = 8760;                    // hours

inline constexpr std::array<std::string_view, 4> kRoles{"root", "snapshot", "targets", "timestamp"};

struct Root {
  std::int64_t version = 0;
  base::Micros expires = 0;
  Keys keys;
  std::map<std::string, RoleKeys> roles;  // all of kRoles
};

// Of a document that another names: its version, bytes and hash.
struct Named {
  std::int64_t version = 0, length = 0;
  std::string sha256;  // 64 hexadecimal digits, lower case
  bool operator==(const Named&) const = default;
};
struct Timestamp {
  std::int64_t version = 0;
  base::Micros expires = 0;
  Named snapshot;
};
struct Snapshot {
  std::int64_t version = 0;
  base::Micros expires = 0;
  Named targets;
};

enum class Severity : std::uint8_t { Low, Moderate, Important, Critical };
std::string_view to_text(Severity severity);  // "low"

struct Target {
  std::string name;  // of the artefact: "prometheus-2.54.tar.gz"
  std::int64_t length = 0;
  std::string sha256;
  bool product = false;  // Postern's own, or another product's; else of a service of the component
  std::string of;        // which
  std::string version;
  std::vector<std::string> from;  // the versions that it may replace; empty: any
  Severity severity = Severity::Low;
  std::string notes;            // plain text, with line ends
  base::Micros not_before = 0;  // 0: at any time
  std::int64_t postpone_hours =
      0;  // how long after the first start that was announced a customer may still put it off to
};
struct Targets {
  std::int64_t version = 0;
  base::Micros expires = 0;
  std::map<std::string, Target> targets;  // by name
};

// A name of an artefact: 1 to 128 of [A-Za-z0-9._+-], not beginning with a dot. A version: the same, 64 at most.
bool is_target_name(std::string_view text);
bool is_version_name(std::string_view text);

base::Result<Root> read_root(const Envelope& envelope);
base::Result<Timestamp> read_timestamp(const Envelope& envelope);
base::Result<Snapshot> read_snapshot(const Envelope& envelope);
base::Result<Targets> read_targets(const Envelope& envelope);

// What is signed.
base::Json to_json(const Root& root);
base::Json to_json(const Timestamp& timestamp);
base::Json to_json(const Snapshot& snapshot);
base::Json to_json(const Targets& targets);
base::Json to_json(const Target& target);  // {"length", "hashes", "custom"}

Named name_document(std::int64_t version, std::string_view document);

// How the documents and artefacts are called where they are kept and asked for: "3.root.json", "timestamp.json",
// "7.snapshot.json", "7.targets.json", and SHA256.artefact.
std::string root_name(std::int64_t version);
std::string snapshot_name(std::int64_t version);
std::string targets_name(std::int64_t version);
std::string artefact_name(std::string_view sha256);
inline constexpr std::string_view kTimestampName = "timestamp.json";
bool is_repository_name(std::string_view name);  // one of these
bool is_artefact_name(std::string_view name);
bool is_digest(std::string_view text);  // 64 hexadecimal digits, lower case

}  // namespace postern::update
