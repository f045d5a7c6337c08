// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/vendor_documents.h"

#include <utility>

#include "base/bytes.h"
#include "base/log.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;

constexpr std::uint16_t kHanded = 200, kNoSuchFile = 404;
constexpr std::size_t kQuotedWhy = 300;

bool same(const update::Kept& a, const update::Kept& b) {
  return a.roots == b.roots && a.timestamp == b.timestamp && a.snapshot == b.snapshot &&
         a.targets == b.targets;
}

// "7.targets.json" -> "targets.json": one reason to be told, however versions go.
std::string without_version(const std::string& document) {
  const std::size_t dot = document.find('.');
  const bool numbered =
      dot != std::string::npos && dot > 0 && document.find_first_not_of("0123456789") == dot;
  return numbered ? document.substr(dot + 1) : document;
}

}  // namespace

void VendorDocuments::restore(update::Kept kept, std::string unread) {
  kept_ = std::move(kept);
  unread_ = std::move(unread);
}

void VendorDocuments::configure(const std::string& root) {
  if (root == root_) return;
  root_ = root;
  refresh_.reset();
  trust_.reset();
  problem_.clear();
  if (root.empty()) return;
  bool left_out = false;
  auto trust = update::Trust::pin(root, kept_, left_out);
  if (!trust.ok()) return base::log_error("the vendor's root was not taken: " + trust.error().message);
  trust_ = *std::move(trust);
  if (left_out && unread_.empty()) unread_ = "some of it does not follow from the root that is pinned";
}

void VendorDocuments::begin() {
  if (!trust_) return;
  if (const std::string why = std::exchange(unread_, {}); !why.empty())
    refuse("kept", "malformed", "what was kept of the vendor's documents was not taken again: " + why);
  refresh_.emplace(*trust_);
  document_.clear();
  piece_ = 0;
}

line::UpdateAsk VendorDocuments::wanted() const { return {*refresh_->wanted(), piece_}; }

// No document has more bytes than one piece: what goes on behind it is too long, and one piece of that is seen.
void VendorDocuments::take(std::uint16_t status, std::string_view piece) {
  const std::string name = *refresh_->wanted();
  if (status == kHanded) document_ += piece;
  if (status == kHanded && piece_ == 0 && piece.size() == update::kPiece) {
    ++piece_;
    return;
  }
  const bool first = std::exchange(piece_, 0) == 0;
  const std::string document = std::exchange(document_, {});
  const bool too_long = status != kHanded && status != kNoSuchFile;
  update::Taken taken;
  if (too_long)
    taken = update::Refused{update::Reason::TooLong, base::printable(piece, kQuotedWhy)};
  else if (status == kNoSuchFile && first)
    taken = refresh_->take(std::nullopt, clock_.wall());
  else
    taken = refresh_->take(document, clock_.wall());
  if (!taken && !refresh_->over()) return;
  // Whatever became of the rest: what was taken counts from now on.
  const Versions before = versions();
  trust_ = refresh_->trust();
  refresh_.reset();
  problem_.clear();
  keep(before);
  if (!taken) return;
  problem_ = taken->sentence;
  // A vendor that has never published anything is no incident.
  if (taken->reason == update::Reason::Missing && !trust_->timestamp()) {
    problem_ = "the vendor has published nothing yet";
    return;
  }
  refuse(name, update::to_text(taken->reason), taken->sentence);
}

VendorDocuments::Versions VendorDocuments::versions() const {
  return {trust_->root().version, trust_->targets() ? trust_->targets()->version : 0};
}

void VendorDocuments::keep(const Versions& before) {
  if (same(kept_, trust_->kept())) return;
  kept_ = trust_->kept();
  ++changes_;
  const Versions now = versions();
  if (before == now) return;
  Detail detail;
  detail.number("root_version", now.first).number("targets_version", now.second);
  if (trust_->timestamp()) detail.time("expires", trust_->timestamp()->expires);
  record_({EventType::UpdateMetadataTaken, "gateway", {}, {}, {}, detail.done(), false});
}

void VendorDocuments::refuse(const std::string& document, std::string_view reason, const std::string& why,
                             const std::string& subject) {
  const auto unrecorded =
      told_.take(without_version(document) + " " + std::string(reason), clock_.monotonic());
  if (!unrecorded) return;
  base::log_warning("of the vendor's updates, " + document + ": " + why);
  record_({EventType::UpdateMetadataRefused,
           "gateway",
           {},
           subject,
           "refused",
           Detail()
               .document("document", document)
               .text("reason", reason)
               .text("why", base::printable(why, kQuotedWhy))
               .number("unrecorded", *unrecorded)
               .done(),
           false});
}

update::Taken VendorDocuments::good() const {
  if (!trust_) return update::Refused{update::Reason::Missing, "no root of the vendor's is pinned"};
  return trust_->look(clock_.wall());
}

void VendorDocuments::look_at_ends() {
  if (!trust_) return;
  look_at_end("root", trust_->root().version, trust_->root().expires, kRootEnds);
  if (const auto& known = trust_->timestamp())
    look_at_end("timestamp", known->version, known->expires, kTimestampEnds);
  if (const auto& known = trust_->snapshot())
    look_at_end("snapshot", known->version, known->expires, kReleaseEnds);
  if (const auto& known = trust_->targets())
    look_at_end("targets", known->version, known->expires, kReleaseEnds);
}

void VendorDocuments::look_at_end(const char* role, std::int64_t version, base::Micros expires,
                                  base::Micros ahead) {
  if (expires - ahead > clock_.wall()) return;
  std::int64_t& told = ends_told_[role];
  if (std::exchange(told, version) == version) return;
  record_({EventType::UpdateMetadataEnding,
           "gateway",
           {},
           {},
           {},
           Detail().document("document", role).time("expires", expires).done(),
           false});
}

Json VendorDocuments::status() const {
  if (!trust_) return Json::object();
  const auto entry = [](std::int64_t version, base::Micros expires) {
    return Json{{"version", version}, {"expires", base::format_time(expires)}};
  };
  Json out{{"root", entry(trust_->root().version, trust_->root().expires)}};
  if (const auto& known = trust_->timestamp()) out["timestamp"] = entry(known->version, known->expires);
  if (const auto& known = trust_->snapshot()) out["snapshot"] = entry(known->version, known->expires);
  if (const auto& known = trust_->targets()) out["targets"] = entry(known->version, known->expires);
  std::string problem = problem_;
  if (const update::Taken bad = good(); problem.empty() && bad) problem = bad->sentence;
  if (!problem.empty()) out["problem"] = problem;
  return out;
}

}  // namespace postern::ledger
