// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/witnesses.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/log.h"
#include "gateway/ledger/draft.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Code;
using base::Json;
using base::Result;

constexpr std::size_t kQuoted = 200;  // bytes of what a witness says, in a problem
constexpr int kRounds = 2;

std::string number(std::uint64_t value) { return std::to_string(value); }

// What an answer means that is neither a cosignature nor about history.
std::string meaning_of(std::uint16_t status) {
  if (status == 403) return "it does not know the key of this log (403): give it the log's verifier key";
  if (status == 404) return "it does not know this log (404): give it the log's verifier key";
  return "it answered " + std::to_string(status);
}

bool is_near(std::uint64_t seconds, base::Micros now) {
  constexpr std::uint64_t kDaySeconds = 86'400;
  const auto ours = static_cast<std::uint64_t>(now / base::kWallSecond);
  return seconds <= ours + kDaySeconds && ours <= seconds + kDaySeconds;
}

std::string time_text(std::uint64_t seconds) {
  constexpr std::uint64_t kYear9999 = 253'402'300'799;
  return base::format_time(static_cast<base::Micros>(std::min(seconds, kYear9999)) * base::kWallSecond);
}

}  // namespace

Result<Witnessing> parse_witnessing(const Json& part) {
  Witnessing out;
  for (const Json& one : part.value("witnesses", Json::array())) {
    auto key = certs::parse_verifier_key(base::json_text_or(one, "verifier_key", ""));
    if (!key.ok()) return key.error();
    out.witnesses.push_back(
        {base::json_text_or(one, "name", ""), base::json_text_or(one, "url", ""), *std::move(key)});
  }
  for (const Json& one : part.value("witnessed_logs", Json::array())) {
    auto key = certs::parse_verifier_key(one.is_string() ? one.get<std::string>() : std::string());
    if (!key.ok()) return key.error();
    out.logs.push_back(*std::move(key));
  }
  return out;
}

bool is_about_witnesses(EventType type) {
  return type == EventType::WitnessCosigned || type == EventType::LogWitnessed ||
         type == EventType::LogWitnessFailed || type == EventType::LogWitnessRefused;
}

// What the tasks on the pool touch. Cosignatures of two witnesses are written one after the other.
struct Witnesses::Disk {
  audit::FileSystem& files;
  std::string directory;
  std::mutex writing;
};

Witnesses::Witnesses(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files,
                     std::string directory, Calls calls)
    : loop_(loop),
      clock_(clock),
      disk_(new Disk{files, std::move(directory), {}}),
      calls_(std::move(calls)) {}

Witnesses::~Witnesses() { *alive_ = false; }

// A witness that was taken out of the configuration meanwhile is forgotten with the task.
template <typename Answer>
void Witnesses::elsewhere(const WitnessPtr& witness, std::function<Answer()> work,
                          std::function<void(Answer)> done) {
  const auto answer = std::make_shared<std::optional<Answer>>();
  loop_.run_elsewhere([answer, work = std::move(work)] { answer->emplace(work()); },
                      [this, answer, witness, done = std::move(done), alive = alive_] {
                        if (!*alive) return;
                        if (std::find(witnesses_.begin(), witnesses_.end(), witness) == witnesses_.end())
                          return;
                        done(std::move(**answer));
                      });
}

void Witnesses::configure(const std::vector<Witnessing::Witness>& witnesses) {
  std::vector<WitnessPtr> next;
  for (const Witnessing::Witness& settings : witnesses) {
    const auto known = std::find_if(witnesses_.begin(), witnesses_.end(),
                                    [&](const WitnessPtr& witness) { return witness->settings == settings; });
    next.push_back(known == witnesses_.end() ? std::make_shared<Witness>() : *known);
    next.back()->settings = settings;
  }
  witnesses_ = std::move(next);
}

bool Witnesses::wanted(const Witness& witness) const {
  if (published_ == 0) return false;
  if (!witness.loaded || witness.size == 0 || witness.size > published_) return true;
  return published_ > witness.size && counts_ > witness.size;
}

void Witnesses::look(std::uint64_t counts, std::uint64_t published) {
  counts_ = counts;
  published_ = published;
  const base::Nanos now = clock_.monotonic();
  for (const WitnessPtr& witness : witnesses_) {
    if (witness->phase == Phase::Asked && now >= witness->deadline)
      fail(*witness, "the link did not bring an answer in time");
    if (witness->phase != Phase::Resting || now < witness->next || !wanted(*witness)) continue;
    witness->rounds = 0;
    prepare(witness);
  }
}

