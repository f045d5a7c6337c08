// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Verifies a log by its files and its public key alone: the checkpoint's signature, every hash of every tile up
// to the root that was signed, and every entry. Where the log's key was changed it follows the handovers
// (audit/handovers.h), and holds the tree of each against the log's. Goes from the top down, so that what it compares with is proved
// already, and what does not fit is what was changed. Reads only; several threads.
//
// Bundles that are not there are a fault, unless an event log.retention, which stands among the entries and is proved like
// them, says that they were removed.
//
// What files alone cannot show is that a whole older copy was put in their place: every state of a log was good
// once. Against that, keep a checkpoint elsewhere (known), or let a witness keep it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/handovers.h"
#include "audit/log_files.h"
#include "audit/retention.h"
#include "base/result.h"
#include "certs/note.h"

namespace postern::audit {

struct LogFault {
  std::string file;                    // as it would be opened
  std::optional<std::uint64_t> index;  // of the entry, or of the first one that the file stands for
  std::string what;                    // one lower-case sentence
  bool operator==(const LogFault&) const = default;
};

// Entries that retention removed: their hashes are there and fit.
struct RemovedEntries {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  bool operator==(const RemovedEntries&) const = default;
};

struct VerifyOptions {
  std::string directory;
  certs::VerifierKey key;                 // any that the log has had
  std::optional<SignedCheckpoint> known;  // an earlier one of this log
  unsigned threads = 1;
  // Called now and then, from one thread at a time: bundles done, of how many.
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress = {};
};

struct VerifyReport {
  certs::Checkpoint head;                    // empty if there is none that can be read
  std::uint64_t entries = 0;                 // that fit
  std::vector<certs::Handover> handovers;    // that lead from one key of the log to the next, oldest first
  std::vector<RemovedEntries> removed;       // by index
  std::optional<RetentionRecord> retention;  // the event, proved with the rest, that covers all of them
  std::vector<LogFault> faults;              // by index, those without one first; at most kFaultLimit
  bool ok() const { return faults.empty(); }

  static constexpr std::size_t kFaultLimit = 100;
};

VerifyReport verify_log(const VerifyOptions& options);

}  // namespace postern::audit
