// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's signed documents as this installation believes them (update/trust.h): the root that a person pinned, what was taken
// since, and one look at a time at whether there is something newer. Mission Control hands the documents and is not believed: each one
// that is not taken is update.metadata_refused (hourly.h), and what was known goes on to count. Does no I/O: who asks, and who keeps
// kept() on the disk, is vendor_updates.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/json.h"
#include "gateway/ledger/draft.h"
#include "gateway/ledger/hourly.h"
#include "line/updates.h"
#include "update/refresh.h"

namespace postern::ledger {

class VendorDocuments {
 public:
  using Record = std::function<void(const Draft&)>;
  VendorDocuments(const base::Clock& clock, Record record) : clock_(clock), record_(std::move(record)) {}

  // Of a former ledger, before configure(). unread: why the file cannot be read; empty where it can, or was never there.
  void restore(update::Kept kept, std::string unread);
  // The text of 1.root.json; empty: there is none. What was kept is judged anew from it.
  void configure(const std::string& root);
  bool pinned() const { return trust_.has_value(); }

  void begin();
  void give_up() { refresh_.reset(); }
  bool looking() const { return refresh_.has_value(); }
  line::UpdateAsk wanted() const;  // while looking()
  // What came of it: 200 with a piece, 404: there is none, ipc::kTooLongAnswer. The look may be over then.
  void take(std::uint16_t status, std::string_view piece);

  // Not taken: of a document, or of "offers". Not recorded each time.
  void refuse(const std::string& document, std::string_view reason, const std::string& why,
              const std::string& subject = {});
  // What ends soon is said, once for each version.
  void look_at_ends();

  const update::Trust& trust() const { return *trust_; }  // pinned()
  // With the time of now: root, timestamp, snapshot and targets are all there, and good.
  update::Taken good() const;
  const update::Kept& kept() const { return kept_; }
  std::uint64_t changes() const { return changes_; }  // of kept()
  // {"root": {"version","expires"}, "timestamp"*, "snapshot"*, "targets"*, "problem"*: why nothing new is taken}
  base::Json status() const;

  // Before the end of a document: a timestamp is renewed every few days, the others when somebody releases or by a plan.
  static constexpr base::Micros kDay = 86'400 * base::kWallSecond;
  static constexpr base::Micros kTimestampEnds = 3 * kDay, kReleaseEnds = 7 * kDay, kRootEnds = 30 * kDay;

 private:
  using Versions = std::pair<std::int64_t, std::int64_t>;  // of root and targets
  Versions versions() const;
  void keep(const Versions& before);
  void refused(const std::string& document, const update::Refused& why);
  void look_at_end(const char* role, std::int64_t version, base::Micros expires, base::Micros ahead);

  const base::Clock& clock_;
  Record record_;
  Hourly told_;
  std::string root_;
  update::Kept kept_;
  std::string unread_;  // not said yet
  std::optional<update::Trust> trust_;
  std::optional<update::Refresh> refresh_;
  std::string document_;  // as much as there is of the wanted one
  std::int64_t piece_ = 0;
  std::string problem_;
  std::uint64_t changes_ = 0;
  std::map<std::string, std::int64_t> ends_told_;  // by role: which version
};

}  // namespace postern::ledger
