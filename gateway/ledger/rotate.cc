// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The command log.rotate_key. Its event stands in the log before anything else happens, so that the tree that is handed
// over holds it, and a ledger that is started anew goes on with what was ordered. What follows is the publisher's work
// (publisher.h); here it is waited for. Asked again, it goes on where it was, or says that it is done.
#include "gateway/ledger/deciding.h"
#include "gateway/ledger/ledger.h"

namespace postern::ledger {

using base::Json;
using ipc::FromLedger;

void Ledger::change_key(const Asker& asker, const Json& order, base::Nanos commanded) {
  if (auto refused = refuse_asker(Sender::Console, order)) return refuse(asker, *refused);
  if (key_change_) return refuse(asker, {409, "conflict", "the log's key is being changed already"});
  if (!recorder_.writable()) return refuse(asker, {503, "log_unavailable", "the log cannot be written"});
  key_change_ = KeyChange{asker,
                          base::json_text_or(order, "actor", ""),
                          base::json_text_or(order, "from", ""),
                          {},
                          commanded + kKeyChangeTimeout};
  go_on_with_key_change();
}

void Ledger::go_on_with_key_change() {
  if (!key_change_) return;
  const std::string& next = keeper_.successor_key();
  if (keeper_.told() && !next.empty() && next == publisher_.published_by()) return answer_key_change();
  if (clock_.monotonic() >= key_change_->deadline) return give_up_key_change();
  if (!keeper_.told() || next.empty() || keeper_.log_key().empty()) return;
  if (key_ordered_ == next) return publisher_.hurry();
  Draft draft{audit::EventType::LogKeyChanged, key_change_->actor, {}, {}, {}, {}, false};
  draft.detail = Detail()
                     .text("old", keeper_.log_key())
                     .text("new", next)
                     .number("size", static_cast<std::int64_t>(recorder_.size()))
                     .text("client", key_change_->from)
                     .done();
  const LogLine line = line_of(draft);
  if (!append_own(line)) return;
  key_change_->event = line.id;
  key_ordered_ = next;
  publisher_.hand_over_to(next, recorder_.size());
}

void Ledger::answer_key_change() {
  const KeyChange done = *std::exchange(key_change_, std::nullopt);
  const certs::Handover* handover = publisher_.handover();
  const auto peer = peers_.find(done.asker.peer);
  if (peer == peers_.end() || handover == nullptr) return;
  const Json json{{"old", certs::format_verifier_key(handover->from)},
                  {"new", certs::format_verifier_key(handover->to)},
                  {"size", handover->head.size}};
  peer->second->send(FromLedger::Reply,
                     ipc::Reply{done.asker.command, true, base::dump_json(json), done.event});
}

void Ledger::give_up_key_change() {
  const KeyChange late = *std::exchange(key_change_, std::nullopt);
  std::string why = publisher_.problem();
  if (why.empty()) why = keeper_.successor_key().empty() ? "the keeper has no next key" : "it takes its time";
  refuse(late.asker,
         {503, "not_ready",
          "the log has not changed its key yet (" + why + "): ask again, it goes on where it is"});
}

}  // namespace postern::ledger
