// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the vendor's people ask: the API below /api/v1/, for now on the control socket alone (docs/MISSION_CONTROL.md).
#pragma once

#include <memory>

#include "gateway/answer/call.h"
#include "mission/desk/lives.h"
#include "mission/desk/parts.h"
#include "mission/desk/tunnels.h"

namespace postern::mission {

inline constexpr base::Micros kDefaultExpiry = 7LL * 86400 * base::kWallSecond;  // of a code
inline constexpr base::Micros kLongestExpiry = 90LL * 86400 * base::kWallSecond;

class AdminApi {
 public:
  AdminApi(Parts& parts, Lives& lives, Tunnels& tunnels)
      : parts_(parts), lives_(lives), tunnels_(tunnels), started_(parts.clock.wall()) {}
  AdminApi(const AdminApi&) = delete;
  AdminApi& operator=(const AdminApi&) = delete;

  void answer(const std::shared_ptr<answer::Call>& call, const answer::Reply& reply);

 private:
  using Handler = void (AdminApi::*)(const answer::Call& call, const answer::Reply& reply);
  struct Route;
  static const Route* routes(std::size_t& count);
  void status(const answer::Call& call, const answer::Reply& reply);
  void list_enrolments(const answer::Call& call, const answer::Reply& reply);
  void new_enrolment(const answer::Call& call, const answer::Reply& reply);
  void withdraw_enrolment(const answer::Call& call, const answer::Reply& reply);
  void list_installations(const answer::Call& call, const answer::Reply& reply);
  void show_installation(const answer::Call& call, const answer::Reply& reply);
  void name_installation(const answer::Call& call, const answer::Reply& reply);
  void retire_installation(const answer::Call& call, const answer::Reply& reply);
  void accept_log(const answer::Call& call, const answer::Reply& reply);
  void list_events(const answer::Call& call, const answer::Reply& reply);
  base::Json witness_key() const;  // with which logs are cosigned; null: there is none
  void list_usage(const answer::Call& call, const answer::Reply& reply);  // admin_measures.cc
  base::Result<base::Json> health_of(const std::string& installation);
  base::Json json_of(const Installation& one) const;

  Parts& parts_;
  Lives& lives_;
  Tunnels& tunnels_;
  base::Micros started_;
};

}  // namespace postern::mission
