// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The table of event types. EVENTS.md says the same for people; a test compares them.
#include <array>

#include "audit/event.h"
#include "base/check.h"

namespace postern::audit {
namespace {

using enum EventType;
using enum Severity;

constexpr std::array<EventText, kEventTypes> kEvents{{
    // clang-format off
    {SessionOpened, "session.opened", Info, "engineer", "An engineer signed in and a session began.",
     "engineer method client relay user_agent tls expires idle_us token_sha256 certificate issuer subject sid acr amr most_role"},
    {SessionEnded, "session.ended", Info, "engineer", "A session ended; this sums it up.",
     "reason engineer why duration_us exchanges refused request_bytes response_bytes redacted"},
    {SessionRefused, "session.refused", Warning, "engineer", "A sign-in of an engineer was refused.",
     "engineer method client relay user_agent code why issuer subject"},
    {SessionBudgetWarned, "session.budget_warned", Warning, "engineer", "A session has received more bytes than the configuration lets pass unsaid.",
     "engineer response_bytes threshold"},
    {SessionBudgetHeld, "session.budget_held", Warning, "engineer", "A session has received so many bytes that each further call waits for an admin.",
     "engineer response_bytes threshold"},
    {SessionBudgetCut, "session.budget_cut", Severe, "engineer", "A session has received all the bytes that it may: what ran is cut, and all further calls are refused.",
     "engineer response_bytes threshold"},
    {ExchangeForwarded, "exchange.forwarded", Info, "capability", "A request was allowed and is about to be sent to the component.",
     "exchange method target capability operation class client relay service node credential part_of hold request_bytes websocket"},
    {ExchangeOpened, "exchange.opened", Info, "capability", "A WebSocket was opened: the component agreed to it.",
     "forwarded target subprotocol extensions"},
    {ExchangeCompleted, "exchange.completed", Info, "capability", "The exchange of an exchange.forwarded came to its end.",
     "forwarded status request_bytes response_bytes duration_us component_us outcome code cut_reason cut_us bytes_after_cut retried protocol redacted redactions messages_in messages_out client_close component_close closed_by"},
    {ExchangeRefused, "exchange.refused", Warning, "capability", "A request was refused and nothing was sent to the component.",
     "method target code status why nearest client relay"},
    {ExchangeChanged, "exchange.changed", Info, "capability", "What a call changed, as the component told it before and after.",
     "forwarded method target read before_bytes before_sha256 after_bytes after_sha256 changes patch undo why"},
    {LimitReached, "limit.reached", Warning, "limit", "Refusals because of a limit that were counted, and not recorded one by one.",
     "limit count window_us client engineer first"},
    {PermissionChanged, "permission.changed", Info, "permission", "An admin, or an end time, changed what is allowed.",
     "what name old new old_until until reason cut_exchanges cut_us ended_sessions client"},
    {PermissionApplied, "permission.applied", Info, "permission", "What was taken away has been cut in every enforcer.",
     "version enforcers missing cut_exchanges slowest_us ended_sessions"},
    {EngineerAdded, "engineer.added", Info, "engineer", "An engineer was made known to the gateway.",
     "engineer email certificates client"},
    {EngineerApproved, "engineer.approved", Info, "engineer", "An engineer was approved in advance.",
     "engineer client"},
    {EngineerRemoved, "engineer.removed", Info, "engineer", "An engineer was removed; their sessions ended.",
     "engineer ended_sessions client"},
    {PassIssued, "pass.issued", Info, "engineer", "A pass was issued: whoever holds it can sign in once.",
     "engineer pass expires client"},
    {PassUsed, "pass.used", Info, "engineer", "A pass was used and is worth nothing from now on.",
     "engineer pass expires client"},
    {RequestCreated, "request.created", Info, "request", "An engineer asked for access, or an admin or Mission Control in an engineer's place.",
     "request engineer role capabilities reason ticket starts duration_us extends asked_by approvals_needed client"},
    {RequestApproved, "request.approved", Info, "request", "An admin approved an access request; its last approval starts the grant.",
     "request engineer role capabilities starts duration_us approvals approvals_needed voided note client"},
    {RequestQuestioned, "request.questioned", Info, "request", "An admin asked back about an access request.",
     "request engineer text client"},
    {RequestAnswered, "request.answered", Info, "request", "The engineer answered what was asked about an access request.",
     "request engineer text client"},
    {RequestRefused, "request.refused", Info, "request", "An admin refused an access request.",
     "request engineer note client"},
    {RequestWithdrawn, "request.withdrawn", Info, "request", "The engineer, or whoever asked in their place, withdrew an access request.",
     "request engineer note asked_by client"},
    {RequestExpired, "request.expired", Info, "request", "Nobody answered an access request in time.",
     "request engineer"},
    {RequestNotTaken, "request.not_taken", Warning, "request", "Mission Control asked for access, and that was not taken in.",
     "request engineer code why unrecorded"},
    {GrantStarted, "grant.started", Info, "grant", "Access was given: because it was asked for, or in advance.",
     "grant request engineer role capabilities starts expires reason ticket signed_by most_exchanges most_response_bytes client"},
    {GrantEnded, "grant.ended", Info, "grant", "Access that was given ended.",
     "grant request engineer reason exchanges response_bytes cut_exchanges ended_sessions client"},
    {GrantRefused, "grant.refused", Warning, "grant", "A signed grant was brought, and refused.",
     "grant engineer signed_by why client"},
    {HoldCreated, "hold.created", Info, "hold", "A call waits for an admin to let it pass; nothing was sent to the component.",
     "hold engineer enforcer capability operation method target content_type body body_bytes body_sha256 read reason request because client expires"},
    {HoldCompared, "hold.compared", Info, "hold", "The document that a waiting call would change was read, for whoever decides about it.",
     "hold engineer capability operation because read before_bytes before_sha256 document changes patch why"},
    {HoldPassed, "hold.passed", Info, "hold", "An admin let a call pass, once or for the session.",
     "hold engineer capability operation because for_session waited_us client"},
    {HoldRefused, "hold.refused", Info, "hold", "An admin refused a call; nothing was sent to the component.",
     "hold engineer capability operation because note waited_us client"},
    {HoldExpired, "hold.expired", Info, "hold", "No admin answered in time; nothing was sent to the component.",
     "hold engineer capability operation because waited_us"},
    {HoldWithdrawn, "hold.withdrawn", Info, "hold", "A call stopped waiting before an admin answered; nothing was sent to the component.",
     "hold engineer capability operation because why waited_us"},
    {NotificationTested, "notification.tested", Info, "target", "An admin had a notification sent to see whether it arrives.",
     "target client"},
    {NotificationDelivered, "notification.delivered", Info, "target", "A target took a notification: its first one, or the first after it failed.",
     "target kind event attempts"},
    {NotificationFailed, "notification.failed", Warning, "target", "A target has taken no notification for ten minutes; they wait and are tried again.",
     "target kind event attempts waiting why"},
    {NotificationGivenUp, "notification.given_up", Warning, "target", "Notifications will not be sent any more: they waited too long, or too many did.",
     "target kind event count why"},
    {PolicyChanged, "policy.changed", Info, "file", "Another policy is in force.",
     "file old new capabilities operations newly_allowed no_longer_allowed waits"},
    {PolicyAccepted, "policy.accepted", Info, "policy", "What the policy in force newly allows is open from here on.",
     "old new reason client"},
    {PolicyRejected, "policy.rejected", Warning, "file", "A policy had faults; the one in force stays.",
     "file faults first_fault"},
    {ConfigChanged, "config.changed", Info, "file", "Another configuration is in force.",
     "file old new changed"},
    {ConfigRejected, "config.rejected", Warning, "file", "A configuration had faults; the one in force stays.",
     "file faults first_fault"},
    {AdminSignedIn, "admin.signed_in", Info, "admin", "An admin signed in.",
     "admin method client user_agent issuer subject"},
    {AdminSignedOut, "admin.signed_out", Info, "admin", "A sign-in of an admin ended.",
     "admin reason issuer subject"},
    {AdminRefused, "admin.refused", Warning, "admin", "A sign-in or a command of an admin was refused.",
     "admin method client user_agent command code why issuer subject"},
    {AdminProved, "admin.proved", Info, "admin", "An admin proved again who they are.",
     "admin method client issuer subject"},
    {AdminSlowed, "admin.slowed", Warning, "admin", "Too many attempts failed: the next one of an address, or of an account's codes, has to wait.",
     "admin client failures wait_us"},
    {AdminAdded, "admin.added", Info, "admin", "An admin or auditor was added.",
     "admin role invitation client issuer subject"},
    {AdminRemoved, "admin.removed", Info, "admin", "An admin or auditor was removed.",
     "admin role client"},
    {AdminRoleChanged, "admin.role_changed", Info, "admin", "An account has another role.",
     "admin old new client issuer subject"},
    {AdminLocked, "admin.locked", Info, "admin", "An account was locked: nobody signs in to it.",
     "admin client"},
    {AdminUnlocked, "admin.unlocked", Info, "admin", "An account is not locked any more.",
     "admin client"},
    {AdminPasswordChanged, "admin.password_changed", Info, "admin", "An account has another password.",
     "admin reset client"},
    {AdminPasskeyAdded, "admin.passkey_added", Info, "admin", "An account has one more passkey.",
     "admin passkey client"},
    {AdminPasskeyRemoved, "admin.passkey_removed", Info, "admin", "A passkey of an account was removed.",
     "admin passkey client"},
    {AdminTotpEnabled, "admin.totp_enabled", Info, "admin", "An account asks for a code after the password.",
     "admin client"},
    {AdminTotpDisabled, "admin.totp_disabled", Info, "admin", "An account asks for no code any more.",
     "admin client"},
    {AdminCodesMade, "admin.recovery_codes_made", Info, "admin", "New recovery codes were made; those before are void.",
     "admin codes client"},
    {AdminCodeUsed, "admin.recovery_code_used", Warning, "admin", "A recovery code was used, in the place of a second factor.",
     "admin left client"},
    {AdminFactorReset, "admin.second_factor_reset", Warning, "admin", "Passkeys, codes and recovery codes of an account were removed.",
     "admin passkeys client"},
    {AdminInvited, "admin.invited", Info, "admin", "Somebody was invited to be an admin or auditor.",
     "admin role invitation expires client"},
    {AdminInvitationRevoked, "admin.invitation_revoked", Info, "admin", "An invitation was taken back.",
     "admin invitation client"},
    {TokenCreated, "token.created", Info, "token", "An admin made an API token.",
     "token name admin rank scopes networks token_sha256 expires client"},
    {TokenUsed, "token.used", Info, "token", "An API token was used from an address for the first time, or again after a day.",
     "token name admin client"},
    {TokenRevoked, "token.revoked", Info, "token", "An API token was revoked.",
     "token name admin client"},
    {TokenExpired, "token.expired", Info, "token", "The time of an API token was over.",
     "token name admin"},
    {CertificateExpiring, "certificate.expiring", Warning, "certificate", "A certificate that the gateway uses is about to expire, or has expired.",
     "what name file expires days"},
    {CertificateFlawed, "certificate.flawed", Warning, "certificate", "A certificate that the gateway shows is used although something is wrong with it.",
     "what name file problem why"},
    {CertificateIssued, "certificate.issued", Info, "certificate", "An authority issued a certificate to the gateway by ACME: the first for these names.",
     "name names issuer expires authority"},
    {CertificateRenewed, "certificate.renewed", Info, "certificate", "An authority issued a certificate to the gateway by ACME, in place of the one before.",
     "name names issuer expires authority"},
    {CertificateFailed, "certificate.failed", Warning, "certificate", "A certificate could not be had by ACME; it is tried again.",
     "name names authority why failures next expires"},
    {CertificateStapled, "certificate.stapled", Info, "certificate", "A fresh OCSP response is shown with a certificate of a listener, where there was none.",
     "name responder expires"},
    {CertificateStapleFailed, "certificate.staple_failed", Warning, "certificate", "No OCSP response for a certificate of a listener could be had; severe where the certificate demands one.",
     "name responder why"},
    {CertificateCrlExpiring, "certificate.crl_expiring", Warning, "certificate", "A list of revoked certificates (CRL) that the gateway has is nearly over, or is over.",
     "name file url issuer crl_number expires revocation"},
    {CertificateRevocationFetched, "certificate.revocation_fetched", Info, "certificate", "What an authority says of revocations was fetched, for the first time or after a failure; warning where it takes a certificate back.",
     "name evidence url crl_number expires revocation why"},
    {CertificateRevocationFailed, "certificate.revocation_failed", Warning, "certificate", "What an authority says of revocations could not be fetched, or was of no use; severe where no list is at hand and revocation is hard.",
     "name evidence url crl_number expires revocation why"},
    {GatewayStarted, "gateway.started", Info, "", "The gateway started.",
     "version roles events sessions"},
    {GatewayStopped, "gateway.stopped", Info, "", "The gateway stopped in order.",
     "reason duration_us"},
    {RoleStarted, "role.started", Info, "role", "A process of the gateway started.",
     "role pid restarts"},
    {RoleEnded, "role.ended", Warning, "role", "A process of the gateway ended without being asked to.",
     "role pid reason exit_code signal"},
    {SandboxAttested, "sandbox.attested", Info, "role", "A process of the gateway proved its confinement before it served.",
     "role pid mode kernel landlock filtered profile attempts refused witnessed files missing"},
    {SandboxViolated, "sandbox.violated", Severe, "role", "A process of the gateway made a system call that its profile does not list: it was killed.",
     "role pid call"},
    {NodeUp, "node.up", Info, "node", "A node of the component answers.",
     "service node duration_us"},
    {NodeDown, "node.down", Warning, "node", "A node of the component does not answer.",
     "service node reason"},
    {NodeCredentialRefused, "node.credential_refused", Warning, "node", "A node of the component refused a credential of ours: it answered 401, or ended TLS over our certificate.",
     "service node credential reason"},
    {NodeCredentialAccepted, "node.credential_accepted", Info, "node", "A credential that had been refused was accepted again.",
     "service node credential"},
    {NodeAdded, "node.added", Info, "node", "The configuration has one more node of the component.",
     "service node"},
    {NodeRemoved, "node.removed", Info, "node", "The configuration has a node of the component no more.",
     "service node"},
    {NodeWarning, "node.warning", Warning, "node", "What a node of the component says of itself came to where a warning begins.",
     "service node resource value unit warns_at clears_at"},
    {NodeCleared, "node.cleared", Info, "node", "A warning about a node of the component is over.",
     "service node resource value unit warns_at clears_at duration_us"},
    {HostWarning, "host.warning", Warning, "resource", "A resource of the gateway's host came to where a warning begins.",
     "resource file value unit warns_at clears_at"},
    {HostCleared, "host.cleared", Info, "resource", "A warning about the gateway's host is over.",
     "resource file value unit warns_at clears_at duration_us"},
    {LinkEnrolled, "link.enrolled", Info, "link", "This installation enrolled at Mission Control.",
     "url installation customer issuer expires"},
    {LinkEnrolmentFailed, "link.enrolment_failed", Warning, "link", "This installation could not enrol at Mission Control.",
     "url installation why code"},
    {LinkUp, "link.up", Info, "link", "The line to Mission Control is up.",
     "url installation version duration_us"},
    {LinkDown, "link.down", Warning, "link", "The line to Mission Control is down.",
     "url installation why"},
    {LinkCertificateRenewed, "link.certificate_renewed", Info, "link", "Mission Control renewed this installation's certificate.",
     "url installation issuer expires"},
    {LinkConflict, "link.conflict", Severe, "link", "Somebody else came to Mission Control with this installation's certificate: one of the two is a copy.",
     "url installation client"},
    {LinkReportsGivenUp, "link.reports_given_up", Warning, "shared", "Events that Mission Control was to be told will not be told any more.",
     "event count why"},
    {TunnelOpened, "tunnel.opened", Info, "", "The tunnel is there: engineers can come through Mission Control.",
     ""},
    {TunnelClosed, "tunnel.closed", Info, "", "The tunnel is not there any more; what came through it is cut.",
     "why"},
    {TunnelRelayed, "tunnel.relayed", Info, "connection", "Mission Control relayed a connection to the support listener.",
     "relay client name unrecorded"},
    {TunnelRefused, "tunnel.refused", Warning, "connection", "A connection that Mission Control relayed was not let in.",
     "relay client name why unrecorded"},
    {WitnessCosigned, "witness.cosigned", Info, "log", "As a witness we saw another log grow, and cosigned its checkpoint.",
     "log size root note"},
    {WitnessConflict, "witness.conflict", Severe, "log", "As a witness we were shown another history of a log than before: not cosigned.",
     "log size root note known_size known_root proved why"},
    {LogUnavailable, "log.unavailable", Severe, "", "The log could not be written: the door was closed. Recorded once it could.",
     "why since"},
    {LogRecovered, "log.recovered", Info, "", "The log can be written again: the door is open.",
     "duration_us refused lost"},
    {LogRead, "log.read", Info, "", "Somebody read the log.",
     "what filter events client"},
    {LogWitnessed, "log.witnessed", Info, "witness", "A witness cosigned the log, for the first time or again.",
     "witness size"},
    {LogWitnessFailed, "log.witness_failed", Warning, "witness", "A witness has not cosigned the log for a while.",
     "witness size since why"},
    {LogWitnessRefused, "log.witness_refused", Severe, "witness", "A witness has seen another history of the log than this one.",
     "witness size seen why"},
    {LogTruncatedTail, "log.truncated_tail", Warning, "", "A torn write at the end of the journal was stepped over at start.",
     "file offset bytes index"},
    {LogKeyChanged, "log.key_changed", Info, "", "An admin had the log go on under another key; a handover in its folder is signed by both.",
     "old new size client"},
    {LogRetention, "log.retention", Info, "", "Events older than the configuration keeps them are being removed; their hashes stay.",
     "first_kept removed oldest newest keep_us state_sha256"},
    // clang-format on
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kEvents.size(); ++i) {
    if (kEvents[i].type != static_cast<EventType>(i)) return false;
  }
  return true;
}
static_assert(in_order());

constexpr std::array<std::string_view, 3> kSeverities{"info", "warning", "severe"};

}  // namespace

const EventText& text_of(EventType type) {
  const auto number = static_cast<std::size_t>(type);
  POSTERN_CHECK(number < kEvents.size());
  return kEvents[number];
}

std::span<const EventText> all_events() { return kEvents; }

std::optional<EventType> event_type_from_name(std::string_view name) {
  for (const EventText& text : kEvents) {
    if (text.name == name) return text.type;
  }
  return std::nullopt;
}

std::string_view name_of(Severity severity) {
  const auto number = static_cast<std::size_t>(severity);
  POSTERN_CHECK(number < kSeverities.size());
  return kSeverities[number];
}

std::optional<Severity> severity_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kSeverities.size(); ++i) {
    if (kSeverities[i] == name) return static_cast<Severity>(i);
  }
  return std::nullopt;
}

}  // namespace postern::audit
