// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/measured_reports.h"

#include <algorithm>

#include "base/log.h"

namespace postern::ledger {
namespace {

using base::Json;

template <std::size_t N>
std::vector<std::string> kept_back(std::string_view kind, const std::array<std::string_view, N>& fields,
                                   const MeasuredReports::Shares& shares) {
  std::vector<std::string> out;
  for (const std::string_view field : fields) {
    if (!shares(std::string(kind) + "." + std::string(field))) out.emplace_back(field);
  }
  return out;
}

}  // namespace

Json MeasuredReports::shared_part(std::string_view kind, Json body) const {
  const bool health = kind == "health";
  return line::without_fields(std::move(body), health ? kept_back(kind, line::kHealthFields, shares_)
                                                      : kept_back(kind, line::kUsageFields, shares_));
}

std::vector<line::Report> MeasuredReports::due() {
  const base::Nanos now = clock_.monotonic();
  std::vector<line::Report> out;
  under_way_.clear();
  health_id_.clear();
  const bool news = health_.news() != told_news_ && now >= next_news_;
  if (shares_("health") && (now >= next_health_ || news)) {
    const base::Micros wall = clock_.wall();
    out.push_back({ids_.make(wall), line::Kind::Health, 1, wall, shared_part("health", health_.body())});
    health_id_ = out.back().id;
    next_health_ = now + kHealthEvery;
    next_news_ = now + kNewsPause;
    told_news_ = health_.news();
  }
  if (shares_("usage")) {
    for (line::Report& hour : usage_.due(most_)) {
      hour.body = shared_part("usage", std::move(hour.body));
      out.push_back(std::move(hour));
    }
  }
  for (const line::Report& one : out) under_way_.push_back(one.id);
  return out;
}

void MeasuredReports::taken(const line::Taken& answer) {
  for (const std::string& id : answer.ids) usage_.took(id);
  if (std::all_of(under_way_.begin(), under_way_.end(), [&answer](const std::string& id) {
        return std::find(answer.ids.begin(), answer.ids.end(), id) != answer.ids.end();
      }))
    most_ = kMostHours;
  const auto said = health_id_.empty() ? answer.answers.end() : answer.answers.find(health_id_);
  if (said == answer.answers.end()) return;
  const auto verdict = line::parse_verdict(said->second);
  if (!verdict.ok()) return base::log_warning(verdict.error().message);
  verdict_ = line::to_json(*verdict);
  verdict_["time"] = base::format_time(clock_.wall());
}

bool MeasuredReports::refused() {
  health_id_.clear();
  if (under_way_.size() > 1) {
    most_ = std::max<std::size_t>(1, under_way_.size() / 2);
    return false;
  }
  if (!under_way_.empty()) usage_.took(under_way_.front());
  return !under_way_.empty();
}

void MeasuredReports::sharing_changed() { next_health_ = 0; }

Json MeasuredReports::preview(std::string_view kind) const {
  if (kind == "health") return {{"shared", shares_(kind)}, {"body", shared_part(kind, health_.body())}};
  if (kind == "usage") return {{"shared", shares_(kind)}, {"body", shared_part(kind, usage_.open())}};
  return nullptr;
}

Json MeasuredReports::status() const {
  return {{"health", shares_("health") ? verdict_ : Json()}, {"usage", {{"waiting", usage_.waiting()}}}};
}

}  // namespace postern::ledger
