// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What installations reported as events, and what Mission Control itself noticed about them: numbered in the order of their
// arrival, each once, as many and for as long as the limits say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "mission/store/subject.h"

namespace postern::mission {

inline constexpr std::int64_t kMostEvents = 10'000;  // of one installation that are kept: then the oldest go
inline constexpr std::int64_t kMostEventBytes = 16 << 20;  // likewise
// Of evidence (below), of each type: less than what is kept in all, so that there is always something else to go. The first ones stay.
inline constexpr std::int64_t kMostEvidence = 500;
inline constexpr std::int64_t kMostEvidenceBytes = 2 << 20;
inline constexpr std::int64_t kFirstEvidence = 8;
inline constexpr std::size_t kEventsPage = 1'000;  // of one answer

struct StoredEvent {
  std::int64_t number = 0;  // rises in the order of arrival
  std::string installation, id;
  bool own = false;  // Mission Control's
  std::string type;
  base::Micros time = 0, received = 0;
  base::Json body = base::Json::object();
};

// What Mission Control noticed and somebody may have to prove: its own events of these types. Each is an alert (alerts.h).
bool is_evidence(std::string_view type);

class Events : public Subject {
 public:
  // False: it was there before, or is one of those that retention took away.
  base::Result<bool> keep_event(const StoredEvent& event);
  // The newest first, below that number (0: all). installation empty: of all. type: itself and what begins with it and a
  // dot; empty: any.
  base::Result<std::vector<StoredEvent>> events(std::string_view installation, std::int64_t below,
                                                std::size_t most, std::string_view type = "");
  // The newest that Mission Control itself noticed of that type.
  base::Result<std::optional<StoredEvent>> newest_own(std::string_view installation, std::string_view type);

 protected:
  using Subject::Subject;
  // Some of those that were received before then; true: there may be more, call again.
  base::Result<bool> forget_events(base::Micros before);

 private:
  base::Status count(std::string_view installation, std::int64_t count, std::int64_t bytes);
  base::Result<std::size_t> remove(std::string_view which, Values values);
  base::Status make_room_for_evidence(const StoredEvent& event, std::int64_t size);
  base::Status keep_within(std::string_view installation, std::int64_t events, std::int64_t bytes);
};

}  // namespace postern::mission
