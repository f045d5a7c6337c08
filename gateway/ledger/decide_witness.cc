// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What we answer as a witness of another log (C2SP tlog-witness). Whoever asks need not be known: what counts is the
// signature of a log that the configuration names, and the proof. The answer is of HTTP's kind, for the console to pass
// on: {"status", "size" with 409, "message"}; with 200 the cosignature follows, once the event is durable.
//
// Anybody who can reach the listener can ask, so nothing that they can do alone grows the log: only a larger checkpoint
// with the log's signature makes an event, at most every kCosignEvery per log; and another history at most one every
// kConflictEvery.
#include "audit/shown_checkpoint.h"
#include "base/bytes.h"
#include "gateway/ledger/deciding.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using audit::WitnessAnswer;

constexpr base::Micros kCosignEvery = 5 * base::kWallSecond;
constexpr base::Micros kConflictEvery = kHour;

Decision answer(int status, std::string message) {
  Decision decision;
  decision.reply = {{"status", status}, {"message", std::move(message)}};
  return decision;
}

const certs::VerifierKey* find_log(const Context& context, std::string_view origin) {
  for (const certs::VerifierKey& log : context.logs) {
    if (log.name == origin) return &log;
  }
  return nullptr;
}

bool is_recent(base::Micros at, base::Micros now, base::Micros within) {
  return at != 0 && at <= now && now - at < within;
}

struct Asked {
  certs::Checkpoint head;
  audit::ShownJudgement judged;
  state::WitnessedLog before;
  audit::Witnessed known;
};

Draft draft(EventType type, const Asked& asked, std::string detail) {
  return {type, "gateway", {}, asked.head.origin, {}, std::move(detail), false};
}

std::string text_of_root(const base::Sha256& root) { return base::to_base64(base::view(root)); }

Decision cosign(const Context& context, const Asked& asked) {
  if (!context.log_writable) return log_closed();
  Decision decision = answer(200, asked.judged.message);
  decision.to_cosign = asked.judged.note;
  if (asked.head.size == asked.known.size) return decision;  // the same again: only the time is new
  if (is_recent(asked.before.at, context.now, kCosignEvery))
    return answer(429, "this log was cosigned a moment ago: ask again in " +
                           std::to_string(kCosignEvery / base::kWallSecond) + " seconds");
  decision.events.push_back(draft(EventType::WitnessCosigned, asked,
                                  Detail()
                                      .text("log", asked.head.origin)
                                      .number("size", static_cast<std::int64_t>(asked.head.size))
                                      .text("root", text_of_root(asked.head.root))
                                      .text("note", asked.judged.note)
                                      .done()));
  return decision;
}

Draft draft_conflict(const Asked& asked) {
  return draft(EventType::WitnessConflict, asked,
               Detail()
                   .text("log", asked.head.origin)
                   .number("size", static_cast<std::int64_t>(asked.head.size))
                   .text("root", text_of_root(asked.head.root))
                   .text("note", asked.judged.note)
                   .number("known_size", static_cast<std::int64_t>(asked.known.size))
                   .text("known_root", text_of_root(asked.known.root))
                   .flag("proved", asked.judged.proved)
                   .text("why", asked.judged.why)
                   .done());
}

Decision refuse_checkpoint(const Context& context, const Asked& asked) {
  Decision decision = answer(static_cast<int>(asked.judged.answer), asked.judged.message);
  if (asked.judged.answer == WitnessAnswer::Conflict) decision.reply["size"] = asked.known.size;
  if (asked.judged.other_history && !is_recent(asked.before.conflict, context.now, kConflictEvery))
    decision.events.push_back(draft_conflict(asked));
  return decision;
}

}  // namespace

Decision decide_add_checkpoint(const Context& context, const Order& order) {
  const auto shown = audit::parse_shown(order.text("request"));
  if (!shown.ok()) return answer(400, shown.error().message);
  const certs::VerifierKey* log = find_log(context, shown->checkpoint.head.origin);
  if (log == nullptr) return answer(404, "this log is not witnessed here");
  Asked asked{shown->checkpoint.head, {}, {}, {}};
  if (const auto before = context.state.witnessed().find(log->name);
      before != context.state.witnessed().end()) {
    asked.before = before->second;
    asked.known.size = asked.before.size;
    std::copy(asked.before.root.begin(), asked.before.root.end(), asked.known.root.begin());
  }
  asked.judged = audit::judge_shown(*shown, *log, asked.known);
  return asked.judged.answer == WitnessAnswer::Cosign ? cosign(context, asked)
                                                      : refuse_checkpoint(context, asked);
}

}  // namespace postern::ledger
