// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/deciding.h"

#include <algorithm>

#include "base/bytes.h"

namespace postern::ledger {

using audit::EventType;
using base::Json;

bool Order::texts(const char* key, std::vector<std::string>& out) const {
  if (!has(key)) return true;
  if (!arguments[key].is_array()) return false;
  for (const Json& item : arguments[key]) {
    if (!item.is_string()) return false;
    out.push_back(item.get<std::string>());
  }
  return true;
}

Decision refuse(int status, std::string code, std::string message) {
  Decision decision;
  decision.refused = CommandRefused{status, std::move(code), std::move(message)};
  return decision;
}
Decision invalid(std::string message) { return refuse(400, "invalid", std::move(message)); }
Decision not_found(std::string message) { return refuse(404, "not_found", std::move(message)); }
Decision conflict(std::string message) { return refuse(409, "conflict", std::move(message)); }
Decision refuse(base::Refusal refusal, std::string message) {
  const base::RefusalText& text = base::text_of(refusal);
  return refuse(text.status, std::string(text.code), std::move(message));
}
std::string_view name_of_admin(std::string_view actor) {
  constexpr std::string_view kAdmin = "admin:";
  return actor.starts_with(kAdmin) ? actor.substr(kAdmin.size()) : actor;
}

std::optional<Decision> changed_meanwhile(const Order& order, const state::Toggle* toggle,
                                          std::string_view now_is) {
  if (!order.has("if_match")) return std::nullopt;
  const base::Micros changed = toggle == nullptr ? 0 : toggle->changed;
  if (order.text("if_match") == std::to_string(changed)) return std::nullopt;
  std::string message = "it is " + std::string(now_is) + " now";
  if (changed > 0)
    message += ", set by " + std::string(name_of_admin(toggle->by)) + " at " + base::format_time(changed);
  return refuse(412, "changed_meanwhile", message + ": look at it again");
}

Decision log_closed() {
  return refuse(base::Refusal::LogUnavailable,
                "the log cannot be written, so nothing can be allowed; taking away still works");
}

bool is_engineer_name(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= 64 && plain(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [plain](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_plain_text(std::string_view text, std::size_t limit) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return text.size() <= limit && base::is_utf8(text) && std::none_of(text.begin(), text.end(), control);
}

std::string actor_of(std::string_view engineer) { return "engineer:" + std::string(engineer); }

Draft draft_session_end(const Context& context, const state::Session& session, std::string_view reason,
                        std::string_view actor, std::string_view why) {
  const Tally tally = context.tallies.of(session.id);
  Draft draft{EventType::SessionEnded,
              std::string(actor),
              session.id,
              session.engineer,
              std::string(reason),
              {},
              true};
  draft.detail = Detail()
                     .text("reason", reason)
                     .text("engineer", session.engineer)
                     .text("why", why)
                     .number("duration_us", std::max<base::Micros>(0, context.now - session.opened))
                     .number("exchanges", tally.exchanges)
                     .number("refused", tally.refused)
                     .number("request_bytes", tally.request_bytes)
                     .number("response_bytes", tally.response_bytes)
                     .number("redacted", tally.redacted)
                     .done();
  return draft;
}

Draft draft_grant_end(const state::Grant& grant, std::string_view reason, std::string_view actor,
                      std::string_view from, const GrantUse* use) {
  Draft draft{EventType::GrantEnded, std::string(actor), {}, grant.id, std::string(reason), {}, true};
  Detail detail;
  detail.text("grant", grant.id)
      .text("request", grant.request)
      .text("engineer", grant.engineer)
      .text("reason", reason);
  if (use != nullptr)
    detail.number("exchanges", use->exchanges).number("response_bytes", use->response_bytes);
  draft.detail = detail.text("client", from).done();
  return draft;
}

Json view(const state::Session& session, const Tally& tally) {
  Json json{{"id", session.id},
            {"engineer", session.engineer},
            {"method", session.method},
            {"client", session.client},
            {"opened", base::format_time(session.opened)},
            {"expires", base::format_time(session.expires)},
            {"idle_until", base::format_time(session.last_active + session.idle)},
            {"last_active", base::format_time(session.last_active)},
            {"state", "active"},
            {"exchanges", tally.exchanges},
            {"refused", tally.refused},
            {"request_bytes", tally.request_bytes},
            {"response_bytes", tally.response_bytes},
            {"redacted", tally.redacted}};
  if (session.budget != state::Budget::Whole) json["budget"] = state::to_text(session.budget);
  if (!session.user_agent.empty()) json["user_agent"] = session.user_agent;
  return json;
}

}  // namespace postern::ledger
