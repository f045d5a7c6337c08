// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/warnings.h"

#include <array>
#include <cmath>

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;

constexpr std::array<const char*, 3> kUnits{"%", "s", "d"};

std::int64_t whole_of(double value) { return std::llround(value); }

const char* unit_of(const std::string& text) {
  for (const char* unit : kUnits) {
    if (text == unit) return unit;
  }
  return kUnits[0];
}

double real_or(const Json& object, const char* key, double fallback) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : fallback;
}

}  // namespace

bool Warnings::judge(const Watched& what, double value, const Band& band, base::Micros now) {
  const auto found = raised_.find(what);
  if (found == raised_.end()) {
    if (!band.raises(value)) return false;
    const Raised& raised = raised_[what] = {value, band, now};
    record(what, raised, false, now);
    return true;
  }
  found->second.value = value;
  found->second.band = band;
  if (!band.clears(value)) return false;
  record(what, found->second, true, now);
  raised_.erase(found);
  return true;
}

bool Warnings::drop(const std::function<bool(const Watched&)>& gone, base::Micros now) {
  bool any = false;
  for (auto it = raised_.begin(); it != raised_.end();) {
    if (!gone(it->first)) {
      ++it;
      continue;
    }
    if (it->first.node.empty()) record(it->first, it->second, true, now);
    it = raised_.erase(it);
    any = true;
  }
  return any;
}

void Warnings::record(const Watched& what, const Raised& raised, bool over, base::Micros now) {
  const bool of_node = !what.node.empty();
  const EventType type = of_node ? (over ? EventType::NodeCleared : EventType::NodeWarning)
                                 : (over ? EventType::HostCleared : EventType::HostWarning);
  Detail detail;
  if (of_node) detail.text("service", what.service).text("node", what.node);
  detail.text("resource", what.resource)
      .text("file", what.folder)
      .number("value", whole_of(raised.value))
      .text("unit", raised.band.unit)
      .number("warns_at", whole_of(raised.band.raise))
      .number("clears_at", whole_of(raised.band.clear));
  if (over) detail.number("duration_us", std::max<base::Micros>(0, now - raised.since));
  record_({type,
           of_node ? "component:" + what.service : "gateway",
           {},
           of_node ? what.node : what.resource,
           over ? "cleared" : "raised",
           detail.done(),
           false});
}

Json Warnings::list(bool for_vendor) const {
  Json out = Json::array();
  for (const auto& [what, raised] : raised_) {
    Json one{{"of", what.node.empty() ? "gateway" : "node"},
             {"resource", what.resource},
             {"value", whole_of(raised.value)},
             {"unit", raised.band.unit}};
    if (!what.node.empty()) {
      one["service"] = what.service;
      one["node"] = for_vendor ? Json(what.number) : Json(what.node);
    }
    if (!for_vendor) {
      if (!what.folder.empty()) one["folder"] = what.folder;
      one["since"] = base::format_time(raised.since);
      one["warns_at"] = whole_of(raised.band.raise);
      one["clears_at"] = whole_of(raised.band.clear);
    }
    out.push_back(std::move(one));
  }
  return out;
}

Json Warnings::to_json() const {
  Json out = Json::array();
  for (const auto& [what, raised] : raised_)
    out.push_back({{"service", what.service},
                   {"node", what.node},
                   {"number", what.number},
                   {"resource", what.resource},
                   {"folder", what.folder},
                   {"value", raised.value},
                   {"raise", raised.band.raise},
                   {"clear", raised.band.clear},
                   {"unit", raised.band.unit},
                   {"since", raised.since}});
  return out;
}

void Warnings::from_json(const Json& json) {
  if (!json.is_array()) return;
  for (const Json& one : json) {
    if (!one.is_object()) continue;
    const Watched what{base::json_text_or(one, "service", ""), base::json_text_or(one, "node", ""),
                       static_cast<int>(base::json_number_or(one, "number", 0)),
                       base::json_text_or(one, "resource", ""), base::json_text_or(one, "folder", "")};
    raised_[what] = {
        real_or(one, "value", 0),
        {real_or(one, "raise", 0), real_or(one, "clear", 0), unit_of(base::json_text_or(one, "unit", ""))},
        base::json_number_or(one, "since", 0)};
  }
}

}  // namespace postern::ledger
