// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Sentences are templates. {name} is a field of detail, {@actor} who did it; {name|noun} counts ("1
// exchange", "3 exchanges"). Fields that end in _us are durations. A part in [square brackets] is left out
// when a field in it is missing, empty or 0.
#include "audit/sentence.h"

#include <array>
#include <optional>

#include "base/bytes.h"

namespace postern::audit {
namespace {

using base::Json;
using base::Result;
using enum EventType;

struct Template {
  EventType type;
  std::string_view when;  // "field=value" in detail; empty: always
  std::string_view text;
};

// The first that fits is taken.
constexpr Template kTemplates[] = {
    // clang-format off
    {SessionOpened, "", "Engineer {engineer} opened a session[ with a {method}][ from {client}][, valid until {expires}]."},
    {SessionEnded, "", "The session of engineer {engineer} ended ({reason})[ after {duration_us}][: {exchanges|exchange}][, {refused} refused][: {why}]."},
    {SessionRefused, "", "A sign-in[ of engineer {engineer}][ with a {method}][ from {client}] was refused[: {why}]."},
    {SessionBudgetWarned, "", "The session of engineer {engineer} has received {response_bytes|byte}[; the configuration warns at {threshold}]."},
    {SessionBudgetHeld, "", "The session of engineer {engineer} has received {response_bytes|byte}: each further call waits for an admin."},
    {SessionBudgetCut, "", "The session of engineer {engineer} has received {response_bytes|byte}: it was cut, and all further calls are refused."},
    {ExchangeForwarded, "", "{method} \"{target}\" was allowed[ by {capability}] and sent[ to {service}][ ({node})]."},
    {ExchangeOpened, "", "The WebSocket \"{target}\" was opened[, speaking {subprotocol}][ ({extensions})]."},
    {ExchangeCompleted, "outcome=cut", "The exchange was cut[ because of {cut_reason}][ after {cut_us}][; {bytes_after_cut|byte} followed the cut]."},
    {ExchangeCompleted, "outcome=client_gone", "The client left before the answer was complete[ (status {status})][, after {duration_us}]."},
    {ExchangeCompleted, "outcome=component_failed", "The component failed to answer[ (status {status})][: {code}][, after {duration_us}]."},
    {ExchangeCompleted, "outcome=not_forwarded", "The request was not forwarded[ ({code})]."},
    {ExchangeCompleted, "outcome=refused", "What followed the request's head was refused[ ({code})][, after {duration_us}]."},
    {ExchangeCompleted, "closed_by=client", "The WebSocket was closed by the client[ after {duration_us}][, {messages_in|message} from the engineer][, {messages_out|message} from the component][; {redacted|secret} taken out]."},
    {ExchangeCompleted, "closed_by=component", "The WebSocket was closed by the component[ after {duration_us}][, {messages_in|message} from the engineer][, {messages_out|message} from the component][; {redacted|secret} taken out]."},
    {ExchangeCompleted, "closed_by=gateway", "The WebSocket was closed by the gateway[ after {duration_us}][, {messages_in|message} from the engineer][, {messages_out|message} from the component][; {redacted|secret} taken out]."},
    {ExchangeCompleted, "", "The component answered[ with {status}][, {response_bytes|byte}][ in {duration_us}][; {redacted|secret} taken out]."},
    {ExchangeRefused, "", "{method} \"{target}\" was refused with {status} ({code})[: {why}][; the nearest listed operation is {nearest}]."},
    {ExchangeChanged, "", "{method} \"{target}\" changed {changes|value} of {read}[ (not recorded: {why})]."},
    {LimitReached, "", "{count|refusal} because of the limit {limit}[ of engineer {engineer}][ from {client}] within {window_us}, counted here[; the first is {first}]."},
    {PermissionChanged, "what=remote_access", "{@actor} changed remote access from {old} to {new}[ until {until}][, cutting {cut_exchanges|exchange}]."},
    {PermissionChanged, "", "{@actor} changed {what} {name} from {old} to {new}[ until {until}][, cutting {cut_exchanges|exchange}]."},
    {PermissionApplied, "", "What was taken away is cut in {enforcers|enforcer}[, the slowest after {slowest_us}][, cutting {cut_exchanges|exchange}][, ending {ended_sessions|session}][; {missing} did not confirm]."},
    {EngineerAdded, "", "{@actor} added engineer {engineer}."},
    {EngineerApproved, "", "{@actor} approved engineer {engineer} in advance."},
    {EngineerRemoved, "", "{@actor} removed engineer {engineer}[, ending {ended_sessions|session}]."},
    {PassIssued, "", "{@actor} issued a pass for engineer {engineer}[, valid until {expires}]."},
    {PassUsed, "", "Engineer {engineer} used a pass[ from {client}]."},
    {RequestCreated, "asked_by=admin", "{@actor} asked for access for engineer {engineer}[ as {role}][ to {capabilities}][ for {duration_us}][: \"{reason}\"]."},
    {RequestCreated, "asked_by=mission_control", "{@actor} asked for access for engineer {engineer}[ as {role}][ to {capabilities}][ for {duration_us}][: \"{reason}\"]."},
    {RequestCreated, "", "Engineer {engineer} asked for access[ as {role}][ to {capabilities}][ for {duration_us}][: \"{reason}\"]."},
    {RequestApproved, "", "{@actor} approved the access request of engineer {engineer}[ as {role}][ for {duration_us}][ ({approvals} of {approvals_needed} approvals)][, which makes those of {voided} void]."},
    {RequestQuestioned, "", "{@actor} asked engineer {engineer} about the access request[: \"{text}\"]."},
    {RequestAnswered, "", "Engineer {engineer} answered about the access request[: \"{text}\"]."},
    {RequestRefused, "", "{@actor} refused the access request of engineer {engineer}[: \"{note}\"]."},
    {RequestWithdrawn, "asked_by=mission_control", "{@actor} withdrew the access request for engineer {engineer}."},
    {RequestWithdrawn, "", "Engineer {engineer} withdrew an access request[: \"{note}\"]."},
    {RequestExpired, "", "The access request of engineer {engineer} expired without an answer."},
    {RequestNotTaken, "", "{@actor} asked for access[ for engineer {engineer}], which was not taken in[: {why}][; {unrecorded} more before it were not recorded one by one]."},
    {ProposalReceived, "", "{@actor} proposes {method} \"{target}\"[: \"{reason}\"][; {waits}]."},
    {ProposalNotTaken, "", "{@actor} proposed a change[: {method} \"{target}\"], which was not taken in[: {why}][; {unrecorded} more before it were not recorded one by one]."},
    {ProposalCompared, "", "What a proposal would change was read: {read}[, {changes|difference}][ (not compared: {why})]."},
    {ProposalApproved, "", "{@actor} approved what Mission Control proposed[ ({capability})][: \"{note}\"]."},
    {ProposalRefused, "", "{@actor} refused what Mission Control proposed[ ({capability})][: \"{note}\"]."},
    {ProposalWithdrawn, "", "{@actor} withdrew what was proposed[ ({capability})]."},
    {ProposalExpired, "", "What Mission Control proposed expired without an answer[ ({capability})]."},
    {ProposalStarted, "", "The {what} of a proposal is sent[: {method} \"{target}\"][, because {why}]."},
    {ProposalApplied, "", "What Mission Control proposed was applied[ ({capability})][: the component answered {status}][; health is watched until {watch_until}]."},
    {ProposalFailed, "", "What Mission Control proposed was not applied[ ({capability})][: {why}]."},
    {ProposalUnknown, "", "Whether the component took what Mission Control proposed is not known[ ({capability})][: {why}]."},
    {ProposalUndoAsked, "", "{@actor} wants a proposal undone[ ({capability})]."},
    {ProposalUndone, "", "A proposal was undone[ ({capability})][: the component answered {status}]."},
    {ProposalRolledBack, "", "A proposal was rolled back[ ({capability})][, because {why}]."},
    {ProposalUndoFailed, "", "A proposal could not be undone[ ({capability})][: {why}]."},
    {ProposalWatchEnded, "", "Health did not get worse after a proposal was applied[ ({capability})]."},
    {GrantStarted, "", "Engineer {engineer} was given access[ as {role}][ to {capabilities}][, from {starts}][ until {expires}][: \"{reason}\"]."},
    {GrantEnded, "", "Access of engineer {engineer} ended[ ({reason})][, cutting {cut_exchanges|exchange}]."},
    {GrantRefused, "", "A signed grant[ for engineer {engineer}] was refused[: {why}]."},
    {HoldCreated, "", "{method} \"{target}\" of engineer {engineer} waits for an admin to let it pass[, until {expires}]."},
    {HoldCompared, "", "What a call of engineer {engineer} would change was read: {read}[, {changes|difference}][ (not compared: {why})]."},
    {HoldPassed, "because=budget", "{@actor} let the session of engineer {engineer} go on, although it has received so much[: {operation}][, after {waited_us}]."},
    {HoldPassed, "for_session=true", "{@actor} let a call of engineer {engineer} pass, and all others of {operation} in this session[, after {waited_us}]."},
    {HoldPassed, "", "{@actor} let a call of engineer {engineer} pass[: {operation}][, after {waited_us}]."},
    {HoldRefused, "", "{@actor} refused a call of engineer {engineer}[: {operation}][: \"{note}\"][, after {waited_us}]."},
    {HoldExpired, "", "No admin answered a call of engineer {engineer} in time[: {operation}]."},
    {HoldWithdrawn, "", "A call of engineer {engineer} stopped waiting[: {operation}][: {why}]."},
    {NotificationTested, "", "{@actor} sent a test notification to {target}."},
    {NotificationDelivered, "", "{target} takes notifications."},
    {NotificationFailed, "", "{target} takes no notifications[: {why}][; {waiting} wait]."},
    {NotificationGivenUp, "", "[{count|notification} for ]{target} will not be sent any more[: {why}]."},
    {PolicyChanged, "", "{@actor} put a policy in force[: {capabilities} capabilities with {operations|operation}][, {newly_allowed} newly allowed][, {no_longer_allowed} no longer]."},
    {PolicyAccepted, "reason=first", "The policy in force is the first one: what it allows counts as accepted."},
    {PolicyAccepted, "reason=narrower", "The policy in force allows nothing new: there is nothing to accept."},
    {PolicyAccepted, "", "{@actor} accepted the policy in force[ from {client}]: what it newly allows is open."},
    {PolicyRejected, "", "A policy was rejected[ with {faults|fault}][: {first_fault}]."},
    {ConfigChanged, "", "{@actor} put a configuration in force[; changed: {changed}]."},
    {ConfigRejected, "", "A configuration was rejected[ with {faults|fault}][: {first_fault}]."},
    {AdminSignedIn, "", "Admin {admin} signed in[ by {method}][ from {client}][, as {subject} of {issuer}]."},
    {AdminSignedOut, "", "The sign-in of admin {admin} ended[ ({reason})]."},
    {AdminRefused, "", "Admin {admin} was refused[ {command}][ from {client}][: {why}]."},
    {AdminProved, "", "Admin {admin} proved again who they are[ by {method}][ from {client}]."},
    {AdminSlowed, "", "Attempts to sign in[ from {client}] are slowed after {failures|failure}[; the next may come after {wait_us}]."},
    {AdminAdded, "", "{@actor} added {role} {admin}."},
    {AdminRemoved, "", "{@actor} removed {role} {admin}."},
    {AdminRoleChanged, "", "{@actor} made {admin} {new} instead of {old}."},
    {AdminLocked, "", "{@actor} locked the account of {admin}."},
    {AdminUnlocked, "", "{@actor} unlocked the account of {admin}."},
    {AdminPasswordChanged, "", "{@actor} changed the password of {admin}."},
    {AdminPasskeyAdded, "", "{@actor} added the passkey \"{passkey}\" of {admin}."},
    {AdminPasskeyRemoved, "", "{@actor} removed the passkey \"{passkey}\" of {admin}."},
    {AdminTotpEnabled, "", "{@actor} switched on codes after the password of {admin}."},
    {AdminTotpDisabled, "", "{@actor} switched off codes after the password of {admin}."},
    {AdminCodesMade, "", "{@actor} made {codes|recovery code} of {admin}; those before are void."},
    {AdminCodeUsed, "", "A recovery code of {admin} was used[ from {client}]; {left} are left."},
    {AdminFactorReset, "", "{@actor} removed the second factors of {admin}."},
    {AdminInvited, "", "{@actor} invited {admin} as {role}[, until {expires}]."},
    {AdminInvitationRevoked, "", "{@actor} took back the invitation of {admin}."},
    {TokenCreated, "", "{@actor} made the API token {name}[ with the rank of an {rank}][, for {scopes}][, until {expires}]."},
    {TokenUsed, "", "The API token {name} of admin {admin} was used[ from {client}]."},
    {TokenRevoked, "", "{@actor} revoked the API token {name} of admin {admin}."},
    {TokenExpired, "", "The API token {name} of admin {admin} has expired."},
    {CertificateExpiring, "", "The certificate of {name} is valid until {expires}[: {days|day} are left]."},
    {CertificateFlawed, "", "The certificate of {name} is used, but {why}."},
    {CertificateIssued, "", "{authority} issued a certificate for {names}[, valid until {expires}]."},
    {CertificateRenewed, "", "{authority} renewed the certificate for {names}[, which is valid until {expires} now]."},
    {CertificateFailed, "", "{authority} issued no certificate for {names}[: {why}][; it is asked again at {next}][, but the certificate in use is over at {expires}]."},
    {CertificateStapled, "", "A fresh OCSP response is shown with the certificate of {name}[, valid until {expires}]."},
    {CertificateStapleFailed, "", "There is no OCSP response for the certificate of {name}[ from {responder}][: {why}]."},
    {CertificateRevocationFetched, "", "What {url} says of revoked certificates ({name}) was fetched[, and is good until {expires}][: {why}]."},
    {CertificateRevocationFailed, "", "What {url} says of revoked certificates ({name}) could not be had[: {why}][; what is at hand is good until {expires}]."},
    {CertificateCrlExpiring, "", "The list of revoked certificates[ by {issuer}] for {name} is good until {expires}[ ({revocation})]."},
    {GatewayStarted, "", "The gateway started[, version {version}][, with {events|earlier event}]."},
    {GatewayStopped, "", "The gateway stopped[ ({reason})][ after {duration_us}]."},
    {GatewayHandedOver, "", "The gateway was handed over from version {from_version} to version {version}[; nobody accepted for {closed_us}][; cut: {cut_exchanges|exchange}][; {why}]."},
    {GatewayHandOverFailed, "", "A hand-over to version {version} failed, and the gateway goes on[: {why}]."},
    {RoleStarted, "", "The process {role} started[, for the {restarts}. time again]."},
    {RoleEnded, "", "The process {role} ended unasked[: {reason}][, signal {signal}][, exit code {exit_code}]."},
    {SandboxAttested, "", "The process {role} proved its confinement: {refused} of {attempts|attempt} were refused[, Landlock ABI {landlock}][; missing: {missing}]."},
    {SandboxViolated, "", "The process {role} tried {call}, which its profile does not list, and was killed."},
    {NodeUp, "", "Node {node} of {service} answers[ again after {duration_us}]."},
    {NodeDown, "", "Node {node} of {service} does not answer[: {reason}]."},
    {NodeCredentialRefused, "", "Node {node} of {service} refused the credential[ ({credential})] that Postern holds for it[: {reason}]."},
    {NodeCredentialAccepted, "", "Node {node} of {service} accepts the credential[ ({credential})] again."},
    {NodeAdded, "", "Node {node} of {service} was added to the configuration."},
    {NodeRemoved, "", "Node {node} of {service} was taken out of the configuration."},
    {NodeWarning, "", "Node {node} of {service}: {resource} is at {value}[ {unit}][; a warning begins at {warns_at}]."},
    {NodeCleared, "", "Node {node} of {service}: the warning about {resource} is over[, at {value}][ {unit}][, after {duration_us}]."},
    {HostWarning, "", "The gateway's host: {resource}[ ({file})] is at {value}[ {unit}][; a warning begins at {warns_at}]."},
    {HostCleared, "", "The gateway's host: the warning about {resource}[ ({file})] is over[, at {value}][ {unit}][, after {duration_us}]."},
    {ComponentServerStarted, "", "{@actor} says that the server[ {node}][ of {service}] started."},
    {ComponentServerStopped, "", "{@actor} says that the server[ {node}][ of {service}] stopped."},
    {ComponentServerUp, "", "{@actor} says that the server[ {node}][ of {service}] is up."},
    {ComponentServerDown, "", "{@actor} says that the server[ {node}][ of {service}] is down."},
    {ComponentNodeAdded, "", "{@actor} says that node {node} was added[ to {service}]."},
    {ComponentNodeRemoved, "", "{@actor} says that node {node} was taken out[ of {service}]."},
    {ComponentNodeJoined, "", "{@actor} says that node {node} joined[ {service}]."},
    {ComponentNodeLeft, "", "{@actor} says that node {node} left[ {service}]."},
    {RemoteGatewayRegistered, "", "The remote gateway {gateway}[ of {service}] registered, says {@actor}."},
    {RemoteGatewayUnregistered, "", "The remote gateway {gateway}[ of {service}] unregistered, says {@actor}."},
    {RemoteGatewayLost, "", "The remote gateway {gateway}[ of {service}] is lost[: it has not been heard from for {silent_us}]."},
    {RemoteGatewayReturned, "", "The remote gateway {gateway}[ of {service}] is heard from again[ after {lost_us}]."},
    {IntakeTokenCreated, "", "{@actor} made the intake token {name}[ for {service}][, valid until {expires}]."},
    {IntakeTokenRevoked, "", "{@actor} revoked the intake token {name}."},
    {IntakeTokenExpired, "", "The time of the intake token {name} was over."},
    {IntakeLimited, "", "{count|event} of the intake token {name}[, from {client},] came above its limit and were refused[, within {window_us}]."},
    {IntakeRefused, "", "{count|request} to the intake[, the last from {client},] had no token that counts[, within {window_us}]."},
    {LinkEnrolled, "", "{@actor} enrolled this installation at Mission Control ({url})[ for {customer}][, until {expires}]."},
    {LinkEnrolmentFailed, "", "This installation could not enrol at Mission Control ({url})[: {why}]."},
    {LinkUp, "", "The line to Mission Control ({url}) is up[ again after {duration_us}]."},
    {LinkDown, "", "The line to Mission Control ({url}) is down[: {why}]."},
    {LinkCertificateRenewed, "", "Mission Control renewed the certificate of this installation[, until {expires}]."},
    {LinkConflict, "", "Somebody else[ at {client}] came to Mission Control ({url}) with the certificate of this installation: one of the two is a copy."},
    {LinkReportsGivenUp, "", "{count|event} will not be reported to Mission Control any more: too many waited[; {why}]."},
    {TunnelOpened, "", "The tunnel is there: engineers can come through Mission Control."},
    {TunnelClosed, "", "The tunnel is not there any more[: {why}]; what came through it is cut."},
    {TunnelRelayed, "", "Mission Control ({relay}) relayed a connection of {client} for {name}[; {unrecorded} more before it were not recorded one by one]."},
    {TunnelRefused, "", "A connection of {client} that Mission Control ({relay}) relayed was not let in[: {why}][; {unrecorded} more before it were not recorded one by one]."},
    {UpdateStarted, "", "{@actor} began the update of {service} to {version}[ from {before}]."},
    {UpdateRefused, "", "The update of {service} to {version} was not begun[: {why}]."},
    {UpdateDryRun, "", "{@actor} looked what the update of {service} to {version} would do."},
    {UpdateNodeDraining, "", "The node {node} of {service} gets no new exchanges, to be updated or rolled back."},
    {UpdateNodeDrained, "", "Nothing is under way on {node} any more[ after {duration_us}][; {cut|exchange} stayed too long and were cut]."},
    {UpdateStepBegun, "", "Step {step} on {node} is about to be done[: {does}]."},
    {UpdateStepRun, "", "Step {step} on {node} ended[: {outcome}][ ({why})][ after {duration_us}]."},
    {UpdateNodeHealthy, "", "The node {node} is healthy[ and of version {version}]."},
    {UpdateNodeUpdated, "", "The node {node} of {service} is updated[ to {version}] and gets exchanges again."},
    {UpdateNodeFailed, "", "The node {node} of {service} failed[: {why}]."},
    {UpdateNodeRolledBack, "", "The node {node} of {service} was rolled back[ to {version}] and gets exchanges again."},
    {UpdateStopAsked, "", "{@actor} stopped the update of {service}: it ends after the node that it is at."},
    {UpdateRollingBack, "", "The update of {service} is being rolled back[: {why}]."},
    {UpdateResumed, "", "The update of {service} goes on after a restart[ at {node}][: {why}]."},
    {UpdateDone, "", "The update of {service} to {version} is done on all nodes[ after {duration_us}]."},
    {UpdateRolledBack, "", "The update of {service} to {version} was rolled back[: {why}]."},
    {UpdateStopped, "", "The update of {service} to {version} ended with its nodes as they are[: {why}]."},
    {UpdateAnnounced, "", "The vendor announced the update {target}[ of {service}][ of {product}] to {version}[ ({severity})][; it starts at {start}]."},
    {UpdateScheduled, "", "The update {target}[ of {service}][ of {product}] was planned anew[ for {start}][: {why}]."},
    {UpdatePostponed, "", "{@actor} put the update {target}[ of {service}][ of {product}] off until {start}."},
    {UpdateRunNowAsked, "", "{@actor} wants the update {target}[ of {service}][ of {product}] to run now."},
    {UpdateCancelled, "", "{@actor} cancelled the update {target}[ of {service}][ of {product}][: {why}]."},
    {UpdateSuspended, "", "The vendor suspended the update {target}[ of {service}][ of {product}][: {why}]."},
    {UpdateSuspensionEnded, "", "The vendor does not suspend the update {target}[ of {service}][ of {product}] any more[; it starts at {start}]."},
    {UpdateWithdrawn, "", "The update {target}[ of {service}][ of {product}] is none any more[: {why}]."},
    {UpdateMissed, "", "The update {target}[ of {service}][ of {product}] did not start in its window[: {why}][; the next one is at {next}]."},
    {UpdateBegun, "", "The update {target}[ of {service}][ of {product}] to {version} runs."},
    {UpdateEnded, "", "The update {target}[ of {service}][ of {product}] to {version} has ended: {outcome}[ ({why})]."},
    {UpdateMetadataRefused, "", "Of the vendor's updates {document} was not taken ({reason})[: {why}][; {unrecorded} more before it were not recorded one by one]."},
    {UpdateMetadataTaken, "", "The vendor's documents were taken: root {root_version}, targets {targets_version}[, good until {expires}]."},
    {UpdateMetadataEnding, "", "The vendor's {document} ends on {expires}, and no newer one has come."},
    {UpdateDownloading, "", "The artefact of the update to {version} is being fetched: {bytes|byte}[, of which {have} are here]."},
    {UpdateDownloaded, "", "The artefact of the update to {version} is here: {bytes|byte}, as signed."},
    {UpdateArtefactRefused, "", "The artefact of the update to {version} was not taken ({reason})[: {why}][; tried again on {next}][; {unrecorded} more before it were not recorded one by one]."},
    {WitnessCosigned, "", "Seen as a witness: the log {log} has {size|event}."},
    {WitnessConflict, "", "The log {log} showed another history than before[: {why}]; it was not cosigned."},
    {LogUnavailable, "", "The log could not be written[ from {since} on][: {why}]; the door was closed."},
    {LogRecovered, "", "The log can be written again[ after {duration_us}][; {refused|request} were refused meanwhile]."},
    {LogRead, "", "{@actor} read the log[: {what}][, {filter}][, {events|event}]."},
    {LogWitnessed, "", "The witness {witness} cosigned the log[ of {size|event}]."},
    {LogWitnessFailed, "", "The witness {witness} has not cosigned the log[ since {since}][: {why}]."},
    {LogWitnessRefused, "", "The witness {witness} has seen another history of the log[: {why}]."},
    {LogTruncatedTail, "", "A torn write of {bytes|byte} at the end of the journal was stepped over."},
    {LogKeyChanged, "", "{@actor} had the log go on under the key {new}[, behind {size|event}]."},
    {LogRetention, "", "Retention removes {removed|event}[ from {oldest}][ to {newest}]; the first that is kept is {first_kept}."},
    // clang-format on
};

std::string duration_text(base::Micros us) {
  if (us < 1000) return std::to_string(us) + " us";
  if (us < base::kWallSecond) return std::to_string(us / 1000) + " ms";
  const base::Micros exact = us < 10 * base::kWallSecond ? 1000 : base::kWallSecond;
  return base::format_duration(us / exact * exact);
}

std::string actor_text(std::string_view actor) {
  if (actor.empty()) return "Somebody";
  const auto colon = actor.find(':');
  if (colon == std::string_view::npos) return "The " + std::string(actor);
  std::string text(actor);
  text[0] = static_cast<char>(text[0] >= 'a' && text[0] <= 'z' ? text[0] - 'a' + 'A' : text[0]);
  text[colon] = ' ';
  if (actor.starts_with("mission-control:")) text.replace(0, colon, "Mission Control's");
  return text;
}

std::string list_text(const Json& list) {
  std::string text;
  for (const Json& item : list) {
    if (!text.empty()) text += ", ";
    text += item.is_string() ? item.get_ref<const std::string&>() : base::dump_json(item);
  }
  return text;
}

class Sentence {
 public:
  Sentence(const EventFields& event, const Json& detail) : event_(event), detail_(detail) {}

