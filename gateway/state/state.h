// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who may do what right now: the fold of the events that change it. The ledger is the only writer of events;
// enforcers and the console fold the same events into the same state. Values only: no I/O, no clock of its
// own.
//
// Time: a State never changes by itself. What has run out is decided by comparing with a time the caller
// gives (effective_...), and the ledger writes the event that says so a moment later; so an enforcer is never
// more generous than the clock.
//
// What is folded, and from which fields of the event's detail (times are RFC 3339; * may be missing):
//
//   permission.changed   what ("remote_access" | "capability" | "sharing"), name (of the latter two), new, until*
//   engineer.added       engineer, email*, certificates*
//   engineer.approved    engineer                                also engineer.removed
//   request.created      request, engineer, role*, capabilities, reason*, ticket*, starts*, duration_us, extends*,
//                        approvals_needed*     by an admin, or for Mission Control, if the actor is
//   request.approved     request, role*, capabilities*, starts*, duration_us*, note*, approvals*, approvals_needed*
//                        fewer approvals than are needed, and the request goes on waiting; approvals says how
//                        many count with this one: fewer than there were, and those before it are void
//   request.questioned   request, text                           also request.answered
//   request.refused      request, note*                          also request.withdrawn, request.expired
//   grant.started        grant, engineer, request*, role*, capabilities, starts, expires, reason*, ticket*,
//                        signed_by*, most_exchanges*, most_response_bytes*
//   grant.ended          grant, reason
//   session.opened       engineer, method, client, user_agent*, certificate*, token_sha256* (hexadecimal),
//                        expires, idle_us, issuer*, subject*, sid*, most_role*; with issuer and subject the engineer is
//                        bound to them
//   session.ended        - (the session is in the head)
//   session.budget_warned, session.budget_held, session.budget_cut     - (likewise); never back
//   pass.used            pass, expires
//   hold.created         hold, engineer, enforcer, capability, operation, method, target, content_type*, body*,
//                        body_bytes, body_sha256, read*, reason*, request*, because*, client, expires
//   hold.compared        hold, read, before_bytes*, before_sha256*, document*, changes*, patch*, why*
//   hold.passed          hold, because*, for_session*     also hold.refused, hold.expired, hold.withdrawn: hold
//   policy.changed       new (the hash), waits*: without it what the policy allows counts as accepted, which all
//                        logs of before there was such a thing say
//   policy.accepted      new (the hash)
//   token.created        token, name, admin (who owns it), rank, scopes, networks*, token_sha256, expires
//   token.used           token, client
//   token.revoked        token                  also token.expired
//   intake.token_created token, name, service*, token_sha256, expires*
//   intake.token_revoked token                  also intake.token_expired
//   remote_gateway.registered  gateway, service*, token      .unregistered, .lost, .returned: gateway, service*
//   witness.cosigned     log, size, root     also witness.conflict: log
//   update.*             rolling.h, updates.h
//   proposal.*           proposal.h
//
// Who did it (by) is the event's actor, when its time. What an event makes end is an event of its own:
// removing an engineer, or switching remote access off, is followed by the ends of the sessions concerned.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/refusal.h"
#include "base/result.h"
#include "gateway/state/comparison.h"
#include "gateway/state/proposal.h"
#include "gateway/state/rolling.h"
#include "gateway/state/updates.h"

