// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "intake/batch.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/bytes.h"

namespace postern::intake {
namespace {

using base::Json;
using base::Result;

constexpr int kDepth = 5;                                 // batch, list, event, detail, value
constexpr double kLargestNumber = 9'007'199'254'740'992;  // 2^53: beyond it JSON's readers disagree

constexpr std::array kTypes = std::to_array<Type>({
    {"component.server_started"},
    {"component.server_stopped"},
    {"component.server_up"},
    {"component.server_down"},
    {"component.node_added"},
    {"component.node_removed"},
    {"component.node_joined"},
    {"component.node_left"},
    {"remote_gateway.registered", About::Gateway},
    {"remote_gateway.unregistered", About::Gateway},
    {"remote_gateway.lost", About::Gateway},
    {kHeartbeat, About::Gateway},
});

const Type* find_type(std::string_view name) {
  const auto* found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const Type& one) { return one.name == name; });
  return found == kTypes.end() ? nullptr : found;
}

std::string type_names() {
  std::string out;
  for (const Type& one : kTypes) out.append(out.empty() ? "" : ", ").append(one.name);
  return out;
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kLongestId &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_' || c == '.' || c == ':';
         });
}

bool is_key(std::string_view text) {
  return !text.empty() && text.size() <= kLongestKey && text.front() >= 'a' && text.front() <= 'z' &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

bool is_plain(std::string_view text) {
  return base::is_utf8(text) &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool is_value(const Json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return text.size() <= kLongestText && is_plain(text);
  }
  return value.is_number() && std::isfinite(value.get<double>()) &&
         std::abs(value.get<double>()) <= kLargestNumber;
}

base::Error wrong(const std::string& what) { return base::fail(base::Code::Invalid, what); }

// The first key that is not in names; empty: all are.
template <std::size_t N>
std::string stranger(const Json& object, const std::array<std::string_view, N>& names) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(names.begin(), names.end(), key) == names.end()) return base::printable(key, kLongestKey);
  }
  return {};
}

class EventReader {
 public:
  EventReader(const Json& json, std::size_t number, base::Micros now)
      : json_(json), place_("event " + std::to_string(number + 1)), now_(now) {}

  Result<Event> read() {
    if (!json_.is_object()) return wrong(place_ + " must be an object");
    constexpr std::array<std::string_view, 7> kKeys{"id",   "time",    "type",  "service",
                                                    "node", "gateway", "detail"};
    if (const std::string key = stranger(json_, kKeys); !key.empty())
      return wrong(place_ + " has the unknown field \"" + key +
                   "\"; what else is to be said goes into detail, and a severity follows from the type");
    base::Status read = head();
    if (read.ok()) read = names();
    if (read.ok()) read = detail();
    if (!read.ok()) return read.error();
    return std::move(out_);
  }

 private:
  base::Status head() {
    const std::string* id = base::json_text(json_, "id");
    if (id == nullptr || !is_id(*id))
      return wrong(
          place_ +
          ": id must be 1 to 64 of a-z, A-Z, 0-9, dot, colon, hyphen and underscore, and never used twice");
    out_.id = *id;
    place_ += " (" + out_.id + ")";
    const std::string* text = base::json_text(json_, "time");
    const auto time = base::parse_time(text == nullptr ? std::string_view() : std::string_view(*text));
    if (!time.ok())
      return wrong(place_ + ": time must be as RFC 3339 writes it, such as 2026-03-01T12:00:00Z");
    if (*time < 0 || *time > now_ + kFarthestAhead)
      return wrong(place_ + ": time is more than a day ahead of the gateway's clock, which says " +
                   base::format_time(now_) + ": set the sender's");
    out_.time = *time;
    out_.type = base::json_text_or(json_, "type", "");
    type_ = find_type(out_.type);
    if (type_ == nullptr) return wrong(place_ + ": type must be one of " + type_names());
    return base::Ok{};
  }