void Witnesses::prepare(const WitnessPtr& witness) {
  const auto log_key = certs::parse_verifier_key(calls_.log_key());
  if (!log_key.ok()) return;  // the publisher says what that means
  witness->phase = Phase::Preparing;
  if (!witness->loaded) {
    elsewhere<Result<audit::Witnessing>>(
        witness,
        [disk = disk_, log = *log_key, key = witness->settings.key] {
          return audit::read_witnessing(disk->files, disk->directory, log, key);
        },
        [this, witness](const Result<audit::Witnessing>& found) {
          witness->loaded = true;
          if (found.ok()) {
            witness->size = witness->old_size = found->checkpoint.head.size;
            witness->seconds = found->seconds;
          }
          rest(*witness, 0);
        });
    return;
  }
  elsewhere<Result<audit::AddCheckpoint>>(
      witness,
      [disk = disk_, old_size = witness->old_size] {
        return audit::make_add_checkpoint(disk->files, disk->directory, old_size);
      },
      [this, witness](Result<audit::AddCheckpoint> request) { send(*witness, std::move(request)); });
}

void Witnesses::send(Witness& witness, Result<audit::AddCheckpoint> request) {
  if (!request.ok() && request.error().code == Code::Invalid)  // the log is smaller than what it has seen
    return refuse(witness, witness.old_size, request.error().message);
  if (!request.ok()) return fail(witness, request.error().message);
  const auto head = audit::parse_signed_checkpoint(request->checkpoint, "the checkpoint");
  if (!head.ok()) return fail(witness, head.error().message);
  const std::string body = audit::format_add_checkpoint(*request);
  if (body.size() > ipc::kErrandBody) return fail(witness, "the checkpoint with its signatures is too large");
  witness.asked = std::move(request->checkpoint);
  witness.asked_size = head->head.size;
  witness.errand = ++last_errand_;
  if (!calls_.carry({witness.errand, witness.settings.name, body}))
    return fail(witness, "the link, which would ask it, is not running");
  witness.phase = Phase::Asked;
  witness.deadline = clock_.monotonic() + kPatience;
}

bool Witnesses::take(const ipc::Delivered& delivered) {
  if (delivered.id == 0 || delivered.id > last_errand_) return false;
  for (const WitnessPtr& witness : witnesses_) {
    if (witness->phase != Phase::Asked || witness->errand != delivered.id) continue;
    take_answer(witness, delivered.status, delivered.body);
    break;  // anything else is late
  }
  return true;
}

void Witnesses::take_answer(const WitnessPtr& witness, std::uint16_t status, std::string_view body) {
  if (status == 0) return fail(*witness, base::printable(body, kQuoted));
  if (status == 200) {
    auto cosigned = audit::take_cosignature(witness->asked, body, witness->settings.key);
    if (!cosigned.ok()) return fail(*witness, cosigned.error().message);
    if (!is_near(cosigned->seconds, clock_.wall()))
      return fail(*witness, "the time that it states is more than a day from ours");
    return keep(witness, *std::move(cosigned));
  }
  if (status == 409) return take_conflict(witness, body);
  if (status == 422) {
    return refuse(
        *witness, witness->old_size,
        "what it saw as the first " + number(witness->old_size) + " events are not those of this log (422)");
  }
  if (status == 429) return rest(*witness, kEvery);  // it keeps its own pace
  fail(*witness, meaning_of(status));
}

void Witnesses::take_conflict(const WitnessPtr& witness, std::string_view body) {
  const auto seen = audit::parse_conflict(body);
  if (!seen) return fail(*witness, "it answered 409 without the size that it has seen");
  if (*seen > witness->asked_size) {
    return refuse(*witness, *seen,
                  "it has seen " + number(*seen) + " events, and this log has " +
                      number(witness->asked_size) + ": it was rolled back");
  }
  if (*seen == witness->asked_size && *seen == witness->old_size)
    return refuse(*witness, *seen, "it has seen other events as the first " + number(*seen));
  if (++witness->rounds >= kRounds || *seen == witness->old_size)
    return fail(*witness, "it contradicts itself about what it has seen (409)");
  witness->old_size = *seen;
  prepare(witness);
}

