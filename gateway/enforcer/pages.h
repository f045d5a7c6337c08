// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The pages that engineers see below /.postern/, and the page that a refused browser gets. Pure functions:
// view -> complete HTML document, UTF-8. Every string of a view is outside text and is escaped (html.h). The
// pages work without script; /.postern/assets/visit.js only adds comfort: it takes a pass from the location's
// fragment, counts the time down, sends the request form as JSON and watches for the answer.
//
// Forms that these pages send without script, all application/x-www-form-urlencoded, same origin:
//   POST /.postern/sign-in    pass, return    -> 303 to return or /.postern/, or the page again with a message
//   POST /.postern/sign-out   (nothing)       -> 303 or the signed-out page
//   POST /.postern/api/requests   role, capabilities (repeated) or extends, template, reason, ticket, duration, start
//                                 -> 303 to /.postern/
//                                 (once to ask for something new, and once per grant to ask for it for longer)
//   POST /.postern/api/requests/{id}/answer     text -> 303 to /.postern/
//   POST /.postern/api/requests/{id}/withdraw   -> 303 to /.postern/
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/refusal.h"

namespace postern::enforcer {

// For the header of every page here.
inline constexpr std::string_view kPageContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

struct SignInView {
  std::string message;  // why the last attempt was refused; empty at first
  std::string
      return_to;  // where to go afterwards, a path that the caller has found to be ours; empty: /.postern/
  std::string event_id;     // of that refusal; may be empty
  std::string openid = {};  // a path of ours that leads to the identity provider; empty: there is none
};

// What may be done with a capability now. In a HomeView the standing already counts in the switch and the
// grants.
enum class Standing { On, Ask, Off };

struct CapabilityView {
  std::string name;
  std::string title;
  std::string description;
  std::string group;  // may be empty
  bool write = false;
  Standing standing = Standing::Off;
  base::Refusal why = base::Refusal::None;  // when it is not on: what a call would be refused with
  std::optional<base::Micros> until;        // when it is on: the end of that, if there is one
  std::vector<std::string> operations;      // "GET /api/v1/query"
  int approvals = 1;                        // that a request for it takes
};

struct ServiceView {
  std::string name;
  std::string path;  // "/prometheus/"
};

struct GrantView {
  std::string id;
  std::vector<std::string> capabilities;
  base::Micros until = 0;
  base::Micros from = 0;  // may be to come
  std::string reason;     // may be empty
};

struct TalkView {
  bool mine = false;  // or an administrator's
  std::string text;
  base::Micros at = 0;
};

struct RequestView {
  std::string id;
  std::string state;  // "pending", "approved", "refused", "withdrawn", "expired"
  std::string asked;  // the role's or the capabilities' names, for reading
  std::string reason;
  std::string note;  // what the one who decided wrote; may be empty
  base::Micros created = 0;
  std::string ticket, duration;  // either may be empty
  std::optional<base::Micros> start;
  bool by_admin = false;   // asked in the engineer's place; not by an admin if by_vendor
  bool by_vendor = false;  // Mission Control did
  int approvals = 0, approvals_needed = 1;
  std::string offered;         // what the approvals are of, if it is not what was asked
  std::vector<TalkView> talk;  // oldest first; an open question comes last
};

// What a request must say (docs/CONFIGURATION.md).
struct RequestHintsView {
  std::vector<std::string> reasons;
  std::string ticket_pattern, ticket_hint;
  bool ticket_required = false;
  base::Micros longest_grant = 7LL * 86400 * base::kWallSecond;
};

// A call of this session that an administrator must let pass.
struct WaitingView {
  std::string id;
  std::string method, target;
  std::string capability_title;
  base::Micros since = 0, until = 0;  // refused then, if nobody has decided
};

struct HomeView {
  std::string engineer;
  base::Micros now = 0;
  base::Micros expires = 0;     // the session's absolute end
  base::Micros idle_until = 0;  // and its end if nothing is done
  std::string remote_access;    // "off", "approved", "read-only", "all"
  std::optional<base::Micros> remote_access_until;
  bool policy_waits = false;  // what the policy newly allows is not open yet
  std::vector<CapabilityView>
      capabilities;  // in the policy's order; groups are formed in order of first appearance
  std::vector<ServiceView> services;
  std::vector<WaitingView> waiting;   // oldest first
  std::vector<GrantView> grants;      // active ones
  std::vector<RequestView> requests;  // newest first, as many as should be shown
  std::vector<std::string> roles;     // that can be asked for
  RequestHintsView hints;
  std::string message;   // why the last form was refused; empty otherwise
  std::string event_id;  // of the opening of the session
};

struct RefusalView {
  base::Refusal refusal = base::Refusal::Malformed;  // gives status, code, title and remedy
  std::string method;                                // as sent, perhaps cut; empty when nothing could be read
  std::string target;
  std::string why;  // one sentence about this very request; may be empty
  std::string event_id;
  std::int64_t retry_after = 0;      // seconds; 0: it is not known when it may be worth it
  std::vector<std::string> nearest;  // listed operations close to what was refused
  std::string capability;            // that could be asked for: its name and title; empty: none
  std::string capability_title;
};

struct SessionEndedView {
  std::string
      reason;  // "idle", "expired", "revoked", "certificate_revoked", "certificate_refused", "remote_access_off", "superseded", "gateway_stopped",
               // "signed_out_at_provider", "error", "signed_out"
  std::string event_id;       // may be empty
  std::string provider = {};  // as in render_signed_out
};

std::string render_sign_in(const SignInView& view);
std::string render_home(const HomeView& view);
std::string render_refusal(const RefusalView& view);
std::string render_session_ended(const SessionEndedView& view);
// event_id may be empty: there was no session. provider: where to sign out of the identity provider too, https; may be empty.
std::string render_signed_out(std::string_view event_id, std::string_view provider = {});

}  // namespace postern::enforcer
