// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/line_reports.h"

#include <algorithm>
#include <array>
#include <set>

#include "audit/log_files.h"
#include "audit/tiler.h"
#include "base/bytes.h"
#include "base/log.h"
#include "line/witness.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;

constexpr std::size_t kLineFile = 4096;         // bytes
constexpr const char* kLineName = "line.json";  // in the state directory
constexpr std::string_view kLinePlace = "mission-control";
constexpr std::size_t kQuotedRefusal = 200;  // bytes of what Mission Control says, in a problem
constexpr int kTaken = 200, kBadForm = 400, kTooLarge = 413;
constexpr std::string_view kEvents = "events";
constexpr std::array<std::string_view, 13> kWanted{
    "gateway.", "node.",        "component.",      "remote_gateway.", "host.",      "update.",
    "link.",    "certificate.", "log.unavailable", "log.recovered",   "role.ended", "sandbox.violated",
    "session."};

// Whether the events are shared from this one on; nothing: it is not about that.
std::optional<bool> sharing_changed(const audit::EventFields& event) {
  if (event.type != EventType::PermissionChanged || event.subject != kEvents) return std::nullopt;
  const auto detail = base::parse_json(event.detail, audit::kDetailDepthLimit);
  if (!detail.ok() || base::json_text_or(*detail, "what", "") != "sharing") return std::nullopt;
  return base::json_text_or(*detail, "new", "") == "on";
}

}  // namespace

LineTerms parse_line_terms(const Json& part) {
  const auto found = part.find("line");
  if (found == part.end() || !found->is_object()) return {};
  return {true, found->value("registration", Json::object()), base::json_bool_or(*found, "tunnel", false)};
}

bool wanted_by_vendor(EventType type, std::string_view subject) {
  if (type == EventType::PermissionChanged) return subject == "remote_access";
  const std::string_view name = audit::text_of(type).name;
  return std::any_of(kWanted.begin(), kWanted.end(),
                     [name](std::string_view one) { return name.starts_with(one); });
}

line::Report report_of(const Notice& notice) {
  line::Report report{notice.id, line::Kind::Event, 1, notice.time, Json::object()};
  report.body = {{"type", audit::text_of(notice.type).name}, {"severity", audit::name_of(notice.severity)}};
  // The subject of a session is a person.
  const bool of_person = audit::text_of(notice.type).subject == "engineer";
  if (!notice.subject.empty() && !of_person) report.body["subject"] = notice.subject;
  if (!notice.outcome.empty()) report.body["outcome"] = notice.outcome;
  if (!notice.start.empty()) report.body["start"] = notice.start;
  if (!notice.why.empty()) report.body["why"] = notice.why;
  return report;
}

ReportBacklog::ReportBacklog(audit::FileSystem& files, const std::string& directory) {
  const auto text = audit::read_whole(files, directory + "/" + kLineName, kLineFile);
  if (!text.ok()) return;
  const auto json = base::parse_json(*text, 4);
  if (!json.ok()) return;
  next = static_cast<std::uint64_t>(std::max<std::int64_t>(0, base::json_number_or(*json, "next", 0)));
  shares = base::json_bool_or(*json, "shares", false);
}

void ReportBacklog::take(std::uint64_t index, std::string_view line) {
  if (index < next) return;
  const auto event = audit::read_event_head(line);
  if (!event.ok()) return;
  if (const auto changed = sharing_changed(*event)) {
    shares = *changed;
    waiting.clear();
  }
  if (!shares || !wanted_by_vendor(event->type, event->subject)) return;
  waiting.push_back(notice_of(index, *event));
  // One more than may wait, so that it is seen that some are given up.
  if (waiting.size() > LineReports::kMostWaiting + 1) waiting.pop_front();
}

LineReports::LineReports(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files,
                         std::string directory, Calls calls)
    : clock_(clock),
      calls_(std::move(calls)),
      copies_(loop, files, directory),
      file_(loop, files, std::move(directory), kLineName) {}

LineReports::~LineReports() { *alive_ = false; }

// The state decides; the file may be ahead of the log, or gone.
void LineReports::begin(ReportBacklog backlog, bool shares, std::uint64_t events) {
  shares_ = shares;
  next_ = shares == backlog.shares ? std::min(backlog.next, events) : events;
  if (shares && backlog.shares) waiting_ = std::move(backlog.waiting);
}

void LineReports::configure(LineTerms terms) {
  const bool anew = terms.enrolled && (!terms_.enrolled || terms.registration != terms_.registration);
  terms_ = std::move(terms);
  if (!anew) return;
  forget_document();
  registration_ = ids_.make(clock_.wall());
  heartbeat_ = 0;
  next_try_ = 0;
}

