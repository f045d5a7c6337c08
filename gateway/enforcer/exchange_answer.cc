// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an exchange sends back: an answer of our own, or the component's on its way through the screen.
#include <algorithm>

#include "gateway/enforcer/exchange.h"
#include "gateway/enforcer/incoming.h"
#include "gateway/enforcer/refusal_answer.h"
#include "gateway/http/accept.h"
#include "gateway/http/date.h"
#include "policy/explain.h"

namespace postern::enforcer {
namespace {

// A document that somebody looks at, and not a piece of one that a script asked for, nor a frame within one.
bool is_navigation(const http::Fields& fields) { return fields.find("sec-fetch-dest") == "document"; }

// What is put into an answer's head, the event's id among it: about that much.
constexpr std::size_t kFieldsOfOurs = 6, kBytesOfOurs = 224;

// Behind the end of any document, whatever it is made of, browsers still run a script. It makes the banner (console/web/visit/banner.ts).
constexpr std::string_view kBanner = "<script src=\"/.postern/assets/banner.js\" async></script>\n";

}  // namespace

// --- answers of our own

std::string Exchange::nearest() const {
  if (!policy_ || decision_.refusal != base::Refusal::OperationNotListed) return {};
  const policy::Question question{http::to_text(head_.method), target_.path(), {}, {}, false};
  const policy::Explanation why = policy::explain(*policy_, question, {});
  if (why.nearest.empty()) return {};
  return policy_->operations()[static_cast<std::size_t>(why.nearest.front().operation)].text();
}

// The capability that the decision is about; nullptr if there is none.
const policy::Capability* Exchange::decided_by() const {
  if (!policy_ || decision_.capability < 0) return nullptr;
  return &policy_->capabilities()[static_cast<std::size_t>(decision_.capability)];
}

void Exchange::refuse(base::Refusal refusal, std::string_view why) {
  const base::RefusalText& text = base::text_of(refusal);
  const bool wants_page = http::wants_html(head_.fields.find(http::FieldId::Accept).value_or(""));
  // For people: looking for it costs more than the decision did.
  const std::string near = wants_page ? nearest() : std::string();
  const std::string_view method = head_read_ ? http::to_text(head_.method) : "";
  const std::string_view target = target_.path().empty() ? std::string_view(head_.target) : target_.text();
  if (!recorded_) {
    Refused event;
    event.session = session_;
    event.engineer = engineer_;
    if (policy_) event.policy = policy_->hash();
    event.method = method;
    event.target = target;
    event.client = client_.text;
    event.relay = client_.relay;
    event.why = why;
    event.nearest = near;
    event.refusal = refusal;
    event.status = text.status;
    if (decided_by() != nullptr) event.capability = decided_by()->name;
    record_refusal(event);
  }
  status_ = text.status;
  RefusalView view;
  view.refusal = refusal;
  view.method = method;
  view.target = target;
  view.why = why;
  view.event_id = event_id_;
  view.retry_after = (reached_.wait + base::kSecond - 1) / base::kSecond;
  if (!near.empty()) view.nearest.push_back(near);
  if (decided_by() != nullptr &&
      (refusal == base::Refusal::ApprovalNeeded || refusal == base::Refusal::GrantEnded)) {
    view.capability = decided_by()->name;
    view.capability_title = decided_by()->title;
  }
  RefusalAnswer own = refusal_answer(view, wants_page);
  if (refusal == base::Refusal::UpgradeNotSupported) own.fields.put("sec-websocket-version", "13");
  answer(own.status, std::move(own.fields), std::move(own.body));
}

std::string Exchange::event_id() const {
  const SessionView* session = event_id_.empty() ? session_view() : nullptr;
  return session == nullptr ? event_id_ : session->opened_event;
}

void Exchange::answer(int status, http::Fields fields, std::string body) {
  if (std::exchange(held_, false)) site_.waiting_room.leave(serial_, "it was refused meanwhile");
  phase_ = Phase::Answering;
  body_wanted_here_ = false;
  deadline_.clear();
  add_security_fields(fields);
  // Not no-referrer: browsers would send the forms of our pages with Origin: null.
  fields.put("referrer-policy", "same-origin");
  fields.put("date", http::format_date(site_.loop.wall()));
  if (const std::string event = event_id(); !event.empty()) fields.set("postern-event", event);
  const bool bodiless = status == 204 || status == 304;
  if (!response_.head(status, fields, bodiless ? ipc::BodyKind::None : ipc::BodyKind::Sized, body.size()))
    return cut(ipc::CutReason::Component);
  if (head_.method == http::Method::Head) body.clear();
  response_.whole_body(std::move(body));
  finish_if_ended();
}

void Exchange::finish_if_ended() {
  if (response_.ended()) phase_ = Phase::Finishing;
}

// --- the component's answer

std::shared_ptr<const redact::Rules> Exchange::redaction_rules() const {
  return site_.known_secrets.rules(redaction_->rules, settings_);
}

// Made once for a connection, since it seldom carries more than one session.
const std::string& Exchange::redaction_key() const {
  Client::MadeKey& made = client_.redaction;
  if (made.session != session_ || made.from != settings_->redaction_key)
    made = {settings_->redaction_key, session_, base::keyed_hash(settings_->redaction_key, session_)};
  return made.key;
}

http::Fields Exchange::rewritten(const http::Fields& theirs) {
  http::Fields fields = theirs.copy_with_room(kFieldsOfOurs, kBytesOfOurs);
  const std::string_view host = head_.fields.find(http::FieldId::Host).value_or("");
  rewrite_response(
      fields, Passage{host, client_.address, &site_.pool.node(static_cast<std::size_t>(node_)), service_});
  if (!screen_) screen_ = std::make_unique<Screen>(redaction_, redaction_rules(), redaction_key());
  screen_->clean(fields);
  return fields;
}

void Exchange::on_component_head(const http::ResponseHead& head) {
  if (head.interim()) {
    // 100 was given by us when the request was let pass; others (103) concern the client.
    if (head.status != 100 && minor_ > 0) response_.interim(head.status, rewritten(head.fields));
    return;
  }
  if (!judge_credential(head.status) || (wants_websocket() && !judge_websocket(head))) return;
  keep_cookies(head.fields);
  component_head_ = true;
  head_at_ = site_.loop.now();
  if (head.body.kind == http::BodyKind::WebSocket) return open_websocket(head);
  http::Fields fields = rewritten(head.fields);
  if (policy_->banner() && is_navigation(head_.fields)) screen_->append_to_page(kBanner);
  if (base::Status fit = screen_->head(head, fields); !fit.ok()) {
    release_component();
    return on_component_failed(base::Refusal::ComponentMalformed, fit.error().message, Loss::Unknown);
  }
  status_ = head.status;
  limit_response();
  fields.set("postern-event", event_id_);
  // RFC 9110 section 6.6.1: who passes an answer on says when it came, where nobody did.
  if (!fields.has(http::FieldId::Date)) fields.put("date", http::format_date(site_.loop.wall()));
  ipc::BodyKind kind = ipc::BodyKind::Streamed;
  std::uint64_t length = 0;
  if (head.body.kind == http::BodyKind::None) {
    // The answer to HEAD says how long the body would be.
    const bool said =
        head_.method == http::Method::Head && head.declared_size.has_value() && !screen_->changes_body();
    kind = said ? ipc::BodyKind::Sized : ipc::BodyKind::None;
    length = said ? *head.declared_size : 0;
  } else if (head.body.kind == http::BodyKind::Sized && !screen_->changes_body()) {
    kind = ipc::BodyKind::Sized;
    length = head.body.size;
  }
  if (!response_.head(head.status, fields, kind, length)) cut(ipc::CutReason::Component);
}

// What the component says to our credential is between it and us: a client that was asked for a password would
// be asked for one that is not its own.
bool Exchange::judge_credential(int status) {
  if (credential_ == nullptr) return true;
  if (status == 401) {
    release_component();
    on_component_failed(base::Refusal::ComponentCredential,
                        "it answered 401 to the credential that Postern holds for it", Loss::Unknown);
    return false;
  }
  if (site_.credential_news.accepted(service_->name, credential_->role)) tell_of_credential(true, "");
  return true;
}

void Exchange::tell_of_credential(bool accepted, std::string_view why) {
  const Node& node = site_.pool.node(static_cast<std::size_t>(node_));
  site_.recorder.credential(accepted, service_->name, node.url, credential_->which(), why);
}

CookieJars::Owner Exchange::jar() const {
  return {session_, service_->name, credential_ == nullptr ? std::string_view() : credential_->role};
}

void Exchange::keep_cookies(const http::Fields& theirs) {
  if (!theirs.has(http::FieldId::SetCookie) || session_view() == nullptr) return;
  const Node& node = site_.pool.node(static_cast<std::size_t>(node_));
  const CookieJars::Origin origin{node.host, target_.path(), node.private_way};
  theirs.for_each([&](const http::Field& field) {
    if (field.id == http::FieldId::SetCookie) site_.jars.take(jar(), field.value, origin, site_.loop.wall());
  });
}

std::size_t Exchange::component_room() const {
  if (site_.backed_up) return 0;
  if (conversation_) return conversation_->next_for_client().empty() ? http::kWsPiece : 0;
  if (!screen_ || !screen_->changes_body()) return response_.credit();
  return screen_->idle() ? std::min(response_.credit(), Screen::kPiece) : 0;
}

void Exchange::on_component_body(std::string_view piece) {
  if (conversation_) {
    conversation_->take_from_component(piece, site_.loop.now());
    return converse();
  }
  deadline_.set(silence_);
  if (!screen_->changes_body()) {
    received(piece.size());
    return response_.body(piece);
  }
  screen_->take(piece);
  pass_screened();
}

void Exchange::on_component_end(const http::Fields& trailers) {
  component_ = nullptr;
  deadline_.clear();
  lifetime_.clear();
  http::Fields passed = trailers;
  strip(passed, service_->strip_response);
  screen_->end(passed);
  pass_screened();
}

// As much as the client takes now. After the component's end there may be something left.
void Exchange::pass_screened() {
  while (phase_ == Phase::Forwarding) {
    if (base::Status sound = screen_->work(); !sound.ok()) {
      release_component();
      return on_component_failed(base::Refusal::ComponentMalformed, sound.error().message, Loss::Unknown);
    }
    const std::string_view ready = screen_->ready().substr(0, response_.credit());
    if (ready.empty()) break;
    received(ready.size());
    response_.body(ready);
    screen_->sent(ready.size());
  }
  if (phase_ != Phase::Forwarding || !screen_->done()) return;
  response_.end(screen_->trailers());
  finish_if_ended();
}

void Exchange::on_component_failed(base::Refusal refusal, std::string_view why, Loss loss) {
  const bool reused = component_ != nullptr && !component_->fresh();
  component_ = nullptr;
  deadline_.clear();
  lifetime_.clear();
  if (phase_ == Phase::Finishing) return;
  if (conversation_) return on_websocket_failed(refusal, why);
  // A connection that had rested may have been closed by the component in the very moment we used it. What is
  // safe is sent once more; and whatever the component says that it has not looked at.
  const bool harmless =
      loss == Loss::Unprocessed || (loss == Loss::Unanswered && reused && is_safe(head_.method));
  if (harmless && !retried_ && head_.body.kind == http::BodyKind::None) {
    retried_ = true;
    phase_ = Phase::Waiting;
    return connect(true);
  }
  failure_ = refusal;
  if (refusal == base::Refusal::ComponentCredential && credential_ != nullptr &&
      site_.credential_news.refused(service_->name, credential_->role))
    tell_of_credential(false, why);
  site_.pool.cancel(id_);
  if (response_.begun()) return cut(ipc::CutReason::Component);
  refuse(refusal, why);
}

void Exchange::on_component_drained() {
  if (conversation_) return request_.passed(component_ == nullptr ? 0 : component_->unsent());
  if (phase_ == Phase::Forwarding) request_.pass(component_, service_->strip_request);
}

void Exchange::on_room() {
  if (component_ != nullptr) component_->resume();
}

bool Exchange::on_response_credit(std::uint32_t bytes) {
  if (!response_.give_credit(bytes)) return false;
  if (phase_ == Phase::Answering) finish_if_ended();
  if (conversation_) {
    if (phase_ == Phase::Forwarding) converse();
  } else if (phase_ == Phase::Forwarding && screen_) {
    pass_screened();
  }
  if (component_ != nullptr) component_->resume();
  return true;
}

}  // namespace postern::enforcer
