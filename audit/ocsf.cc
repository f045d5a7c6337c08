// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/ocsf.h"

#include <array>

#include "audit/sentence.h"
#include "base/json.h"

namespace postern::audit {
namespace {

using base::Json;
using base::OrderedJson;
using base::Status;
using enum EventType;

constexpr std::string_view kProduct = "Postern";

constexpr int kBase = 0, kFinding = 2004, kAccount = 3001, kAuthentication = 3002, kEntity = 3004,
              kHttp = 4002, kLifecycle = 6002;
// Activities, as the classes number them.
constexpr int kCreate = 1, kRead = 2, kUpdate = 3,
              kDelete = 4;  // of entities; 1 also of findings and accounts
constexpr int kEnableAccount = 2, kChangePassword = 3, kDeleteAccount = 6;
constexpr int kLogon = 1, kLogoff = 2;
constexpr int kStart = 3, kStop = 4;
constexpr int kOther = 99;

struct Row {
  EventType type;
  OcsfClass as;
};
constexpr auto kTable = std::to_array<Row>({
    // clang-format off
    {SessionOpened,          {kAuthentication, kLogon}},
    {SessionEnded,           {kAuthentication, kLogoff}},
    {SessionRefused,         {kAuthentication, kLogon, true}},
    {SessionBudgetWarned,    {kFinding, kCreate}},
    {SessionBudgetHeld,      {kFinding, kCreate}},
    {SessionBudgetCut,       {kFinding, kCreate}},
    {ExchangeForwarded,      {kHttp, kOther}},
    {ExchangeOpened,         {kHttp, kOther}},
    {ExchangeCompleted,      {kHttp, kOther}},
    {ExchangeRefused,        {kHttp, kOther, true}},
    {ExchangeChanged,        {kEntity, kUpdate}},
    {LimitReached,           {kFinding, kCreate}},
    {PermissionChanged,      {kEntity, kUpdate}},
    {PermissionApplied,      {kEntity, kUpdate}},
    {EngineerAdded,          {kAccount, kCreate}},
    {EngineerApproved,       {kAccount, kEnableAccount}},
    {EngineerRemoved,        {kAccount, kDeleteAccount}},
    {PassIssued,             {kEntity, kCreate}},
    {PassUsed,               {kEntity, kDelete}},
    {RequestCreated,         {kEntity, kCreate}},
    {RequestApproved,        {kEntity, kUpdate}},
    {RequestQuestioned,      {kEntity, kUpdate}},
    {RequestAnswered,        {kEntity, kUpdate}},
    {RequestRefused,         {kEntity, kUpdate}},
    {RequestWithdrawn,       {kEntity, kDelete}},
    {RequestExpired,         {kEntity, kDelete}},
    {RequestNotTaken,        {kEntity, kCreate, true}},
    {ProposalReceived,       {kEntity, kCreate}},
    {ProposalNotTaken,       {kEntity, kCreate, true}},
    {ProposalCompared,       {kEntity, kRead}},
    {ProposalApproved,       {kEntity, kUpdate}},
    {ProposalRefused,        {kEntity, kUpdate}},
    {ProposalWithdrawn,      {kEntity, kDelete}},
    {ProposalExpired,        {kEntity, kDelete}},
    {ProposalStarted,        {kEntity, kUpdate}},
    {ProposalApplied,        {kEntity, kUpdate}},
    {ProposalFailed,         {kEntity, kUpdate, true}},
    {ProposalUnknown,        {kEntity, kUpdate, true}},
    {ProposalUndoAsked,      {kEntity, kUpdate}},
    {ProposalUndone,         {kEntity, kUpdate}},
    {ProposalRolledBack,     {kEntity, kUpdate}},
    {ProposalUndoFailed,     {kEntity, kUpdate, true}},
    {ProposalWatchEnded,     {kEntity, kUpdate}},
    {GrantStarted,           {kEntity, kCreate}},
    {GrantEnded,             {kEntity, kDelete}},
    {GrantRefused,           {kEntity, kCreate, true}},
    {HoldCreated,            {kEntity, kCreate}},
    {HoldCompared,           {kEntity, kRead}},
    {HoldPassed,             {kEntity, kUpdate}},
    {HoldRefused,            {kEntity, kUpdate}},
    {HoldExpired,            {kEntity, kDelete}},
    {HoldWithdrawn,          {kEntity, kDelete}},
    {NotificationTested,     {kBase, kOther}},
    {NotificationDelivered,  {kBase, kOther}},
    {NotificationFailed,     {kBase, kOther, true}},
    {NotificationGivenUp,    {kBase, kOther, true}},
    {PolicyChanged,          {kEntity, kUpdate}},
    {PolicyAccepted,         {kEntity, kUpdate}},
    {PolicyRejected,         {kEntity, kUpdate, true}},
    {ConfigChanged,          {kEntity, kUpdate}},
    {ConfigRejected,         {kEntity, kUpdate, true}},
    {AdminSignedIn,          {kAuthentication, kLogon}},
    {AdminSignedOut,         {kAuthentication, kLogoff}},
    {AdminRefused,           {kAuthentication, kOther, true}},
    {AdminProved,            {kAuthentication, kLogon}},
    {AdminSlowed,            {kAuthentication, kOther, true}},
    {AdminAdded,             {kAccount, kCreate}},
    {AdminRemoved,           {kAccount, kDeleteAccount}},
    {AdminRoleChanged,       {kAccount, kOther}},
    {AdminLocked,            {kAccount, kOther}},
    {AdminUnlocked,          {kAccount, kOther}},
    {AdminPasswordChanged,   {kAccount, kChangePassword}},
    {AdminPasskeyAdded,      {kAccount, kOther}},
    {AdminPasskeyRemoved,    {kAccount, kOther}},
    {AdminTotpEnabled,       {kAccount, kOther}},
    {AdminTotpDisabled,      {kAccount, kOther}},
    {AdminCodesMade,         {kAccount, kOther}},
    {AdminCodeUsed,          {kAccount, kOther}},
    {AdminFactorReset,       {kAccount, kOther}},
    {AdminInvited,           {kEntity, kCreate}},
    {AdminInvitationRevoked, {kEntity, kDelete}},
    {TokenCreated,           {kEntity, kCreate}},
    {TokenUsed,              {kAuthentication, kLogon}},
    {TokenRevoked,           {kEntity, kDelete}},
    {TokenExpired,           {kEntity, kDelete}},
    {CertificateExpiring,    {kBase, kOther}},
    {CertificateFlawed,      {kBase, kOther}},
    {CertificateIssued,      {kEntity, kCreate}},
    {CertificateRenewed,     {kEntity, kCreate}},
    {CertificateFailed,      {kBase, kOther, true}},
    {CertificateStapled,     {kBase, kOther}},
    {CertificateStapleFailed, {kBase, kOther, true}},
    {CertificateCrlExpiring, {kBase, kOther}},
    {CertificateRevocationFetched, {kBase, kOther}},
    {CertificateRevocationFailed, {kBase, kOther, true}},
    {GatewayStarted,         {kLifecycle, kStart}},
    {GatewayStopped,         {kLifecycle, kStop}},
    {GatewayHandedOver,      {kLifecycle, kStart}},
    {GatewayHandOverFailed,  {kLifecycle, kStart, true}},
    {RoleStarted,            {kLifecycle, kStart}},
    {RoleEnded,              {kLifecycle, kStop, true}},
    {SandboxAttested,        {kBase, kOther}},
    {SandboxViolated,        {kFinding, kCreate}},
    {NodeUp,                 {kBase, kOther}},
    {NodeDown,               {kBase, kOther, true}},
    {NodeCredentialRefused,  {kBase, kOther, true}},
    {NodeCredentialAccepted, {kBase, kOther}},
    {NodeAdded,              {kBase, kOther}},
    {NodeRemoved,            {kBase, kOther}},
    {NodeWarning,            {kBase, kOther}},
    {NodeCleared,            {kBase, kOther}},
    {HostWarning,            {kBase, kOther}},
    {HostCleared,            {kBase, kOther}},
    {ComponentServerStarted, {kLifecycle, kStart}},
    {ComponentServerStopped, {kLifecycle, kStop}},
    {ComponentServerUp, {kBase, kOther}},
    {ComponentServerDown, {kBase, kOther, true}},
    {ComponentNodeAdded, {kBase, kOther}},
    {ComponentNodeRemoved, {kBase, kOther}},
    {ComponentNodeJoined, {kBase, kOther}},
    {ComponentNodeLeft, {kBase, kOther, true}},
    {RemoteGatewayRegistered, {kEntity, kCreate}},
    {RemoteGatewayUnregistered, {kEntity, kDelete}},
    {RemoteGatewayLost, {kBase, kOther, true}},
    {RemoteGatewayReturned, {kBase, kOther}},
    {IntakeTokenCreated, {kEntity, kCreate}},
    {IntakeTokenRevoked, {kEntity, kDelete}},
    {IntakeTokenExpired, {kEntity, kDelete}},
    {IntakeLimited, {kBase, kOther, true}},
    {IntakeRefused, {kAuthentication, kLogon, true}},
    {LinkEnrolled,           {kEntity, kCreate}},
    {LinkEnrolmentFailed,    {kBase, kOther, true}},
    {LinkUp,                 {kBase, kOther}},
    {LinkDown,               {kBase, kOther, true}},
    {LinkCertificateRenewed, {kEntity, kCreate}},
    {LinkConflict,           {kFinding, kCreate}},
    {LinkReportsGivenUp,     {kBase, kOther, true}},
    {TunnelOpened,           {kBase, kOther}},
    {TunnelClosed,           {kBase, kOther}},
    {TunnelRelayed,          {kBase, kOther}},
    {TunnelRefused,          {kBase, kOther, true}},
    {UpdateStarted,          {kBase, kOther}},
    {UpdateRefused,          {kBase, kOther, true}},
    {UpdateDryRun,           {kBase, kOther}},
    {UpdateNodeDraining,     {kBase, kOther}},
    {UpdateNodeDrained,      {kBase, kOther}},
    {UpdateStepBegun,        {kBase, kOther}},
    {UpdateStepRun,          {kBase, kOther}},
    {UpdateNodeHealthy,      {kBase, kOther}},
    {UpdateNodeUpdated,      {kBase, kOther}},
    {UpdateNodeFailed,       {kFinding, kCreate}},
    {UpdateNodeRolledBack,   {kBase, kOther}},
    {UpdateStopAsked,        {kBase, kOther}},
    {UpdateRollingBack,      {kBase, kOther, true}},
    {UpdateResumed,          {kBase, kOther}},
    {UpdateDone,             {kBase, kOther}},
    {UpdateRolledBack,       {kBase, kOther, true}},
    {UpdateStopped,          {kBase, kOther, true}},
    {UpdateAnnounced,        {kBase, kOther}},
    {UpdateScheduled,        {kBase, kOther}},
    {UpdatePostponed,        {kBase, kOther}},
    {UpdateRunNowAsked,      {kBase, kOther}},
    {UpdateCancelled,        {kBase, kOther}},
    {UpdateSuspended,        {kBase, kOther}},
    {UpdateSuspensionEnded,  {kBase, kOther}},
    {UpdateWithdrawn,        {kBase, kOther}},
    {UpdateMissed,           {kBase, kOther, true}},
    {UpdateBegun,            {kBase, kOther}},
    {UpdateEnded,            {kBase, kOther}},
    {UpdateMetadataRefused,  {kFinding, kCreate}},
    {UpdateMetadataTaken,    {kBase, kOther}},
    {UpdateMetadataEnding,   {kBase, kOther}},
    {UpdateDownloading,      {kBase, kOther}},
    {UpdateDownloaded,       {kBase, kOther}},
    {UpdateArtefactRefused,  {kFinding, kCreate}},
    {WitnessCosigned,        {kBase, kOther}},
    {WitnessConflict,        {kFinding, kCreate}},
    {LogUnavailable,         {kBase, kOther, true}},
    {LogRecovered,           {kBase, kOther}},
    {LogRead,                {kEntity, kRead}},
    {LogWitnessed,           {kBase, kOther}},
    {LogWitnessFailed,       {kBase, kOther, true}},
    {LogWitnessRefused,      {kFinding, kCreate}},
    {LogTruncatedTail,       {kBase, kOther, true}},
    {LogKeyChanged,          {kBase, kOther}},
    {LogRetention,           {kBase, kOther}},
    // clang-format on
});
constexpr OcsfClass kUnlisted{kBase, kOther};

// Informational, medium, critical.
constexpr std::array<int, 3> kSeverityIds{1, 3, 5};

struct Method {
  std::string_view name;
  int activity;
};
constexpr auto kMethods =
    std::to_array<Method>({{"DELETE", 2}, {"GET", 3}, {"HEAD", 4}, {"OPTIONS", 5}, {"POST", 6}, {"PUT", 7}});

int activity_of(const OcsfClass& as, const Json& detail) {
  if (as.class_uid != kHttp) return as.activity_id;
  const std::string method = base::json_text_or(detail, "method", "");
  for (const Method& one : kMethods) {
    if (one.name == method) return one.activity;
  }
  return kOther;
}

// "engineer:alice" is the user alice; "gateway" is the program.
OrderedJson user_of(std::string_view actor) {
  const std::size_t colon = actor.find(':');
  if (colon == std::string_view::npos) return {{"name", actor}, {"type_id", 3}};  // System
  return {{"name", actor.substr(colon + 1)}, {"type_id", kOther}, {"type", actor.substr(0, colon)}};
}

void put_endpoints(OrderedJson& out, const Json& detail) {
  if (const std::string client = base::json_text_or(detail, "client", ""); !client.empty())
    out["src_endpoint"] = {{"ip", client}};
}

OrderedJson url_of(std::string_view target) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  OrderedJson url{{"url_string", target}, {"path", target.substr(0, mark)}};
  if (mark < target.size()) url["query_string"] = target.substr(mark + 1);
  return url;
}

void put_http(OrderedJson& out, const EventFields& event, const Json& detail) {
  const bool completed = event.type == ExchangeCompleted;
  OrderedJson request{
      {"uid", completed ? base::json_text_or(detail, "forwarded", "") : std::string(event.id)}};
  if (const std::string method = base::json_text_or(detail, "method", ""); !method.empty())
    request["http_method"] = method;
  if (const std::string target = base::json_text_or(detail, "target", ""); !target.empty())
    request["url"] = url_of(target);
  out["http_request"] = std::move(request);
  out["http_response"] = {{"code", base::json_number_or(detail, "status", 0)}};
  put_endpoints(out, detail);
  OrderedJson to{{"svc_name", base::json_text_or(detail, "service", kProduct)}};
  if (const std::string node = base::json_text_or(detail, "node", ""); !node.empty()) to["name"] = node;
  out["dst_endpoint"] = std::move(to);
}

std::string family_of(EventType type) {
  const std::string_view name = text_of(type).name;
  return std::string(name.substr(0, name.find('.')));
}

void put_authentication(OrderedJson& out, const EventFields& event, const Json& detail) {
  const bool admin = family_of(event.type) == "admin";
  const std::string name = base::json_text_or(detail, admin ? "admin" : "engineer", unescape(event.subject));
  out["actor"] = {{"user", user_of(unescape(event.actor))}};
  out["user"] = {
      {"name", name.empty() ? "unknown" : name}, {"type_id", kOther}, {"type", admin ? "admin" : "engineer"}};
  out["service"] = {{"name", kProduct}};
  out["is_remote"] = true;
  if (!event.session.empty()) out["session"] = {{"uid", unescape(event.session)}};
  put_endpoints(out, detail);
}

void put_account(OrderedJson& out, const EventFields& event, const Json& detail) {
  out["actor"] = {{"user", user_of(unescape(event.actor))}};
  const char* who = family_of(event.type) == "admin" ? "admin" : "engineer";
  OrderedJson user{{"name", base::json_text_or(detail, who, unescape(event.subject))}};
  if (const std::string email = base::json_text_or(detail, "email", ""); !email.empty())
    user["email_addr"] = email;
  out["user"] = std::move(user);
  put_endpoints(out, detail);
}

void put_entity(OrderedJson& out, const EventFields& event) {
  const std::string subject = unescape(event.subject);
  const std::string family = family_of(event.type);
  out["actor"] = {{"user", user_of(unescape(event.actor))}};
  out["entity"] = {{"type", family}, {"name", subject.empty() ? family : subject}};
}

void put_finding(OrderedJson& out, const EventFields& event, const std::string& sentence) {
  out["finding_info"] = {{"uid", event.id}, {"title", text_of(event.type).says}, {"desc", sentence}};
  out["is_alert"] = true;
}

void put_class(OrderedJson& out, int class_uid, const EventFields& event, const Json& detail,
               const std::string& sentence) {
  if (class_uid == kHttp) put_http(out, event, detail);
  if (class_uid == kAuthentication) put_authentication(out, event, detail);
  if (class_uid == kAccount) put_account(out, event, detail);
  if (class_uid == kEntity) put_entity(out, event);
  if (class_uid == kFinding) put_finding(out, event, sentence);
  if (class_uid == kLifecycle)
    out["app"] = {{"name", base::json_text_or(detail, "role", kProduct)}, {"vendor_name", kProduct}};
}

OrderedJson unmapped_of(const EventFields& event, const Json& detail) {
  OrderedJson out{{"detail", detail}};
  const auto put = [&out](const char* key, std::string_view text) {
    if (!text.empty()) out[key] = unescape(text);
  };
  put("actor", event.actor);
  put("session", event.session);
  put("subject", event.subject);
  put("outcome", event.outcome);
  put("policy", event.policy);
  return out;
}

}  // namespace

