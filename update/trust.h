// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What of the vendor's updates is believed: the client's part of The Update Framework (specification 1.0, section 5), as a value
// that is shown documents in any order and takes those that follow from what it has. It begins with a root that a person put
// there; a document that is not taken changes nothing.
//
//   root       the next version exactly, signed as both the one before and it itself demand; then timestamps and snapshots by
//              keys that are no longer the role's are forgotten
//   timestamp  signed, not older than the one that is known, nor naming an older snapshot, not expired
//   snapshot   the one that the timestamp names by version, length and hash; signed; not naming older targets; not expired
//   targets    the one that the snapshot names so; signed; not expired
//
// Pure; the time is the caller's. now 0: nothing is expired, for what was kept from before.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "update/metadata.h"

namespace postern::update {

enum class Reason : std::uint8_t {
  Malformed,      // no such document, or of a form that Postern does not take
  Specification,  // of another specification than 1.x
  TooLong,
  Signature,  // not signed by as many keys as the role demands
  Version,    // older than what is known, or not the next
  Expired,
  Mismatch,  // not what the document above it names: version, length or hash
  Missing,   // a document that must be there is not
};
std::string_view to_text(Reason reason);  // "signature"

struct Refused {
  Reason reason = Reason::Malformed;
  std::string sentence;  // one lower-case sentence: what, and of which document
};
using Taken = std::optional<Refused>;  // nothing: it was taken

// The documents, as they are kept. roots: those after the pinned one, rising.
struct Kept {
  std::vector<std::string> roots;
  std::string timestamp, snapshot, targets;  // empty: none
};
base::Json to_json(const Kept& kept);
Kept parse_kept(const base::Json& json);  // of another form: nothing kept

class Trust {
 public:
  // The root that a person put there: signed as it itself demands. It may be expired: what follows it may not be.
  static base::Result<Trust> pin(std::string_view root);
  // The same with what was kept; of that, what does not follow from the pinned root is left out, which left_out says.
  static base::Result<Trust> pin(std::string_view root, const Kept& kept, bool& left_out);

  Taken take_root(std::string_view text);
  Taken no_more_roots(base::Micros now) const;  // Expired: the newest is
  Taken take_timestamp(std::string_view text, base::Micros now);
  Taken take_snapshot(std::string_view text, base::Micros now);
  Taken take_targets(std::string_view text, base::Micros now);

  // What is still good of what is known: the timestamp, the snapshot it names and the targets that one names, all together.
  Taken look(base::Micros now) const;

  const Root& root() const { return root_; }
  const std::optional<Timestamp>& timestamp() const { return timestamp_; }
  const std::optional<Snapshot>& snapshot() const { return snapshot_; }
  const std::optional<Targets>& targets() const { return targets_; }
  bool snapshot_is_named() const;  // the one that is known is what the timestamp names
  bool targets_are_named() const;
  const Kept& kept() const { return kept_; }

  static constexpr std::size_t kMostRoots =
      256;  // after the pinned one: of more the pinned one must be made newer

 private:
  Taken judge(const Envelope& envelope, std::string_view role) const;

  Root root_;
  std::optional<Timestamp> timestamp_;
  std::optional<Snapshot> snapshot_;
  std::optional<Targets> targets_;
  Kept kept_;
};

}  // namespace postern::update
