// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the vendor's people ask of installations: access for an engineer, and changes of the component's settings. It is kept first, and asked over the line by whichever server has that (line/asks.h); the customer decides.
#include "mission/desk/admin.h"

namespace postern::mission::api {
namespace {

using answer::CallPtr;
using answer::Reply;
using base::Json;
using line::AskKind;

constexpr std::size_t kAsksPage = 200;

Json json_of_ask(const KeptAsk& one) {
  Json out = line::to_json(one.ask);
  out.erase("stands");
  out.erase("kind");
  out.erase("withdrawn");
  out["installation"] = one.installation;
  out["created"] = base::format_time(one.created);
  out["state"] = !one.ask.stands.empty() ? one.ask.stands : one.ask.withdrawn ? "withdrawn" : "sent";
  out["withdrawn"] = one.ask.withdrawn;
  if (!one.note.empty()) out["note"] = one.note;
  if (one.until != 0) out["until"] = base::format_time(one.until);
  if (one.told != 0) out["told"] = base::format_time(one.told);
  return out;
}

void say_that_asks_wait(AdminParts& parts, const std::string& installation) {
  // Should the word be lost, the next heartbeat finds them.
  static_cast<void>(parts.lives.tell(installation, {line::OrderKind::Asks, parts.desk.clock.wall(), {}}));
  parts.watch.changed();
}

// The reply was given where there is none.
std::optional<KeptAsk> find_ask(AdminParts& parts, AskKind kind, const CallPtr& call, const Reply& reply) {
  const auto one = parts.desk.store.ask(call->captures.front());
  if (!one.ok()) return reply(store_problem(one.error())), std::nullopt;
  if (!*one || (*one)->ask.kind != kind)
    return reply(not_there("there is no such " + std::string(line::to_text(kind)))), std::nullopt;
  return **one;
}

Json act_of(const KeptAsk& made) {
  if (made.ask.kind == AskKind::Request)
    return {{"installation", made.installation},
            {"engineer", made.ask.engineer},
            {"role", made.ask.role},
            {"capabilities", made.ask.capabilities},
            {"reason", made.ask.reason},
            {"ticket", made.ask.ticket}};
  return {{"installation", made.installation},
          {"method", made.ask.call.method},
          {"target", made.ask.call.target},
          {"reason", made.ask.reason},
          {"ticket", made.ask.ticket}};
}

// People write "10m".
base::Status read_watch(Json& asked) {
  const auto watch = asked.find("watch");
  if (watch == asked.end() || watch->is_null()) return base::Ok{};
  if (!watch->is_string())
    return base::fail(base::Code::Invalid, "watch is how long health is watched, such as 10m");
  const auto parsed = base::parse_duration(watch->get<std::string>());
  if (!parsed.ok()) return base::fail(base::Code::Invalid, "watch: " + parsed.error().message);
  asked["watch_us"] = *parsed;
  return base::Ok{};
}

void new_ask(AdminParts& parts, AskKind kind, const CallPtr& call, const Reply& reply) {
  auto asked = base::parse_json(call->body);
  if (!asked.ok() || !asked->is_object()) return reply(unreadable("the body is no JSON object"));
  const std::string& installation = call->captures.front();
  const auto there = parts.desk.store.installation(installation);
  if (!there.ok()) return reply(store_problem(there.error()));
  if (!*there) return reply(not_there("there is no such installation"));
  if ((*there)->standing == Standing::Retired)
    return reply(answer::problem(409, "conflict", "The installation was retired", "it can be asked nothing"));
  const std::string by = face::actor_of(parts, call->identity);
  KeptAsk made{installation, {}, parts.desk.clock.wall(), {}, 0, 0};
  (*asked)["id"] = parts.desk.new_id();
  (*asked)["kind"] = line::to_text(kind);
  asked->erase("watch_us");
  if (const base::Status watch = read_watch(*asked); !watch.ok())
    return reply(unreadable(watch.error().message));
  (*asked)["by"] = by.substr(by.find(':') + 1);
  asked->erase("stands");
  asked->erase("withdrawn");
  auto ask = line::parse_ask(*asked);
  if (!ask.ok()) return reply(unreadable(ask.error().message));
  made.ask = *std::move(ask);
  const std::string act = std::string(line::to_text(kind)) + ".made";
  const base::Status kept = parts.desk.store.add_ask(made);
  if (!kept.ok() && kept.error().code == base::Code::Limit)
    return reply(answer::problem(409, "limit_reached", "Too much is asked of it", kept.error().message));
  if (!kept.ok()) return reply(store_problem(kept.error()));
  const base::Status recorded = parts.desk.record({act, by, call->client, made.ask.id, act_of(made)});
  if (!recorded.ok()) return reply(store_problem(recorded.error()));
  say_that_asks_wait(parts, installation);
  reply(answer::json_response(json_of_ask(made), 201));
}

void list_asks(AdminParts& parts, AskKind kind, const CallPtr& call, const Reply& reply) {
  const auto found =
      parts.desk.store.asks(kind, call->parameter("installation"), call->parameter("before"), kAsksPage);
  if (!found.ok()) return reply(store_problem(found.error()));
  Json items = Json::array();
  for (const KeptAsk& one : *found) items.push_back(json_of_ask(one));
  Json out{{"items", items}};
  if (found->size() == kAsksPage) out["next"] = found->back().ask.id;
  reply(answer::json_response(out));
}

void show_ask(AdminParts& parts, AskKind kind, const CallPtr& call, const Reply& reply) {
  if (const auto one = find_ask(parts, kind, call, reply)) reply(answer::json_response(json_of_ask(*one)));
}

void withdraw_ask(AdminParts& parts, AskKind kind, const CallPtr& call, const Reply& reply) {
  const auto one = find_ask(parts, kind, call, reply);
  if (!one) return;
  const auto done = parts.desk.store.withdraw_ask(one->ask.id);
  if (!done.ok()) return reply(store_problem(done.error()));
  if (!*done)
    return reply(
        answer::problem(409, "conflict", "It is over, or was withdrawn", "there is nothing to withdraw"));
  const base::Status recorded = parts.desk.record({std::string(line::to_text(kind)) + ".withdrawn",
                                                   face::actor_of(parts, call->identity),
                                                   call->client,
                                                   one->ask.id,
                                                   {{"installation", one->installation}}});
  if (!recorded.ok()) return reply(store_problem(recorded.error()));
  say_that_asks_wait(parts, one->installation);
  reply(answer::no_content());
}

}  // namespace

void new_request(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  new_ask(parts, AskKind::Request, call, reply);
}
void list_requests(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  list_asks(parts, AskKind::Request, call, reply);
}
void show_request(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  show_ask(parts, AskKind::Request, call, reply);
}
void withdraw_request(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  withdraw_ask(parts, AskKind::Request, call, reply);
}

void new_proposal(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  new_ask(parts, AskKind::Proposal, call, reply);
}
void list_proposals(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  list_asks(parts, AskKind::Proposal, call, reply);
}
void show_proposal(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  show_ask(parts, AskKind::Proposal, call, reply);
}
void withdraw_proposal(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  withdraw_ask(parts, AskKind::Proposal, call, reply);
}

}  // namespace postern::mission::api
