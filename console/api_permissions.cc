// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The master switch and the capabilities.
#include "console/api.h"
#include "console/commands.h"
#include "console/proof.h"
#include "console/views.h"

namespace postern::console::api {
namespace {

// Two admins at one toggle: who names the version that he saw (RFC 9110 section 13.1.1) changes that one or nothing, and so does who
// named none and only narrows what stands (proof.h).
void take_precondition(const Call& call, bool narrows, const base::Json& current, base::Json& order) {
  std::string_view wanted = call.fields.find("if-match").value_or(std::string_view());
  if (wanted.empty() || wanted == "*") {
    if (narrows) order["if_match"] = base::json_text_or(current, "version", "0");
    return;
  }
  if (wanted.size() >= 2 && wanted.front() == '"' && wanted.back() == '"')
    wanted = wanted.substr(1, wanted.size() - 2);
  order["if_match"] = wanted.substr(0, 64);
}

// What it is now, beside the refusal.
Reply with_current(const Reply& reply, std::function<base::Json()> current) {
  return [reply, current = std::move(current)](Response response) {
    if (response.status == 412) {
      auto problem = base::parse_json(response.body);
      if (problem.ok()) {
        (*problem)["current"] = current();
        response.body = base::dump_json(*problem);
      }
    }
    reply(std::move(response));
  };
}

Response with_etag(const base::Json& json) {
  Response response = json_response(json);
  response.fields.emplace_back("etag", "\"" + base::json_text_or(json, "version", "0") + "\"");
  return response;
}

base::Json present_capability(const Parts& parts, const std::string& name) {
  const auto& policy = parts.ledger.policy();
  const int index = policy == nullptr ? -1 : policy->find_capability(name);
  if (index < 0) return base::Json::object();
  return view_capability(*policy, policy->capabilities()[static_cast<std::size_t>(index)],
                         parts.ledger.state(), parts.loop.wall());
}

}  // namespace

void show_remote_access(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  reply(with_etag(view_remote_access(parts.ledger.state(), parts.loop.wall())));
}

void set_remote_access(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"mode", "until", "reason"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const auto current = [&parts] { return view_remote_access(parts.ledger.state(), parts.loop.wall()); };
  take_precondition(*call, proof::narrowing_access(parts, *call), current(), *body);
  send_command(parts, call, "remote_access.set", std::move(*body), with_current(reply, current),
               [current](const base::Json& answer) {
                 base::Json json = current();
                 json["cut"] = cut_of(answer);
                 return with_etag(json);
               });
}

void list_capabilities(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  base::Json items = base::Json::array();
  if (const auto& policy = parts.ledger.policy()) {
    for (const policy::Capability& capability : policy->capabilities()) {
      items.push_back(view_capability(*policy, capability, parts.ledger.state(), parts.loop.wall()));
    }
  }
  reply(json_response({{"items", std::move(items)}}));
}

void set_capability(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"setting", "until", "reason"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const std::string name = call->captures[0];
  (*body)["name"] = name;
  const auto current = [&parts, name] { return present_capability(parts, name); };
  take_precondition(*call, proof::narrowing_capability(parts, *call), current(), *body);
  send_command(parts, call, "capability.set", std::move(*body), with_current(reply, current),
               [current](const base::Json& answer) {
                 base::Json json = current();
                 if (json.empty()) json = answer;
                 json["cut"] = cut_of(answer);
                 return with_etag(json);
               });
}

void show_capability_use(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (const base::Status looked = parts.uses.refresh(parts.log); !looked.ok())
    return reply(log_problem(looked.error()));
  if (!note_reading(parts, *call, {"events", "last use of each capability", -1, false}))
    return reply(unrecorded_problem());
  reply(json_response(parts.uses.to_json()));
}

}  // namespace postern::console::api