namespace postern::state {

enum class RemoteAccess { Off, Approved, ReadOnly, All };
enum class Setting { Off, Ask, On };

// Who acted: "admin:root", also where it was done with an API token of theirs ("admin:root/deploy"). Two of one person
// are not two.
std::string_view person_of(std::string_view actor);

std::string_view to_text(RemoteAccess mode);  // "off", "approved", "read-only", "all"
std::string_view to_text(Setting setting);    // "off", "ask", "on"
std::optional<RemoteAccess> parse_remote_access(std::string_view text);
std::optional<Setting> parse_setting(std::string_view text);

// What Mission Control may be told beyond that this installation is there, and may do; off unless an admin switches it on.
inline constexpr std::array<std::string_view, 7> kSharing{"health",   "usage",   "events",   "tunnel",
                                                          "requests", "updates", "proposals"};
// Of these, what may be "ask" as well: each waits for an admin.
inline constexpr std::string_view kProposals = "proposals";
// Of these kinds, what may be kept back; told with the kind unless an admin switches it off. The fields are line/health.h's.
inline constexpr std::array<std::string_view, 17> kSharedFields{
    "health.version",     "health.state",   "health.start_time",  "health.cpu",        "health.memory",
    "health.storage",     "health.clock",   "health.certificate", "health.processing", "health.availability",
    "health.warnings",    "usage.sessions", "usage.engineers",    "usage.exchanges",   "usage.bytes",
    "usage.capabilities", "usage.component"};
bool can_be_shared(std::string_view name);  // one of either

inline constexpr std::size_t kEndedGrantsKept = 1000;  // the newest, by id
inline constexpr std::size_t kAppliedGrantsKept =
    10'000;                                           // those that end last; more than can hold at a time
inline constexpr std::size_t kUsedPassesKept = 1000;  // at least; of more, those stay that had not expired
inline constexpr std::size_t kTokenUsesKept = 16;  // addresses of a token; of more, the longest unused goes
inline constexpr std::size_t kDecidedRequestsKept = 1000;  // the newest, by id
inline constexpr base::Micros kGrantEndedShown =
    24LL * 3600 * base::kWallSecond;  // so long standing() says GrantEnded

struct Toggle {  // a setting with an optional end; after the end it is off
  Setting setting = Setting::Off;
  std::optional<base::Micros> until;
  base::Micros changed = 0;
  std::string by;
  bool operator==(const Toggle&) const = default;
};

struct Engineer {
  std::string name;   // [a-z0-9][a-z0-9._-]{0,63}
  std::string email;  // may be empty; matched against the certificate's e-mail SAN
  bool approved = false;
  base::Micros added = 0;
  std::vector<std::string> certificates;  // SHA-256 in hex, when pinned one by one
  // The account at the identity provider by which they came in last; empty: they never did.
  std::string issuer, subject;
  bool operator==(const Engineer&) const = default;
};

// Actors that are people of Mission Control's, as it calls them: "mission-control:jane".
inline constexpr std::string_view kOfMissionControl = "mission-control:";
inline bool from_mission_control(std::string_view actor) { return actor.starts_with(kOfMissionControl); }

enum class RequestState { Pending, Approved, Refused, Withdrawn, Expired };

// What may be given: to be asked for, and to be approved.
struct Terms {
  std::string role;  // empty: none was named
  std::vector<std::string> capabilities;
  std::optional<base::Micros> start;  // none: with the last approval
  base::Micros duration = 0;
  bool operator==(const Terms&) const = default;
};

struct Approval {
  std::string by;
  base::Micros at = 0;
  bool operator==(const Approval&) const = default;
};

struct Message {  // of the talk about a request
  std::string by, text;
  base::Micros at = 0;
  bool operator==(const Message&) const = default;
};

struct Request {
  std::string id, engineer, reason, ticket;
  std::string extends;  // the grant that is to go on; empty: none
  // The admin, or person of Mission Control's (from_mission_control), who asked in the engineer's place; empty: the engineer did.
  std::string asked_by;
  Terms asked;
  Terms offer;                      // what the approvals are of; as asked while there are none
  std::vector<Approval> approvals;  // of the offer
  std::int64_t approvals_needed = 1;
  std::vector<Message> talk;
  base::Micros created = 0;
  base::Micros last_word =
      0;  // when anybody last said something about it: it was made, approved, talked about
  RequestState state = RequestState::Pending;
  base::Micros decided = 0;
  std::string by, note;
  bool operator==(const Request&) const = default;
};

struct Grant {
  std::string id, engineer, request;
  std::string role, reason, ticket, by;  // by: who gave it, or approved last
  std::vector<std::string> capabilities;
  std::vector<std::string> signed_by;  // names of keys, if it came as a signed document
  // What its engineer may do in all sessions together while it holds: then it is used up. 0: it does not say.
  std::int64_t most_exchanges = 0, most_response_bytes = 0;
  base::Micros from = 0, until = 0;
  bool ended = false;
  std::string ended_reason;  // expired | revoked | used_up
  base::Micros ended_at = 0;
  bool operator==(const Grant&) const = default;
  bool active(base::Micros now) const { return !ended && from <= now && now < until; }
  bool limited() const { return most_exchanges + most_response_bytes > 0; }
};

// How far a session is with the bytes of responses that it may receive (sessions.response_bytes in the configuration).
enum class Budget : std::uint8_t {
  Whole,
  Warned,  // it was said
  Held,    // each further call waits for an admin, unless one let all of them pass
  Cut,     // no further call
};
std::string_view to_text(Budget budget);  // "whole", "warned", "held", "cut"
// Stands for the operation where a pass for the session is about what Held makes wait: no operation is written like it.
inline constexpr std::string_view kBudgetPass = "budget";

struct Session {
  std::string id, engineer, method, client, user_agent, certificate;
  std::string opened_event;  // id of its session.opened
  std::string token_sha256;  // 32 bytes (of the token, decoded from base64url); empty for a session bound to
                             // a certificate
  // Who the provider says it is, of method "openid"; sid (of the provider's own session) may be empty.
  std::string issuer, subject, sid;
  std::string most_role;  // what this role lists is all that it may use; empty: whatever else allows it
  base::Micros opened = 0, expires = 0, idle = 0;
  base::Micros last_active = 0;  // as far as the ledger knows; coarse
  Budget budget = Budget::Whole;
  bool operator==(const Session&) const = default;
};

// A call that waits for an admin. Only while it waits: what became of it stands in the log.
struct Hold {
  std::string id, session, engineer, capability, operation;
  std::int64_t enforcer = 0;  // whose exchange it is
  std::string method, target, content_type, client;
  std::string body;  // readable; empty if there is none or it is not text
  std::int64_t body_bytes = 0;
  std::string body_sha256;
  std::string reason, request;  // of the grant that allows it, if there is one
  std::string because;          // "budget", or empty: the policy wants it
  std::string read;             // target of the document that it would change; empty: nobody knows one
  base::Micros created = 0, expires = 0;
  Comparison before;  // what that document was
  bool operator==(const Hold&) const = default;
};

// What a script shows instead of an admin's sign-in. Only while it is valid: how it ended stands in the log.
struct Token {
  struct Use {
    std::string client;  // address without port
    base::Micros at = 0;
    bool operator==(const Use&) const = default;
  };
  std::string id, name;
  std::string owner;   // the admin whose rank it never exceeds
  bool admin = false;  // else it reads, like an auditor
  std::vector<std::string> scopes;
  std::vector<std::string> networks;  // CIDR; empty: from anywhere
  std::string sha256;                 // 32 bytes, of the whole text of the token
  base::Micros created = 0, expires = 0;
  std::vector<Use> uses;  // by address, the newest last; at most kTokenUsesKept. Coarse: see token.used
  bool operator==(const Token&) const = default;
};

// With which nodes of the component send events (docs/INTAKE.md). It opens nothing else.
struct IntakeToken {
  std::string id, name;
  std::string service;  // of which its events are; empty: each says it
  std::string sha256;   // 32 bytes, of the whole text of the token
  base::Micros created = 0;
  base::Micros expires = 0;  // 0: never
  bool good(base::Micros now) const { return expires == 0 || expires > now; }
  bool operator==(const IntakeToken&) const = default;
};

// One of the component's remote gateways that registered and is to be heard from.
struct RemoteGateway {
  std::string name, service, token;  // token: the id of the one by which it registered
  base::Micros registered = 0;
  base::Micros lost = 0;  // since when; 0: it is not
  bool operator==(const RemoteGateway&) const = default;
};
inline constexpr std::size_t kMostRemoteGateways = 2'000;
std::string remote_gateway_key(std::string_view service, std::string_view gateway);

// What we saw last of another log, as its witness: whatever it shows next must hold this.
struct WitnessedLog {
  std::uint64_t size = 0;
  std::string root;  // 32 bytes
  base::Micros at = 0;
  base::Micros conflict = 0;  // when it last showed another history; 0: never
  bool operator==(const WitnessedLog&) const = default;
};

class State {
 public:
  // Folds one event (the parsed line). True if the event is of a type that changes state. An event that
  // contradicts the state (unknown session ended, say) changes nothing and returns true: logs of older
  // versions must fold.
  bool apply(const base::Json& event);
  // Whether an event of this type may change state: those who see many events ask this first.
  static bool concerns(std::string_view event_type);

