// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's updates: publishing, rings, and how far the installations are.
#include "base/bytes.h"
#include "line/updates.h"
#include "mission/desk/admin.h"
#include "mission/desk/updates.h"

namespace postern::mission::api {
namespace {

using answer::CallPtr;
using answer::Reply;
using base::Json;

constexpr std::size_t kWhyLimit = 200;

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
          {"changed", base::format_time(one.changed)}};
}

answer::Response refused_publication(const base::Error& error) {
  if (error.code != base::Code::Invalid && error.code != base::Code::Limit) return store_problem(error);
  return answer::problem(409, "update_refused", "That is not published", error.message);
}

// The offer that the call names, or nothing after having said why not.
std::optional<UpdateOffer> offer_of(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  auto offer = parts.desk.store.offer(call->captures.front());
  if (!offer.ok()) return reply(store_problem(offer.error())), std::nullopt;
  if (!*offer) reply(not_there("there is no such update"));
  return *offer;
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
  const auto offers = parts.desk.store.offers();
  const auto kept = parts.desk.store.update_trust();
  if (!offers.ok() || !kept.ok()) return reply(store_problem(offers.ok() ? kept.error() : offers.error()));
  Json out{{"root", 0}, {"timestamp", nullptr}, {"items", Json::array()}};
  for (const UpdateOffer& one : *offers) out["items"].push_back(update_json(one));
  bool left_out = false;
  if (*kept) {
    const auto trust = update::Trust::pin((*kept)->pinned, update::parse_kept((*kept)->kept), left_out);
    if (trust.ok()) out["root"] = trust->root().version;
    if (trust.ok() && trust->timestamp())
      out["timestamp"] = {{"version", trust->timestamp()->version},
                          {"expires", base::format_time(trust->timestamp()->expires)}};
  }
  reply(answer::json_response(out));
}

void show_update(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  const auto offer = offer_of(parts, call, reply);
  if (!offer) return;
  const auto states = parts.desk.store.update_states(offer->name);
  if (!states.ok()) return reply(store_problem(states.error()));
  Json out = update_json(*offer);
  out["installations"] = Json::array();
  for (const UpdateState& one : *states)
    out["installations"].push_back(
        {{"id", one.installation},
         {"customer", one.customer},
         {"ring", one.ring},
         {"offered", offer->ring >= one.ring},
         {"state", one.state.empty() ? Json(nullptr) : Json(one.state)},
         {"time", one.time == 0 ? Json(nullptr) : Json(base::format_time(one.time))}});
  reply(answer::json_response(out));
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
  auto offer = offer_of(parts, call, reply);
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
  auto offer = offer_of(parts, call, reply);
  if (!offer) return;
  const std::string why = base::json_text_or(*asked, "why", "");
  if (why.size() > kWhyLimit || base::printable(why, kWhyLimit) != why)
    return reply(unreadable("why must be text of 200 printable bytes at most"));
  offer->suspended = why.empty() ? "the vendor suspended it" : why;
  keep_offer(parts, call, reply, *std::move(offer), "update.suspended", {{"why", why}});
}

void resume_update(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  auto offer = offer_of(parts, call, reply);
  if (!offer) return;
  offer->suspended.clear();
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
  reply(answer::json_response({{"id", id}, {"ring", ring}}));
}

}  // namespace postern::mission::api
