// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/notices.h"

#include <algorithm>

#include "audit/log_files.h"
#include "audit/tiler.h"
#include "base/bytes.h"
#include "base/crypto.h"
#include "base/log.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;
using base::Result;
using base::Status;

constexpr std::size_t kProgressFile = 64U << 10U;  // bytes
constexpr std::size_t kQuotedAnswer = 200;         // bytes of what a receiver says, in a problem
constexpr std::uint64_t kLag =
    1'000;  // events that a target at rest may be behind, before that is written down
constexpr int kTooManyRequests = 429;

constexpr const char* kProgressName = "notifications.json";  // in the state directory

// A quarter more or less, so that many who failed together do not come back together.
base::Nanos with_jitter(base::Nanos pause) {
  const auto byte = static_cast<unsigned char>(base::random_bytes(1)[0]);
  return pause * 3 / 4 + pause * byte / 512;
}

bool is_about_notifications(EventType type) { return audit::text_of(type).name.starts_with("notification."); }

const char* kind_of(const NoticeTarget& target) { return target.mail ? "email" : "webhook"; }

// How the detail of each event about a target begins.
Detail& about(Detail& detail, const NoticeTarget& target) {
  return detail.text("target", target.name).text("kind", kind_of(target));
}

}  // namespace

bool NoticeTarget::operator==(const NoticeTarget& other) const {
  return name == other.name && where == other.where && mail == other.mail && events == other.events &&
         severity == other.severity && head.from == other.head.from && head.to == other.head.to;
}

bool NoticeTarget::wants(EventType type, audit::Severity of, std::string_view subject) const {
  if (type == EventType::NotificationTested) return subject == name;
  if (is_about_notifications(type)) return false;
  if (severity && of >= *severity) return true;
  const std::string_view text = audit::text_of(type).name;
  return std::any_of(events.begin(), events.end(), [text](const std::string& one) {
    return one == text ||
           (one.ends_with(".*") && text.starts_with(std::string_view(one).substr(0, one.size() - 1)));
  });
}

std::vector<NoticeTarget> parse_notice_targets(const Json& part) {
  std::vector<NoticeTarget> out;
  const auto texts = [](const Json& object, const char* key) {
    std::vector<std::string> items;
    for (const Json& item : object.value(key, Json::array())) {
      if (item.is_string()) items.push_back(item.get<std::string>());
    }
    return items;
  };
  for (const Json& one : part.value("notifications", Json::array())) {
    NoticeTarget target;
    target.name = base::json_text_or(one, "name", "");
    target.where = base::json_text_or(one, "where", "");
    target.mail = base::json_text_or(one, "kind", "") == "email";
    target.events = texts(one, "events");
    target.severity = audit::severity_from_name(base::json_text_or(one, "severity", "none"));
    target.head = {base::json_text_or(one, "from", ""), texts(one, "to")};
    out.push_back(std::move(target));
  }
  return out;
}

std::string format_notice_progress(const NoticeProgresses& all) {
  Json targets = Json::object();
  for (const auto& [name, one] : all) targets[name] = {{"next", one.next}, {"delivered", one.delivered}};
  return base::dump_json(Json{{"v", 1}, {"targets", std::move(targets)}}) + "\n";
}

NoticeProgresses parse_notice_progress(std::string_view text) {
  NoticeProgresses out;
  const auto json = base::parse_json(text, 8);
  if (!json.ok() || !json->is_object() || base::json_number_or(*json, "v", 0) != 1) return out;
  const auto targets = json->find("targets");
  if (targets == json->end() || !targets->is_object()) return out;
  for (const auto& [name, one] : targets->items()) {
    const std::int64_t next = base::json_number_or(one, "next", -1);
    if (next < 0) continue;
    out[name] = {static_cast<std::uint64_t>(next),
                 std::max<base::Micros>(0, base::json_number_or(one, "delivered", 0))};
  }
  return out;
}

NoticeBacklog::NoticeBacklog(audit::FileSystem& files, const std::string& directory,
                             std::vector<NoticeTarget> of)
    : targets(std::move(of)) {
  const auto text = audit::read_whole(files, directory + "/" + kProgressName, kProgressFile);
  if (text.ok()) progress = parse_notice_progress(*text);
}

void NoticeBacklog::take(std::uint64_t index, std::string_view line) {
  for (const NoticeTarget& target : targets) {
    const auto known = progress.find(target.name);
    if (known == progress.end() || index < known->second.next) continue;
    const auto event = audit::read_event_head(line);
    if (!event.ok()) return;
    if (!target.wants(event->type, event->severity, event->subject)) continue;
    auto& of = waiting[target.name];
    of.push_back(notice_of(index, *event));
    // One more than may wait, so that it is seen that some are given up.
    if (of.size() > Notices::kMostWaiting + 1) of.pop_front();
  }
}