  base::Json to_json() const;
  static base::Result<State> from_json(const base::Json& json);

  RemoteAccess remote_access(base::Micros now) const;  // Off once its end has passed
  const Toggle& remote_access_toggle() const { return remote_toggle_; }
  RemoteAccess remote_access_mode() const { return remote_mode_; }
  Setting capability(std::string_view name,
                     base::Micros now) const;  // Off for unknown names and after the end
  const Toggle* capability_toggle(std::string_view name) const;
  // Whether Mission Control is told things of this kind (kSharing).
  bool shares(std::string_view kind) const;
  Setting sharing_setting(std::string_view kind) const;
  const std::map<std::string, Toggle, std::less<>>& sharing() const { return sharing_; }

  const std::map<std::string, Engineer, std::less<>>& engineers() const { return engineers_; }
  const std::map<std::string, Request, std::less<>>& requests() const { return requests_; }
  const std::map<std::string, Grant, std::less<>>& grants() const {
    return grants_;
  }  // ended ones too, the newest 1000
  const std::map<std::string, Session, std::less<>>& sessions() const {
    return sessions_;
  }  // active ones only
  const std::map<std::string, Hold, std::less<>>& holds() const { return holds_; }
  // Whether an admin let that operation pass for the rest of the session.
  bool passes_for_session(std::string_view session, std::string_view operation) const;
  const std::map<std::string, base::Micros, std::less<>>& used_passes() const {
    return used_passes_;
  }  // id -> expires
  // A pass that ends no later may have been used: some that were are forgotten.
  base::Micros passes_forgotten_until() const { return passes_forgotten_until_; }
  // A signed document is good for one time, whatever the clock says by then: whether one of that id was applied, also
  // when nothing else is known of the grant any more; or may have been, because it ends no later than some that were
  // forgotten.
  bool was_applied(std::string_view id) const { return applied_grants_.contains(id) || grants_.contains(id); }
  base::Micros forgotten_until() const { return forgotten_until_; }
  const std::map<std::string, Toggle, std::less<>>& capabilities() const { return capabilities_; }

