// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's updates, fetched, judged and kept (docs/UPDATES.md, "At the customer"). What is offered here is what the vendor has
// signed and Mission Control lets this installation have, both, and what fits: a service that is here, of a version that it may replace.
// Of that only what is wanted is fetched. When one is announced and begun is the calendar's.
//
// Nothing is asked of Mission Control while no admin has switched it on, or no root is pinned. It is asked when the line comes up, then
// each kEvery, and when somebody wants to know; a piece at a time, so that reports are not kept waiting. What it says is judged here,
// and what is wrong is an event and costs nothing else.
//
// In updates/ of the state directory stand state.json (the documents that were taken, what was offered last, what is wanted), artefacts
// under their SHA-256, and one or more of them .part. What nobody wants is removed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "audit/files.h"
#include "base/clock.h"
#include "base/json.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ledger/artefact_file.h"
#include "gateway/ledger/draft.h"
#include "gateway/ledger/hourly.h"
#include "gateway/ledger/progress_file.h"
#include "gateway/ledger/vendor_documents.h"
#include "gateway/ledger/vendor_offers.h"
#include "gateway/loop/loop.h"
#include "line/updates.h"

namespace postern::ledger {

struct VendorUpdateTerms {
  std::string root;       // 1.root.json; empty: not enrolled, or the configuration has no root
  std::int64_t keep = 0;  // bytes of artefacts
  std::vector<std::string> services;
};
// Of the ledger's part: {"line": {"registration": {"services"}, "updates": {"root","keep"}}}.
VendorUpdateTerms parse_vendor_update_terms(const base::Json& part);

class VendorUpdates final : public VendorShelf {
 public:
  struct Calls {
    std::function<bool(const ipc::Errand&)> carry;  // false: there is no link now
    std::function<void(const Draft&)> record;
    std::function<bool()> allowed;  // an admin has switched it on
    // The versions that nodes of a service have, as far as they are known; of Postern itself for "".
    std::function<std::set<std::string>(const std::string& service)> versions;
    std::function<std::string()>
        in_use;  // SHA-256 of the artefact that is run, or may be rolled back; or empty
  };
  // Blocks, for the start: reads state.json, and removes what is not listed. directory: the state directory.
  VendorUpdates(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files,
                const std::string& directory, Calls calls);
  ~VendorUpdates() override;

  void configure(VendorUpdateTerms terms);
  // Every tick.
  void look();
  // Asked by a person. Soon, and no more often than each kLookPause.
  void look_now();
  void line_is_back();
  void link_gone();
  bool take(const ipc::Delivered& delivered);  // false: of an errand that was never given
  // An update has begun: artefacts of those before it cannot be rolled back to any more.
  void tidy() { stale_ = true; }

  // VendorShelf. want() is remembered across restarts.
  const std::vector<VendorOffer>& offers() const override { return offers_; }
  bool gone(const std::string& target) const override;
  void want(const std::string& target) override;
  void forget(const std::string& target) override;
  std::optional<std::string> refuse(const std::string& target) const override;

  // For the API: console/openapi.json, UpdateSources.
  base::Json status() const;

  // Between those of witnesses and of the tunnel.
  static constexpr std::uint64_t kFirstErrand = std::uint64_t{1} << 59U;
  static constexpr base::Nanos kEvery =
      900 * base::kSecond;  // a quarter of it more or less is left to chance
  static constexpr base::Nanos kLookPause = 5 * base::kSecond;
  static constexpr base::Nanos kLinePause = 30 * base::kSecond;  // between looks because the line came back
  static constexpr base::Nanos kLostPause = 15 * base::kSecond;  // after an errand that did not arrive
  static constexpr base::Nanos kBusyPause = 60 * base::kSecond;  // Mission Control has no time for us
  static constexpr base::Nanos kPatience = 90 * base::kSecond;   // for an errand; the link gives up sooner
  static constexpr base::Nanos kPace = 25 * base::kMillisecond;  // between pieces; its limit is 20 ms
  static constexpr base::Nanos kJudgeEvery = 10 * base::kSecond;
  static constexpr base::Nanos kFirstPause =
      60 * base::kSecond;  // after an artefact that was refused, doubling to
  static constexpr base::Nanos kLongestPause = 6 * 3600 * base::kSecond;
  static constexpr std::size_t kStateFile = 48U << 20U;

 private:
  enum class Asked : std::uint8_t { Nothing, Document, Offers, Piece };
  struct LeftOut {
    std::string name, why;
  };
  struct Retry {
    int failures = 0;  // in a row
    base::Nanos next = 0;
    std::string why;
  };

  bool on() const { return documents_.pinned() && calls_.allowed(); }
  void restore();
  void sweep();
  void rest();
  // Asking.
  bool ask(Asked what, std::string_view place, const std::string& body);
  void begin_look();
  void ask_next();
  void lost(const std::string& why);
  void take_offers(std::uint16_t status, std::string_view body);
  base::Nanos with_chance(base::Nanos pause) const;
  // Judging.
  void judge();
  void judge_offer(const line::UpdateOffers::Offer& offer, std::set<std::string>& unsigned_now);
  std::string unsuitable(const update::Target& target) const;
  std::string unsuitable_version(const update::Target& target) const;
  void refuse_unsigned(const std::string& name);
  const VendorOffer* find(const std::string& name) const;
  // Keeping (vendor_updates_fetch.cc).
  std::set<std::string> listed() const;  // SHA-256 of what may be there
  void remove_stale();
  void fetch();
  const VendorOffer* next_to_fetch() const;
  bool fits(const VendorOffer& offer);
  void begin_fetch(const VendorOffer& offer);
  void drop_fetch();
  void fetch_ready();
  void ask_piece();
  void take_piece(std::uint16_t status, std::string_view piece);
  void fetch_ended(ArtefactFile::End end, const std::string& why);
  void refuse_artefact(const VendorOffer& offer, const char* reason, const std::string& why, bool at_fault);
  void show_progress(const std::string& sha256, std::int64_t have);
  std::string path_of(const std::string& sha256) const { return folder_ + "/" + sha256; }
  std::string state_text() const;

  loop::Loop& loop_;
  const base::Clock& clock_;
  audit::FileSystem& files_;
  std::string folder_;
  Calls calls_;
  ProgressFile file_;
  VendorDocuments documents_;
  std::uint64_t kept_changes_ = 0;
  VendorUpdateTerms terms_;
  bool was_on_ = false, swept_ = false;

  bool said_known_ = false;
  line::UpdateOffers said_;  // what Mission Control lets us have
  std::vector<std::string> wanted_;
  std::vector<VendorOffer> offers_;
  std::vector<LeftOut> left_out_;
  std::set<std::string> told_unsigned_;
  Hourly told_;  // of artefacts
  bool stale_ = true, judged_anew_ = true;
  base::Nanos judge_at_ = 0;

  Asked asked_ = Asked::Nothing;
  std::uint64_t last_errand_ = kFirstErrand;
  base::Nanos deadline_ = 0, next_look_ = 0, next_try_ = 0, look_begun_ = 0;
  base::Micros looked_ = 0;  // when a look last came to its end
  std::string problem_;      // of the line, or of the offers

  std::map<std::string, std::int64_t> whole_, parts_;  // by SHA-256: bytes
  std::map<std::string, Retry> retries_;               // by SHA-256
  std::string fetching_;                               // SHA-256; empty: nothing is
  std::unique_ptr<ArtefactFile> fetch_;
  bool fetch_is_ready_ = false, fetch_told_ = false;
  loop::Timer pace_;
};

}  // namespace postern::ledger
