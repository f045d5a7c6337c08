// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an auditor looks closely at: the exchanges of one session, one event, their proofs, and how much there was when.
#include <algorithm>

#include "base/ulid.h"
#include "console/api.h"
#include "console/commands.h"
#include "console/exchanges.h"
#include "console/log_prover.h"
#include "console/parameters.h"

namespace postern::console::api {
namespace {

constexpr std::size_t kMostProved = 5'000;  // events of one session
constexpr int kMostProving = 2;             // at once: each may take a second of a core
constexpr std::size_t kDefaultParts = 96;

Response no_such(std::string_view what) {
  return problem(404, "not_found", "There is no such " + std::string(what));
}

// The parameter as a number; fallback if it is not there. Nothing: it is no number.
std::optional<std::uint64_t> number_parameter(const Call& call, std::string_view name,
                                              std::uint64_t fallback) {
  const std::string text = call.parameter(name);
  return text.empty() ? fallback : parse_whole_number(text);
}

Response not_a_number(std::string_view name) {
  return log_problem(invalid_parameter(std::string(name) + " is a whole number"));
}

base::Json view_proof(const LogProof& proof, bool complete) {
  base::Json faults = base::Json::array();
  for (const LogProof::Fault& fault : proof.faults)
    faults.push_back({{"index", fault.index}, {"what", fault.what}});
  return {{"verified", proof.faults.empty()},
          {"checked", proof.checked},
          {"not_yet_signed", proof.beyond},
          {"complete", complete},
          {"faults", faults},
          {"checkpoint", {{"size", proof.size}, {"root", proof.root}}}};
}

Response proof_problem(const base::Error& error) {
  if (error.code == base::Code::NotFound)
    return problem(404, "not_found", "Nothing of the log is signed yet", "Try again in a few seconds.");
  return problem(500, "not_proved", "The signed log cannot be verified", error.message);
}

// The event that the path names, or the answer that there is none.
std::optional<audit::FoundEvent> event_of(Parts& parts, const CallPtr& call, const Reply& reply) {
  const std::string& id = call->captures[0];
  if (!base::is_ulid(id)) return reply(no_such("event")), std::nullopt;
  auto found = parts.log.find_event(id);
  if (!found.ok()) return reply(log_problem(found.error())), std::nullopt;
  if (!*found) return reply(no_such("event")), std::nullopt;
  return std::move(*found);
}

// Columns, as a plot takes them: one number per part in each.
base::Json view_histogram(const audit::Histogram& histogram, const audit::HistogramQuestion& question) {
  base::Json json{{"since", base::format_time(question.since)}, {"width_us", question.width}};
  for (const char* name : {"events", "warning", "severe", "exchanges", "refused"})
    json[name] = base::Json::array();
  for (const audit::HistogramPart& part : histogram.parts) {
    json["events"].push_back(part.events);
    json["warning"].push_back(part.warning);
    json["severe"].push_back(part.severe);
    json["exchanges"].push_back(part.forwarded);
    json["refused"].push_back(part.refused);
  }
  if (histogram.counted_from) json["counted_from"] = base::format_time(*histogram.counted_from);
  return json;
}

}  // namespace

void list_session_exchanges(Parts& parts, const CallPtr& call, const Reply& reply) {
  ExchangeQuestion question;
  question.session = call->captures[0];
  question.text = call->parameter("text");
  question.refused = call->parameter("outcome") == "refused";
  const std::string order = call->parameter("order");
  if (order != "" && order != "oldest" && order != "newest")
    return reply(log_problem(invalid_parameter("order is newest or oldest")));
  question.newest_first = order == "newest";
  const char* const edge = question.newest_first ? "before" : "after";
  const auto limit = number_parameter(*call, "limit", question.limit);
  const auto from = number_parameter(*call, edge, 0);
  if (!limit) return reply(not_a_number("limit"));
  if (!from) return reply(not_a_number(edge));
  question.limit = static_cast<std::size_t>(std::min<std::uint64_t>(*limit, kMostExchanges));
  if (!call->parameter(edge).empty()) question.from = *from;
  ask_log<base::Json>(
      parts, reply, [question](LogReader& log) { return list_exchanges(log, question); },
      [&parts, call](const base::Json& page) {
        const bool noted = note_reading(parts, *call, {"session", call->captures[0], -1, false});
        return noted ? json_response(page) : unrecorded_problem();
      });
}

void verify_session(Parts& parts, const CallPtr& call, const Reply& reply) {
  audit::EventFilter filter;
  filter.session = call->captures[0];
  filter.oldest_first = true;
  filter.limit = kMostProved;
  auto found = parts.log.find(filter);
  if (!found.ok()) return reply(log_problem(found.error()));
  if (found->events.empty()) return reply(no_such("session"));
  if (parts.proving >= kMostProving)
    return reply(problem(base::Refusal::LimitReached, "Others are being verified: try again in a moment."));
  if (!note_reading(parts, *call, {"session", "verify " + filter.session, -1, false}))
    return reply(unrecorded_problem());
  struct Work {
    std::vector<std::pair<std::uint64_t, std::string>> lines;
    std::string directory, key;
    std::optional<base::Result<LogProof>> proof;
  };
  auto work = std::make_shared<Work>();
  for (audit::FoundEvent& event : found->events) work->lines.emplace_back(event.index, std::move(event.line));
  work->directory = parts.log.log_directory();
  work->key = parts.ledger.published().verifier_key;
  ++parts.proving;
  const bool complete = !found->next || work->lines.size() < kMostProved;
  parts.loop.run_elsewhere(
      [work] { work->proof = prove_lines(work->directory, work->key, work->lines); },
      [&parts, work, complete, reply, life = std::weak_ptr<const bool>(parts.life)] {
        if (life.expired()) return;
        --parts.proving;
        const base::Result<LogProof>& proof = *work->proof;
        reply(proof.ok() ? json_response(view_proof(*proof, complete)) : proof_problem(proof.error()));
      });
}

void show_event(Parts& parts, const CallPtr& call, const Reply& reply) {
  const auto event = event_of(parts, call, reply);
  if (!event) return;
  if (!note_reading(parts, *call, {"events", "id=" + call->captures[0], 1, false}))
    return reply(unrecorded_problem());
  const auto json = event_json(event->index, event->line);
  reply(json ? json_response(*json) : no_such("event"));
}

void prove_event(Parts& parts, const CallPtr& call, const Reply& reply) {
  const auto event = event_of(parts, call, reply);
  if (!event) return;
  auto proof = make_event_proof(parts.log.log_directory(), event->index);
  if (!proof.ok() && proof.error().code == base::Code::NotFound)
    return reply(problem(404, "not_found", "This event is not under a checkpoint yet",
                         proof.error().message + "; try again in a few seconds"));
  if (!proof.ok()) return reply(log_problem(proof.error()));
  if (!note_reading(parts, *call, {"export", "proof of " + call->captures[0], 1, true}))
    return reply(unrecorded_problem());
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.fields.emplace_back("content-disposition",
                               "attachment; filename=\"event-" + call->captures[0] + ".tlog-proof\"");
  response.body = std::move(*proof);
  reply(std::move(response));
}

void show_histogram(Parts& parts, const CallPtr& call, const Reply& reply) {
  const base::Micros now = parts.loop.wall();
  const std::string since = call->parameter("since").empty() ? "24h" : call->parameter("since");
  const auto begin = parse_moment(since, now);
  if (!begin.ok()) return reply(log_problem(invalid_parameter("since: " + begin.error().message)));
  if (*begin >= now) return reply(log_problem(invalid_parameter("since lies in the past")));
  const auto count = number_parameter(*call, "parts", kDefaultParts);
  if (!count || *count == 0 || *count > audit::kMostHistogramParts)
    return reply(
        log_problem(invalid_parameter("parts is 1 to " + std::to_string(audit::kMostHistogramParts))));
  audit::HistogramQuestion question;
  question.since = *begin;
  question.parts = static_cast<std::size_t>(*count);
  const auto parts_asked = static_cast<base::Micros>(*count);
  question.width = std::max<base::Micros>(1, (now - *begin + parts_asked - 1) / parts_asked);
  ask_log<audit::Histogram>(
      parts, reply, [question](LogReader& log) { return log.histogram(question); },
      [question](const audit::Histogram& histogram) {
        return json_response(view_histogram(histogram, question));
      });
}

}  // namespace postern::console::api
