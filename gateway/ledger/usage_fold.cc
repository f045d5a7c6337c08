// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/usage_fold.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/saturating.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::int64_t kMostSkippedHours = 24 * 366;  // a clock that jumps years makes no years of hours

std::int64_t hour_of(base::Micros time) { return time / kUsageHour; }

Json body_of(const UsageFold::Hour& hour) {
  Json component = Json::object();
  for (const auto& [name, grown] : hour.component) component[name] = whole_number(grown);
  return {{"complete", hour.complete},
          {"sessions", hour.sessions},
          {"engineers", hour.engineers.size()},
          {"exchanges", {{"read", hour.reads}, {"write", hour.writes}, {"refused", hour.refused}}},
          {"bytes", {{"in", hour.bytes_in}, {"out", hour.bytes_out}}},
          {"capabilities", hour.capabilities},
          {"component", std::move(component)}};
}

void step_of_detail(const audit::EventFields& event, UsageStep& step) {
  const auto detail = base::parse_json(event.detail, audit::kDetailDepthLimit);
  if (!detail.ok()) return;
  if (event.type == EventType::ExchangeForwarded) {
    (base::json_text_or(*detail, "class", "") == "write" ? step.writes : step.reads) = 1;
  } else if (event.type == EventType::ExchangeCompleted) {
    step.bytes_in = std::max<std::int64_t>(0, base::json_number_or(*detail, "request_bytes", 0));
    step.bytes_out = std::max<std::int64_t>(0, base::json_number_or(*detail, "response_bytes", 0));
  } else if (event.type == EventType::LimitReached) {
    // Of connections and sign-ins that were refused no exchange began.
    const std::string limit = base::json_text_or(*detail, "limit", "");
    if (!limit.starts_with("connections") && limit != "sign_ins")
      step.refused = std::max<std::int64_t>(0, base::json_number_or(*detail, "count", 0));
  } else if (event.type == EventType::PermissionChanged) {
    const std::string what = base::json_text_or(*detail, "what", "");
    if (what == "capability") step.capabilities = 1;
    if (what == "sharing" && event.subject == kUsage)
      step.sharing = base::json_text_or(*detail, "new", "") == "on";
  }
}

UsageFold::Hour hour_of_body(const Json& body) {
  const auto number = [&body](const char* group, const char* name) {
    return base::json_number_or(body.value(group, Json::object()), name, 0);
  };
  UsageFold::Hour out;
  out.sessions = base::json_number_or(body, "sessions", 0);
  out.reads = number("exchanges", "read");
  out.writes = number("exchanges", "write");
  out.refused = number("exchanges", "refused");
  out.bytes_in = number("bytes", "in");
  out.bytes_out = number("bytes", "out");
  out.capabilities = base::json_number_or(body, "capabilities", 0);
  const Json component = body.value("component", Json::object());
  for (const auto& [name, value] : component.items()) {
    if (value.is_number()) out.component[name] = value.get<double>();
  }
  return out;
}

void add_hour(const UsageFold::Hour& from, UsageFold::Hour& to) {
  to += from;
  for (const std::string& name : from.engineers) {
    if (to.engineers.size() < UsageFold::kMostEngineers) to.engineers.insert(name);
  }
  for (const auto& [name, grown] : from.component) to.component[name] += grown;
}

Json hour_json(std::int64_t number, const UsageFold::Hour& hour) {
  return {{"hour", number},
          {"complete", hour.complete},
          {"counts",
           {hour.sessions, hour.reads, hour.writes, hour.refused, hour.bytes_in, hour.bytes_out,
            hour.capabilities}},
          {"engineers", hour.engineers},
          {"component", hour.component}};
}

UsageFold::Hour hour_from(const Json& json) {
  UsageFold::Hour out;
  out.complete = base::json_bool_or(json, "complete", false);
  const Json counts = json.value("counts", Json::array());
  std::size_t at = 0;
  for (std::int64_t* count : {&out.sessions, &out.reads, &out.writes, &out.refused, &out.bytes_in,
                              &out.bytes_out, &out.capabilities}) {
    if (at < counts.size() && counts[at].is_number_integer()) *count = counts[at].get<std::int64_t>();
    ++at;
  }
  for (const std::string& name : base::json_texts(json, "engineers")) out.engineers.insert(name);
  const Json component = json.value("component", Json::object());
  for (const auto& [name, value] : component.items()) {
    if (value.is_number()) out.component[name] = value.get<double>();
  }
  return out;
}

}  // namespace

UsageCounts& UsageCounts::operator+=(const UsageCounts& more) {
  sessions = base::sum_of(sessions, more.sessions);
  reads = base::sum_of(reads, more.reads);
  writes = base::sum_of(writes, more.writes);
  refused = base::sum_of(refused, more.refused);
  bytes_in = base::sum_of(bytes_in, more.bytes_in);
  bytes_out = base::sum_of(bytes_out, more.bytes_out);
  capabilities = base::sum_of(capabilities, more.capabilities);
  return *this;
}

std::optional<UsageStep> usage_step(std::uint64_t index, const audit::EventFields& event) {
  UsageStep out;
  out.index = index;
  out.time = event.time;
  switch (event.type) {
    case EventType::SessionOpened:
      out.sessions = 1;
      out.engineer = event.subject;
      return out;
    case EventType::ExchangeRefused:
      out.refused = 1;
      return out;
    case EventType::ExchangeForwarded:
    case EventType::ExchangeCompleted:
    case EventType::LimitReached:
    case EventType::PermissionChanged:
      step_of_detail(event, out);
      return out;
    default:
      return std::nullopt;
  }
}

