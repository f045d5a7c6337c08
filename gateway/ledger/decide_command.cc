// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/decide_command.h"

#include <array>

#include "gateway/ledger/decide_account.h"
#include "gateway/ledger/decide_proposal.h"
#include "gateway/ledger/deciding.h"

namespace postern::ledger {
namespace {

using audit::EventType;

struct Row {
  std::string_view command;
  bool enforcer, console, supervisor;
  Decision (*decide)(const Context&, const Order&);  // nullptr: not decided here
  bool in_nobodys_name = false;                      // the console may send it for whoever asks
};

// The intake may send these, and nobody else.
constexpr std::string_view kIntakeTake = "intake.take", kIntakeNote = "intake.note";

constexpr std::array<Row, 60> kTable{{
    {"remote_access.set", false, true, false, decide_remote_access},
    {"capability.set", false, true, false, decide_capability},
    {"sharing.set", false, true, false, decide_sharing},
    {"sharing.preview", false, true, false, nullptr, true},
    {"engineer.add", false, true, false, decide_engineer_add},
    {"engineer.approve", false, true, false, decide_engineer_approve},
    {"engineer.remove", false, true, false, decide_engineer_remove},
    {"pass.issue", false, true, false, decide_pass_issue},
    {"pass.verify_and_open", true, false, false, decide_pass_open},
    {"certificate.open", true, false, false, decide_certificate_open},
    {"certificate.end", true, false, false, decide_certificate_end},
    {"openid.begin", true, false, false, decide_openid_location},
    {"openid.open", true, false, false, decide_openid_open},
    {"openid.depart", true, false, false, decide_openid_depart},
    {"openid.end", true, false, false, decide_openid_location},
    {"admin_openid.begin", false, true, false, decide_admin_openid_location},
    {"admin_openid.depart", false, true, false, decide_admin_openid_depart},
    {"admin_openid.end", false, true, false, decide_admin_openid_location},
    {"session.end", true, true, false, decide_session_end},
    {"session.end_all", false, true, false, decide_session_end_all},
    {"request.create", true, false, false, decide_request_create},
    {"request.approve", false, true, false, decide_request_approve},
    {"request.ask_back", false, true, false, decide_request_ask_back},
    {"request.answer", true, false, false, decide_request_answer},
    {"request.refuse", false, true, false, decide_request_refuse},
    {"request.withdraw", true, false, false, decide_request_withdraw},
    {"grant.give", false, true, false, decide_grant_give},
    {"grant.apply", false, true, false, decide_grant_apply},
    {"grant.revoke", false, true, false, decide_grant_revoke},
    {"hold.create", true, false, false, decide_hold_create},
    {"hold.compare", true, false, false, decide_hold_compare},
    {"hold.withdraw", true, false, false, decide_hold_withdraw},
    {"hold.pass", false, true, false, decide_hold_pass},
    {"hold.refuse", false, true, false, decide_hold_refuse},
    {"proposal.compare", true, false, false, decide_proposal_compare},
    {"proposal.approve", false, true, false, decide_proposal_approve},
    {"proposal.refuse", false, true, false, decide_proposal_refuse},
    {"proposal.undo", false, true, false, decide_proposal_undo},
    {"token.create", false, true, false, decide_token_create},
    {"token.revoke", false, true, false, decide_token_revoke},
    {"token.use", false, true, false, decide_token_use},
    {"intake.token_create", false, true, false, decide_intake_token_create},
    {"intake.token_revoke", false, true, false, decide_intake_token_revoke},
    {kIntakeTake, false, false, false, decide_intake_take},
    {kIntakeNote, false, false, false, decide_intake_note},
    {"witness.add_checkpoint", false, true, false, decide_add_checkpoint, true},
    {"notification.test", false, true, false, decide_notification_test},
    {"log.rotate_key", false, true, false, nullptr},
    {"policy.set", false, false, true, nullptr},
    {"sources.show", false, true, false, nullptr, true},
    {"sources.look", false, true, false, nullptr},
    {"rolling.run", false, true, false, nullptr},
    {"rolling.stop", false, true, false, nullptr},
    {"rolling.roll_back", false, true, false, nullptr},
    {"update.postpone", false, true, false, nullptr},
    {"update.run_now", false, true, false, nullptr},
    {"update.cancel", false, true, false, nullptr},
    {"update.schedule", false, true, false, nullptr},
    {"update.dry_run", false, true, false, nullptr},
    {"policy.accept", false, true, false, decide_policy_accept},
}};

const Row* find_row(std::string_view command) {
  for (const Row& row : kTable) {
    if (row.command == command) return &row;
  }
  return nullptr;
}

constexpr std::array<std::string_view, 5> kSenders{"enforcer", "console", "supervisor", "link", "intake"};

}  // namespace

std::string_view to_text(Sender sender) { return kSenders.at(static_cast<std::size_t>(sender)); }

std::optional<Sender> sender_of(std::string_view peer) {
  for (std::size_t i = 0; i < kSenders.size(); ++i) {
    if (kSenders[i] == peer) return static_cast<Sender>(i);
  }
  return std::nullopt;
}

bool may_command(Sender sender, std::string_view command) {
  if (is_account_command(command)) return sender == Sender::Console;
  const Row* row = find_row(command);
  if (row == nullptr) return false;
  if (sender == Sender::Link) return false;
  if (sender == Sender::Intake) return command == kIntakeTake || command == kIntakeNote;
  if (sender == Sender::Enforcer) return row->enforcer;
  return sender == Sender::Console ? row->console : row->supervisor;
}

bool may_append(Sender sender, EventType type) {
  switch (type) {
    case EventType::ExchangeForwarded:
    case EventType::ExchangeOpened:
    case EventType::ExchangeCompleted:
    case EventType::ExchangeRefused:
    case EventType::ExchangeChanged:
    case EventType::LimitReached:
    case EventType::SessionRefused:
    case EventType::NodeCredentialRefused:
    case EventType::NodeCredentialAccepted:
      return sender == Sender::Enforcer;
    case EventType::NodeUp:
    case EventType::NodeDown:
      return sender == Sender::Enforcer || sender == Sender::Supervisor;
    case EventType::AdminSignedIn:
    case EventType::AdminSignedOut:
    case EventType::AdminRefused:
    case EventType::AdminProved:
    case EventType::AdminSlowed:
    case EventType::LogRead:
      return sender == Sender::Console;
    case EventType::NodeAdded:
    case EventType::NodeRemoved:
    case EventType::ConfigChanged:
    case EventType::ConfigRejected:
    case EventType::PolicyRejected:
    case EventType::GatewayHandedOver:
    case EventType::GatewayHandOverFailed:
    case EventType::RoleStarted:
    case EventType::RoleEnded:
    case EventType::SandboxAttested:
    case EventType::SandboxViolated:
    case EventType::CertificateExpiring:
    case EventType::CertificateFlawed:
    case EventType::CertificateIssued:
    case EventType::CertificateRenewed:
    case EventType::CertificateFailed:
    case EventType::CertificateStapled:
    case EventType::CertificateStapleFailed:
    case EventType::CertificateCrlExpiring:
    case EventType::CertificateRevocationFetched:
    case EventType::CertificateRevocationFailed:
    case EventType::LinkEnrolled:
    case EventType::LinkEnrolmentFailed:
    case EventType::LinkUp:
    case EventType::LinkDown:
    case EventType::LinkCertificateRenewed:
    case EventType::LinkConflict:
    case EventType::TunnelRelayed:
    case EventType::TunnelRefused:
      return sender == Sender::Supervisor;
    default:
      return false;
  }
}

bool is_decided_here(std::string_view command) {
  const Row* row = find_row(command);
  return row != nullptr && row->decide != nullptr;
}

Decision decide_command(const Context& context, Sender sender, const base::Json& order) {
  const Row* row = find_row(base::json_text_or(order, "command", ""));
  POSTERN_CHECK(row != nullptr && row->decide != nullptr);
  if (auto refused = refuse_asker(sender, order)) {
    return refuse(refused->status, std::move(refused->code), std::move(refused->message));
  }
  const Order taken{order, sender, base::json_text_or(order, "actor", ""),
                    base::json_text_or(order, "from", "")};
  return row->decide(context, taken);
}

std::optional<CommandRefused> refuse_asker(Sender sender, const base::Json& order) {
  const std::string actor = base::json_text_or(order, "actor", "");
  if (!is_plain_text(actor, kLongestPeerText) ||
      !is_plain_text(base::json_text_or(order, "from", ""), kLongestPeerText))
    return CommandRefused{400, "invalid", "actor and from must be short texts"};
  const Row* row = find_row(base::json_text_or(order, "command", ""));
  const bool in_nobodys_name = row != nullptr && row->in_nobodys_name;
  if (sender == Sender::Console && !in_nobodys_name && actor.rfind("admin:", 0) != 0)
    return CommandRefused{403, "denied", "only an admin may do this: actor must be \"admin:\" and a name"};
  return std::nullopt;
}

}  // namespace postern::ledger
