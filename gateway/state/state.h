// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who may do what right now: the fold of the events that change it. The ledger is the only writer of events; enforcers and the
// console fold the same events into the same state. Values only: no I/O, no clock of its own.
//
// Time: a State never changes by itself. What has run out is decided by comparing with a time the caller gives (effective_...), and
// the ledger writes the event that says so a moment later; so an enforcer is never more generous than the clock.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/refusal.h"
#include "base/result.h"

namespace postern::state {

enum class RemoteAccess { Off, Approved, ReadOnly, All };
enum class Setting { Off, Ask, On };

std::string_view to_text(RemoteAccess mode);  // "off", "approved", "read-only", "all"
std::string_view to_text(Setting setting);    // "off", "ask", "on"
std::optional<RemoteAccess> parse_remote_access(std::string_view text);
std::optional<Setting> parse_setting(std::string_view text);

struct Toggle {  // a setting with an optional end; after the end it is off
  Setting setting = Setting::Off;
  std::optional<base::Micros> until;
  base::Micros changed = 0;
  std::string by;
};

struct Engineer {
  std::string name;   // [a-z0-9][a-z0-9._-]{0,63}
  std::string email;  // may be empty; matched against the certificate's e-mail SAN
  bool approved = false;
  base::Micros added = 0;
  std::vector<std::string> certificates;  // SHA-256 in hex, when pinned one by one
};

enum class RequestState { Pending, Approved, Refused, Withdrawn, Expired };

struct Request {
  std::string id, engineer, role, reason, ticket;
  std::vector<std::string> capabilities;
  base::Micros created = 0;
  std::optional<base::Micros> start;
  base::Micros duration = 0;
  RequestState state = RequestState::Pending;
  base::Micros decided = 0;
  std::string by, note;
};

struct Grant {
  std::string id, engineer, request;
  std::vector<std::string> capabilities;
  base::Micros from = 0, until = 0;
  bool ended = false;
  std::string ended_reason;  // expired | revoked | used_up
};

struct Session {
  std::string id, engineer, method, client, user_agent, certificate;
  std::string token_sha256;  // 32 bytes; empty for a session bound to a certificate
  base::Micros opened = 0, expires = 0, idle = 0;
  base::Micros last_active = 0;  // as far as the ledger knows; coarse
};

class State {
 public:
  // Folds one event (the parsed line). True if the event is of a type that changes state. An event that contradicts the state
  // (unknown session ended, say) changes nothing and returns true: logs of older versions must fold.
  bool apply(const base::Json& event);
  // Whether an event of this type may change state: those who see many events ask this first.
  static bool concerns(std::string_view event_type);

  base::Json to_json() const;
  static base::Result<State> from_json(const base::Json& json);

  RemoteAccess remote_access(base::Micros now) const;  // Off once its end has passed
  const Toggle& remote_access_toggle() const { return remote_toggle_; }
  RemoteAccess remote_access_mode() const { return remote_mode_; }
  Setting capability(std::string_view name, base::Micros now) const;  // Off for unknown names and after the end
  const Toggle* capability_toggle(std::string_view name) const;

  const std::map<std::string, Engineer, std::less<>>& engineers() const { return engineers_; }
  const std::map<std::string, Request, std::less<>>& requests() const { return requests_; }
  const std::map<std::string, Grant, std::less<>>& grants() const { return grants_; }  // ended ones too, the newest 1000
  const std::map<std::string, Session, std::less<>>& sessions() const { return sessions_; }  // active ones only
  const std::map<std::string, base::Micros, std::less<>>& used_passes() const { return used_passes_; }  // id -> expires
  const std::map<std::string, Toggle, std::less<>>& capabilities() const { return capabilities_; }

  // Why this capability cannot be used by this engineer now, or Refusal::None. writes: the capability's class is write.
  base::Refusal standing(std::string_view engineer, std::string_view capability, bool writes, base::Micros now) const;

  void touch(std::string_view session, base::Micros at);  // last_active; not an event

 private:
  RemoteAccess remote_mode_ = RemoteAccess::Off;
  Toggle remote_toggle_;
  std::map<std::string, Toggle, std::less<>> capabilities_;
  std::map<std::string, Engineer, std::less<>> engineers_;
  std::map<std::string, Request, std::less<>> requests_;
  std::map<std::string, Grant, std::less<>> grants_;
  std::map<std::string, Session, std::less<>> sessions_;
  std::map<std::string, base::Micros, std::less<>> used_passes_;
};

}  // namespace postern::state
