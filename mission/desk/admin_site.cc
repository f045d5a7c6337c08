// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/admin_site.h"

#include <algorithm>
#include <iterator>

#include "face/gate.h"
#include "mission/desk/assets.h"

namespace postern::mission {
namespace {

using answer::Call;
using answer::Reply;
using answer::Response;

// Places of the page: it finds out what to show there.
bool is_place(std::string_view path) {
  constexpr std::string_view kPlaces[] = {"installations", "enrolment", "events",     "people",
                                          "server",        "account",   "invitation", "updates"};
  path.remove_prefix(1);
  const std::string_view first = path.substr(0, path.find('/'));
  return std::find(std::begin(kPlaces), std::end(kPlaces), first) != std::end(kPlaces);
}

}  // namespace

face::Manner people_manner() {
  return {.cookie = "__Host-mission-control",
          .browser_cookie = "__Host-mission-control-browser",
          .who = "person",
          .product = "Mission Control",
          .place = "server",
          .first_password = "mission-control init printed the first administrator's password once.",
          .command = "mission-control person",
          .ranks = accounts::kPeopleRanks};
}

void AdminSite::answer(std::shared_ptr<Call> call, Reply reply) {
  const Reply dressed = [&loop = parts_.loop, call, began = parts_.loop.now(),
                         reply = std::move(reply)](Response response) {
    face::dress(response);
    face::tell_time(response, call->identity, loop.now() - began);
    reply(std::move(response));
  };
  const std::string_view path = call->target.path();
  if (path.starts_with("/api/")) return answer_api(call, dressed);
  dressed(face::serve_asset(*call, find_mission_asset(is_place(path) ? "/" : path)));
}

void AdminSite::answer_api(const std::shared_ptr<Call>& call, const Reply& reply) {
  auto found = face::find_in(admin_routes(), call->method, call->target.path());
  if (found.route == nullptr) {
    if (found.allow.empty()) return reply(not_there("the API has no such path"));
    Response response = answer::problem(405, "method_not_allowed", "The method is not answered here",
                                        "It has: " + found.allow + ".");
    response.fields.emplace_back("allow", found.allow);
    return reply(std::move(response));
  }
  call->captures = std::move(found.captures);
  const AdminRoute& route = *found.route;
  const bool changing = face::changes(call->method);
  // What was done in this turn, acts too, is durable before it is answered.
  const Reply kept = !changing ? reply : [this, reply](Response response) {
    parts_.desk.commits.reply(reply, std::move(response));
  };
  if (changing && !call->local) {
    if (auto wrong = face::cross_site_problem(*call, parts_.signing.names)) {
      face::note_refusal(parts_, *call, face::actor_of(parts_, "unknown"), "cross_site",
                         "a change that did not come from the page");
      return kept(std::move(*wrong));
    }
  }
  if (route.access == Access::Anyone) return route.handler(parts_, call, kept);
  if (!face::identify(parts_, *call))
    return reply(answer::problem(401, "no_session", "You are not signed in", "Sign in at the page."));
  if (!may(call->identity.rank, route.access)) {
    face::note_refusal(parts_, *call, face::actor_of(parts_, call->identity), "rank",
                       "their role does not give this");
    return kept(answer::problem(403, "rank", "Your role does not give this",
                                route.access == Access::Operators
                                    ? "Ask an operator or an administrator to do it."
                                    : "Ask an administrator to do it."));
  }
  if (auto missing = face::second_factor_problem(parts_, *call)) return reply(*std::move(missing));
  if (route.proof && !call->local && !face::is_proved(call->identity, parts_.loop.now()))
    return reply(face::reauthenticate());
  if (!changing) return route.handler(parts_, call, reply);
  if (const auto once = parts_.repeats.begin(*call, kept, parts_.loop.now()))
    route.handler(parts_, call, *once);
}

Response AdminSite::refuse(const Call& call, base::Refusal refusal, std::string_view why) {
  face::note_refusal(parts_, call, face::actor_of(parts_, "unknown"), base::text_of(refusal).code, why);
  Response response = answer::problem(refusal, why);
  response.close = true;
  face::dress(response);
  return response;
}

}  // namespace postern::mission