Notices::Notices(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files, std::string directory,
                 Calls calls)
    : clock_(clock), calls_(std::move(calls)), file_(loop, files, std::move(directory), kProgressName) {}

Notices::~Notices() { *alive_ = false; }

void Notices::begin(NoticeBacklog backlog, std::uint64_t events) {
  configure(backlog.targets, events);
  for (const TargetPtr& target : targets_) {
    const auto known = backlog.progress.find(target->settings.name);
    if (known == backlog.progress.end()) continue;
    target->progress = known->second;
    target->waiting = std::move(backlog.waiting[target->settings.name]);
  }
}

void Notices::configure(std::vector<NoticeTarget> targets, std::uint64_t events) {
  std::vector<TargetPtr> next;
  for (NoticeTarget& settings : targets) {
    const auto known = std::find_if(targets_.begin(), targets_.end(), [&](const TargetPtr& one) {
      return one->settings.name == settings.name;
    });
    next.push_back(known == targets_.end() ? std::make_shared<Target>() : *known);
    if (known == targets_.end()) next.back()->progress.next = events;
    if (known != targets_.end() && !(next.back()->settings == settings))
      next.back()->next = 0;  // perhaps mended
    next.back()->settings = std::move(settings);
  }
  if (next != targets_) file_.changed();
  targets_ = std::move(next);
}

std::vector<std::string> Notices::names() const {
  std::vector<std::string> out;
  for (const TargetPtr& target : targets_) out.push_back(target->settings.name);
  return out;
}

void Notices::saw(std::uint64_t index, const audit::EventFields& event) {
  for (const TargetPtr& target : targets_) {
    if (!target->settings.wants(event.type, event.severity, event.subject)) continue;
    target->waiting.push_back(notice_of(index, event));
    keep_bounded(*target);
    if (event.type == EventType::NotificationTested) target->next = 0;  // somebody looks
  }
}

// The first may be under way: it stays as long as that lasts.
void Notices::keep_bounded(Target& target) {
  const std::size_t spared = target.phase == Phase::Resting ? 0 : 1;
  while (target.waiting.size() > kMostWaiting + spared) {
    target.given_up_last = target.waiting[spared].id;
    target.waiting.erase(target.waiting.begin() + static_cast<std::ptrdiff_t>(spared));
    give_up(target, "more than 1,000 waited");
  }
  while (spared == 0 && !target.waiting.empty() &&
         target.waiting.front().time + kGiveUpAfter < clock_.wall()) {
    target.given_up_last = target.waiting.front().id;
    target.progress.next = target.waiting.front().index + 1;
    target.waiting.pop_front();
    target.attempts = 0;
    give_up(target, "they waited for a day");
  }
}

void Notices::give_up(Target& target, const char* why) {
  ++target.given_up;
  target.given_up_why = why;
  file_.changed();
}

void Notices::record(EventType type, const Target& target, std::string detail) {
  calls_.record({type, "gateway", {}, target.settings.name, {}, std::move(detail), false});
}

void Notices::tell_given_up(Target& target) {
  const base::Micros now = clock_.wall();
  if (target.given_up == 0 || (target.given_up_told != 0 && now < target.given_up_told + kGivenUpEvery))
    return;
  target.given_up_told = now;
  const std::string why = target.given_up_why + (target.problem.empty() ? "" : "; " + target.problem);
  Detail detail;
  record(EventType::NotificationGivenUp, target,
         about(detail, target.settings)
             .text("event", target.given_up_last)
             .number("count", std::exchange(target.given_up, 0))
             .text("why", why)
             .done());
}

void Notices::look(std::uint64_t durable) {
  const base::Nanos now = clock_.monotonic();
  for (const TargetPtr& target : targets_) {
    if (target->phase == Phase::Asked && now >= target->deadline)
      fail(*target, "the link did not bring an answer in time");
    keep_bounded(*target);
    tell_given_up(*target);
    if (target->waiting.empty() && target->progress.next + kLag < durable) {
      target->progress.next = durable;
      file_.changed();
    }
    if (target->phase != Phase::Resting || target->waiting.empty() || now < target->next) continue;
    if (target->waiting.front().index < durable) send(target);
  }
  save();
}