  std::string fill(std::string_view text) {
    std::string out;
    while (!text.empty()) {
      const auto bracket = text.find('[');
      missing_ = false;
      out += fill_part(text.substr(0, bracket));
      if (bracket == std::string_view::npos) break;
      const auto end = text.find(']', bracket);
      missing_ = false;
      const std::string part = fill_part(text.substr(bracket + 1, end - bracket - 1));
      if (!missing_) out += part;
      text.remove_prefix(end + 1);
    }
    return out;
  }

 private:
  std::string fill_part(std::string_view text) {
    std::string out;
    for (;;) {
      const auto open = text.find('{');
      out += text.substr(0, open);
      if (open == std::string_view::npos) return out;
      const auto close = text.find('}', open);
      out += value(text.substr(open + 1, close - open - 1));
      text.remove_prefix(close + 1);
    }
  }

  std::string value(std::string_view place) {
    const auto mark = place.find('|');
    const std::string name(place.substr(0, mark));
    if (name == "@actor") return base::printable(actor_text(unescape(event_.actor)), kQuoteLimit);
    std::string text = field(name);
    if (text.empty() || text == "0") missing_ = true;
    if (text.empty()) text = "unknown";
    if (mark != std::string_view::npos)
      text += " " + std::string(place.substr(mark + 1)) + (text == "1" ? "" : "s");
    return base::printable(text, kQuoteLimit);
  }

