// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a command leads to: the events to append and the answer, or a refusal. Pure: the same context and the
// same order of calls give the same decisions (but for ids and tokens). The caller appends the events in
// their order, folds them, and sends the answer when they are durable and what closes has taken effect.
//
// Who may send what. The channel says who is at the other end; a command that is not in its row is a breach,
// and the channel is closed: an enforcer that asks for remote_access.set is not an enforcer any more.
//
//   command              enforcer console supervisor   arguments (* may be missing)
//   remote_access.set               x                  mode, until*
//   capability.set                  x                  name, setting, until*
//   sharing.set                     x                  name (state.h, kSharing), setting
//   sharing.preview                 x                  kind; what would be sent now, and no event
//   engineer.add                    x                  name, email*, certificates*
//   engineer.approve                x                  name
//   engineer.remove                 x                  name
//   pass.issue                      x                  engineer, expires*
//   pass.verify_and_open   x                           pass, client, user_agent*, tls*
//   certificate.open       x                           fingerprint, emails*, uris*, client, user_agent*, tls*
//   certificate.end        x                           fingerprint, revoked, why; ends the sessions that rest on it
//   openid.begin           x                           state, nonce, challenge           (provider_asks.h: asked first)
//   openid.open            x                           code, verifier, nonce, state, iss*, or fault; client, user_agent*, tls*
//   openid.depart          x                           token, client        the provider says that somebody signed out there
//   openid.end             x                           -                    where a browser signs out there
//   admin_openid.begin              x                  state, nonce, challenge, anew*, max_age_us*       (likewise)
//   admin_openid.open               x                  code, verifier, nonce, state, iss*, max_age_us*, name*: who it must be;
//                                                      or fault                          (decide_account.h)
//   admin_openid.depart             x                  token
//   admin_openid.end                x                  -
//   session.end            x        x                  id, reason* (enforcer: signed_out, console: revoked); of an enforcer
//                                                      token: the cookie's, of a session that has one
//   session.end_all                 x                  -
//   request.create         x                           session, capabilities* | role*, reason | template*, ticket*,
//                                                      duration*, start*, extends*
//   request.approve                 x                  id, capabilities* | role*, duration*, start* (or "now"), note*,
//                                                      void_earlier*
//   request.ask_back                x                  id, text
//   request.answer         x                           id, session, text
//   request.refuse                  x                  id, reason
//   request.withdraw       x                           id, session
//   grant.give                      x                  engineer, capabilities* | role*, start*, until* | duration*,
//                                                      ticket*, reason*
//   grant.apply                     x                  document (certs/signed_grant.h)
//   grant.revoke                    x                  id
//   hold.create            x                           session, capability, operation, method, target, client,
//                                                      enforcer, content_type*, body*, body_bytes*, body_sha256*, read*
//   hold.compare           x                           id, before_bytes*, before_sha256*, document*, changes*, patch*,
//                                                      why*; once for each
//   hold.withdraw          x                           id, why
//   hold.pass                       x                  id, for_session*
//   hold.refuse                     x                  id, note*
//   proposal.compare       x                           id, and as of hold.compare; once for each, while it waits, of the enforcer that was asked (proposals.h)
//   proposal.approve                x                  id, note*      also proposal.refuse
//   proposal.undo                   x                  id
//   intake.token_create             x                  name, service*, token_sha256, expires*
//   intake.token_revoke             x                  id
//   intake.take                                        token (its id), batch (intake/batch.h); of the intake alone
//   intake.note                                        token*, count, window_us: what it refused; of the intake alone
//   witness.add_checkpoint          x                  request (audit/witness.h); in nobody's name
//   notification.test               x                  name
//   log.rotate_key                  x                  -
//   policy.set                               x         file*; the text came before, in pieces
//   sources.show                    x                  -; where the vendor's updates are, and no event
//   sources.look                    x                  -; the same, and Mission Control is asked soon
//   rolling.run                     x                  service, version, sha256*, dry*; answers what is done, or would be
//   rolling.stop, rolling.roll_back x                  -; answer the update's progress
//   update.postpone                 x                  target, to ("next-window", a time, a duration from now)
//   update.run_now, .cancel, .schedule, .dry_run       target (update_calendar.h); the last answers as rolling.run
//   admin.*                         x                  decide_account.h
//
// The link may send no command at all.
//
// Answers: what was changed, as the API shows it (an engineer, a request, a grant, a session, a hold): of approve and
// give the grant that has started, or the request if it takes more approvals; sign-ins
// answer {session, engineer, method, opened, expires, idle_us, token (but of a certificate's)}, openid.begin and openid.end
// {location}, those of admin_openid that, or {name, role, issuer, subject, sid*, acr*}, or {issuer, subject, sid} of who departed, or
// {refused, why, and what is known of the person}, pass.issue {pass,
// engineer, expires, id}, policy.set {hash, capabilities, operations}, log.rotate_key {old, new, size}. What ended sessions says
// "sessions_ended"; what closed something adds "cut": {sessions, exchanges, slowest_us, enforcers_missing*}.
//
// Every command is an object {"command", "actor" ("admin:root"), "from" ("uid 0", an address), arguments}.
// What an engineer asks through an enforcer is done in the name of the session's engineer, whatever actor
// says, and "enforcer" is the index of its channel, whatever it says: of another's waiting calls it hears and changes nothing. Durations and times are texts as people write them ("8h", RFC 3339). Setting what is set already
// appends nothing and answers with "changed": false.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/refusal.h"
#include "base/ulid.h"
#include "certs/note.h"
#include "gateway/ledger/draft.h"
#include "gateway/ledger/limits.h"
#include "gateway/ledger/policy_reading.h"
#include "gateway/ledger/policy_summary.h"
#include "gateway/ledger/provider_asks.h"
#include "gateway/ledger/tallies.h"
#include "gateway/state/state.h"