void Notices::send(const TargetPtr& target) {
  const Notice& notice = target->waiting.front();
  ++target->attempts;
  if (target->settings.mail) {
    const std::string message = mail_message(notice, target->settings.head, clock_.wall());
    return carry(*target, {0, "notification/" + target->settings.name, message});
  }
  const std::string body = webhook_body(notice);
  const std::string timestamp = std::to_string(clock_.wall() / base::kWallSecond);
  target->phase = Phase::Signing;
  calls_.sign(target->settings.name, webhook_payload(notice.id, timestamp, body),
              [this, target, timestamp, body, alive = alive_](base::Result<std::string> signature) {
                if (*alive) send_signed(*target, timestamp, body, std::move(signature));
              });
}

void Notices::send_signed(Target& target, const std::string& timestamp, const std::string& body,
                          Result<std::string> signature) {
  if (!signature.ok()) return fail(target, signature.error().message);
  const std::string id = target.waiting.front().id, place = "notification/" + target.settings.name;
  ipc::Errand errand{0, place, body};
  errand.webhook_id = id;
  errand.webhook_timestamp = timestamp;
  errand.webhook_signature = *signature;
  carry(target, errand);
}

void Notices::carry(Target& target, const ipc::Errand& errand) {
  ipc::Errand given = errand;
  given.id = target.errand = ++last_errand_;
  if (!calls_.carry(given)) return fail(target, "the link, which would send it, is not running");
  target.phase = Phase::Asked;
  target.deadline = clock_.monotonic() + kPatience;
}

bool Notices::take(const ipc::Delivered& answer) {
  if (answer.id <= kFirstErrand || answer.id > last_errand_) return false;
  for (const TargetPtr& target : targets_) {
    if (target->phase != Phase::Asked || target->errand != answer.id) continue;
    if (answer.status >= 200 && answer.status < 300) {
      delivered(*target);
    } else if (answer.status == 0) {
      fail(*target, base::printable(answer.body, kQuotedAnswer));
    } else {
      fail(*target, "it answered " + std::to_string(answer.status) +
                        (answer.status == kTooManyRequests ? ": too many at once" : ""));
    }
    break;  // anything else is late
  }
  return true;
}

void Notices::delivered(Target& target) {
  const Notice notice = std::move(target.waiting.front());
  const bool news = target.progress.delivered == 0 || target.told;
  const int attempts = std::exchange(target.attempts, 0);
  target.waiting.pop_front();
  target.progress = {notice.index + 1, clock_.wall()};
  file_.changed();
  target.phase = Phase::Resting;
  target.next = 0;
  target.failures = 0;
  target.failing_since = 0;
  target.told = false;
  target.problem.clear();
  if (!news) return;
  Detail detail;
  record(EventType::NotificationDelivered, target,
         about(detail, target.settings).text("event", notice.id).number("attempts", attempts).done());
}

void Notices::fail(Target& target, std::string why) {
  const base::Micros now = clock_.wall();
  if (target.failing_since == 0) target.failing_since = now;
  if (why != target.problem)
    base::log_warning("the target " + target.settings.name + " took no notification: " + why);
  target.problem = std::move(why);
  target.failed = now;
  target.phase = Phase::Resting;
  target.next = clock_.monotonic() +
                with_jitter(std::min(kLongestPause, kFirstPause << std::min(target.failures++, 8)));
  if (target.told || now - target.failing_since < kFailedFor) return;
  target.told = true;
  Detail detail;
  record(EventType::NotificationFailed, target,
         about(detail, target.settings)
             .text("event", target.waiting.front().id)
             .number("attempts", target.attempts)
             .number("waiting", static_cast<std::int64_t>(target.waiting.size()))
             .text("why", target.problem)
             .done());
}

void Notices::link_gone() {
  for (const TargetPtr& target : targets_) {
    if (target->phase == Phase::Asked) fail(*target, "the link, which sent it, ended");
  }
}

// A disk that does not take it is one that takes no events either.
void Notices::save() {
  file_.save([this] {
    NoticeProgresses all;
    for (const TargetPtr& target : targets_) all[target->settings.name] = target->progress;
    return format_notice_progress(all);
  });
}

Json Notices::status() const {
  Json out = Json::array();
  for (const TargetPtr& target : targets_) {
    const NoticeTarget& settings = target->settings;
    const char* state = target->failing_since != 0        ? "failing"
                        : target->progress.delivered != 0 ? "delivering"
                                                          : "new";
    Json one{{"name", settings.name},   {"kind", kind_of(settings)},
             {"where", settings.where}, {"events", settings.events},
             {"state", state},          {"waiting", target->waiting.size()}};
    if (settings.severity) one["severity"] = audit::name_of(*settings.severity);
    if (target->progress.delivered > 0) one["delivered"] = base::format_time(target->progress.delivered);
    if (target->failed > 0) one["failed"] = base::format_time(target->failed);
    if (!target->problem.empty()) one["problem"] = target->problem;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace postern::ledger