  std::string field(const std::string& name) const {
    if (!detail_.is_object()) return {};
    const auto found = detail_.find(name);
    if (found == detail_.end() || found->is_null()) return {};
    if (found->is_string()) return found->get<std::string>();
    if (found->is_array()) return list_text(*found);
    const bool duration =
        name.size() > 3 && name.substr(name.size() - 3) == "_us" && found->is_number_integer();
    if (!duration) return base::dump_json(*found);
    const auto us = found->get<base::Micros>();
    return us == 0 ? "0" : duration_text(us);
  }

  const EventFields& event_;
  const Json& detail_;
  bool missing_ = false;
};

bool fits(const Template& sentence, const EventFields& event, const Json& detail) {
  if (sentence.type != event.type) return false;
  const auto equals = sentence.when.find('=');
  if (equals == std::string_view::npos) return true;
  const std::string name(sentence.when.substr(0, equals));
  return base::json_text_or(detail, name.c_str(), "") == sentence.when.substr(equals + 1);
}

}  // namespace

std::string describe(const EventFields& event, const Json& detail) {
  for (const Template& sentence : kTemplates) {
    if (fits(sentence, event, detail)) return Sentence(event, detail).fill(sentence.text);
  }
  return std::string(text_of(event.type).says);
}

Result<std::string> describe(std::string_view line) {
  const auto event = read_event_head(line);
  if (!event.ok()) return event.error();
  const auto detail = base::parse_json(event->detail, kDetailDepthLimit);
  if (!detail.ok()) return detail.error();
  return describe(*event, *detail);
}

}  // namespace postern::audit