void Witnesses::keep(const WitnessPtr& witness, audit::Cosigned cosigned) {
  witness->phase = Phase::Keeping;
  const std::string line = cosigned.checkpoint.substr(witness->asked.size());
  elsewhere<base::Status>(
      witness,
      [disk = disk_, key = witness->settings.key, note = std::move(cosigned.checkpoint)] {
        const std::lock_guard lock(disk->writing);
        return audit::put_witnessing(disk->files, disk->directory, key, note);
      },
      [this, witness, line, seconds = cosigned.seconds](const base::Status& kept) {
        if (!kept.ok()) return fail(*witness, "its cosignature cannot be kept: " + kept.error().message);
        this->cosigned(*witness, seconds, line);
      });
}

void Witnesses::cosigned(Witness& witness, std::uint64_t seconds, const std::string& line) {
  const bool news = witness.size == 0 || witness.told;
  witness.size = witness.old_size = witness.asked_size;
  witness.seconds = seconds;
  witness.failures = 0;
  witness.failing_since = 0;
  witness.told = witness.refused = false;
  witness.problem.clear();
  rest(witness, kEvery);
  if (news) {
    calls_.record(EventType::LogWitnessed, witness.settings.name,
                  Detail()
                      .text("witness", witness.settings.name)
                      .number("size", static_cast<std::int64_t>(witness.size))
                      .done());
  }
  calls_.on_cosigned(witness.size, line);
}

void Witnesses::fail(Witness& witness, std::string why) {
  const base::Micros now = clock_.wall();
  if (witness.failing_since == 0) witness.failing_since = now;
  if (why != witness.problem)
    base::log_warning("the witness " + witness.settings.name + " has not cosigned the log: " + why);
  witness.problem = std::move(why);
  witness.refused = false;
  rest(witness, std::min(kLongestPause, kEvery << std::min(witness.failures++, 8)));
  if (witness.told || now - witness.failing_since < kFailedFor) return;
  witness.told = true;
  calls_.record(EventType::LogWitnessFailed, witness.settings.name,
                Detail()
                    .text("witness", witness.settings.name)
                    .number("size", static_cast<std::int64_t>(witness.size))
                    .time("since", witness.failing_since)
                    .text("why", witness.problem)
                    .done());
}

void Witnesses::refuse(Witness& witness, std::uint64_t seen, std::string why) {
  const base::Micros now = clock_.wall();
  if (witness.failing_since == 0) witness.failing_since = now;
  witness.refused = true;
  witness.problem = std::move(why);
  rest(witness, 2 * kEvery);
  const bool told = witness.refused_told != 0 && now >= witness.refused_told;
  if (told && now - witness.refused_told < kRefusedAgain) return;
  witness.refused_told = now;
  witness.told = true;
  base::log_error("the witness " + witness.settings.name + " refused the log: " + witness.problem);
  calls_.record(EventType::LogWitnessRefused, witness.settings.name,
                Detail()
                    .text("witness", witness.settings.name)
                    .number("size", static_cast<std::int64_t>(witness.asked_size))
                    .number("seen", static_cast<std::int64_t>(seen))
                    .text("why", witness.problem)
                    .done());
}

void Witnesses::rest(Witness& witness, base::Nanos pause) {
  witness.phase = Phase::Resting;
  witness.next = clock_.monotonic() + pause;
}

void Witnesses::link_gone() {
  for (const WitnessPtr& witness : witnesses_) {
    if (witness->phase == Phase::Asked) rest(*witness, base::kSecond);  // its successor asks again
  }
}

Json Witnesses::status() const {
  Json out = Json::array();
  for (const WitnessPtr& witness : witnesses_) {
    const bool failing = witness->failing_since != 0;
    const char* state = failing ? "failing" : "new";
    if (!failing && witness->size > 0) state = "cosigned";
    if (witness->refused) state = "refused";
    Json one{{"name", witness->settings.name}, {"url", witness->settings.url}, {"state", state}};
    if (witness->size > 0) {
      one["size"] = witness->size;
      one["time"] = time_text(witness->seconds);
    }
    if (!witness->problem.empty()) one["problem"] = witness->problem;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace postern::ledger
