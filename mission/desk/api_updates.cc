// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's updates: publishing, rings, and how far the installations are.
#include <algorithm>
#include <map>

#include "base/bytes.h"
#include "line/updates.h"
#include "mission/desk/admin.h"
#include "mission/desk/roll_out.h"
#include "mission/desk/updates.h"

namespace postern::mission::api {
namespace {

using answer::CallPtr;
using answer::Reply;
using base::Json;

constexpr std::size_t kWhyLimit = 200;
// Of so many the list says how far each ring is: of those that are offered, the newest first. The others say it when they are asked for.
constexpr std::size_t kRingsCounted = 10;
constexpr std::size_t kStatesPage = 1000;

Json update_json(const UpdateOffer& one) {
  const Json custom = one.about.value("custom", Json::object());
  const bool product = custom.contains("product");
  return {{"name", one.name},
          {"of", base::json_text_or(custom, product ? "product" : "service", "")},
          {"product", product},
          {"version", base::json_text_or(custom, "version", "")},
          {"severity", base::json_text_or(custom, "severity", "low")},
          {"notes", base::json_text_or(custom, "notes", "")},
          {"from", custom.value("from", Json::array())},
          {"not_before", custom.value("not_before", Json())},
          {"postpone_hours", base::json_number_or(custom, "postpone_hours", 0)},
          {"length", base::json_number_or(one.about, "length", 0)},
          {"sha256", one.sha256},
          {"ring", one.ring},
          {"stop_at", one.stop_at},
          {"suspended", one.suspended.empty() ? Json(nullptr) : Json(one.suspended)},
          {"suspended_by", one.suspended_by.empty() ? Json(nullptr) : Json(one.suspended_by)},
          {"published", base::format_time(one.published)},
          {"changed", base::format_time(one.changed)}};
}

answer::Response refused_publication(const base::Error& error) {
  if (error.code != base::Code::Invalid && error.code != base::Code::Limit) return store_problem(error);
  return answer::problem(409, "update_refused", "That is not published", error.message);
}

// What was found, or nothing after having said why not.
std::optional<UpdateOffer> found_offer(base::Result<std::optional<UpdateOffer>> offer, const Reply& reply) {
  if (!offer.ok()) return reply(store_problem(offer.error())), std::nullopt;
  if (!*offer) reply(not_there("there is no such update"));
  return *offer;
}

// The offer that the call names, to change it: what another server does to it comes before or after.
std::optional<UpdateOffer> held_offer(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  return found_offer(parts.desk.store.hold_offer(call->captures.front()), reply);
}

// What is known of one of the vendor's documents; null: nothing.
template <typename Document>
Json document_json(const Document* document) {
  if (document == nullptr) return nullptr;
  return {{"version", document->version}, {"expires", base::format_time(document->expires)}};
}

template <typename Document>
const Document* known(const std::optional<Document>& document) {
  return document ? &*document : nullptr;
}

Json documents_json(const update::Trust& trust, base::Micros now) {
  Json out{{"root", document_json(&trust.root())},
           {"timestamp", document_json(known(trust.timestamp()))},
           {"snapshot", document_json(known(trust.snapshot()))},
           {"targets", document_json(known(trust.targets()))},
           {"trouble", nullptr}};
  if (const update::Taken wrong = trust.look(now)) out["trouble"] = wrong->sentence;
  return out;
}

std::vector<UpdateOffer*> to_count(std::vector<UpdateOffer>& offers) {
  std::vector<UpdateOffer*> out;
  for (UpdateOffer& one : offers)
    if (one.ring > 0) out.push_back(&one);
  std::sort(out.begin(), out.end(),
            [](const UpdateOffer* a, const UpdateOffer* b) { return a->published > b->published; });
  if (out.size() > kRingsCounted) out.resize(kRingsCounted);
  return out;
}

struct Progress {
  std::vector<UpdateCount> rings;
  std::map<std::string, Json> of;  // how far each ring is, by the update's name
};

base::Result<Progress> count_progress(Store& store, const std::vector<UpdateOffer*>& offers) {
  auto rings = store.count_rings();
  if (!rings.ok()) return rings.error();
  Progress out{*std::move(rings), {}};
  for (const UpdateOffer* one : offers) {
    const auto states = store.count_states(one->name);
    if (!states.ok()) return states.error();
    out.of[one->name] = ring_progress(*one, out.rings, *states);
  }
  return out;
}

Json time_or_none(base::Micros time) { return time == 0 ? Json(nullptr) : Json(base::format_time(time)); }

Json state_json(const UpdateState& one) {
  return {{"state", one.state.empty() ? Json(nullptr) : Json(one.state)},
          {"time", time_or_none(one.time)},
          {"starts", time_or_none(one.starts)},
          {"why", one.why.empty() ? Json(nullptr) : Json(one.why)}};
}

// of=behind: of those that are offered it and have not taken it; after, limit: a page. Nothing after having said why not.
std::optional<UpdateStatesAsked> states_asked(const CallPtr& call, const UpdateOffer& offer,
                                              const std::string& after, const Reply& reply) {
  const std::string of = call->parameter("of");
  std::int64_t before = 0;
  std::size_t most = call->parameter("limit").empty() ? kMostInstallations : 0;
  const bool readable = most > 0 || read_page(*call, kStatesPage, before, most);
  if ((!of.empty() && of != "behind") || !readable) {
    reply(unreadable("of is behind, limit between 1 and 1000"));
    return std::nullopt;
  }
  UpdateStatesAsked asked{offer.name, of == "behind" ? offer.ring : 0, after,
                          static_cast<std::int64_t>(most)};
  // To nobody: nobody is behind.
  if (of == "behind" && offer.ring == 0) asked.open_to = -1;
  return asked;
}

void keep_offer(AdminParts& parts, const CallPtr& call, const Reply& reply, UpdateOffer offer,
                const char* did, Json detail) {
  offer.changed = parts.desk.clock.wall();
  if (const base::Status kept = parts.desk.store.set_offer(offer); !kept.ok())
    return reply(store_problem(kept.error()));
  const base::Status recorded = parts.desk.record(
      {did, face::actor_of(parts, call->identity), call->client, offer.name, std::move(detail)});
  if (!recorded.ok()) return reply(store_problem(recorded.error()));
  parts.watch.changed();
  reply(answer::json_response(update_json(offer)));
}

std::optional<Json> object_of(const CallPtr& call, const Reply& reply) {
  auto json = base::parse_json(call->body);
  if (json.ok() && json->is_object()) return *std::move(json);
  reply(unreadable("the body is no JSON object"));
  return std::nullopt;
}

}  // namespace

void list_updates(AdminParts& parts, const CallPtr&, const Reply& reply) {
  auto offers = parts.desk.store.offers();
  const auto kept = parts.desk.store.update_trust();
  if (!offers.ok() || !kept.ok()) return reply(store_problem(offers.ok() ? kept.error() : offers.error()));
  const auto progress = count_progress(parts.desk.store, to_count(*offers));
  if (!progress.ok()) return reply(store_problem(progress.error()));
  Json out{{"root", 0}, {"timestamp", nullptr}, {"documents", nullptr}, {"items", Json::array()}};
  out["rings"] = Json::array();
  for (const UpdateCount& ring : progress->rings)
    out["rings"].push_back({{"ring", ring.ring}, {"installations", ring.installations}});
  for (const UpdateOffer& one : *offers) {
    const auto counted = progress->of.find(one.name);
    Json& item = out["items"].emplace_back(update_json(one));
    item["rings"] = counted == progress->of.end() ? Json(nullptr) : counted->second;
  }
  bool left_out = false;
  if (*kept) {
    const auto trust = update::Trust::pin((*kept)->pinned, update::parse_kept((*kept)->kept), left_out);
    if (trust.ok()) {
      out["root"] = trust->root().version;
      out["documents"] = documents_json(*trust, parts.desk.clock.wall());
      out["timestamp"] = out["documents"]["timestamp"];
    }
  }
  reply(answer::json_response(out));
}

void show_update(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  auto offer = found_offer(parts.desk.store.offer(call->captures.front()), reply);
  if (!offer) return;
  const std::string after = call->parameter("after");
  const auto asked = states_asked(call, *offer, after, reply);
  if (!asked) return;
  const auto states = parts.desk.store.update_states(*asked);
  const auto progress = count_progress(parts.desk.store, {&*offer});
  if (!states.ok() || !progress.ok())
    return reply(store_problem(states.ok() ? progress.error() : states.error()));
  Json out = update_json(*offer);
  out["rings"] = progress->of.at(offer->name);
  out["installations"] = Json::array();
  for (const UpdateState& one : *states) {
    Json& item = out["installations"].emplace_back(state_json(one));
    item["id"] = one.installation;
    item["customer"] = one.customer;
    item["ring"] = one.ring;
    item["offered"] = offer->ring >= one.ring;
  }
  if (static_cast<std::int64_t>(states->size()) == asked->most) out["next"] = states->back().installation;
  reply(answer::json_response(out));
}

// Its ring, and each published update: up to which ring it is offered, and what the installation told of it.
base::Result<Json> updates_of(const AdminParts& parts, const std::string& installation) {
  const auto ring = parts.desk.store.ring_of(installation);
  const auto offers = parts.desk.store.offers();
  const auto states = parts.desk.store.states_of_installation(installation);
  if (!ring.ok()) return ring.error();
  if (!offers.ok()) return offers.error();
  if (!states.ok()) return states.error();
  std::map<std::string_view, const UpdateState*> told;
  for (const UpdateState& one : *states) told[one.name] = &one;
  Json out{{"ring", *ring}, {"items", Json::array()}};
  for (const UpdateOffer& one : *offers) {
    const auto found = told.find(one.name);
    Json& item = out["items"].emplace_back(state_json(found == told.end() ? UpdateState{} : *found->second));
    const Json whole = update_json(one);
    for (const char* part :
         {"name", "of", "product", "version", "severity", "ring", "suspended", "published"})
      item[part] = whole[part];
    item["offered"] = one.ring >= *ring;
  }
  return out;
}

void put_update_piece(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  const auto asked = object_of(call, reply);
  if (!asked) return;
  const auto bytes = base::from_base64(base::json_text_or(*asked, "data", ""));
  const std::int64_t piece = base::json_number_or(*asked, "piece", -1);
  if (!bytes || bytes->size() > line::kUpdatePiece || piece < 0)
    return reply(unreadable("piece must be a number from 0, and data base64 of 192 KiB at most"));
  const auto whole = add_artefact_piece(parts.desk, call->captures.front(),
                                        base::json_number_or(*asked, "length", 0), piece, *bytes);
  if (!whole.ok()) return reply(refused_publication(whole.error()));
  parts.desk.commits.reply(reply, answer::json_response({{"whole", *whole}}));
}

void publish_updates(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  const auto asked = object_of(call, reply);
  if (!asked) return;
  const auto trust = publish(
      parts.desk, {base::json_texts(*asked, "roots"), base::json_text_or(*asked, "timestamp", ""),
                   base::json_text_or(*asked, "snapshot", ""), base::json_text_or(*asked, "targets", "")});
  if (!trust.ok()) return reply(refused_publication(trust.error()));
  const base::Status recorded =
      parts.desk.record({"update.published",
                         face::actor_of(parts, call->identity),
                         call->client,
                         std::to_string(trust->timestamp()->version),
                         {{"root", trust->root().version}, {"targets", trust->targets()->version}}});
  if (!recorded.ok()) return reply(store_problem(recorded.error()));
  parts.watch.changed();
  parts.desk.commits.reply(reply, answer::json_response({{"root", trust->root().version},
                                                         {"targets", trust->targets()->version}}));
}

void offer_update(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  const auto asked = object_of(call, reply);
  if (!asked) return;
  auto offer = held_offer(parts, call, reply);
  if (!offer) return;
  offer->ring = base::json_number_or(*asked, "ring", -1);
  offer->stop_at = base::json_number_or(*asked, "stop_at", offer->stop_at);
  if (offer->ring < 0 || offer->ring > kLastRing)
    return reply(unreadable("ring must be 1 to 9, or 0: to nobody"));
  if (offer->stop_at < 1 || offer->stop_at > 100)
    return reply(unreadable("stop_at must be 1 to 100 percent"));
  const Json detail{{"ring", offer->ring}, {"stop_at", offer->stop_at}};
  keep_offer(parts, call, reply, *std::move(offer), "update.offered", detail);
}

void suspend_update(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  const auto asked = object_of(call, reply);
  if (!asked) return;
  auto offer = held_offer(parts, call, reply);
  if (!offer) return;
  const std::string why = base::json_text_or(*asked, "why", "");
  if (why.size() > kWhyLimit || base::printable(why, kWhyLimit) != why)
    return reply(unreadable("why must be text of 200 printable bytes at most"));
  offer->suspended = why.empty() ? "the vendor suspended it" : why;
  offer->suspended_by = face::actor_of(parts, call->identity);
  keep_offer(parts, call, reply, *std::move(offer), "update.suspended", {{"why", why}});
}

void resume_update(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  auto offer = held_offer(parts, call, reply);
  if (!offer) return;
  if (!offer->suspended.empty()) {
    if (const base::Status excused = parts.desk.store.excuse_failures(offer->name); !excused.ok())
      return reply(store_problem(excused.error()));
  }
  offer->suspended.clear();
  offer->suspended_by.clear();
  keep_offer(parts, call, reply, *std::move(offer), "update.resumed", Json::object());
}

void set_installation_ring(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  const std::string& id = call->captures.front();
  const auto asked = object_of(call, reply);
  if (!asked) return;
  const std::int64_t ring = base::json_number_or(*asked, "ring", 0);
  if (ring < 1 || ring > kLastRing) return reply(unreadable("ring must be 1 to 9"));
  const auto one = parts.desk.store.installation(id);
  if (!one.ok()) return reply(store_problem(one.error()));
  if (!*one) return reply(not_there("there is no such installation"));
  if (const base::Status set = parts.desk.store.set_ring(id, ring); !set.ok())
    return reply(store_problem(set.error()));
  const base::Status recorded = parts.desk.record(
      {"installation.ring_set", face::actor_of(parts, call->identity), call->client, id, {{"ring", ring}}});
  if (!recorded.ok()) return reply(store_problem(recorded.error()));
  parts.watch.changed();
  reply(answer::json_response({{"id", id}, {"ring", ring}}));
}

}  // namespace postern::mission::api
