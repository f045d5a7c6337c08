// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Artefacts of the vendor's updates: which is fetched, what comes of a piece, and what lies in updates/.
#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/log.h"
#include "gateway/ledger/vendor_updates.h"

namespace postern::ledger {
namespace {

using audit::EventType;

constexpr std::string_view kPiecePlace = "updates/file";  // gateway/link/line.h
constexpr std::uint16_t kPiece200 = 200, kPiece404 = 404;

Detail& about(Detail& detail, const update::Target& target) {
  return detail.text("sha256", target.sha256).text("version", target.version);
}

}  // namespace

void VendorUpdates::want(const std::string& target) {
  if (!update::is_target_name(target)) return;
  if (std::find(wanted_.begin(), wanted_.end(), target) != wanted_.end()) return;  // a pause stays one
  if (wanted_.size() >= update::kMostTargets) return;
  if (const VendorOffer* offer = find(target)) retries_.erase(offer->target.sha256);
  wanted_.push_back(target);
  file_.changed();
}

void VendorUpdates::forget(const std::string& target) {
  if (std::erase(wanted_, target) == 0) return;
  file_.changed();
  stale_ = true;
  judged_anew_ = true;
}

std::set<std::string> VendorUpdates::listed() const {
  std::set<std::string> out{calls_.in_use()};
  if (!documents_.pinned() || !documents_.trust().targets()) return out;
  const auto& targets = documents_.trust().targets()->targets;
  for (const std::string& name : wanted_) {
    if (const auto found = targets.find(name); found != targets.end()) out.insert(found->second.sha256);
  }
  return out;
}

void VendorUpdates::remove_stale() {
  stale_ = false;
  if (!documents_.pinned()) return;  // until it is known again what the vendor has signed
  const std::set<std::string> may_stay = listed();
  if (!fetching_.empty() && !may_stay.contains(fetching_)) {
    fetch_->discard();
    parts_.erase(fetching_);
    drop_fetch();
  }
  std::vector<std::string> gone;
  const auto collect = [&](std::map<std::string, std::int64_t>& of, const char* suffix) {
    std::erase_if(of, [&](const auto& one) {
      if (may_stay.contains(one.first)) return false;
      gone.push_back(path_of(one.first) + suffix);
      return true;
    });
  };
  collect(whole_, "");
  collect(parts_, ".part");
  if (gone.empty()) return;
  judged_anew_ = true;
  loop_.run_elsewhere(
      [&files = files_, gone = std::move(gone)] {
        for (const std::string& path : gone) (void)files.remove(path);
      },
      [] {});
}

// --- fetching

const VendorOffer* VendorUpdates::next_to_fetch() const {
  for (const std::string& name : wanted_) {
    const VendorOffer* offer = find(name);
    if (offer == nullptr || offer->suspended || offer->whole) continue;
    const auto retry = retries_.find(offer->target.sha256);
    if (retry == retries_.end() || clock_.monotonic() >= retry->second.next) return offer;
  }
  return nullptr;
}

// Every tick while nothing is asked: what is under way goes on, or another begins.
void VendorUpdates::fetch() {
  const auto under_way = std::find_if(offers_.begin(), offers_.end(), [this](const VendorOffer& one) {
    return one.target.sha256 == fetching_ && !one.suspended;
  });
  if (!fetching_.empty() && under_way == offers_.end()) drop_fetch();
  if (fetching_.empty()) {
    const VendorOffer* next = next_to_fetch();
    if (next != nullptr && fits(*next)) begin_fetch(*next);
    return;
  }
  if (fetch_is_ready_ && !pace_.running()) ask_piece();
}

bool VendorUpdates::fits(const VendorOffer& offer) {
  std::int64_t taken = offer.target.length;
  for (const auto& [sha256, bytes] : whole_) taken += bytes;
  for (const auto& [sha256, bytes] : parts_) {
    if (sha256 != offer.target.sha256) taken += bytes;
  }
  if (taken <= terms_.keep) return true;
  refuse_artefact(offer, "limit",
                  "with it updates/ would have " + std::to_string(taken) +
                      " bytes, and mission_control.updates.keep is " + std::to_string(terms_.keep),
                  false);
  return false;
}

void VendorUpdates::begin_fetch(const VendorOffer& offer) {
  fetching_ = offer.target.sha256;
  fetch_is_ready_ = fetch_told_ = false;
  fetch_ = std::make_unique<ArtefactFile>(
      loop_, files_, ArtefactFile::Name{folder_, fetching_, offer.target.length},
      ArtefactFile::Calls{[this] { fetch_ready(); },
                          [this](ArtefactFile::End end, const std::string& why) { fetch_ended(end, why); }});
}

// What is there of it stays.
void VendorUpdates::drop_fetch() {
  if (asked_ == Asked::Piece) asked_ = Asked::Nothing;
  fetching_.clear();
  fetch_is_ready_ = false;
  pace_.stop();
  if (fetch_ != nullptr) loop_.dispose(std::move(fetch_));
}

void VendorUpdates::show_progress(const std::string& sha256, std::int64_t have) {
  parts_[sha256] = have;
  for (VendorOffer& one : offers_) {
    if (one.target.sha256 == sha256) one.have = have;
  }
}

void VendorUpdates::fetch_ready() {
  fetch_is_ready_ = true;
  show_progress(fetching_, fetch_->have());
  for (const VendorOffer& one : offers_) {
    if (one.target.sha256 != fetching_ || std::exchange(fetch_told_, true)) continue;
    Detail detail;
    about(detail, one.target).number("bytes", one.target.length).number("have", fetch_->have());
    calls_.record({EventType::UpdateDownloading, "gateway", {}, one.target.name, {}, detail.done(), false});
  }
  pace_.start(kPace);
}

void VendorUpdates::ask_piece() {
  pace_.stop();
  if (!on() || asked_ != Asked::Nothing || !fetch_is_ready_ || clock_.monotonic() < next_try_) return;
  const std::int64_t piece = fetch_->have() / static_cast<std::int64_t>(line::kUpdatePiece);
  ask(Asked::Piece, kPiecePlace, line::format(line::UpdateAsk{update::artefact_name(fetching_), piece}));
}

void VendorUpdates::take_piece(std::uint16_t status, std::string_view piece) {
  if (fetching_.empty()) return;
  if (status == kPiece200) {
    fetch_is_ready_ = false;
    return fetch_->add(piece);
  }
  const auto offer = std::find_if(offers_.begin(), offers_.end(),
                                  [this](const VendorOffer& one) { return one.target.sha256 == fetching_; });
  if (offer != offers_.end()) {
    const bool missing = status == kPiece404;
    refuse_artefact(*offer, missing ? "missing" : "too_long",
                    (missing ? "Mission Control does not hand it out: " : "a piece of it is too long: ") +
                        base::printable(piece, 200),
                    true);
  }
  drop_fetch();
}

void VendorUpdates::fetch_ended(ArtefactFile::End end, const std::string& why) {
  const std::string sha256 = fetching_;
  const bool resumed = fetch_->resumed();
  const auto offer = std::find_if(offers_.begin(), offers_.end(),
                                  [&](const VendorOffer& one) { return one.target.sha256 == sha256; });
  judged_anew_ = true;
  drop_fetch();
  if (end == ArtefactFile::End::Whole || end == ArtefactFile::End::Wrong) parts_.erase(sha256);
  if (offer == offers_.end()) {
    if (end == ArtefactFile::End::Whole) whole_[sha256] = 0;  // nobody's: the next look removes it
    return void(stale_ = true);
  }
  switch (end) {
    case ArtefactFile::End::Whole: {
      retries_.erase(sha256);
      whole_[sha256] = offer->target.length;
      offer->have = offer->target.length;
      offer->whole = true;
      offer->artefact = path_of(sha256);
      Detail detail;
      about(detail, offer->target).number("bytes", offer->target.length);
      calls_.record(
          {EventType::UpdateDownloaded, "gateway", {}, offer->target.name, {}, detail.done(), false});
      return;
    }
    case ArtefactFile::End::Wrong:
      offer->have = 0;
      return refuse_artefact(
          *offer, "mismatch",
          why + (resumed ? "; some of it was here from before an outage or a restart" : ""),
          !resumed || retries_.contains(sha256));
    case ArtefactFile::End::NoRoom:
      return refuse_artefact(*offer, "no_room", why, false);
    case ArtefactFile::End::DiskFails:
      return refuse_artefact(*offer, "disk", why, false);
  }
}

// at_fault: whoever handed it; the pause doubles. A disk is looked at again before that long.
void VendorUpdates::refuse_artefact(const VendorOffer& offer, const char* reason, const std::string& why,
                                    bool at_fault) {
  Retry& retry = retries_[offer.target.sha256];
  retry.why = why;
  const int doubled = at_fault ? std::min(retry.failures++, 16) : 0;
  retry.next = clock_.monotonic() + std::min(kLongestPause, kFirstPause << doubled);
  const auto unrecorded = told_.take(offer.target.sha256 + reason, clock_.monotonic());
  if (!unrecorded) return;
  base::log_warning("the artefact of " + offer.target.name + ": " + why);
  Detail detail;
  about(detail, offer.target)
      .text("reason", reason)
      .text("why", why)
      .time("next", clock_.wall() + (retry.next - clock_.monotonic()) / 1000)
      .number("unrecorded", *unrecorded);
  calls_.record(
      {EventType::UpdateArtefactRefused, "gateway", {}, offer.target.name, "refused", detail.done(), false});
}

}  // namespace postern::ledger