namespace postern::ledger {

enum class Sender { Enforcer, Console, Supervisor, Link, Intake };
std::string_view to_text(Sender sender);
// The sender of a channel by the name that the supervisor gave it.
std::optional<Sender> sender_of(std::string_view peer);

bool may_command(Sender sender, std::string_view command);
// Which events a role may append by itself; never one that changes the state.
bool may_append(Sender sender, audit::EventType type);

class IntakeMemory;

struct Context {
  const state::State& state;
  const PolicySummary& policy;
  const Limits& limits;
  const Tallies& tallies;
  base::UlidMaker& ids;
  base::Micros now = 0;
  std::string_view pass_key;  // 32 bytes; empty while the keeper has not told it
  bool log_writable = false;
  std::span<const certs::VerifierKey> logs = {};  // whose witness we are
  std::span<const std::string> targets = {};      // of notifications
  // A verifier key, whose name is the installation's; empty: as with pass_key.
  std::string_view log_key = {};
  const OpenIdTerms* openid = nullptr;  // nullptr: there is no identity provider
  const OpenIdTerms* admin_openid = nullptr;
  const IntakeMemory* intake = nullptr;  // what was taken already
};

struct CommandRefused {
  int status = 400;  // of the HTTP answer
  std::string
      code;  // "invalid", "not_found", "conflict", "denied", "limit_reached", or a base::Refusal's code
  std::string message;
};

struct Decision {
  std::vector<Draft> events;  // may be there beside a refusal: a refused sign-in is an event
  base::Json reply = base::Json::object();
  std::optional<CommandRefused> refused;
  std::string
      to_sign;  // pass.issue: the payload; the pass goes into the reply before the events are appended
  // A checkpoint of another log, as a note: the cosignature goes into the reply once the events are durable.
  std::string to_cosign;
  std::vector<std::string> heard;  // remote gateways, by their keys
  bool measured = false;           // wait for what it closes, and record how long it took
};

// Who asks, in the order's own words: refused unless they can stand in an event, and are an admin's where the console asks.
std::optional<CommandRefused> refuse_asker(Sender sender, const base::Json& order);

// Whether decide_command() decides it. False: an account's command (decide_account.h), and those that wait for something first or
// are answered by what keeps it (policy.set, log.rotate_key, sharing.preview, sources.*, rolling.*, update.*).
bool is_decided_here(std::string_view command);
// order is an object with a "command" that may_command() allows and that is_decided_here().
Decision decide_command(const Context& context, Sender sender, const base::Json& order);

// Invalid is a faulty policy: its faults, as "line:column: message", refuse the command.
// reading: held against the policy that is accepted now.
Decision decide_policy(const Context& context, const PolicyReading& reading, const base::Json& order);

// What time has done: settings, grants, sessions (SessionEnds::run_out) and requests that have run out.
Decision decide_due(const Context& context, std::span<const state::Session* const> run_out);

// What a session has come to by the bytes that it received; nothing if it is where it was.
Decision decide_budget(const Context& context, const std::string& session);
// What ends because the engineer of that session has used it up.
Decision decide_grant_uses(const Context& context, std::string_view session);

// The ends of all sessions, for an orderly stop.
Decision decide_stop(const Context& context);

}  // namespace postern::ledger