UsageFold::Hour& UsageFold::hour_at(base::Micros time) { return open_[std::max(hour_of(time), first_open_)]; }

void UsageFold::take(const UsageStep& step) {
  if (step.index < next_) return;
  next_ = step.index + 1;
  if (step.sharing) set_sharing(*step.sharing, step.time, next_);
  if (!shares_) return;
  Hour& hour = hour_at(step.time);
  hour += step;
  if (!step.engineer.empty() && hour.engineers.size() < kMostEngineers) hour.engineers.insert(step.engineer);
}

// What was counted and not told goes with the consent to tell it.
void UsageFold::set_sharing(bool shares, base::Micros now, std::uint64_t next) {
  next_ = std::max(next_, next);
  if (shares == shares_) return;
  shares_ = shares;
  open_.clear();
  closed_.clear();
  counters_.clear();
  first_open_ = 0;
  if (!shares) return;
  first_open_ = hour_of(now);
  open_[first_open_].complete = now % kUsageHour == 0;
}

bool UsageFold::take_counter(const std::string& node, const std::string& name, double value,
                             base::Micros now) {
  if (!shares_) return false;
  Growth& counter = counters_[node + " " + name];
  const bool is_new = !counter.last();
  const double grown = counter.take(value);
  hour_at(now).component[name] += grown;
  return is_new;
}

// The hours up to this one were closed as they passed, and may have been told: the next is the first that can be open. Of hours
// that are closed it is not known who was there.
bool UsageFold::come_back(base::Micros now) {
  const auto ahead = [now](std::int64_t hour) { return hour * kUsageHour > now + kUsageHour + kSettling; };
  if (!ahead(first_open_) && (open_.empty() || !ahead(open_.rbegin()->first))) return false;
  if (ahead(first_open_)) first_open_ = hour_of(now) + 1;
  Hour& next = open_[std::max(first_open_, hour_of(now))];
  next.complete = false;
  while (!closed_.empty() && closed_.back().hour >= first_open_) {
    add_hour(hour_of_body(closed_.back().body), next);
    closed_.pop_back();
  }
  while (ahead(open_.rbegin()->first)) {
    add_hour(open_.rbegin()->second, next);
    open_.erase(std::prev(open_.end()));
  }
  return true;
}

bool UsageFold::close(base::Micros now) {
  if (!shares_) return false;
  if (come_back(now)) return true;
  if (hour_of(now - kSettling) <= first_open_) return false;
  const std::int64_t upto = hour_of(now - kSettling);
  const auto close_one = [this](std::int64_t number) {
    const auto found = open_.extract(number);
    closed_.push_back({number, body_of(found.empty() ? Hour{} : found.mapped())});
  };
  while (!open_.empty() && open_.begin()->first < upto - kMostSkippedHours) close_one(open_.begin()->first);
  first_open_ = std::max(first_open_, upto - kMostSkippedHours);
  for (; first_open_ < upto; ++first_open_) close_one(first_open_);
  for (; closed_.size() > kMostClosed; ++given_up_) closed_.pop_front();
  return true;
}

void UsageFold::took(std::int64_t hour) {
  std::erase_if(closed_, [hour](const Closed& one) { return one.hour == hour; });
}

Json UsageFold::open(base::Micros now) const {
  const auto found = open_.find(std::max(hour_of(now), first_open_));
  return body_of(found == open_.end() ? Hour{} : found->second);
}

Json UsageFold::to_json() const {
  Json out{{"v", 1}, {"shares", shares_}, {"next", next_}, {"first_open", first_open_}};
  out["open"] = Json::array();
  for (const auto& [number, hour] : open_) out["open"].push_back(hour_json(number, hour));
  out["closed"] = Json::array();
  for (const Closed& one : closed_) out["closed"].push_back({{"hour", one.hour}, {"body", one.body}});
  out["counters"] = Json::object();
  for (const auto& [name, counter] : counters_) out["counters"][name] = *counter.last();
  return out;
}

UsageFold UsageFold::from_json(const Json& json) {
  UsageFold out;
  if (!json.is_object() || base::json_number_or(json, "v", 0) != 1) return out;
  out.shares_ = base::json_bool_or(json, "shares", false);
  out.next_ = static_cast<std::uint64_t>(std::max<std::int64_t>(0, base::json_number_or(json, "next", 0)));
  out.first_open_ = base::json_number_or(json, "first_open", 0);
  for (const Json& one : json.value("open", Json::array())) {
    if (one.is_object()) out.open_[base::json_number_or(one, "hour", 0)] = hour_from(one);
  }
  for (const Json& one : json.value("closed", Json::array())) {
    if (one.is_object() && one.contains("body") && one["body"].is_object())
      out.closed_.push_back({base::json_number_or(one, "hour", 0), one["body"]});
  }
  const Json counters = json.value("counters", Json::object());
  for (const auto& [name, value] : counters.items()) {
    if (value.is_number()) out.counters_[name].set(value.get<double>());
  }
  return out;
}

// The time of the hour, and 80 bits that follow from it.
std::string usage_id(std::int64_t hour) {
  const std::uint64_t milliseconds = static_cast<std::uint64_t>(hour) * 3'600'000;
  std::string out;
  for (int shift = 45; shift >= 0; shift -= 5)
    out += kCrockford[(milliseconds >> static_cast<unsigned>(shift)) & 31U];
  const std::string hash = base::sha256_hex("postern usage of the hour " + std::to_string(hour));
  for (std::size_t i = 0; i < 16; ++i) {
    const char c = hash[i];
    const int half = c <= '9' ? c - '0' : c - 'a' + 10;
    out += kCrockford[static_cast<std::size_t>(half)];
  }
  return out;
}

}  // namespace postern::ledger