const OcsfClass* ocsf_class_of(EventType type) {
  for (const Row& row : kTable) {
    if (row.type == type) return &row.as;
  }
  return nullptr;
}

Status append_ocsf(std::string& out, std::string_view line) {
  const auto event = read_event_head(line);
  if (!event.ok()) return event.error();
  const auto detail = base::parse_json(event->detail, kDetailDepthLimit);
  if (!detail.ok()) return detail.error();
  const OcsfClass* listed = ocsf_class_of(event->type);
  const OcsfClass& as = listed == nullptr ? kUnlisted : *listed;
  const int activity = activity_of(as, *detail);
  const std::string sentence = describe(*event, *detail);
  OrderedJson json{{"class_uid", as.class_uid},
                   {"category_uid", as.class_uid / 1000},
                   {"activity_id", activity},
                   {"type_uid", as.class_uid * 100 + activity},
                   {"time", event->time / 1000},
                   {"severity_id", kSeverityIds.at(static_cast<std::size_t>(event->severity))},
                   {"status_id", as.failure ? 2 : 1},
                   {"message", sentence},
                   {"metadata",
                    {{"version", kOcsfVersion},
                     {"product", {{"name", kProduct}, {"vendor_name", kProduct}}},
                     {"uid", event->id},
                     {"event_code", text_of(event->type).name}}}};
  if (const std::int64_t us = base::json_number_or(*detail, "duration_us", 0); us > 0)
    json["duration"] = us / 1000;
  put_class(json, as.class_uid, *event, *detail, sentence);
  json["unmapped"] = unmapped_of(*event, *detail);
  out += base::dump_json(json);
  out += '\n';
  return base::Ok{};
}

}  // namespace postern::audit
