// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One event is one line of the audit log: a JSON object in UTF-8 without a newline, keys always in this
// order, empty ones left out (detail never is):
//
//   {"v":1,"id":ULID,"time":RFC
//   3339,"type":T,"severity":S,"actor":..,"session":..,"subject":..,"outcome":..,"detail":{..},"policy":..}
//
// The bytes of the line are the leaf of the log: they are written once and never formatted again. EVENTS.md
// is the catalogue of the types; a test holds it against the table below, field by field. Lines of a released
// schema version stay readable.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace postern::audit {

inline constexpr int kEventVersion = 1;
inline constexpr std::size_t kEventLimit =
    65'535;  // bytes of one line, as an entry bundle counts them; the journal refuses more
inline constexpr int kDetailDepthLimit = 16;  // nested objects and arrays in detail

enum class Severity : std::uint8_t { Info, Warning, Severe };

// The numbers are written nowhere but in the index, which is rebuilt when the table changes.
enum class EventType : std::uint8_t {
  SessionOpened,
  SessionEnded,
  SessionRefused,
  SessionBudgetWarned,
  SessionBudgetHeld,
  SessionBudgetCut,
  ExchangeForwarded,
  ExchangeOpened,
  ExchangeCompleted,
  ExchangeRefused,
  ExchangeChanged,
  LimitReached,
  PermissionChanged,
  PermissionApplied,
  EngineerAdded,
  EngineerApproved,
  EngineerRemoved,
  PassIssued,
  PassUsed,
  RequestCreated,
  RequestApproved,
  RequestQuestioned,
  RequestAnswered,
  RequestRefused,
  RequestWithdrawn,
  RequestExpired,
  RequestNotTaken,
  ProposalReceived,
  ProposalNotTaken,
  ProposalCompared,
  ProposalApproved,
  ProposalRefused,
  ProposalWithdrawn,
  ProposalExpired,
  ProposalStarted,
  ProposalApplied,
  ProposalFailed,
  ProposalUnknown,
  ProposalUndoAsked,
  ProposalUndone,
  ProposalRolledBack,
  ProposalUndoFailed,
  ProposalWatchEnded,
  GrantStarted,
  GrantEnded,
  GrantRefused,
  HoldCreated,
  HoldCompared,
  HoldPassed,
  HoldRefused,
  HoldExpired,
  HoldWithdrawn,
  NotificationTested,
  NotificationDelivered,
  NotificationFailed,
  NotificationGivenUp,
  PolicyChanged,
  PolicyAccepted,
  PolicyRejected,
  ConfigChanged,
  ConfigRejected,
  AdminSignedIn,
  AdminSignedOut,
  AdminRefused,
  AdminProved,
  AdminSlowed,
  AdminAdded,
  AdminRemoved,
  AdminRoleChanged,
  AdminLocked,
  AdminUnlocked,
  AdminPasswordChanged,
  AdminPasskeyAdded,
  AdminPasskeyRemoved,
  AdminTotpEnabled,
  AdminTotpDisabled,
  AdminCodesMade,
  AdminCodeUsed,
  AdminFactorReset,
  AdminInvited,
  AdminInvitationRevoked,
  TokenCreated,
  TokenUsed,
  TokenRevoked,
  TokenExpired,
  CertificateExpiring,
  CertificateFlawed,
  CertificateIssued,
  CertificateRenewed,
  CertificateFailed,
  CertificateStapled,
  CertificateStapleFailed,
  CertificateCrlExpiring,
  CertificateRevocationFetched,
  CertificateRevocationFailed,
  GatewayStarted,
  GatewayStopped,
  GatewayHandedOver,
  GatewayHandOverFailed,
  RoleStarted,
  RoleEnded,
  SandboxAttested,
  SandboxViolated,
  NodeUp,
  NodeDown,
  NodeCredentialRefused,
  NodeCredentialAccepted,
  NodeAdded,
  NodeRemoved,
  NodeWarning,
  NodeCleared,
  HostWarning,
  HostCleared,
  ComponentServerStarted,
  ComponentServerStopped,
  ComponentServerUp,
  ComponentServerDown,
  ComponentNodeAdded,
  ComponentNodeRemoved,
  ComponentNodeJoined,
  ComponentNodeLeft,
  RemoteGatewayRegistered,
  RemoteGatewayUnregistered,
  RemoteGatewayLost,
  RemoteGatewayReturned,
  IntakeTokenCreated,
  IntakeTokenRevoked,
  IntakeTokenExpired,
  IntakeLimited,
  IntakeRefused,
  LinkEnrolled,
  LinkEnrolmentFailed,
  LinkUp,
  LinkDown,
  LinkCertificateRenewed,
  LinkConflict,
  LinkReportsGivenUp,
  TunnelOpened,
  TunnelClosed,
  TunnelRelayed,
  TunnelRefused,
  UpdateStarted,
  UpdateRefused,
  UpdateDryRun,
  UpdateNodeDraining,
  UpdateNodeDrained,
  UpdateStepBegun,
  UpdateStepRun,
  UpdateNodeHealthy,
  UpdateNodeUpdated,
  UpdateNodeFailed,
  UpdateNodeRolledBack,
  UpdateStopAsked,
  UpdateRollingBack,
  UpdateResumed,
  UpdateDone,
  UpdateRolledBack,
  UpdateStopped,
  UpdateAnnounced,
  UpdateScheduled,
  UpdatePostponed,
  UpdateRunNowAsked,
  UpdateCancelled,
  UpdateSuspended,
  UpdateSuspensionEnded,
  UpdateWithdrawn,
  UpdateMissed,
  UpdateBegun,
  UpdateEnded,
  UpdateMetadataRefused,
  UpdateMetadataTaken,
  UpdateMetadataEnding,
  UpdateDownloading,
  UpdateDownloaded,
  UpdateArtefactRefused,
  WitnessCosigned,
  WitnessConflict,
  LogUnavailable,
  LogRecovered,
  LogRead,
  LogWitnessed,
  LogWitnessFailed,
  LogWitnessRefused,
  LogTruncatedTail,
  LogKeyChanged,
  LogRetention,
};
inline constexpr std::size_t kEventTypes = static_cast<std::size_t>(EventType::LogRetention) + 1;

