// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/roll_out.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace postern::mission {
namespace {

using base::Json;

bool is_over(std::string_view state) { return state == "done" || state == "withdrawn"; }
bool has_failed(std::string_view state) { return state == "failed" || state == "rolled_back"; }

const char* column_of(std::string_view state) {
  if (state == "done") return "taken";
  if (state == "withdrawn") return "not_for";
  if (state == "cancelled") return "cancelled";
  return has_failed(state) ? "failed" : "waiting";
}

enum class Claim : std::uint8_t { None, Any, Named };

// What one says of replacing another.
Claim claim_of(const Replacing& one, const Replacing& other) {
  if (one.from.empty()) return Claim::Any;
  return std::find(one.from.begin(), one.from.end(), other.version) == one.from.end() ? Claim::None
                                                                                      : Claim::Named;
}

void add_heads(const std::vector<const Replacing*>& offers, std::vector<std::string>& out) {
  for (const Replacing* one : offers) {
    const bool replaced = std::any_of(offers.begin(), offers.end(), [one](const Replacing* other) {
      return other != one && replaces(*other, *one);
    });
    if (!replaced) out.push_back(one->name);
  }
}

}  // namespace

Json ring_progress(const UpdateOffer& offer, const std::vector<UpdateCount>& rings,
                   const std::vector<UpdateCount>& states) {
  Json out = Json::array();
  for (const UpdateCount& ring : rings) {
    std::map<std::string, std::int64_t> counts{
        {"taken", 0}, {"waiting", 0}, {"failed", 0}, {"cancelled", 0}, {"not_for", 0}};
    std::int64_t told = 0;
    for (const UpdateCount& each : states) {
      if (each.ring != ring.ring) continue;
      counts[column_of(each.state)] += each.installations;
      told += each.installations;
    }
    const bool offered = offer.ring >= ring.ring;
    Json& item = out.emplace_back(Json(counts));
    item["ring"] = ring.ring;
    item["installations"] = ring.installations;
    item["offered"] = offered;
    item["untold"] = ring.installations - told;
    item["behind"] = offered ? ring.installations - counts["taken"] - counts["not_for"] : 0;
  }
  return out;
}

Replacing replacing_of(const UpdateOffer& offer) {
  const Json custom = offer.about.value("custom", Json::object());
  const std::string kind = custom.contains("product") ? "product" : "service";
  return {offer.name,
          kind + " " + base::json_text_or(custom, kind.c_str(), ""),
          base::json_text_or(custom, "version", ""),
          base::json_texts(custom, "from"),
          offer.ring,
          !offer.suspended.empty(),
          offer.published};
}

bool replaces(const Replacing& one, const Replacing& other) {
  if (one.of != other.of) return false;
  const Claim ours = claim_of(one, other), theirs = claim_of(other, one);
  if (ours != theirs || ours == Claim::None) return ours > theirs;
  return std::tie(one.published, one.name) > std::tie(other.published, other.name);
}

Json to_json(const Lag& lag) {
  return {{"ring", lag.ring},
          {"offered", lag.offered},
          {"behind", lag.behind},
          {"failed", lag.failed},
          {"untold", lag.untold}};
}

base::Result<Lags> Lags::count(Store& store) {
  Lags out;
  const auto offers = store.offers();
  const auto given = store.given_rings();
  const auto open = store.open_states();
  if (!offers.ok()) return offers.error();
  if (!given.ok()) return given.error();
  if (!open.ok()) return open.error();
  for (const UpdateOffer& one : *offers)
    if (one.ring > 0) out.offers_[one.name] = replacing_of(one);
  for (const UpdateState& one : *given) out.given_[one.installation] = one.ring;
  for (const UpdateState& one : *open) out.told_[one.installation][one.name] = one.state;
  std::vector<std::string> heads;
  for (std::int64_t ring = 1; ring <= kLastRing; ++ring) {
    std::vector<const Replacing*> all, good;
    for (const auto& [name, offer] : out.offers_) {
      if (offer.ring < ring) continue;
      all.push_back(&offer);
      if (!offer.suspended) good.push_back(&offer);
    }
    Ring& made = out.rings_[ring];
    made.offered = static_cast<std::int64_t>(good.size());
    add_heads(good, made.heads);
    heads.insert(heads.end(), made.heads.begin(), made.heads.end());
    // One that was taken before it was suspended replaces others all the same.
    add_heads(all, heads);
  }
  std::sort(heads.begin(), heads.end());
  heads.erase(std::unique(heads.begin(), heads.end()), heads.end());
  for (const std::string& head : heads) {
    const auto over = store.over_states(head);
    if (!over.ok()) return over.error();
    for (const UpdateState& one : *over) out.told_[one.installation][one.name] = one.state;
  }
  return out;
}

bool Lags::was_replaced(const Replacing& update, const Told& told) const {
  return std::any_of(told.begin(), told.end(), [&](const auto& each) {
    if (each.second != "done") return false;
    const auto other = offers_.find(each.first);
    return other != offers_.end() && replaces(other->second, update);
  });
}

Lag Lags::of(const std::string& installation) const {
  static const Told kNothing;
  Lag out;
  const auto given = given_.find(installation);
  if (given != given_.end()) out.ring = given->second;
  const auto ring = rings_.find(out.ring);
  if (ring == rings_.end()) return out;
  out.offered = ring->second.offered;
  const auto found = told_.find(installation);
  const Told& told = found == told_.end() ? kNothing : found->second;
  std::set<std::string_view> heard_of;  // services and products of which something is under way
  for (const auto& [name, state] : told) {
    const auto offer = offers_.find(name);
    if (is_over(state) || offer == offers_.end() || was_replaced(offer->second, told)) continue;
    heard_of.insert(offer->second.of);
    if (has_failed(state)) ++out.failed;
    if (!offer->second.suspended) ++out.behind;
  }
  for (const std::string& head : ring->second.heads)
    if (!told.contains(head) && !heard_of.contains(offers_.at(head).of)) ++out.untold;
  return out;
}

}  // namespace postern::mission
