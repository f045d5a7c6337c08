// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the page needs beside fleet and accounts: what people did, the live line, the description of the API.
#include "mission/desk/admin.h"
#include "mission/store/people.h"

namespace postern::mission::api {

using answer::CallPtr;
using answer::Reply;
using base::Json;

// No identity provider vouches for the vendor's people so far.
void show_sign_in(AdminParts&, const CallPtr&, const Reply& reply) {
  reply(answer::json_response({{"openid", false}}));
}

void list_acts(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  std::int64_t below = 0;
  std::size_t most = 100;
  if (!read_page(*call, kActsPage, below, most))
    return reply(unreadable("before is an act's number, limit between 1 and 1000"));
  const std::string actor = call->parameter("actor"), type = call->parameter("type"),
                    subject = call->parameter("subject");
  const auto found = parts.desk.store.acts({below, most, actor, type, subject});
  if (!found.ok()) return reply(store_problem(found.error()));
  Json items = Json::array();
  for (const Act& one : *found)
    items.push_back({{"number", one.number},
                     {"id", one.id},
                     {"time", base::format_time(one.time)},
                     {"type", one.type},
                     {"actor", one.actor},
                     {"subject", one.subject},
                     {"from", one.from},
                     {"detail", one.detail}});
  Json out{{"items", items}};
  if (found->size() == most) out["next"] = found->back().number;
  reply(answer::json_response(out));
}

void follow(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  if (parts.watch.full())
    return reply(answer::problem(base::Refusal::LimitReached, "Too many pages follow already: close one."));
  // A head asks for no stream, and must not take the place of one.
  if (call->method == http::Method::Head) return reply(face::stream_response(nullptr));
  reply(face::stream_response(parts.watch.open([&parts, session = call->identity.session] {
    return session.empty() || parts.sign_ins.alive(session, parts.loop.now());
  })));
}

void show_openapi(AdminParts&, const CallPtr&, const Reply& reply) {
  answer::Response response;
  response.content_type = "application/json";
  response.constant = admin_openapi();
  reply(std::move(response));
}

}  // namespace postern::mission::api
