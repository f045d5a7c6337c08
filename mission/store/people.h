// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's people: one document (accounts/account.h writes it), because what is in it is bounded and belongs together. And
// what they did: numbered acts, each with the name of who did it. An act is written in the transaction of what it tells, at its
// end, or neither is kept; and stays (act_log.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "mission/store/subject.h"

namespace postern::mission {

inline constexpr std::size_t kActsPage = 1'000;  // of one answer
inline constexpr std::size_t kActText = 1'024;   // bytes of a name in an act, and
inline constexpr std::size_t kActDetail =
    32U << 10U;  // of its detail: an act is one entry of a log (audit/tile.h)

struct PeopleDocument {
  std::int64_t version = 0;  // 0: there is none yet
  std::string text;
};

struct Act {
  std::int64_t number = 0;  // its place in the log, from 1 on: given when it is written
  std::string id;           // ULID
  base::Micros time = 0;
  std::string type;     // "person.signed_in", "enrolment.made"
  std::string actor;    // "person:alice", "person:uid-0" of the control socket, "mission-control"
  std::string subject;  // what it was done to: a name, an id
  std::string from;     // address, "uid 0"
  base::Json detail = base::Json::object();
};

class People : public Subject {
 public:
  base::Result<PeopleDocument> people();
  // False: the version that it was made from is not the one that stands: somebody else was faster.
  base::Result<bool> set_people(std::int64_t from_version, std::string_view text);

  void add_act(Act act);  // with the next commit, and what fails of it fails the commit
  struct ActsWanted {
    std::int64_t below = 0;  // 0: the newest first, of all
    std::size_t most = 100;
    std::string_view actor = "", type = "",
                     subject = "";  // type: itself and what begins with it and a dot; empty: any
  };
  base::Result<std::vector<Act>> acts(const ActsWanted& wanted);

 protected:
  using Subject::Subject;
  base::Status write_acts();
  void forget_unwritten_acts() { unwritten_.clear(); }

 private:
  std::vector<Act> unwritten_;
};

}  // namespace postern::mission