void LineReports::saw(std::uint64_t index, const audit::EventFields& event) {
  // What was measured may have something that is not shared any more.
  if (measured_ && event.type == EventType::PermissionChanged) forget_document();
  if (const auto changed = sharing_changed(event)) {
    shares_ = *changed;
    waiting_.clear();
    forget_document();
    next_ = index + 1;
    file_.changed();
  }
  if (!terms_.enrolled || !shares_ || !wanted_by_vendor(event.type, event.subject)) return;
  waiting_.push_back(notice_of(index, event));
  keep_bounded();
}

// Those at the front may be under way: they stay as long as that lasts.
void LineReports::keep_bounded() {
  while (waiting_.size() > kMostWaiting + under_way_) {
    give_up_first(under_way_);
  }
}

void LineReports::give_up_first(std::size_t spared) {
  given_up_last_ = waiting_[spared].id;
  if (spared == 0) next_ = waiting_.front().index + 1;
  waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(spared));
  ++given_up_;
  file_.changed();
}

void LineReports::tell_given_up() {
  const base::Micros now = clock_.wall();
  if (given_up_ == 0 || (given_up_told_ != 0 && now < given_up_told_ + kGivenUpEvery)) return;
  given_up_told_ = now;
  calls_.record({EventType::LinkReportsGivenUp,
                 "gateway",
                 {},
                 std::string(kEvents),
                 {},
                 Detail()
                     .text("event", given_up_last_)
                     .number("count", std::exchange(given_up_, 0))
                     .text("why", problem_)
                     .done(),
                 false});
}

void LineReports::look(std::uint64_t durable) {
  if (phase_ == Phase::Asked && clock_.monotonic() >= deadline_)
    fail("the link did not bring an answer in time");
  keep_bounded();
  tell_given_up();
  if (phase_ == Phase::Resting) look_at_log_key();
  if (terms_.enrolled && phase_ == Phase::Resting && clock_.monotonic() >= next_try_) send(durable);
  save();
}

line::Report LineReports::registration() const {
  line::Report report{registration_, line::Kind::Registration, 1, clock_.wall(), terms_.registration};
  if (!registered_log_.empty()) report.body[line::kLogOfRegistration] = registered_log_;
  return report;
}

// Mission Control, as a witness, knows by it which log is ours.
void LineReports::look_at_log_key() {
  const std::string key = calls_.log_key();
  if (key.empty() || key == registered_log_) return;
  registered_log_ = key;
  if (!terms_.enrolled) return;
  forget_document();
  registration_ = ids_.make(clock_.wall());
}

std::vector<line::Report> LineReports::due(std::uint64_t durable) {
  const base::Micros now = clock_.wall();
  std::vector<line::Report> out;
  if (!registration_.empty()) out.push_back(registration());
  heartbeat_id_.clear();
  if (clock_.monotonic() >= heartbeat_) {
    heartbeat_id_ = ids_.make(now);
    out.push_back({heartbeat_id_, line::Kind::Heartbeat, 1, now, Json{{"waiting", waiting_.size()}}});
  }
  std::size_t bytes = 0;
  for (const line::Report& one : out) bytes += line::format({one}).size();
  const auto fits = [&](line::Report report) {
    const std::size_t size = line::format({report}).size();
    if (out.size() == line::kMostReports || bytes + size > ipc::kErrandBody) return false;
    bytes += size;
    out.push_back(std::move(report));
    return true;
  };
  // What does not fit goes with the next one: it stands until it was taken.
  for (line::Report& one : calls_.standings(durable)) {
    if (!fits(std::move(one))) break;
  }
  under_way_ = 0;
  for (const Notice& notice : waiting_) {
    if (notice.index >= durable || under_way_ == most_ || !fits(report_of(notice))) break;
    ++under_way_;
  }
  return out;
}

// What is under way goes on, and its answer means nothing.
void LineReports::forget_document() {
  document_.clear();
  under_way_ = 0;
  measured_ = false;
}

// By turns, where both have something.
std::vector<line::Report> LineReports::next_reports(std::uint64_t durable) {
  under_way_ = 0;
  measured_turn_ = !measured_turn_;
  std::vector<line::Report> reports = measured_turn_ ? calls_.measured() : due(durable);
  measured_ = measured_turn_ && !reports.empty();
  if (reports.empty()) {
    reports = measured_turn_ ? due(durable) : calls_.measured();
    measured_ = !measured_turn_ && !reports.empty();
  }
  measured_ids_.clear();
  if (measured_) {
    for (const line::Report& one : reports) measured_ids_.push_back(one.id);
  }
  return reports;
}

void LineReports::send(std::uint64_t durable) {
  if (!document_.empty()) return give();
  const std::vector<line::Report> reports = next_reports(durable);
  if (reports.empty()) return;
  document_ = line::format(reports);
  phase_ = Phase::Copying;
  copies_.keep(clock_.wall(), document_,
               [this, document = document_, alive = alive_](const base::Status& status) {
                 if (*alive) copied(document, status);
               });
}

void LineReports::copied(const std::string& document, const base::Status& status) {
  if (phase_ != Phase::Copying) return;
  phase_ = Phase::Resting;
  if (document != document_) return;
  if (status.ok()) return give();
  forget_document();
  fail("what is sent cannot be copied first: " + status.error().message);
}

