// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/exchanges.h"

#include <algorithm>
#include <map>

namespace postern::console {
namespace {

constexpr std::size_t kMostLookedAt = 5'000;
constexpr std::size_t kEndsAtOnce = 1'000;

base::Json exchange_of(const audit::FoundEvent& found) {
  auto event = base::parse_json(found.line);
  if (!event.ok() || !event->is_object()) return nullptr;
  base::Json exchange = event->value("detail", base::Json::object());
  if (!exchange.is_object()) exchange = base::Json::object();
  exchange["event"] = base::json_text_or(*event, "id", "");
  exchange["time"] = base::json_text_or(*event, "time", "");
  exchange["index"] = found.index;
  const bool refused = base::json_text_or(*event, "type", "") == "exchange.refused";
  exchange["outcome"] = refused ? "refused" : "open";
  if (const std::string policy = base::json_text_or(*event, "policy", ""); !policy.empty())
    exchange["policy"] = policy;
  const std::string capability = base::json_text_or(*event, "subject", "");
  if (!capability.empty() && !exchange.contains("capability")) exchange["capability"] = capability;
  return exchange;
}

// The end of an exchange: its own figures count, those announced at the begin do not.
void close_exchange(base::Json& exchange, const base::Json& end) {
  for (const char* key :
       {"status", "request_bytes", "response_bytes", "duration_us", "component_us", "outcome", "code",
        "cut_reason", "cut_us", "bytes_after_cut", "retried", "protocol", "redacted", "redactions",
        "messages_in", "messages_out", "client_close", "component_close", "closed_by"}) {
    if (const auto found = end.find(key); found != end.end()) exchange[key] = *found;
  }
}

// The exchanges that are still to be closed, by the event of their begin.
using Open = std::map<std::string, base::Json*>;

base::Status close_all(LogReader& log, const std::string& session, std::uint64_t from, Open open) {
  audit::EventFilter filter;
  filter.session = session;
  filter.types = {"exchange.completed"};
  filter.oldest_first = true;
  filter.after = from;
  filter.limit = kEndsAtOnce;
  for (std::size_t looked_at = 0; !open.empty() && looked_at < kMostLookedAt;) {
    const auto found = log.find(filter);
    if (!found.ok()) return found.error();
    for (const audit::FoundEvent& one : found->events) {
      const auto event = base::parse_json(one.line);
      if (!event.ok() || !event->contains("detail")) continue;
      const base::Json& end = (*event)["detail"];
      const auto begun = open.find(base::json_text_or(end, "forwarded", ""));
      if (begun == open.end()) continue;
      close_exchange(*begun->second, end);
      open.erase(begun);
    }
    if (!found->next) break;
    looked_at += found->events.size();
    filter.after = found->next;
  }
  return base::Ok{};
}

}  // namespace

base::Result<base::Json> list_exchanges(LogReader& log, const ExchangeQuestion& question) {
  audit::EventFilter filter;
  filter.session = question.session;
  filter.types = {"exchange.refused"};
  if (!question.refused) filter.types.emplace_back("exchange.forwarded");
  filter.text = question.text;
  filter.oldest_first = !question.newest_first;
  (question.newest_first ? filter.before : filter.after) = question.from;
  filter.limit = std::clamp<std::size_t>(question.limit, 1, kMostExchanges);
  const auto found = log.find(filter);
  if (!found.ok()) return found.error();
  base::Json items = base::Json::array();
  for (const audit::FoundEvent& event : found->events) {
    if (base::Json exchange = exchange_of(event); exchange.is_object()) items.push_back(std::move(exchange));
  }
  Open open;
  for (base::Json& exchange : items) {
    if (exchange["outcome"] == "open") open.emplace(exchange["event"].get<std::string>(), &exchange);
  }
  if (!open.empty()) {
    const std::uint64_t oldest = (question.newest_first ? found->events.back() : found->events.front()).index;
    const auto closed = close_all(log, question.session, oldest, std::move(open));
    if (!closed.ok()) return closed.error();
  }
  base::Json page{{"items", std::move(items)}};
  if (found->next) page["next"] = *found->next;
  return page;
}

}  // namespace postern::console
