// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Reports of health and usage, as far as an admin shares them (state.h, kSharing), and without the fields that one keeps back:
// health every kHealthEvery and soon after a warning began or ended, and usage when an hour is over. Which of them
// are due, what came of them, and how Mission Control judges this installation; line_reports.h sends them.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/ulid.h"
#include "gateway/ledger/health.h"
#include "gateway/ledger/usage.h"
#include "line/health.h"
#include "line/protocol.h"

namespace postern::ledger {

class MeasuredReports {
 public:
  // shares: whether things of that name are told ("health", "health.cpu"). All outlive this.
  using Shares = std::function<bool(std::string_view name)>;
  MeasuredReports(const base::Clock& clock, Health& health, Usage& usage, Shares shares)
      : clock_(clock), health_(health), usage_(usage), shares_(std::move(shares)) {}

  std::vector<line::Report> due();
  void taken(const line::Taken& answer);
  // The form of what was due last is not taken: fewer at a time, until one is alone, and goes. True if one went.
  bool refused();
  void sharing_changed();

  // What would be sent now; null of another kind. Whether it is sent is "shared".
  base::Json preview(std::string_view kind) const;
  // {"health": null or the answer to the last report, with "time"; "usage": {"waiting"}}
  base::Json status() const;

  static constexpr base::Nanos kHealthEvery = 120 * base::kSecond;
  static constexpr base::Nanos kNewsPause = 5 * base::kSecond;
  static constexpr std::size_t kMostHours = 50;  // of one document

 private:
  base::Json shared_part(std::string_view kind, base::Json body) const;

  const base::Clock& clock_;
  Health& health_;
  Usage& usage_;
  Shares shares_;
  base::UlidMaker ids_;
  std::vector<std::string> under_way_;  // ids
  std::string health_id_;               // under way; empty: none is
  base::Nanos next_health_ = 0, next_news_ = 0;
  std::uint64_t told_news_ = 0;
  std::size_t most_ = kMostHours;
  base::Json verdict_;
};

}  // namespace postern::ledger