  // By origin: the name of the log's key.
  const std::map<std::string, WitnessedLog, std::less<>>& witnessed() const { return witnessed_; }

  const std::string& policy_hash() const {
    return policy_hash_;
  }  // of the policy last put in force; may be empty
  base::Micros policy_changed() const { return policy_changed_; }  // when that was; 0: never
  // The policy of which everything is open that the permissions allow. Another one than that in force: what the
  // latter newly allows waits for an admin.
  struct Acceptance {
    std::string hash;
    base::Micros at = 0;
    std::string by;
    bool operator==(const Acceptance&) const = default;
  };
  const Acceptance& accepted() const { return accepted_; }
  bool policy_waits() const { return accepted_.hash != policy_hash_; }

  const std::map<std::string, Token, std::less<>>& tokens() const { return tokens_; }  // by id
  // The update of the component that is under way, or was last; nothing: there never was one.
  const std::optional<Rolling>& rolling() const { return rolling_; }
  // What the vendor offers, and offered.
  const Updates& updates() const { return updates_; }

  // What Mission Control proposed, by id; of those that are over the newest kOverProposalsKept.
  const Proposals& proposals() const { return proposals_; }

  const std::map<std::string, IntakeToken, std::less<>>& intake_tokens() const {
    return intake_tokens_;
  }  // by id
  // By remote_gateway_key().
  const std::map<std::string, RemoteGateway, std::less<>>& remote_gateways() const {
    return remote_gateways_;
  }

