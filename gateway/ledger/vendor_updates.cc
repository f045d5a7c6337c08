// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is asked of Mission Control and when, and what of its offers counts. Artefacts are in vendor_updates_fetch.cc.
#include "gateway/ledger/vendor_updates.h"

#include <algorithm>
#include <utility>

#include "audit/log_files.h"
#include "base/bytes.h"
#include "base/crypto.h"
#include "base/log.h"
#include "gateway/ipc/runner_protocol.h"

namespace postern::ledger {
namespace {

using base::Json;

constexpr const char* kStateName = "state.json";
constexpr int kStateDepth = 6;
constexpr std::string_view kOffersPlace = "updates/offers";  // gateway/link/line.h
constexpr std::string_view kFilePlace = "updates/file";
constexpr std::uint16_t kAnsweredFile = 200, kMissingFile = 404;
constexpr std::size_t kQuotedWords = 300;

std::string shown_text(std::string_view text) { return base::printable(text, kQuotedWords); }

}  // namespace

VendorUpdateTerms parse_vendor_update_terms(const Json& part) {
  VendorUpdateTerms out;
  const auto line = part.find("line");
  if (line == part.end() || !line->is_object()) return out;
  const auto updates = line->find("updates");
  if (updates == line->end() || !updates->is_object()) return out;
  out.root = base::json_text_or(*updates, "root", "");
  out.keep = base::json_number_or(*updates, "keep", 0);
  out.services = base::json_texts(line->value("registration", Json::object()), "services");
  return out;
}

VendorUpdates::VendorUpdates(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files,
                             const std::string& directory, Calls calls)
    : loop_(loop),
      clock_(clock),
      files_(files),
      folder_(directory + "/updates"),
      calls_(std::move(calls)),
      file_(loop, files, folder_, kStateName),
      documents_(clock, [this](const Draft& draft) { calls_.record(draft); }),
      pace_(loop, [this] { ask_piece(); }) {
  restore();
}

VendorUpdates::~VendorUpdates() = default;

void VendorUpdates::restore() {
  if (const base::Status made = files_.make_directory(folder_); !made.ok())
    base::log_error("updates cannot be kept: " + made.error().message);
  const auto text = audit::read_whole(files_, path_of(kStateName), kStateFile);
  if (!text.ok()) {
    const bool none = text.error().code == base::Code::NotFound;
    return documents_.restore({}, none ? std::string() : text.error().message);
  }
  const auto json = base::parse_json(*text, kStateDepth);
  if (!json.ok() || !json->is_object() || base::json_number_or(*json, "v", 0) != 1)
    return documents_.restore({}, std::string(kStateName) + " is not of its form");
  documents_.restore(update::parse_kept(json->value("kept", Json::object())), {});
  for (const std::string& name : base::json_texts(*json, "wanted")) {
    if (update::is_target_name(name) && wanted_.size() < update::kMostTargets) wanted_.push_back(name);
  }
  auto offers = line::parse_update_offers(base::dump_json(json->value("said", Json::object())));
  said_known_ = offers.ok();
  if (offers.ok()) said_ = *std::move(offers);
}

std::string VendorUpdates::state_text() const {
  const auto said = base::parse_json(line::format(said_));
  return base::dump_json(Json{{"v", 1},
                              {"kept", update::to_json(documents_.kept())},
                              {"wanted", wanted_},
                              {"said", said.ok() && said_known_ ? *said : Json::object()}}) +
         "\n";
}

void VendorUpdates::configure(VendorUpdateTerms terms) {
  terms_ = std::move(terms);
  documents_.configure(terms_.root);
  if (asked_ == Asked::Document) asked_ = Asked::Nothing;
  if (!std::exchange(swept_, true)) sweep();
  next_look_ = 0;
  judged_anew_ = true;
}

// At the start: what is there, and what of it may stay.
void VendorUpdates::sweep() {
  const auto names = files_.list(folder_);
  if (!names.ok()) return;
  const std::set<std::string> may_stay = listed();
  for (const std::string& name : *names) {
    if (name == "." || name == ".." || name == kStateName) continue;
    const bool part = name.ends_with(".part");
    const std::string sha256 = part ? name.substr(0, name.size() - 5) : name;
    const auto file =
        may_stay.contains(sha256)
            ? files_.open(path_of(name), false)
            : base::Result<std::shared_ptr<audit::File>>(base::fail(base::Code::NotFound, "nobody wants it"));
    const auto size = file.ok() ? (*file)->size() : base::Result<std::uint64_t>(file.error());
    if (size.ok()) {
      (part ? parts_ : whole_)[sha256] = static_cast<std::int64_t>(*size);
      continue;
    }
    if (const base::Status gone = files_.remove(path_of(name)); !gone.ok())
      base::log_warning(name + " cannot be removed from updates/: " + gone.error().message);
  }
}

// --- when

void VendorUpdates::look() {
  const base::Nanos now = clock_.monotonic();
  const bool is_on = on();
  if (is_on != std::exchange(was_on_, is_on)) {
    next_look_ = 0;
    judged_anew_ = true;
  }
  if (!is_on) rest();
  if (judged_anew_ || now >= judge_at_) judge();
  if (stale_) remove_stale();
  if (is_on && asked_ != Asked::Nothing && now >= deadline_) lost("the link did not bring an answer in time");
  if (is_on && asked_ == Asked::Nothing && now >= next_try_) {
    if (now >= next_look_)
      begin_look();
    else
      fetch();
  }
  if (documents_.changes() != std::exchange(kept_changes_, documents_.changes())) file_.changed();
  file_.save([this] { return state_text(); });
}

// An answer that is still under way means nothing.
void VendorUpdates::rest() {
  asked_ = Asked::Nothing;
  documents_.give_up();
  drop_fetch();
}

base::Nanos VendorUpdates::with_chance(base::Nanos pause) const {
  std::uint16_t chance = 0;
  base::fill_random(&chance, sizeof chance);
  return pause * 3 / 4 + pause / 2 * chance / UINT16_MAX;
}

void VendorUpdates::look_now() {
  next_look_ = std::min(next_look_, std::max(clock_.monotonic(), look_begun_ + kLookPause));
  next_try_ = 0;
}

void VendorUpdates::line_is_back() {
  next_try_ = 0;
  next_look_ = std::min(next_look_, std::max(clock_.monotonic(), look_begun_ + kLinePause));
}

void VendorUpdates::link_gone() {
  if (asked_ != Asked::Nothing) lost("the link, which asked, ended");
}

// --- asking

bool VendorUpdates::ask(Asked what, std::string_view place, const std::string& body) {
  if (!calls_.carry(ipc::Errand{++last_errand_, place, body})) {
    lost("the link, which would ask, is not running");
    return false;
  }
  asked_ = what;
  deadline_ = clock_.monotonic() + kPatience;
  return true;
}

void VendorUpdates::begin_look() {
  look_begun_ = clock_.monotonic();
  next_look_ = look_begun_ + with_chance(kEvery);
  documents_.begin();
  ask_next();
}

void VendorUpdates::ask_next() {
  if (documents_.looking())
    ask(Asked::Document, kFilePlace, line::format(documents_.wanted()));
  else
    ask(Asked::Offers, kOffersPlace, "{}");
}

// Nobody said no: it is asked again, and what was asked for before with it.
void VendorUpdates::lost(const std::string& why) {
  if (asked_ != Asked::Piece) next_look_ = 0;
  asked_ = Asked::Nothing;
  documents_.give_up();
  next_try_ = clock_.monotonic() + kLostPause;
  problem_ = shown_text(why);
}

bool VendorUpdates::take(const ipc::Delivered& answer) {
  if (answer.id <= kFirstErrand || answer.id > last_errand_) return false;
  if (asked_ == Asked::Nothing || answer.id != last_errand_) return true;  // late, or not wanted any more
  const Asked what = asked_;
  const bool judged =
      answer.status == kAnsweredFile || answer.status == kMissingFile || answer.status == ipc::kTooLongAnswer;
  if (answer.status == 0 || !judged) {
    lost(answer.status == 0
             ? std::string(answer.body)
             : "Mission Control answered " + std::to_string(answer.status) + ": " + std::string(answer.body));
    if (answer.status != 0) next_try_ = clock_.monotonic() + kBusyPause;
    return true;
  }
  asked_ = Asked::Nothing;
  problem_.clear();
  if (what == Asked::Piece) {
    take_piece(answer.status, answer.body);
  } else if (what == Asked::Offers) {
    take_offers(answer.status, answer.body);
    looked_ = clock_.wall();
  } else {
    documents_.take(answer.status, answer.body);
    ask_next();
  }
  return true;
}

void VendorUpdates::take_offers(std::uint16_t status, std::string_view body) {
  judged_anew_ = true;
  if (status != kAnsweredFile) {
    problem_ = "Mission Control's offers cannot be had: " + shown_text(body);
    return documents_.refuse("offers", status == kMissingFile ? "missing" : "too_long", problem_);
  }
  auto offers = line::parse_update_offers(body);
  if (!offers.ok()) {
    problem_ = "Mission Control's offers cannot be read: " + shown_text(offers.error().message);
    return documents_.refuse("offers", "malformed", problem_);
  }
  const std::string before = line::format(said_);
  said_ = *std::move(offers);
  if (!std::exchange(said_known_, true) || line::format(said_) != before) file_.changed();
}

// --- judging

void VendorUpdates::judge() {
  judge_at_ = clock_.monotonic() + kJudgeEvery;
  judged_anew_ = false;
  offers_.clear();
  left_out_.clear();
  if (!on()) return;
  documents_.look_at_ends();
  stale_ = true;
  if (documents_.good()) return;
  std::set<std::string> unsigned_now;
  std::set<std::string> seen;
  for (const auto& offer : said_.offers) {
    if (seen.insert(offer.name).second) judge_offer(offer, unsigned_now);
  }
  std::erase_if(told_unsigned_, [&](const std::string& name) { return !unsigned_now.contains(name); });
}

void VendorUpdates::judge_offer(const line::UpdateOffers::Offer& offer, std::set<std::string>& unsigned_now) {
  const auto& targets = documents_.trust().targets()->targets;
  const auto found = targets.find(offer.name);
  if (found == targets.end()) {
    unsigned_now.insert(offer.name);
    left_out_.push_back({offer.name, "the vendor has not signed it"});
    return refuse_unsigned(offer.name);
  }
  const update::Target& target = found->second;
  if (std::string why = unsuitable(target); !why.empty()) {
    left_out_.push_back({offer.name, std::move(why)});
    return;
  }
  VendorOffer out{target, offer.suspended, offer.why, 0, false, {}};
  const auto whole = whole_.find(target.sha256);
  const auto part = parts_.find(target.sha256);
  out.whole = whole != whole_.end() && whole->second == target.length;
  out.have = out.whole ? target.length : part == parts_.end() ? 0 : std::min(part->second, target.length);
  if (out.whole) out.artefact = path_of(target.sha256);
  offers_.push_back(std::move(out));
}

void VendorUpdates::refuse_unsigned(const std::string& name) {
  if (!told_unsigned_.insert(name).second) return;
  const bool named = update::is_target_name(name);
  documents_.refuse("offers", "unsigned",
                    shown_text(name) + " is offered, and is in no document that the vendor has signed",
                    named ? name : std::string());
}

std::string VendorUpdates::unsuitable(const update::Target& target) const {
  if (target.product)
    return target.of == ipc::kOwnService ? unsuitable_version(target)
                                         : "it is for " + target.of + ", which is not here";
  if (std::find(terms_.services.begin(), terms_.services.end(), target.of) == terms_.services.end())
    return "there is no service " + target.of + " here";
  return unsuitable_version(target);
}

// In doubt it is left out: what it may replace is the vendor's word.
std::string VendorUpdates::unsuitable_version(const update::Target& target) const {
  const std::set<std::string> known = calls_.versions(target.product ? std::string() : target.of);
  const bool all_there = !known.empty() && std::all_of(known.begin(), known.end(), [&](const auto& version) {
    return version == target.version;
  });
  if (all_there) return target.of + " is of version " + target.version + " already";
  if (target.from.empty()) return {};
  if (known.empty())
    return "which version " + target.of +
           " has is not known, and it may not replace every one: have monitoring read it";
  for (const std::string& version : known) {
    if (version != target.version &&
        std::find(target.from.begin(), target.from.end(), version) == target.from.end())
      return target.of + " is of version " + base::printable(version, 64) + ", which it may not replace";
  }
  return {};
}

const VendorOffer* VendorUpdates::find(const std::string& name) const {
  const auto found = std::find_if(offers_.begin(), offers_.end(),
                                  [&](const VendorOffer& one) { return one.target.name == name; });
  return found == offers_.end() ? nullptr : &*found;
}

// Whether it fits the version that is here is not asked: that is a matter of its own, and may not be known yet.
bool VendorUpdates::gone(const std::string& target) const {
  if (!on()) return true;
  if (!said_known_ || documents_.good()) return false;  // nobody knows
  const auto named = [&target](const auto& offer) { return offer.name == target; };
  return std::none_of(said_.offers.begin(), said_.offers.end(), named) ||
         !documents_.trust().targets()->targets.contains(target);
}

// From the documents themselves, and not from what was made of them earlier.
std::optional<std::string> VendorUpdates::refuse(const std::string& target) const {
  if (!on()) return "the vendor's updates are switched off, or no root is configured";
  const VendorOffer* offer = find(target);
  if (offer == nullptr) return "it is not offered any more";
  if (offer->suspended) return "the vendor has suspended it: " + offer->why;
  if (!offer->whole) return "not all of its file is here";
  bool left_out = false;
  const auto trust = update::Trust::pin(terms_.root, documents_.kept(), left_out);
  if (!trust.ok()) return trust.error().message;
  if (const update::Taken bad = trust->look(clock_.wall()); bad) return bad->sentence;
  const auto found = trust->targets()->targets.find(target);
  if (found == trust->targets()->targets.end() || found->second.sha256 != offer->target.sha256)
    return "it is not in the documents that the vendor has signed";
  if (std::string why = unsuitable(found->second); !why.empty()) return why;
  return std::nullopt;
}

Json VendorUpdates::status() const {
  Json out{{"configured", documents_.pinned()}, {"shared", calls_.allowed()}};
  out.update(documents_.status());
  if (looked_ != 0) out["looked"] = base::format_time(looked_);
  if (on() && !problem_.empty()) out["problem"] = problem_;
  out["looking"] = asked_ == Asked::Document || asked_ == Asked::Offers;
  out["keep"] = terms_.keep;
  out["offers"] = Json::array();
  for (const VendorOffer& one : offers_) {
    const bool wanted = std::find(wanted_.begin(), wanted_.end(), one.target.name) != wanted_.end();
    Json entry{{"name", one.target.name},
               {"of", one.target.of},
               {"product", one.target.product},
               {"version", one.target.version},
               {"severity", update::to_text(one.target.severity)},
               {"sha256", one.target.sha256},
               {"bytes", one.target.length},
               {"have", one.have},
               {"whole", one.whole},
               {"wanted", wanted},
               {"suspended", one.suspended}};
    const auto retry = retries_.find(one.target.sha256);
    if (one.suspended) entry["why"] = one.why;
    if (!one.suspended && retry != retries_.end()) entry["why"] = retry->second.why;
    out["offers"].push_back(std::move(entry));
  }
  out["left_out"] = Json::array();
  for (const LeftOut& one : left_out_)
    out["left_out"].push_back({{"name", shown_text(one.name)}, {"why", one.why}});
  return out;
}

}  // namespace postern::ledger
