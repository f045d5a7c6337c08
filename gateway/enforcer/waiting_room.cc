// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/waiting_room.h"

namespace postern::enforcer {

void WaitingRoom::enter(std::uint64_t who, base::Json call, Entered entered, Answered answered) {
  waiting_.emplace(who, Waiting{{}, std::move(entered), std::move(answered)});
  call["command"] = "hold.create";
  ledger_.command(std::move(call), [this, who](const LedgerAnswer& answer) { on_reply(who, answer); });
}

void WaitingRoom::on_reply(std::uint64_t who, const LedgerAnswer& reply) {
  const auto it = waiting_.find(who);
  if (!reply.reply.ok()) {
    if (it == waiting_.end()) return;
    const auto told = base::parse_json(reply.reply.error().message);
    const bool refused = told.ok() && told->is_object();
    const auto code = refused ? base::refusal_from_code(base::json_text_or(*told, "code", "")) : std::nullopt;
    return answer(who, {code.value_or(base::Refusal::LogUnavailable),
                        refused ? base::json_text_or(*told, "message", "") : reply.reply.error().message});
  }
  const std::string hold = base::json_text_or(*reply.reply, "id", "");
  if (it == waiting_.end()) return withdraw(hold, "the client left");
  it->second.hold = hold;
  by_hold_[hold] = who;
  it->second.entered(hold);
}

void WaitingRoom::leave(std::uint64_t who, std::string_view why) {
  auto left = waiting_.extract(who);
  if (left.empty() || left.mapped().hold.empty()) return;
  by_hold_.erase(left.mapped().hold);
  withdraw(left.mapped().hold, why);
}

void WaitingRoom::withdraw(std::string_view hold, std::string_view why) {
  ledger_.command({{"command", "hold.withdraw"}, {"id", hold}, {"why", why}}, [](const LedgerAnswer&) {});
}

void WaitingRoom::answer(std::uint64_t who, const HoldAnswer& answer) {
  auto found = waiting_.extract(who);
  if (found.empty()) return;
  by_hold_.erase(found.mapped().hold);
  found.mapped().answered(answer);
}

void WaitingRoom::on_change(const base::Json& event) {
  const std::string type = base::json_text_or(event, "type", "");
  if (!type.starts_with("hold.") || type == "hold.created" || type == "hold.compared") return;
  const base::Json detail = event.value("detail", base::Json::object());
  const auto it = by_hold_.find(base::json_text_or(detail, "hold", ""));
  if (it == by_hold_.end()) return;
  const std::uint64_t who = it->second;
  if (type == "hold.passed") return answer(who, {});
  if (type == "hold.expired")
    return answer(who, {base::Refusal::HoldRefused, "no administrator answered in time"});
  const std::string note = base::json_text_or(detail, "note", "");
  answer(who, {base::Refusal::HoldRefused,
               "an administrator refused this call" + (note.empty() ? "" : ": " + note)});
}

void WaitingRoom::on_state(const state::State& state, std::uint32_t enforcer) {
  for (const auto& [id, hold] : state.holds()) {
    if (hold.enforcer == enforcer && !by_hold_.contains(id)) withdraw(id, "its enforcer was started anew");
  }
  // What is on no list any more was answered while nobody told us: nothing may pass that nobody let pass.
  std::vector<std::uint64_t> gone;
  for (const auto& [hold, who] : by_hold_) {
    if (!state.holds().contains(hold)) gone.push_back(who);
  }
  for (const std::uint64_t who : gone)
    answer(who, {base::Refusal::HoldRefused, "the call is not waiting any more; send it again"});
}

}  // namespace postern::enforcer
