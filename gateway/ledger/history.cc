// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/history.h"

#include <algorithm>
#include <functional>
#include <map>

#include "audit/event.h"
#include "base/json.h"

namespace postern::ledger {
namespace {

using audit::EventFields;
using audit::EventType;
using base::Result;
using base::Status;

constexpr std::size_t kAtOnce = 4'096;  // lines

// As counting.cc counts it when it comes: what has not been said is 0, and what cannot be moves no sum back.
std::int64_t count_in(const base::Json& detail, const char* key) {
  return std::clamp<std::int64_t>(base::json_number_or(detail, key, 0), 0, kMostExchangeBytes);
}

std::int64_t response_bytes_in(const base::Json& detail) {
  return std::max(count_in(detail, "response_bytes"), count_in(detail, "handed_bytes"));
}

using OnEvent = std::function<void(std::uint64_t index, const EventFields& event, std::string_view line)>;

// on_line sees every line, on_event those that are events.
Status read_from(audit::JournalReader& journal, std::uint64_t index, std::uint64_t end, const OnLine& on_line,
                 const OnEvent& on_event) {
  while (index < end) {
    const auto lines = journal.read(index, std::min<std::uint64_t>(kAtOnce, end - index));
    if (!lines.ok()) return lines.error();
    for (const std::string& line : *lines) {
      if (on_line) on_line(line);
      const auto event = audit::read_event_head(line);
      if (event.ok()) on_event(index, *event, line);
      ++index;
    }
    if (lines->empty()) break;
  }
  return base::Ok{};
}

// First pass: the fold, what was done of grants that say how much there may be (a cut for retention leaves out nothing of
// one that has not ended), and where each session began.
class Folding {
 public:
  Folding(History& history, std::uint64_t size)
      : history_(history), first_id_(size > kRecentIds ? size - kRecentIds : 0) {}

  void take(std::uint64_t index, const EventFields& event, std::string_view line) {
    if (index >= first_id_) history_.ids.add(event.id);
    if (event.type == EventType::SessionEnded) {
      const auto open = history_.state.sessions().find(event.session);
      if (open != history_.state.sessions().end()) uses().session_ends(event.session, open->second.engineer);
    }
    if (state::State::concerns(audit::text_of(event.type).name)) {
      const auto json = base::parse_json(line);
      if (json.ok()) history_.state.apply(*json);
    }
    if (event.type == EventType::GrantStarted || event.type == EventType::GrantEnded)
      uses().grant_changed(history_.state, event.subject);
    take_use(event);
    if (event.type == EventType::LogKeyChanged) take_key(index, event);
    if (auto record = audit::read_retention(index, event)) history_.retentions.push_back(*std::move(record));
    history_.newest = event.time;
    if (event.type == EventType::SessionOpened) began_[std::string(event.session)] = index;
    if (event.type == EventType::SessionEnded) began_.erase(std::string(event.session));
    // A session that was used shortly before we went down has not been idle since it opened.
    if (!event.session.empty()) history_.state.touch(event.session, event.time);
  }

  std::uint64_t oldest_open(std::uint64_t otherwise) const {
    for (const auto& [session, index] : began_) otherwise = std::min(otherwise, index);
    return otherwise;
  }

 private:
  GrantUses& uses() { return history_.tallies.grant_uses(); }

  void take_use(const EventFields& event) {
    if (event.type == EventType::ExchangeForwarded)
      uses().add(history_.state, event.session, {1, 0}, event.time);
    if (event.type != EventType::ExchangeCompleted || uses().counted(history_.state, event.session).empty())
      return;
    const auto detail = base::parse_json(event.detail);
    if (!detail.ok()) return;
    uses().add(history_.state, event.session, {0, response_bytes_in(*detail)}, event.time);
  }

  void take_key(std::uint64_t index, const EventFields& event) {
    const auto detail = base::parse_json(event.detail);
    if (!detail.ok()) return;
    history_.key_ordered = base::json_text_or(*detail, "new", "");
    history_.key_ordered_after = index + 1;
  }

  History& history_;
  std::uint64_t first_id_;
  std::map<std::string, std::uint64_t> began_;
};

void count(Tallies& tallies, const EventFields& event) {
  Tally* tally = tallies.find(event.session);
  if (tally == nullptr) return;
  if (event.type == EventType::ExchangeForwarded) ++tally->exchanges;
  if (event.type == EventType::ExchangeRefused) ++tally->refused;
  if (event.type != EventType::ExchangeCompleted) return;
  const auto detail = base::parse_json(event.detail);
  if (!detail.ok()) return;
  tally->add(
      {0, 0, count_in(*detail, "request_bytes"), response_bytes_in(*detail), count_in(*detail, "redacted")});
}

}  // namespace

Result<History> read_history(audit::JournalReader& journal, const OnLine& on_line, const Reading& reading) {
  if (Status fresh = journal.refresh(); !fresh.ok()) return fresh.error();
  History history;
  const std::uint64_t end = std::min(journal.size(), reading.upto);
  const std::uint64_t begin = reading.from == nullptr ? 0 : reading.from->first;
  history.events = end;
  if (reading.from != nullptr) {
    history.state = reading.from->state;
    history.key_ordered = reading.from->key_ordered;
  }
  Folding folding(history, end);
  Status status = read_from(journal, begin, end, on_line,
                            [&folding](std::uint64_t index, const EventFields& event, std::string_view line) {
                              folding.take(index, event, line);
                            });
  if (!status.ok()) return status.error();
  for (const auto& [id, session] : history.state.sessions()) history.tallies.open(id);
  status = read_from(journal, folding.oldest_open(end), end, {},
                     [&history](std::uint64_t, const EventFields& event, std::string_view) {
                       count(history.tallies, event);
                     });
  if (!status.ok()) return status.error();
  return history;
}

}  // namespace postern::ledger
