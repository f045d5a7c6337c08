// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an exchange does before it is recorded and forwarded, where its operation wants it: wait for an admin
// (hold: true), read what the call will change (before:); and for that admin, what it would change.
//
// While it waits, the client's connection stays open, and an interim answer (102) says so; the body is kept here
// whole, so that what an admin reads is what is sent. Nothing is recorded as forwarded and nothing sent: whatever
// ends the waiting ends it without a trace at the component.
#include <algorithm>

#include "base/bytes.h"
#include "base/crypto.h"
#include "gateway/enforcer/document_target.h"
#include "gateway/enforcer/exchange.h"

namespace postern::enforcer {
namespace {

// The ledger ends the waiting, by a change; this is for the case that it cannot tell us.
constexpr base::Nanos kLongestWait = 65 * 60 * base::kSecond;

}  // namespace

const policy::Operation& Exchange::operation() const {
  return policy_->operations()[static_cast<std::size_t>(decision_.operation)];
}

OperationRules Exchange::rules() const { return rules_of(*policy_, acceptance_.get(), decision_); }

bool Exchange::operation_waits() const {
  const SessionView* session = session_view();
  if (session != nullptr && session->proposal)
    return false;  // an admin let it pass, or nobody has to: it was looked at
  return rules().hold && !site_.access.state().passes_for_session(session_, operation().text());
}

// An admin lets a session go on that has received so much.
bool Exchange::budget_waits() const {
  const SessionView* session = session_view();
  return session != nullptr && session->budget >= state::Budget::Held &&
         !site_.access.state().passes_for_session(session_, state::kBudgetPass);
}

void Exchange::wait_for_admin() {
  if ((head_.body.kind == http::BodyKind::Sized && head_.body.size > kMostHeldBody) ||
      request_.bytes() > kMostHeldBody)
    return refuse(base::Refusal::BodyNotAllowed, kHeldBodyTooLong);
  held_ = true;
  deadline_.set(kLongestWait);
  if (request_.done()) return ask_admin();
  if (std::exchange(head_.expect_continue, false)) response_.interim(100);
}

void Exchange::ask_admin() {
  base::Json asked{{"session", session_},
                   {"capability", decided_by()->name},
                   {"operation", operation().text()},
                   {"method", http::to_text(head_.method)},
                   {"target", target_.text()},
                   {"client", client_.text},
                   {"enforcer", settings_->index}};
  if (const auto type = head_.fields.find(http::FieldId::ContentType)) asked["content_type"] = *type;
  const std::string_view body = request_.waiting();
  if (!body.empty()) {
    asked["body_bytes"] = body.size();
    asked["body_sha256"] = base::sha256_hex(body);
    if (base::is_utf8(body))
      asked["body"] = body_without_secrets(body, head_.fields.find(http::FieldId::ContentType).value_or(""),
                                           redaction_rules(), redaction_key());
  }
  if (!operation_waits()) asked["because"] = state::kBudgetPass;
  const std::string read = before_target();
  if (!read.empty()) asked["read"] = read;
  const std::string type = base::json_text_or(asked, "content_type", ""),
                    shown = base::json_text_or(asked, "body", "");
  site_.waiting_room.enter(
      serial_, std::move(asked),
      [this, type, shown, compare = !read.empty()](std::string_view hold) {
        http::Fields fields;
        fields.put("postern-hold", hold);
        if (minor_ > 0) response_.interim(102, fields);
        if (!compare) return;
        const bool reachable = find_node();
        ChangeContext context = change_context();
        context.hold = hold;
        if (!reachable) context.service = nullptr;
        site_.held_documents.read(std::move(context), type, shown);
      },
      [this](const HoldAnswer& answer) { on_admin(answer); });
}

void Exchange::on_admin(const HoldAnswer& answer) {
  held_ = false;
  if (phase_ != Phase::Waiting) return;
  if (answer.refusal != base::Refusal::None) return refuse(answer.refusal, answer.why);
  deadline_.clear();
  choose_node();
}

base::Refusal Exchange::refused_now() {
  const SessionView* session = session_view();
  if (session == nullptr || !site_.access.ready()) return base::Refusal::SessionEnded;
  const policy::Decision now = site_.access.decide(*session, call(), site_.loop.wall());
  if (!now.allowed()) return now.refusal;
  return fits_now(now) ? base::Refusal::None : base::Refusal::OperationNotListed;
}

// Whether the policy in force could let it go on as it began. What is taken out of its answer, what a WebSocket may be
// and how long it lasts were settled then: where more is demanded now, it has to begin anew.
bool Exchange::fits_now(const policy::Decision& now) {
  const policy::Policy& policy = site_.access.policy();
  if (&policy == policy_.get() && site_.access.acceptance() == acceptance_) return true;
  if (redaction_version_ != site_.access.redaction_version()) return false;
  decision_.body_limit = std::min(decision_.body_limit, now.body_limit);
  const OperationRules ours = rules(), theirs = rules_of(policy, site_.access.acceptance().get(), now);
  return ours.keep(theirs) && (sent_at_ > 0 || ours.prepare(theirs));
}

// What is not allowed any more does not wait any more either. Nothing was sent, so nothing is cut.
bool Exchange::review_waiting() {
  if (const base::Refusal now = refused_now(); now != base::Refusal::None)
    refuse(now, "it is not allowed any more as it was when the request began to wait");
  return false;
}

// Of the document that tells what the call changes. Empty: there is none, or it may never be reached.
std::string Exchange::before_target() const {
  return document_target(*policy_, acceptance_.get(), decision_, target_.path());
}

ChangeContext Exchange::change_context() const {
  ChangeContext context;
  context.session = session_;
  context.engineer = engineer_;
  context.capability = decided_by()->name;
  context.policy = policy_->hash();
  context.client = client_.text;
  context.method = http::to_text(head_.method);
  context.target = target_.text();
  context.read = before_target();
  context.settings = settings_;
  context.rules = redaction_rules();
  context.key = redaction_key();
  context.service = service_;
  context.credential = credential_;
  context.node = static_cast<std::size_t>(std::max(0, node_));
  return context;
}

// The document is read before the call (change_records.h). Whatever comes of that, the call goes on, if it is still
// allowed by then.
void Exchange::read_before() {
  event_id_ = site_.recorder.next_id();
  ChangeContext context = change_context();
  context.forwarded = event_id_;
  site_.changes.before(serial_, std::move(context), [this] {
    if (phase_ != Phase::Waiting) return;
    if (const base::Refusal now = refused_now(); now != base::Refusal::None)
      return refuse(now, "it is not allowed any more as it was when the request came");
    record();
  });
}

}  // namespace postern::enforcer
