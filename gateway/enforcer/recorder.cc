// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/recorder.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/json.h"
#include "gateway/state/state.h"

namespace postern::enforcer {
namespace {

// Bytes of a peer's text in an event at most; escaping may make six of one, and the line stays far under
// audit::kEventLimit.
constexpr std::uint64_t kPlainIds =
    ~(std::uint64_t{1} << 63U);  // what our own ids have beyond it (kOwnIds) is no number
constexpr std::size_t kMostTarget = 4096;
constexpr std::size_t kMostText = 512;
constexpr std::size_t kMostChange = 40U << 10U;  // of patch and undo together

std::string_view cut(std::string_view text, std::size_t most) { return text.substr(0, most); }

// A target, and where it is longer than an event takes: how long all of it is, and its hash.
void put_target(base::JsonWriter& json, std::string_view target) {
  json.field("target", cut(target, kMostTarget));
  if (target.size() <= kMostTarget) return;
  json.field("target_bytes", static_cast<std::int64_t>(target.size()));
  json.field("target_sha256", base::sha256_hex(target));
}

// Instead of an engineer and a session it has who proposed it and the proposal's id (proposed_calls.h).
bool of_proposal(std::string_view engineer) { return state::from_mission_control(engineer); }

// Nothing that is counted for sessions.
std::string_view session_of(std::string_view engineer, std::string_view session) {
  return of_proposal(engineer) ? std::string_view() : session;
}

}  // namespace

// What every event has; its severity is the catalogue's unless the case says another.
audit::EventHead Recorder::head_of(audit::EventType type, std::string_view id) const {
  audit::EventHead head;
  head.id = id;
  head.time = loop_.wall();
  head.type = type;
  head.severity = audit::text_of(type).severity;
  return head;
}

void Recorder::name_actor(std::string_view engineer) {
  actor_.assign(of_proposal(engineer) ? "" : "engineer:").append(engineer);
}

std::uint64_t Recorder::append(const audit::EventHead& head, const ipc::Append& append) {
  line_.clear();
  audit::write_event(line_, head, detail_);
  ipc::Append frame = append;
  frame.line = line_;
  return ledger_.append(frame);
}

std::uint64_t Recorder::forwarded(std::string_view id, const Forwarded& event, bool wants_durable) {
  detail_.clear();
  base::JsonWriter json(detail_);
  json.open_object();
  json.field("exchange", static_cast<std::int64_t>(event.exchange & kPlainIds));
  json.field("method", event.method);
  put_target(json, event.target);
  json.field("capability", event.capability);
  if (!event.operation.empty()) json.field("operation", event.operation);
  json.field("class", event.klass);
  json.field("client", event.client);
  if (!event.relay.empty()) json.field("relay", event.relay);
  json.field("service", event.service);
  json.field("node", event.node);
  if (!event.credential.empty()) json.field("credential", event.credential);
  if (!event.part_of.empty()) json.field("part_of", event.part_of);
  if (!event.hold.empty()) json.field("hold", event.hold);
  if (event.websocket) json.field("websocket", true);
  if (of_proposal(event.engineer)) json.field("proposal", event.session);
  json.close_object();
  name_actor(event.engineer);
  audit::EventHead head = head_of(audit::EventType::ExchangeForwarded, id);
  head.actor = actor_;
  head.session = session_of(event.engineer, event.session);
  head.subject = event.capability;
  head.outcome = "forwarded";
  head.policy = event.policy;
  ipc::Append frame;
  frame.wants_durable = wants_durable;
  frame.kind = ipc::AppendKind::Forwarded;
  frame.session = session_of(event.engineer, event.session);
  return append(head, frame);
}

void Recorder::opened(const Opened& event) {
  detail_.clear();
  base::JsonWriter json(detail_);
  json.open_object();
  json.field("forwarded", event.forwarded);
  put_target(json, event.target);
  if (!event.subprotocol.empty()) json.field("subprotocol", event.subprotocol);
  if (!event.extensions.empty()) json.field("extensions", event.extensions);
  json.close_object();
  name_actor(event.engineer);
  const std::string id = next_id();
  audit::EventHead head = head_of(audit::EventType::ExchangeOpened, id);
  head.actor = actor_;
  head.session = session_of(event.engineer, event.session);
  head.subject = event.capability;
  head.outcome = "opened";
  head.policy = event.policy;
  ipc::Append frame;
  frame.session = session_of(event.engineer, event.session);
  append(head, frame);
}

void Recorder::completed(const Completed& event) {
  detail_.clear();
  base::JsonWriter json(detail_);
  json.open_object();
  json.field("forwarded", event.forwarded);
  if (event.status != 0) json.field("status", static_cast<std::int64_t>(event.status));
  json.field("request_bytes", static_cast<std::int64_t>(event.request_bytes));
  json.field("response_bytes", static_cast<std::int64_t>(event.response_bytes));
  if (event.handed_bytes > event.response_bytes)
    json.field("handed_bytes", static_cast<std::int64_t>(event.handed_bytes));
  json.field("duration_us", event.duration / 1000);
  if (event.component > 0) json.field("component_us", event.component / 1000);
  json.field("outcome", event.outcome);
  if (!event.code.empty()) json.field("code", event.code);
  if (!event.cut_reason.empty()) {
    json.field("cut_reason", event.cut_reason);
    if (event.cut >= 0) json.field("cut_us", event.cut / 1000);
    json.field("bytes_after_cut", static_cast<std::int64_t>(event.bytes_after_cut));
  }
  if (event.retried) json.field("retried", true);
  if (!event.protocol.empty()) json.field("protocol", event.protocol);
  if (event.messages_in >= 0) {
    json.field("messages_in", event.messages_in);
    json.field("messages_out", event.messages_out);
    if (event.client_close != 0) json.field("client_close", std::int64_t{event.client_close});
    if (event.component_close != 0) json.field("component_close", std::int64_t{event.component_close});
    if (!event.closed_by.empty()) json.field("closed_by", event.closed_by);
  }
  if (event.redacted.total > 0) {
    json.field("redacted", static_cast<std::int64_t>(event.redacted.total));
    json.open_array("redactions");
    for (const redact::Place& place : event.redacted.places)
      json.item(std::string(redact::to_text(place.kind)) + " " + std::string(cut(place.where, kMostText)) +
                " " + std::to_string(place.count));
    json.close_array();
  }
  if (of_proposal(event.engineer)) json.field("proposal", event.session);
  json.close_object();
  name_actor(event.engineer);
  ulids_.make(loop_.wall(), id_);
  audit::EventHead head = head_of(audit::EventType::ExchangeCompleted, id_);
  if (event.outcome == "component_failed") head.severity = audit::Severity::Warning;
  head.actor = actor_;
  head.session = session_of(event.engineer, event.session);
  head.subject = event.capability;
  head.outcome = event.outcome;
  head.policy = event.policy;
  ipc::Append frame;
  frame.kind = ipc::AppendKind::Completed;
  frame.session = session_of(event.engineer, event.session);
  frame.request_bytes = event.request_bytes;
  // Nobody but the terminator knows what left, and a budget must hold also where it is not to be believed.
  frame.response_bytes = std::max(event.response_bytes, event.handed_bytes);
  frame.redacted = event.redacted.total;
  append(head, frame);
}

void Recorder::changed(const Changed& event) {
  detail_.clear();
  base::JsonWriter json(detail_);
  json.open_object();
  json.field("forwarded", event.forwarded);
  json.field("method", event.method);
  put_target(json, event.target);
  json.field("read", cut(event.read, kMostTarget));
  if (!event.before_sha256.empty()) {
    json.field("before_bytes", static_cast<std::int64_t>(event.before_bytes));
    json.field("before_sha256", event.before_sha256);
  }
  if (!event.after_sha256.empty()) {
    json.field("after_bytes", static_cast<std::int64_t>(event.after_bytes));
    json.field("after_sha256", event.after_sha256);
  }
  if (event.why.empty() || event.operations > 0) json.field("changes", event.operations);
  if (!event.patch.empty()) json.raw("patch", event.patch);
  if (!event.undo.empty() && event.undo.size() + event.patch.size() < kMostChange)
    json.raw("undo", event.undo);
  if (!event.why.empty()) json.field("why", cut(event.why, kMostText));
  if (of_proposal(event.engineer)) json.field("proposal", event.session);
  json.close_object();
  name_actor(event.engineer);
  const std::string id = next_id();
  audit::EventHead head = head_of(audit::EventType::ExchangeChanged, id);
  head.actor = actor_;
  head.session = session_of(event.engineer, event.session);
  head.subject = event.capability;
  head.policy = event.policy;
  ipc::Append frame;
  frame.session = session_of(event.engineer, event.session);
  append(head, frame);
}

void Recorder::refused(std::string_view id, const Refused& event) {
  const base::RefusalText& text = base::text_of(event.refusal);
  detail_.clear();
  base::JsonWriter json(detail_);
  json.open_object();
  if (!event.method.empty()) json.field("method", cut(event.method, 32));
  if (!event.target.empty()) put_target(json, event.target);
  json.field("code", text.code);
  json.field("status", static_cast<std::int64_t>(event.status));
  if (!event.why.empty()) json.field("why", cut(event.why, kMostText));
  if (!event.nearest.empty()) json.field("nearest", cut(event.nearest, kMostText));
  json.field("client", event.client);
  if (!event.relay.empty()) json.field("relay", event.relay);
  if (of_proposal(event.engineer)) json.field("proposal", event.session);
  json.close_object();
  if (event.engineer.empty())
    actor_.assign("client:").append(event.client);
  else
    name_actor(event.engineer);
  audit::EventHead head = head_of(audit::EventType::ExchangeRefused, id);
  // Who tries what is ruled out for everyone was not led there by a page of ours.
  if (event.refusal == base::Refusal::Never) head.severity = audit::Severity::Severe;
  head.actor = actor_;
  head.session = session_of(event.engineer, event.session);
  head.subject = event.capability;
  head.outcome = text.code;
  head.policy = event.policy;
  ipc::Append frame;
  frame.kind = ipc::AppendKind::Refused;
  frame.session = session_of(event.engineer, event.session);
  append(head, frame);
}

void Recorder::limited(const Limited& event) {
  detail_.clear();
  base::JsonWriter json(detail_);
  json.open_object();
  json.field("limit", event.limit);
  json.field("count", static_cast<std::int64_t>(event.count));
  json.field("window_us", event.window / 1000);
  if (!event.client.empty()) json.field("client", cut(event.client, kMostText));
  if (!event.engineer.empty()) json.field("engineer", event.engineer);
  if (!event.first.empty()) json.field("first", event.first);
  json.close_object();
  const std::string id = next_id();
  audit::EventHead head = head_of(audit::EventType::LimitReached, id);
  head.actor = "gateway";
  head.session = session_of(event.engineer, event.session);
  head.subject = event.limit;
  ipc::Append frame;
  frame.kind = ipc::AppendKind::Refused;  // kept like refusals: past a bound of memory it is not
  append(head, frame);
}

void Recorder::credential(bool accepted, std::string_view service, std::string_view url,
                          std::string_view which, std::string_view why) {
  detail_.clear();
  base::JsonWriter json(detail_);
  json.open_object();
  json.field("service", service);
  json.field("node", url);
  json.field("credential", which);
  if (!why.empty()) json.field("reason", cut(why, kMostText));
  json.close_object();
  using enum audit::EventType;
  append_of_node(accepted ? NodeCredentialAccepted : NodeCredentialRefused, service, url,
                 accepted ? "accepted" : "refused");
}

void Recorder::node(bool up, std::string_view service, std::string_view url, std::string_view why) {
  detail_.clear();
  base::JsonWriter json(detail_);
  json.open_object();
  json.field("service", service);
  json.field("node", url);
  if (!why.empty()) json.field("reason", cut(why, kMostText));
  json.close_object();
  using enum audit::EventType;
  append_of_node(up ? NodeUp : NodeDown, service, url, up ? "up" : "down");
}

// With the detail that was written.
void Recorder::append_of_node(audit::EventType type, std::string_view service, std::string_view url,
                              std::string_view outcome) {
  actor_.assign("component:").append(service);
  const std::string id = next_id();
  audit::EventHead head;
  head.id = id;
  head.time = loop_.wall();
  head.type = type;
  head.severity = audit::text_of(type).severity;
  head.actor = actor_;
  head.subject = url;
  head.outcome = outcome;
  append(head, {});
}

}  // namespace postern::enforcer
