// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Shared by the deciders of this folder, and by nobody else: one function per command, and the words they
// have in common.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ledger/decide_command.h"
#include "gateway/state/view.h"

namespace postern::ledger {

struct Order {
  const base::Json& arguments;
  Sender sender;
  std::string actor;
  std::string from;

  std::string text(const char* key) const { return base::json_text_or(arguments, key, ""); }
  bool flag(const char* key) const { return base::json_bool_or(arguments, key, false); }
  bool has(const char* key) const { return arguments.contains(key) && !arguments[key].is_null(); }
  // False if it is there but not a list of texts.
  bool texts(const char* key, std::vector<std::string>& out) const;
};

Decision decide_remote_access(const Context& context, const Order& order);
Decision decide_capability(const Context& context, const Order& order);
Decision decide_sharing(const Context& context, const Order& order);
Decision decide_engineer_add(const Context& context, const Order& order);
Decision decide_engineer_approve(const Context& context, const Order& order);
Decision decide_engineer_remove(const Context& context, const Order& order);
Decision decide_pass_issue(const Context& context, const Order& order);
Decision decide_pass_open(const Context& context, const Order& order);
Decision decide_certificate_open(const Context& context, const Order& order);
Decision decide_certificate_end(const Context& context, const Order& order);
Decision decide_openid_location(const Context& context, const Order& order);
Decision decide_openid_open(const Context& context, const Order& order);
Decision decide_openid_depart(const Context& context, const Order& order);
Decision decide_admin_openid_location(const Context& context, const Order& order);
Decision decide_admin_openid_depart(const Context& context, const Order& order);
Decision decide_policy_accept(const Context& context, const Order& order);
Decision decide_session_end(const Context& context, const Order& order);
Decision decide_session_end_all(const Context& context, const Order& order);
Decision decide_request_create(const Context& context, const Order& order);
Decision decide_request_approve(const Context& context, const Order& order);
Decision decide_request_ask_back(const Context& context, const Order& order);
Decision decide_request_answer(const Context& context, const Order& order);
Decision decide_request_refuse(const Context& context, const Order& order);
Decision decide_request_withdraw(const Context& context, const Order& order);
Decision decide_grant_give(const Context& context, const Order& order);
Decision decide_grant_apply(const Context& context, const Order& order);
Decision decide_grant_revoke(const Context& context, const Order& order);
Decision decide_hold_create(const Context& context, const Order& order);
Decision decide_hold_compare(const Context& context, const Order& order);
Decision decide_hold_withdraw(const Context& context, const Order& order);
Decision decide_hold_pass(const Context& context, const Order& order);
Decision decide_hold_refuse(const Context& context, const Order& order);
Decision decide_notification_test(const Context& context, const Order& order);
Decision decide_token_create(const Context& context, const Order& order);
Decision decide_token_revoke(const Context& context, const Order& order);
Decision decide_token_use(const Context& context, const Order& order);
void expire_tokens(const Context& context, Decision& into);
Decision decide_intake_token_create(const Context& context, const Order& order);
Decision decide_intake_token_revoke(const Context& context, const Order& order);
Decision decide_intake_take(const Context& context, const Order& order);
Decision decide_intake_note(const Context& context, const Order& order);
void expire_intake(const Context& context, Decision& into);
Decision decide_add_checkpoint(const Context& context, const Order& order);

Decision refuse(int status, std::string code, std::string message);
Decision invalid(std::string message);    // 400
Decision not_found(std::string message);  // 404
Decision conflict(std::string message);   // 409
Decision refuse(base::Refusal refusal, std::string message);
// As admins know each other: "admin:root" is root. Other actors as they are.
std::string_view name_of_admin(std::string_view actor);
// A change of what somebody else changed since the asker looked: "if_match" names the version that they saw (412).
// Nothing if it is that one, or if none was named.
std::optional<Decision> changed_meanwhile(const Order& order, const state::Toggle* toggle,
                                          std::string_view now_is);
Decision log_closed();  // 503: gives something while the log cannot be written
inline Decision unchanged(base::Json reply) {
  Decision decision;
  decision.reply = std::move(reply);
  decision.reply["changed"] = false;
  return decision;
}

bool is_engineer_name(std::string_view text);
// Without control bytes, valid UTF-8, at most limit bytes.
bool is_plain_text(std::string_view text, std::size_t limit);
std::string actor_of(std::string_view engineer);  // "engineer:alice"

Draft draft_session_end(const Context& context, const state::Session& session, std::string_view reason,
                        std::string_view actor, std::string_view why = {});
// Ends what is selected; returns how many.
template <typename Select>
std::int64_t end_sessions(const Context& context, std::string_view reason, std::string_view actor,
                          Decision& into, Select select) {
  std::int64_t ended = 0;
  for (const auto& [id, session] : context.state.sessions()) {
    if (!select(session)) continue;
    into.events.push_back(draft_session_end(context, session, reason, actor));
    ++ended;
  }
  return ended;
}
// use: what was done while it held, if that is counted.
Draft draft_grant_end(const state::Grant& grant, std::string_view reason, std::string_view actor,
                      std::string_view from, const GrantUse* use = nullptr);
// What an enforcer says that a call would change (held_documents.h), as far as an event can hold it: before_bytes*, before_sha256*, document*,
// changes*, patch*, why*.
void put_comparison(Detail& detail, const base::Json& told);
Draft draft_hold_expired(const Context& context, const state::Hold& hold);
Draft draft_remote_access(const Context& context, state::RemoteAccess mode, std::optional<base::Micros> until,
                          const Order& order);

// As an API answer (console/openapi.json, docs/VISIT.md), like those of gateway/state/view.h.
base::Json view(const state::Session& session, const Tally& tally);

}  // namespace postern::ledger