  // Why this capability cannot be used by this engineer now, or Refusal::None. writes: the capability's class
  // is write.
  //   SignInRefused    the engineer is unknown or not approved: there should be no session
  //   RemoteAccessOff  ReadOnly (mode read-only, and it writes)  CapabilityOff
  //   ApprovalNeeded   setting ask, or mode approved, and no active grant covers it;
  //   GrantEnded       the same, and the last grant that covered it ended within kGrantEndedShown
  base::Refusal standing(std::string_view engineer, std::string_view capability, bool writes,
                         base::Micros now) const;

  // The same of a call that Mission Control proposed. admitted: an admin approved it, which is what approved and ask want.
  base::Refusal standing_of_proposal(std::string_view capability, bool writes, bool admitted,
                                     base::Micros now) const;

  // last_active, which only rises. Not an event: two states that differ in it alone are the same log's.
  void touch(std::string_view session, base::Micros at);

  bool operator==(const State&) const = default;

 private:
  void fold_permission(const base::Json& detail, base::Micros at, const std::string& by);
  void fold_engineer(std::string_view type, const base::Json& detail, base::Micros at);
  void fold_request(std::string_view type, const base::Json& detail, base::Micros at, const std::string& by);
  void fold_decision(Request& request, std::string_view type, const base::Json& detail, base::Micros at,
                     const std::string& by);
  void fold_grant(std::string_view type, const base::Json& detail, base::Micros at, const std::string& by);
  void fold_session(const base::Json& event, std::string_view type, const base::Json& detail,
                    base::Micros at);
  void fold_pass(const base::Json& detail, base::Micros at);
  void fold_hold(const base::Json& event, std::string_view type, const base::Json& detail, base::Micros at);
  void fold_policy(std::string_view type, const base::Json& detail, base::Micros at, const std::string& by);
  void fold_token(std::string_view type, const base::Json& detail, base::Micros at);
  void fold_witness(std::string_view type, const base::Json& detail, base::Micros at);
  void fold_intake(std::string_view type, const base::Json& detail, base::Micros at);
  void fold_remote_gateway(std::string_view type, const base::Json& detail, base::Micros at);
  void remember_document(const Grant& grant);
  void prune_grants();
  void prune_requests();
  base::Refusal grant_standing(std::string_view engineer, std::string_view capability,
                               base::Micros now) const;

  RemoteAccess remote_mode_ = RemoteAccess::Off;
  Toggle remote_toggle_;
  std::map<std::string, Toggle, std::less<>> capabilities_;
  std::map<std::string, Toggle, std::less<>> sharing_;  // On or Off (of proposals also Ask), without an end
  std::map<std::string, Engineer, std::less<>> engineers_;
  std::map<std::string, Request, std::less<>> requests_;
  std::map<std::string, Grant, std::less<>> grants_;
  std::map<std::string, Session, std::less<>> sessions_;
  std::map<std::string, Hold, std::less<>> holds_;
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>>
      session_passes_;  // session -> operations
  std::map<std::string, base::Micros, std::less<>> used_passes_;
  base::Micros passes_forgotten_until_ = 0;                          // the latest of those that had to go
  std::map<std::string, base::Micros, std::less<>> applied_grants_;  // id -> until
  base::Micros forgotten_until_ = 0;                                 // the latest of those that had to go
  std::map<std::string, WitnessedLog, std::less<>> witnessed_;
  std::map<std::string, std::vector<std::string>, std::less<>>
      grants_of_;  // engineer -> ids of grants_, rising
  std::size_t ended_grants_ = 0;
  std::size_t decided_requests_ = 0;
  std::string policy_hash_;
  base::Micros policy_changed_ = 0;
  Acceptance accepted_;
  std::map<std::string, Token, std::less<>> tokens_;
  std::map<std::string, IntakeToken, std::less<>> intake_tokens_;
  std::map<std::string, RemoteGateway, std::less<>> remote_gateways_;
  std::optional<Rolling> rolling_;
  Updates updates_;
  Proposals proposals_;
};

}  // namespace postern::state
