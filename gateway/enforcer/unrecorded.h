// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Refusals that are counted and not recorded one by one, so that nobody fills the log by being refused. The first of a
// kind (a limit, and who reached it) is an event like every refusal; it stands for those that follow. What followed
// within a window becomes one event limit.reached at its end; as long as it goes on, one per window.
//
// Bounded: kMostKinds; of more, those of one limit are one kind. So all of it together makes at most about
// (kMostKinds + limits) events per window. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "gateway/enforcer/admission.h"

namespace postern::enforcer {

class Unrecorded {
 public:
  static constexpr base::Nanos kWindow = 10 * base::kSecond;
  static constexpr std::size_t kMostKinds = 100;

  struct Who {
    std::string client, engineer, session;  // of limit.reached; each may be empty
  };
  struct Counted {
    Limit limit = Limit::None;
    Who who;
    std::string first;  // id of the event that stands for it; empty: none does
    std::uint64_t count = 0;
  };

  // A refusal of that kind. The id of the event that stands for it; empty: record it, under this id.
  std::string count(Limit limit, std::string_view scope, const Who& who, std::string_view id);
  // Of connections, which have no event of their own: all are counted.
  void add(Limit limit, const Who& who, std::uint64_t count);

  // The end of a window: what was counted in it.
  std::vector<Counted> take();

 private:
  std::map<std::pair<Limit, std::string>, Counted> kinds_;
};

}  // namespace postern::enforcer
