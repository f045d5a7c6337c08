// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One-time codes with which installations enrol.
#include <algorithm>

#include "base/bytes.h"
#include "base/crypto.h"
#include "mission/desk/admin.h"

namespace postern::mission::api {
namespace {

using answer::CallPtr;
using answer::Reply;
using base::Json;

constexpr std::size_t kCustomerLimit = 200;  // bytes, as line/protocol.h has it

std::string_view state_of(const Enrolment& one, base::Micros now) {
  if (one.used != 0) return "used";
  if (one.withdrawn != 0) return "withdrawn";
  return one.expires <= now ? "expired" : "open";
}

Json json_of_enrolment(const Enrolment& one, base::Micros now) {
  Json out{{"id", one.id},
           {"customer", one.customer},
           {"state", state_of(one, now)},
           {"created", base::format_time(one.created)},
           {"expires", base::format_time(one.expires)}};
  if (one.used != 0) out.update({{"used", base::format_time(one.used)}, {"installation", one.installation}});
  if (one.withdrawn != 0) out["withdrawn"] = base::format_time(one.withdrawn);
  return out;
}

bool is_plain_text(std::string_view text) {
  return !text.empty() && text.size() <= kCustomerLimit && base::is_utf8(text) &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

void list_enrolments(AdminParts& parts, const CallPtr&, const Reply& reply) {
  const auto all = parts.desk.store.enrolments();
  if (!all.ok()) return reply(store_problem(all.error()));
  Json items = Json::array();
  for (const Enrolment& one : *all) items.push_back(json_of_enrolment(one, parts.desk.clock.wall()));
  reply(answer::json_response({{"items", items}}));
}

void new_enrolment(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  const auto asked = base::parse_json(call->body);
  if (!asked.ok() || !asked->is_object()) return reply(unreadable("the body is no JSON object"));
  Enrolment made;
  made.customer = base::json_text_or(*asked, "customer", "");
  if (!is_plain_text(made.customer))
    return reply(unreadable("customer must be text of 1 to 200 printable bytes: whose the installation is"));
  const std::string expires = base::json_text_or(*asked, "expires", "");
  base::Result<base::Micros> duration = kDefaultExpiry;
  if (!expires.empty()) duration = base::parse_duration(expires);
  if (!duration.ok()) return reply(unreadable("expires: " + duration.error().message));
  if (*duration < 60 * base::kWallSecond || *duration > kLongestExpiry)
    return reply(unreadable("expires must be between 1m and 90d"));
  const std::string code = line::new_code();
  made.id = parts.desk.new_id();
  made.hash = base::sha256_hex(line::normal_code(code));
  made.created = parts.desk.clock.wall();
  made.expires = made.created + *duration;
  const base::Status kept = parts.desk.store.add_enrolment(made);
  if (!kept.ok() && kept.error().code == base::Code::Limit)
    return reply(
        answer::problem(409, "limit_reached", "There are too many enrolments", kept.error().message));
  if (!kept.ok()) return reply(store_problem(kept.error()));
  const base::Status recorded =
      parts.desk.record({"enrolment.made",
                         face::actor_of(parts, call->identity),
                         call->client,
                         made.id,
                         {{"customer", made.customer}, {"expires", base::format_time(made.expires)}}});
  if (!recorded.ok()) return reply(store_problem(recorded.error()));
  parts.watch.changed();
  Json out = json_of_enrolment(made, made.created);
  out["code"] = code;
  out["witness"] = witness_key(parts);
  reply(answer::json_response(out, 201));
}

void withdraw_enrolment(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  const auto done = parts.desk.store.withdraw_enrolment(call->captures.front(), parts.desk.clock.wall());
  if (!done.ok()) return reply(store_problem(done.error()));
  if (!*done) return reply(not_there("there is no such enrolment that is open"));
  const base::Status recorded = parts.desk.record(
      {"enrolment.withdrawn", face::actor_of(parts, call->identity), call->client, call->captures.front()});
  if (!recorded.ok()) return reply(store_problem(recorded.error()));
  parts.watch.changed();
  reply(answer::no_content());
}

}  // namespace postern::mission::api
