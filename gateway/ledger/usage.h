// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Usage, hour by hour (usage_fold.h), while an admin shares it: events are folded in once they are durable, and an hour is told
// only once usage.json in the state directory has it as closed. So whatever dies, an hour is told as it was counted, under the one id
// that it has, and what the file does not have yet is counted again from the log.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "audit/files.h"
#include "base/clock.h"
#include "gateway/ledger/health.h"
#include "gateway/ledger/progress_file.h"
#include "gateway/ledger/usage_fold.h"
#include "line/protocol.h"

namespace postern::ledger {

// What the file says; filled further while the journal is read.
UsageFold read_usage(audit::FileSystem& files, const std::string& directory);
void take_line(UsageFold& fold, std::uint64_t index, std::string_view line);

class Usage {
 public:
  Usage(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files, const std::string& directory);

  // Once. shares: as the state knows; events: how many are in the log.
  void begin(UsageFold fold, bool shares, std::uint64_t events);
  void saw(std::uint64_t index, const audit::EventFields& event);
  void take_node(const NodeFigures& figures, const std::vector<std::string>& names);
  void look(std::uint64_t durable);

  // The oldest hours that may be told.
  std::vector<line::Report> due(std::size_t most) const;
  void took(const std::string& id);
  std::size_t waiting() const { return fold_.closed().size(); }
  base::Json open() const { return fold_.open(clock_.wall()); }

  static constexpr base::Nanos kSaveEvery = 20 * base::kSecond;

 private:
  void changed();

  const base::Clock& clock_;
  ProgressFile file_;
  UsageFold fold_;
  std::deque<UsageStep> waiting_;  // not durable yet
  bool listens_ = false;           // as the newest event says
  std::uint64_t closed_in_ = 0;    // version of the file that has the hour closed last
  base::Nanos save_ = 0;
};

}  // namespace postern::ledger
