// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the functions behind Mission Control's page and its control socket work with, and their table: method and path -> who may,
// and the function. mission/desk/openapi.json describes the same for others, and a test holds the two against each other. Who adds
// something to the API adds a line to the table, its functions to a file of their own, and the description.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "face/parts.h"
#include "face/routing.h"
#include "mission/desk/act_signer.h"
#include "mission/desk/lives.h"
#include "mission/desk/parts.h"
#include "mission/desk/tunnels.h"
#include "mission/desk/watch.h"

namespace postern::mission {

struct AdminParts : face::Parts {
  mission::Parts& desk;
  Lives& lives;
  Tunnels& tunnels;
  Watch& watch;
  base::Micros started;
  ActSigner* log = nullptr;  // none: the log of acts is not signed
};

enum class Access : std::uint8_t {
  Anyone,     // no sign-in needed
  Viewers,    // whoever is signed in
  Operators,  // and administrators
  Administrators,
};

using AdminHandler = void (*)(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);

struct AdminRoute {
  http::Method method;
  std::string_view path;  // {x} is one segment that is not empty
  Access access;
  AdminHandler handler;
  bool proof = false;  // wants the password or a passkey of the last ten minutes (face/gate.h)
};
std::span<const AdminRoute> admin_routes();
bool may(accounts::Rank rank, Access access);

std::string_view admin_openapi();  // openapi.json as it stood when this was built

namespace api {

// api_fleet.cc
void show_status(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void list_installations(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void show_installation(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void retire_installation(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void list_events(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);

// api_alerts.cc
void list_alerts(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void acknowledge_alert(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);

// api_log.cc
base::Json log_json(const AdminParts& parts);  // how the log of acts is
void show_log(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void show_log_checkpoint(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void show_log_file(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);

// api_logs.cc
base::Json witness_key(const AdminParts& parts);  // with which logs are cosigned; null: there is none
void accept_log(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);

// api_tunnels.cc
void name_installation(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);

// api_measures.cc
base::Json json_of_health(const HealthRow& row);
base::Result<base::Json> health_of(const AdminParts& parts, const std::string& installation);
void show_health(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void list_usage(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);

// api_asks.cc
void new_request(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void list_requests(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void show_request(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void withdraw_request(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void new_proposal(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void list_proposals(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void show_proposal(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void withdraw_proposal(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);

// api_enrolments.cc
inline constexpr base::Micros kDefaultExpiry = 7LL * 86400 * base::kWallSecond;  // of a code
inline constexpr base::Micros kLongestExpiry = 90LL * 86400 * base::kWallSecond;
void list_enrolments(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void new_enrolment(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void withdraw_enrolment(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);

// api_updates.cc
void list_updates(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void show_update(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void put_update_piece(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void publish_updates(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void offer_update(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void suspend_update(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void resume_update(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
base::Result<base::Json> updates_of(const AdminParts& parts, const std::string& installation);
void set_installation_ring(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);

// api_page.cc
void show_sign_in(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void list_acts(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void follow(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);
void show_openapi(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply);

}  // namespace api

// Words that the files of the API share.
answer::Response unreadable(std::string_view why);  // 400
answer::Response not_there(std::string_view what);  // 404
// Of a page of a list: before (a number, 0: the newest) and limit (1 to most, 100). False: they cannot be read.
bool read_page(const answer::Call& call, std::size_t most, std::int64_t& before, std::size_t& limit);

}  // namespace postern::mission
