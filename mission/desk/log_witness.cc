// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/log_witness.h"

#include <algorithm>
#include <utility>

#include "audit/shown_checkpoint.h"
#include "base/bytes.h"
#include "line/witness.h"

namespace postern::mission {
namespace {

using answer::Call;
using answer::Reply;
using answer::Response;
using audit::WitnessAnswer;

constexpr base::Micros kConflictEvery = 3600 * base::kWallSecond;
// Of the events about one installation's log that it can cause by itself.
constexpr KeyedPace::Settings kTold{{3, 3600 * base::kSecond}, 2 * kMostInstallations};
constexpr std::size_t kKeyLimit = 512;  // bytes of a verifier key

Response in_line(int status, std::string body) {
  Response out;
  out.content_type = "application/json";
  out.body = line::format(line::CheckpointAnswer{static_cast<std::uint16_t>(status), std::move(body)});
  out.fields.emplace_back("cache-control", "no-store");
  return out;
}

base::Result<certs::VerifierKey> log_key(const std::string& text) {
  if (text.size() > kKeyLimit) return base::fail(base::Code::Invalid, "the key is too long");
  auto key = certs::parse_verifier_key(text);
  if (key.ok() && key->algorithm != certs::NoteAlgorithm::Ed25519)
    return base::fail(base::Code::Invalid, "the key is not that of a log");
  return key;
}

audit::Witnessed known_of(const WitnessedLog& log) {
  audit::Witnessed out;
  if (log.size == 0) return out;
  const auto root = certs::parse_hash(log.root);
  if (!root) return out;
  out.size = static_cast<std::uint64_t>(log.size);
  out.root = *root;
  return out;
}

}  // namespace

struct LogWitness::Shown {
  WitnessedLog log;
  certs::Checkpoint head;
  audit::ShownJudgement judged;
};

LogWitness::LogWitness(Parts& parts) : parts_(parts), told_(kTold) {}

base::Status LogWitness::registered(const std::string& installation, const base::Json& body) {
  const std::string text = base::json_text_or(body, line::kLogOfRegistration, "");
  if (text.empty()) return base::Ok{};
  const auto key = log_key(text);
  if (!key.ok())
    return other_log(installation, "it names no log: " + key.error().message, base::Json::object());
  const auto log = parts_.store.log_of(installation);
  if (!log.ok()) return log.error();
  if (*log && (*log)->key == text)
    return (*log)->offered.empty() ? base::Status(base::Ok{}) : parts_.store.set_offered(installation, "");
  if (*log && (*log)->offered == text) return base::Ok{};
  if (*log) {
    base::Status kept = parts_.store.set_offered(installation, text);
    if (!kept.ok()) return kept;
    return other_log(installation, "its log has another key than before, which nobody has accepted",
                     {{"from", (*log)->key}, {"to", text}});
  }
  const auto added = parts_.store.add_log(installation, key->name, text);
  if (!added.ok()) return added.error();
  if (*added) {
    parts_.note(installation, "installation.log_known", {{"key", text}});
    return base::Ok{};
  }
  return other_log(installation, "it says that the log of another installation is its own",
                   {{"log", base::printable(key->name, kKeyLimit)}});
}

base::Status LogWitness::other_log(const std::string& installation, std::string_view why, base::Json body) {
  if (told_.take(installation, parts_.clock.monotonic()) > 0) return base::Ok{};
  body["why"] = why;
  parts_.note(installation, "installation.log_refused", std::move(body));
  return base::Ok{};
}

void LogWitness::answer(const Call& call, const Reply& reply, const std::string& installation) {
  const auto request = line::parse_checkpoint_request(call.body);
  if (!request.ok())
    return reply(
        refusal(400, line::kMalformed, "The request is not one of the line", request.error().message));
  const auto shown = audit::parse_shown(*request);
  if (!shown.ok()) return reply(in_line(400, shown.error().message));
  const auto log = parts_.store.log_of(installation);
  if (!log.ok()) return reply(store_problem(log.error()));
  const certs::Checkpoint& head = shown->checkpoint.head;
  if (!*log || (*log)->origin != head.origin)
    return reply(in_line(404, "this is not the log that is known as this installation's"));
  const auto key = log_key((*log)->key);
  if (!key.ok()) return reply(store_problem(key.error()));
  judge({**log, head, audit::judge_shown(*shown, *key, known_of(**log))}, reply);
}

void LogWitness::judge(const Shown& shown, const Reply& reply) {
  if (shown.judged.answer != WitnessAnswer::Cosign) return refuse(shown, reply);
  if (shown.judged.next.size > INT64_MAX) return reply(in_line(400, "the log is too large"));
  const auto size = static_cast<std::int64_t>(shown.judged.next.size);
  if (size != shown.log.size) {
    const auto seen = parts_.store.see_log(
        shown.log, size, base::to_base64(base::view(shown.judged.next.root)), parts_.clock.wall());
    if (!seen.ok()) return reply(store_problem(seen.error()));
    // Another server, or another request, was faster.
    if (!*seen) return reply(in_line(429, "this log is being cosigned: ask again"));
  }
  parts_.commits.then([this, shown, reply](bool durable) {
    if (durable) return cosign(shown, reply);
    reply(store_problem(base::fail(base::Code::Unavailable, "what was seen could not be kept")));
  });
}

void LogWitness::cosign(const Shown& shown, const Reply& reply) {
  const auto line = parts_.cosign(shown.judged.note, shown.log.key);
  if (!line.ok()) return reply(refusal(503, "keeper_unavailable", "Not cosigned", line.error().message));
  // Evidence, for people: lost with a failed commit, and the next one is there ten seconds later.
  static_cast<void>(parts_.store.set_cosigned(shown.log.installation, shown.judged.note + *line));
  parts_.commits.then([](bool) {});
  reply(in_line(200, *line));
}

void LogWitness::refuse(const Shown& shown, const Reply& reply) {
  const bool conflict = shown.judged.answer == WitnessAnswer::Conflict;
  Response out = in_line(static_cast<int>(shown.judged.answer),
                         conflict ? std::to_string(shown.log.size) + "\n" : shown.judged.message);
  const base::Micros now = parts_.clock.wall();
  if (!shown.judged.other_history ||
      (shown.log.conflict != 0 && shown.log.conflict <= now && now - shown.log.conflict < kConflictEvery))
    return reply(std::move(out));
  const base::Status kept = parts_.store.set_log_conflict(shown.log.installation, now);
  if (!kept.ok()) return reply(store_problem(kept.error()));
  parts_.note(shown.log.installation, "installation.log_conflict",
              {{"log", shown.log.origin},
               {"size", shown.head.size},
               {"root", base::to_base64(base::view(shown.head.root))},
               {"note", shown.judged.note},
               {"known_size", shown.log.size},
               {"known_root", shown.log.root},
               {"known", shown.log.cosigned},
               {"proved", shown.judged.proved},
               {"why", shown.judged.why}});
  parts_.commits.reply(reply, std::move(out));
}

base::Json json_of_log(const std::optional<WitnessedLog>& log) {
  if (!log) return nullptr;
  base::Json out{{"origin", log->origin}, {"key", log->key}, {"size", log->size}};
  if (log->at != 0) out["seen"] = base::format_time(log->at);
  if (!log->cosigned.empty()) out["checkpoint"] = log->cosigned;
  if (log->conflict != 0) out["conflict"] = base::format_time(log->conflict);
  if (!log->offered.empty()) out["offered"] = log->offered;
  return out;
}

}  // namespace postern::mission