struct EventText {
  EventType type;
  std::string_view name;     // "exchange.forwarded": a family, a dot, what happened
  Severity severity;         // the usual one; a writer may raise it
  std::string_view subject;  // what the subject key holds: "capability"; empty: the key is left out
  std::string_view says;     // one sentence
  std::string_view fields;   // names in detail, one space between them; any of them may be missing
};

const EventText& text_of(EventType type);
std::span<const EventText> all_events();  // in the order of EventType
std::optional<EventType> event_type_from_name(std::string_view name);
std::string_view name_of(Severity severity);  // "info", "warning", "severe"
std::optional<Severity> severity_from_name(std::string_view name);

// What a writer gives. Views, so that writing one allocates nothing; any bytes may stand in them, they are
// escaped.
struct EventHead {
  std::string_view id;  // a ULID
  base::Micros time = 0;
  EventType type{};
  Severity severity = Severity::Info;
  std::string_view actor;    // "engineer:alice", "admin:root", "gateway", "component:prometheus"
  std::string_view session;  // its id
  std::string_view subject;
  std::string_view outcome;  // one word
  std::string_view policy;   // hash of the policy in force
};

// Appends the line to out. detail_json is a complete JSON object made by base::JsonWriter; empty means {}.
// Callers bound what peers sent (targets, user agents) so that the line stays under kEventLimit.
void write_event(std::string& out, const EventHead& head, std::string_view detail_json);

// What the scanner finds: views into the line. Texts are as written, escapes unresolved: unescape() where
// they are shown.
struct EventFields {
  std::string_view id;
  base::Micros time = 0;
  EventType type{};
  Severity severity = Severity::Info;
  std::string_view actor;
  std::string_view session;
  std::string_view subject;
  std::string_view outcome;
  std::string_view detail;  // JSON, with its braces
  std::string_view policy;
};

// Reads exactly the form above, without allocating, in well under a microsecond. Invalid for anything else:
// other keys, another order, spaces, empty texts, escapes that write_event does not make, an unknown type, a
// version above kEventVersion. Of detail it checks strings, nesting and depth, not grammar: base::parse_json
// does.
base::Result<EventFields> read_event_head(std::string_view line);

// Resolves what JsonWriter::escape writes: \" \\ \u00XX.
std::string unescape(std::string_view text);

}  // namespace postern::audit
