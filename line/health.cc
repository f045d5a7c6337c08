// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "line/health.h"

#include <algorithm>

#include "base/bytes.h"

namespace postern::line {
namespace {

using base::Json;

constexpr std::array<std::string_view, 3> kStatuses{"ok", "warning", "critical"};
constexpr std::size_t kReason = 200;  // bytes
constexpr std::int64_t kMostCount = 1'000'000, kMostMemory = std::int64_t{1} << 50;

base::Error unfit(const char* what) {
  return base::fail(base::Code::Invalid, base::Side::Component,
                    "the answer to a report of health " + std::string(what));
}

// The members that a field stands for, where it is not one of its own name.
std::vector<std::string> members_of(const std::string& field) {
  if (field == "cpu") return {"cpu", "load"};
  if (field == "memory") return {"memory", "memory_limit"};
  if (field == "storage") return {"storage", "storage_limit"};
  if (field == "clock") return {"clock_skew_ms"};
  return {field};
}

void drop(Json& object, const std::string& field) {
  if (!object.is_object()) return;
  for (const std::string& member : members_of(field)) object.erase(member);
}

// A warning tells the value of what may be kept back.
void drop_warnings(Json& body, const std::vector<std::string>& kept_back) {
  const auto found = body.find("warnings");
  if (found == body.end() || !found->is_array()) return;
  Json left = Json::array();
  for (const Json& one : *found) {
    const std::string resource = base::json_text_or(one, "resource", "");
    const std::string field = resource.starts_with("disk") ? "storage" : resource;
    if (std::find(kept_back.begin(), kept_back.end(), field) == kept_back.end()) left.push_back(one);
  }
  *found = std::move(left);
}

}  // namespace

std::string_view to_text(HealthStatus status) { return kStatuses.at(static_cast<std::size_t>(status)); }

Json to_json(const Verdict& verdict) {
  return {{"status", to_text(verdict.status)},
          {"reasons", verdict.reasons},
          {"minimum", {{"nodes", verdict.nodes}, {"cores", verdict.cores}, {"memory", verdict.memory}}}};
}

base::Result<Verdict> parse_verdict(const Json& json) {
  if (!json.is_object()) return unfit("is no JSON object");
  Verdict out;
  const auto* status = std::find(kStatuses.begin(), kStatuses.end(), base::json_text_or(json, "status", ""));
  if (status == kStatuses.end()) return unfit("has no status, which is ok, warning or critical");
  out.status = static_cast<HealthStatus>(status - kStatuses.begin());
  for (const std::string& reason : base::json_texts(json, "reasons")) {
    if (out.reasons.size() == kMostReasons) break;
    out.reasons.push_back(base::printable(reason, kReason));
  }
  const Json minimum = json.value("minimum", Json::object());
  const auto number = [&minimum](const char* key, std::int64_t most) {
    return minimum.is_object() ? base::json_number_or(minimum, key, 0) <= most
                                     ? std::max<std::int64_t>(0, base::json_number_or(minimum, key, 0))
                                     : most
                               : 0;
  };
  out.nodes = static_cast<int>(number("nodes", kMostCount));
  out.cores = static_cast<int>(number("cores", kMostCount));
  out.memory = number("memory", kMostMemory);
  return out;
}

Json without_fields(Json body, const std::vector<std::string>& kept_back) {
  drop_warnings(body, kept_back);
  for (const std::string& field : kept_back) {
    drop(body, field);
    if (const auto gateway = body.find("gateway"); gateway != body.end()) drop(*gateway, field);
    const auto nodes = body.find("nodes");
    if (nodes == body.end() || !nodes->is_array()) continue;
    for (Json& node : *nodes) drop(node, field);
  }
  return body;
}

}  // namespace postern::line
