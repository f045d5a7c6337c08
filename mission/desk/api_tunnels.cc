// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The names by which engineers reach installations.
#include "mission/desk/admin.h"

namespace postern::mission::api {
namespace {

bool is_label(std::string_view text) {
  return text.size() <= 63 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos &&
         text.front() != '-' && text.back() != '-' && text.size() != base::kUlidLength;
}

}  // namespace

// A DNS label that cannot be taken for an installation's id; empty: it has none any more.
void name_installation(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply) {
  const std::string& id = call->captures.front();
  const auto asked = base::parse_json(call->body);
  if (!asked.ok() || !asked->is_object()) return reply(unreadable("the body is no JSON object"));
  const std::string name = base::json_text_or(*asked, "name", "");
  if (!name.empty() && !is_label(name))
    return reply(unreadable(
        "name must be a DNS label: 1 to 63 lower-case letters, digits and hyphens within, and no id"));
  const auto one = parts.desk.store.installation(id);
  if (!one.ok()) return reply(store_problem(one.error()));
  if (!*one) return reply(not_there("there is no such installation"));
  const auto set = parts.desk.store.set_name(id, name);
  if (!set.ok()) return reply(store_problem(set.error()));
  if (!*set)
    return reply(answer::problem(409, "taken", "Another installation has that name",
                                 "take it from there first, or choose another"));
  const std::string by = face::actor_of(parts, call->identity);
  const base::Status recorded =
      parts.desk.record({"installation.named", by, call->client, id, {{"name", name}}});
  if (!recorded.ok()) return reply(store_problem(recorded.error()));
  parts.desk.note(id, "installation.named", {{"name", name}, {"by", by}});
  reply(answer::json_response({{"id", id}, {"name", name}}));
}

}  // namespace postern::mission::api
