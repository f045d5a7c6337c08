// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Commands as roles that were taken over may send them, a JSON object per line: each is answered, and what it
// makes happen are events that can be written, read and folded.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "gateway/ledger/decide_command.h"

using namespace postern;

static void decide(state::State& state, ledger::Sender sender, const base::Json& order) {
  static base::UlidMaker ids;
  static const ledger::Limits limits;
  const ledger::PolicySummary policy{
      "sha256:00", {{"read", false}, {"write", true}}, {{"viewer", {"read"}}}, {{"write", 2}}, {}, 2};
  const ledger::Tallies tallies;
  const base::Micros now = 1'772'366'400 * base::kWallSecond;
  const std::string key(32, 'k');
  const auto decision =
      ledger::decide_command({state, policy, limits, tallies, ids, now, key, true}, sender, order);
  POSTERN_CHECK(!decision.refused || !decision.refused->code.empty());
  for (const ledger::Draft& draft : decision.events) {
    const std::string id = ids.make(now);
    std::string line;
    audit::write_event(line,
                       {id, now, draft.type, audit::text_of(draft.type).severity, draft.actor, draft.session,
                        draft.subject, draft.outcome, ""},
                       draft.detail);
    POSTERN_CHECK(audit::read_event_head(line).ok());
    state.apply(*base::parse_json(line));
  }
}

// What no command of theirs makes: a proposal that waits for an admin.
static state::State with_a_proposal() {
  state::State state;
  state.apply({{"type", "proposal.received"},
               {"subject", "01JD7Z3V5T4Q2N8M6K0H1F9C3B"},
               {"time", "2026-03-01T12:00:00Z"},
               {"detail", {{"method", "PUT"}, {"target", "/level"}, {"waits", "ask"}, {"read", "/level"}}}});
  return state;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  state::State state = with_a_proposal();
  for (int lines = 0; !rest.empty() && lines < 32; ++lines) {
    const auto order = base::parse_json(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(rest.size(), rest.substr(0, rest.find('\n')).size() + 1));
    if (!order.ok() || !order->is_object()) continue;
    for (const auto sender : {ledger::Sender::Enforcer, ledger::Sender::Console})
      if (const auto name = base::json_text_or(*order, "command", "");
          ledger::is_decided_here(name) && ledger::may_command(sender, name))
        decide(state, sender, *order);
  }
  return 0;
}