  base::Status names() {
    for (const auto& [key, into] : {std::pair<const char*, std::string*>{"service", &out_.service},
                                    {"node", &out_.node},
                                    {"gateway", &out_.gateway}}) {
      if (!json_.contains(key)) continue;
      const std::string* text = base::json_text(json_, key);
      if (text == nullptr || !is_name(*text))
        return wrong(place_ + ": " + key + " must be a name of 1 to 128 bytes without control characters");
      *into = *text;
    }
    const bool gateway = type_->about == About::Gateway;
    if (gateway && out_.gateway.empty())
      return wrong(place_ + ": " + out_.type + " needs gateway, whom it is about");
    if (!gateway && out_.node.empty())
      return wrong(place_ + ": " + out_.type + " needs node, whom it is about");
    if (!gateway && !out_.gateway.empty())
      return wrong(place_ + ": gateway belongs to remote_gateway.* alone");
    return base::Ok{};
  }

  base::Status detail() {
    if (!json_.contains("detail")) return base::Ok{};
    const Json& detail = json_.at("detail");
    if (!detail.is_object() || detail.size() > kMostDetails)
      return wrong(place_ + ": detail must be an object of at most 16 fields");
    for (const auto& [key, value] : detail.items()) {
      if (!is_key(key))
        return wrong(place_ + ": in detail \"" + base::printable(key, kLongestKey) +
                     "\" is no field name: 1 to 32 of a-z, 0-9 and underscore, beginning with a letter");
      if (!is_value(value))
        return wrong(
            place_ + ": detail." + key +
            " must be a text of at most 256 bytes without control characters, or a number of at most 2^53");
    }
    out_.said = detail;
    return base::Ok{};
  }

  const Json& json_;
  std::string place_;
  base::Micros now_;
  const Type* type_ = nullptr;
  Event out_;
};

Json event_json(const Event& event) {
  Json out{{"id", event.id}, {"time", base::format_time(event.time)}, {"type", event.type}};
  for (const auto& [key, value] : {std::pair<const char*, const std::string&>{"service", event.service},
                                   {"node", event.node},
                                   {"gateway", event.gateway}}) {
    if (!value.empty()) out[key] = value;
  }
  if (!event.said.empty()) out["detail"] = event.said;
  return out;
}

}  // namespace

std::span<const Type> types() { return kTypes; }

bool is_name(std::string_view text) { return !text.empty() && text.size() <= kLongestName && is_plain(text); }

Result<Batch> parse_batch(std::string_view text, base::Micros now) {
  if (text.size() > kMostBytes) return wrong("a batch is at most 64 KiB: send several");
  const auto json = base::parse_json(text, kDepth);
  if (!json.ok()) return wrong("the body is not JSON as it must be: " + json.error().message);
  return read_batch(*json, now);
}

Result<Batch> read_batch(const Json& json, base::Micros now) {
  constexpr std::array<std::string_view, 2> kKeys{"sent", "events"};
  if (!json.is_object()) return wrong("the body must be an object with events");
  if (const std::string key = stranger(json, kKeys); !key.empty())
    return wrong("the body has the unknown field \"" + key + "\"; there are sent and events");
  Batch out;
  if (json.contains("sent")) {
    const std::string* text = base::json_text(json, "sent");
    const auto sent = base::parse_time(text == nullptr ? std::string_view() : std::string_view(*text));
    if (!sent.ok() || *sent < 0) return wrong("sent must be a time as RFC 3339 writes it");
    out.sent = *sent;
  }
  const auto events = json.find("events");
  if (events == json.end() || !events->is_array() || events->empty() || events->size() > kMostEvents)
    return wrong("events must be a list of 1 to 100 events");
  std::set<std::string> ids;
  for (const Json& one : *events) {
    auto event = EventReader(one, out.events.size(), now).read();
    if (!event.ok()) return event.error();
    if (!ids.insert(event->id).second)
      return wrong("event " + std::to_string(out.events.size() + 1) + " (" + event->id +
                   "): another event of this batch has that id");
    out.events.push_back(*std::move(event));
  }
  return out;
}

Json to_json(const Batch& batch) {
  Json out{{"events", Json::array()}};
  if (batch.sent) out["sent"] = base::format_time(*batch.sent);
  for (const Event& event : batch.events) out["events"].push_back(event_json(event));
  return out;
}

}  // namespace postern::intake
