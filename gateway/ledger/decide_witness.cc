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
#include "audit/witness.h"
#include "base/bytes.h"
#include "gateway/ledger/deciding.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using audit::WitnessAnswer;

constexpr base::Micros kCosignEvery = 5 * base::kWallSecond;
constexpr base::Micros kConflictEvery = kHour;
// Of a checkpoint with the one signature of its log: it stands in an event, and goes to the keeper in a datagram.
constexpr std::size_t kWitnessNote = 4U << 10U;

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

// The checkpoint with the signature of its log and no other. Empty if that is not there, or too long.
std::string own_note(const audit::SignedCheckpoint& checkpoint, const certs::VerifierKey& log) {
  std::string_view lines(checkpoint.bytes);
  lines.remove_prefix(checkpoint.note.text.size() + 1);
  for (auto line = certs::take_line(lines); line; line = certs::take_line(lines)) {
    std::string note = checkpoint.note.text + "\n" + std::string(*line) + "\n";
    const auto parsed = certs::parse_note(note);
    if (!parsed.ok() || certs::check_signature(*parsed, log) != certs::Signed::Yes) continue;
    return note.size() <= kWitnessNote ? note : std::string();
  }
  return {};
}

bool is_recent(base::Micros at, base::Micros now, base::Micros within) {
  return at != 0 && at <= now && now - at < within;
}

struct Asked {
  audit::AddCheckpoint request;
  certs::Checkpoint head;
  std::string note;
  state::WitnessedLog before;
  audit::Witnessed known;
};

Draft draft(EventType type, const Asked& asked, std::string detail) {
  return {type, "gateway", {}, asked.head.origin, {}, std::move(detail), false};
}

std::string text_of_root(const base::Sha256& root) { return base::to_base64(base::view(root)); }

Decision cosign(const Context& context, const Asked& asked) {
  if (!context.log_writable) return log_closed();
  Decision decision = answer(200, "cosigned");
  decision.to_cosign = asked.note;
  if (asked.head.size == asked.known.size) return decision;  // the same again: only the time is new
  if (is_recent(asked.before.at, context.now, kCosignEvery))
    return answer(429, "this log was cosigned a moment ago: ask again in " +
                           std::to_string(kCosignEvery / base::kWallSecond) + " seconds");
  decision.events.push_back(draft(EventType::WitnessCosigned, asked,
                                  Detail()
                                      .text("log", asked.head.origin)
                                      .number("size", static_cast<std::int64_t>(asked.head.size))
                                      .text("root", text_of_root(asked.head.root))
                                      .text("note", asked.note)
                                      .done()));
  return decision;
}

Draft draft_conflict(const Asked& asked, bool proved) {
  const bool same_size = asked.head.size == asked.known.size;
  return draft(EventType::WitnessConflict, asked,
               Detail()
                   .text("log", asked.head.origin)
                   .number("size", static_cast<std::int64_t>(asked.head.size))
                   .text("root", text_of_root(asked.head.root))
                   .text("note", asked.note)
                   .number("known_size", static_cast<std::int64_t>(asked.known.size))
                   .text("known_root", text_of_root(asked.known.root))
                   .flag("proved", proved)
                   .text("why", same_size ? "it signed two roots for one size"
                                : proved  ? "what it signed now does not begin with what it signed before"
                                          : "no proof leads from what it signed before to what it signed now")
                   .done());
}

// Only a checkpoint that goes on from what we know, or one of the same size with another root, says anything about the
// log; any other 409 says that whoever asks does not know where we are.
Decision refuse_checkpoint(const Context& context, const Asked& asked, WitnessAnswer verdict) {
  const bool two_roots = asked.head.size == asked.known.size && asked.head.root != asked.known.root;
  const bool other_history = asked.known.size > 0 && (two_roots || verdict == WitnessAnswer::Inconsistent);
  Decision decision = verdict == WitnessAnswer::Conflict
                          ? answer(409, "this log was seen at another size, or with another root")
                          : answer(422, "the proof does not lead from what was seen to this checkpoint");
  if (verdict == WitnessAnswer::Conflict) decision.reply["size"] = asked.known.size;
  if (!other_history || is_recent(asked.before.conflict, context.now, kConflictEvery)) return decision;
  const bool proved = two_roots || audit::convicts_log(asked.request, asked.known);
  decision.events.push_back(draft_conflict(asked, proved));
  return decision;
}

}  // namespace

Decision decide_add_checkpoint(const Context& context, const Order& order) {
  auto request = audit::parse_add_checkpoint(order.text("request"));
  if (!request.ok()) return answer(400, request.error().message);
  const auto checkpoint = audit::parse_signed_checkpoint(request->checkpoint, "the request");
  if (!checkpoint.ok()) return answer(400, checkpoint.error().message);
  const certs::VerifierKey* log = find_log(context, checkpoint->head.origin);
  if (log == nullptr) return answer(404, "this log is not witnessed here");
  Asked asked{*std::move(request), checkpoint->head, {}, {}, {}};
  if (const auto before = context.state.witnessed().find(log->name);
      before != context.state.witnessed().end()) {
    asked.before = before->second;
    asked.known.size = asked.before.size;
    std::copy(asked.before.root.begin(), asked.before.root.end(), asked.known.root.begin());
  }
  audit::Witnessed next;
  const WitnessAnswer verdict = audit::judge_checkpoint(asked.request, *log, asked.known, next);
  if (verdict == WitnessAnswer::NotSigned)
    return answer(403, "the checkpoint is not signed by the key of its log");
  if (verdict == WitnessAnswer::Malformed) return answer(400, "the old size is larger than the checkpoint's");
  asked.note = own_note(*checkpoint, *log);
  if (asked.note.empty()) return answer(400, "the checkpoint is longer than a witness here takes");
  return verdict == WitnessAnswer::Cosign ? cosign(context, asked)
                                          : refuse_checkpoint(context, asked, verdict);
}

}  // namespace postern::ledger