// It is asked no faster than so, however often Mission Control says it.
void LineReports::asks_wait() {
  const base::Nanos now = clock_.monotonic();
  line_was_up_ = true;
  if (now - asked_for_asks_ < kAsksPause) {
    heartbeat_ = std::min(heartbeat_, now + kAsksPause);
    return;
  }
  asked_for_asks_ = now;
  heartbeat_ = 0;
  if (phase_ == Phase::Resting) next_try_ = 0;
}

void LineReports::give() {
  if (!measured_ && !heartbeat_id_.empty()) heartbeat_ = clock_.monotonic() + kHeartbeat;
  if (!calls_.carry({++last_errand_, kLinePlace, document_}))
    return fail("the link, which would send it, is not running");
  phase_ = Phase::Asked;
  deadline_ = clock_.monotonic() + kPatience;
}

bool LineReports::take(const ipc::Delivered& answer) {
  if (answer.id <= kFirstErrand || answer.id > last_errand_) return false;
  if (phase_ != Phase::Asked || answer.id != last_errand_) return true;  // late
  if (answer.status == 0) {
    lost_under_way();
    fail(base::printable(answer.body, kQuotedRefusal));
  } else if (answer.status != kTaken) {
    const line::Refusal refusal = line::parse_refusal(answer.body);
    if (answer.status == kBadForm || answer.status == kTooLarge) take_apart();
    fail("Mission Control answered " + std::to_string(answer.status) +
         (refusal.detail.empty() ? "" : ": " + base::printable(refusal.detail, kQuotedRefusal)));
  } else if (const auto said = line::parse_taken(answer.body); said.ok()) {
    taken(*said);
  } else {
    fail("Mission Control's answer cannot be read: " + said.error().message);
  }
  return true;
}

// The document as it is will never be taken: fewer events at a time, until the one that is at fault is alone, and is given up.
void LineReports::take_apart() {
  if (measured_) {
    calls_.measured_refused();
    return forget_document();
  }
  if (under_way_ == 1) give_up_first(0);
  most_ = std::max<std::size_t>(1, under_way_ / 2);
  forget_document();
}

// The line broke with the document: a network that breaks after some kilobytes would never let a whole one through. It is as
// large again once smaller ones went well.
void LineReports::lost_under_way() {
  if (!std::exchange(line_was_up_, false) || measured_ || under_way_ < 2) return;
  most_ = under_way_ / 2;
  forget_document();
}

// In order: behind one that was not taken, none counts as taken.
void LineReports::taken(const line::Taken& answer) {
  const std::set<std::string> ids(answer.ids.begin(), answer.ids.end());
  phase_ = Phase::Resting;
  if (document_.empty()) return;
  if (measured_) {
    const bool all = std::all_of(measured_ids_.begin(), measured_ids_.end(),
                                 [&ids](const std::string& id) { return ids.contains(id); });
    calls_.measured_taken(answer);
    return went_well(all);
  }
  calls_.standings_taken(answer);
  if (const auto said = answer.answers.find(heartbeat_id_); said != answer.answers.end())
    calls_.asked(said->second);
  if (ids.contains(registration_)) registration_.clear();
  std::size_t arrived = 0;
  while (arrived < under_way_ && ids.contains(waiting_[arrived].id)) ++arrived;
  const bool all = arrived == under_way_ && registration_.empty();
  for (; arrived > 0; --arrived) {
    next_ = waiting_.front().index + 1;
    waiting_.pop_front();
    file_.changed();
  }
  most_ = all ? std::min(line::kMostReports, 2 * most_) : most_;
  went_well(all);
}

void LineReports::went_well(bool all) {
  forget_document();
  if (!all) return fail("Mission Control did not take all that it was sent");
  const bool back = std::exchange(failures_, 0) > 0 || sent_ == 0;
  next_try_ = clock_.monotonic() + kPace;
  sent_ = clock_.wall();
  problem_.clear();
  if (back) calls_.line_is_back();
}

void LineReports::fail(std::string why) {
  if (why != problem_) base::log_warning("nothing could be reported to Mission Control: " + why);
  problem_ = std::move(why);
  phase_ = Phase::Resting;
  next_try_ = clock_.monotonic() + std::min(kLongestPause, kFirstPause << std::min(failures_++, 8));
}

void LineReports::link_gone() {
  if (phase_ == Phase::Asked) fail("the link, which sent it, ended");
}

void LineReports::save() {
  file_.save([this] { return base::dump_json(Json{{"v", 1}, {"next", next_}, {"shares", shares_}}) + "\n"; });
}

Json LineReports::status() const {
  if (!terms_.enrolled) return nullptr;
  Json out{{"waiting", waiting_.size()}};
  if (sent_ != 0) out["sent"] = base::format_time(sent_);
  if (!problem_.empty()) out["problem"] = problem_;
  return out;
}

}  // namespace postern::ledger
