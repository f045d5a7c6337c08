// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/exchange.h"

#include <algorithm>

#include "base/bytes.h"
#include "gateway/enforcer/incoming.h"
#include "gateway/enforcer/pages.h"
#include "gateway/http/accept.h"
#include "gateway/http/date.h"
#include "gateway/http/forwarding.h"
#include "gateway/http/h1_write.h"
#include "policy/explain.h"

namespace postern::enforcer {
namespace {

// What may wait for the component before the client has to: small, so that what was accepted is soon on its
// way.
constexpr std::size_t kCreditAt = 64U << 10U;
// A form or document for a page of ours. Less than the credit that a terminator begins with: none is given
// for it.
constexpr std::size_t kMostOwnBody = 64U << 10U;

bool is_component_fault(base::Refusal refusal) {
  return refusal >= base::Refusal::GatewayError && refusal <= base::Refusal::ComponentCertificate;
}

std::string problem_json(base::Refusal refusal, std::string_view why, std::string_view event_id) {
  const base::RefusalText& text = base::text_of(refusal);
  std::string out;
  base::JsonWriter json(out);
  json.open_object();
  json.field("type", "about:blank");
  json.field("title", text.title);
  json.field("status", static_cast<std::int64_t>(text.status));
  json.field("code", text.code);
  if (!why.empty()) json.field("detail", why);
  json.field("remedy", text.remedy);
  json.field("event", event_id);
  json.close_object();
  return out;
}

const Service* service_for(const std::vector<Service>& services, std::string_view path) {
  const Service* best = nullptr;
  for (const Service& service : services) {
    const bool below = path.starts_with(service.path) ||
                       path == std::string_view(service.path).substr(0, service.path.size() - 1);
    if (below && (best == nullptr || service.path.size() > best->path.size())) best = &service;
  }
  return best;
}

}  // namespace

Exchange::Exchange(Site& site, Client& client, std::uint64_t id, std::uint64_t serial)
    : site_(site),
      client_(client),
      id_(id),
      serial_(serial),
      settings_(site.settings),
      began_(site.loop.now()),
      body_(ipc::kInitialCredit + ipc::kBodyPiece, 0),
      deadline_(site.deadlines, [this] { on_deadline(); }) {}

Exchange::~Exchange() { release_component(); }

void Exchange::on_deadline() {
  if (phase_ != Phase::Waiting && phase_ != Phase::Forwarding) return;
  // The component waits for the client to take what it said: the terminator keeps the time.
  if (component_head_ && response_credit_ < http::BodyDecoder::kMaxTrailerBytes)
    return deadline_.set(settings_->component_idle);
  release_component();
  // Still waiting for its record to be durable: then it is the log that is late, not the component.
  const std::string why = site_.ledger.unavailable();
  if (awaits_record_ || (phase_ == Phase::Waiting && !why.empty())) {
    failure_ = base::Refusal::LogUnavailable;
    return refuse(base::Refusal::LogUnavailable, why.empty() ? "the record was not durable in time" : why);
  }
  on_component_failed(base::Refusal::ComponentTimeout, "the component did not answer in time", false);
}

const SessionView* Exchange::session_view() const {
  return session_.empty() ? nullptr : site_.access.find(session_);
}

// --- the request

bool Exchange::on_request_head(const ipc::RequestHead& wire) {
  minor_ = wire.minor;
  const auto verdict = read_head(wire, *settings_, head_, target_);
  if (!verdict) return false;
  head_read_ = true;
  request_done_ = head_.body.kind == http::BodyKind::None;
  if (!verdict->ok()) {
    // Whose request it was shall stand in the event; nothing is opened for it.
    if (const SessionView* session = find_session(); session != nullptr) use_session(session->id);
    refuse(verdict->refusal, verdict->sentence);
    return true;
  }
  identify();
  return true;
}

// The client certificate's owner, judged once per connection; nullptr without a certificate that is believed.
const certs::ClientIdentity* Exchange::identity() {
  if (client_.certificates.empty() || !site_.verifier) return nullptr;
  if (!std::exchange(client_.judged, true)) {
    auto identity = site_.verifier->verify(client_.certificates, site_.loop.wall());
    if (identity.ok())
      client_.identity = std::move(*identity);
    else
      client_.identity_fault = identity.error().message;
  }
  return client_.identity ? &*client_.identity : nullptr;
}

// The session of the cookie; without one, that of the client certificate. Opens none.
const SessionView* Exchange::find_session() {
  const http::CookieAnswer cookie = session_cookie();
  if (cookie.state == http::CookieState::Found) {
    if (const SessionView* found = site_.access.find_by_token(cookie.value); found != nullptr) return found;
  }
  const certs::ClientIdentity* owner = identity();
  return owner == nullptr ? nullptr : site_.access.find_by_certificate(owner->fingerprint);
}

http::CookieAnswer Exchange::session_cookie() const {
  return http::find_cookie(head_.fields.find(http::FieldId::Cookie).value_or(""), "__Host-postern");
}

void Exchange::use_session(const std::string& id) {
  session_ = client_.last_session = id;
  if (const SessionView* view = session_view(); view != nullptr) engineer_ = view->engineer;
}

// Who is asking. A certificate opens a session when there is none yet.
void Exchange::identify() {
  const bool ours = is_ours(target_.path());
  if (const SessionView* session = find_session(); session != nullptr) {
    use_session(session->id);
  } else if (identity() != nullptr && !ours) {
    return site_.visit.open_by_certificate(*this, [this](base::Status opened) {
      if (phase_ != Phase::Waiting) return;
      if (!opened.ok()) return refuse(base::Refusal::SignInRefused, opened.error().message);
      judge();
    });
  } else if (session_cookie().state != http::CookieState::Absent && !ours) {
    return refuse(base::Refusal::SessionEnded, "the session of this cookie is not active");
  }
  judge();
}

void Exchange::judge() {
  if (is_cross_site(head_, settings_->names))
    return refuse(base::Refusal::CrossSite, "Origin or Sec-Fetch-Site names another site");
  if (is_ours(target_.path())) {
    phase_ = Phase::Answering;
    body_wanted_here_ = true;
    if (request_done_) site_.visit.serve(*this);
    return;
  }
  if (const std::string why = site_.ledger.unavailable(); !why.empty())
    return refuse(base::Refusal::LogUnavailable, why);
  if (!site_.access.ready())
    return refuse(base::Refusal::LogUnavailable, "the policy in force is not known yet");
  const SessionView* session = session_view();
  if (session == nullptr) {
    return refuse(base::Refusal::NoSession, client_.identity_fault);
  }
  const base::Micros now = site_.loop.wall();
  if (session->expires <= now) return refuse(base::Refusal::SessionEnded, "the session's time is over");
  policy_ = site_.access.shared_policy();
  const Call call{http::to_text(head_.method), &target_,
                  head_.fields.find(http::FieldId::ContentType).value_or(""),
                  head_.body.kind != http::BodyKind::None};
  decision_ = site_.access.decide(*session, call, now);
  if (!decision_.allowed()) {
    const policy::Question question{call.method, target_.path(), {}, call.content_type, call.has_body};
    return refuse(decision_.refusal, policy::describe(*policy_, question, decision_));
  }
  const std::uint64_t size = head_.body.kind == http::BodyKind::Sized ? head_.body.size : request_bytes_;
  if (size > decision_.body_limit) {
    return refuse(base::Refusal::BodyNotAllowed, "the body is longer than the operation allows");
  }
  service_ = service_for(settings_->services, target_.path());
  node_ = service_ == nullptr ? -1 : site_.pool.choose(service_->name, -1);
  if (node_ < 0)
    return refuse(base::Refusal::ComponentUnreachable,
                  "no service of the configuration lies under this path");
  record();
}

// Promise 3: recorded before it is forwarded; a change only after the record is durable.
void Exchange::record() {
  const policy::Capability& capability =
      policy_->capabilities()[static_cast<std::size_t>(decision_.capability)];
  const std::string operation = policy_->operations()[static_cast<std::size_t>(decision_.operation)].text();
  const bool write = decision_.klass == policy::Class::Write;
  event_id_ = site_.recorder.next_id();
  Forwarded event;
  event.session = session_;
  event.engineer = engineer_;
  event.policy = policy_->hash();
  event.method = http::to_text(head_.method);
  event.target = target_.text();
  event.capability = capability.name;
  event.operation = operation;
  event.klass = policy::to_text(decision_.klass);
  event.client = client_.text;
  event.service = service_->name;
  event.node = site_.pool.node(static_cast<std::size_t>(node_)).url;
  event.exchange = id_;
  const std::uint64_t number = site_.recorder.forwarded(event_id_, event, write);
  recorded_ = true;
  note_activity();
  deadline_.set(settings_->connect);
  if (!write) return connect(false);
  awaits_record_ = true;
  site_.ledger.when_durable(number, id_, [this] {
    awaits_record_ = false;
    if (phase_ == Phase::Waiting) connect(false);
  });
}

void Exchange::note_activity() {
  if (!recorded_ || phase_ == Phase::Finishing) return;
  site_.ledger.active(session_);
  site_.access.touch(session_, site_.loop.wall());
}

void Exchange::connect(bool fresh) {
  deadline_.set(settings_->connect);
  site_.pool.acquire(
      static_cast<std::size_t>(node_), fresh, id_, [this](base::Result<ComponentConnection*> connection) {
        if (connection.ok()) return forward(**connection);
        // Nothing was sent, so any method may try another node, once.
        const int other = retried_ ? -1 : site_.pool.choose(service_->name, node_);
        if (other < 0 || other == node_) {
          const bool certificate = connection.error().code == base::Code::Invalid;
          return on_component_failed(
              certificate ? base::Refusal::ComponentCertificate : base::Refusal::ComponentUnreachable,
              connection.error().message, false);
        }
        retried_ = true;
        node_ = other;
        connect(false);
      });
}

void Exchange::forward(ComponentConnection& connection) {
  component_ = &connection;
  phase_ = Phase::Forwarding;
  trailers_sent_ = false;  // a connection used before may have been told of the request's end already
  sent_at_ = site_.loop.now();
  deadline_.set(settings_->response_head);
  connection.begin(*this, head_.method);
  const Node& node = site_.pool.node(static_cast<std::size_t>(node_));
  http::Fields fields = head_.fields;
  const std::string host(head_.fields.find(http::FieldId::Host).value_or(""));
  rewrite_request(fields, Passage{host, client_.address, &node, service_});
  std::string out;
  http::write_request_head(out, {head_.method, target_.text(), node.authority}, fields, head_.body, true);
  connection.send(out);
  if (component_ == nullptr) return;  // it failed at once
  if (head_.expect_continue && !request_done_) {
    ipc::ResponseHead wire;
    wire.status = 100;
    base::BinaryWriter frame;
    ipc::encode(wire, frame);
    site_.send(ipc::ExchangeFrame::InformationalHead, id_, frame.bytes());
  }
  pass_body();
}

bool Exchange::on_request_body(std::string_view piece) {
  if (request_done_ || piece.size() > request_credit_ || piece.size() > ipc::kBodyPiece) return false;
  request_credit_ -= piece.size();
  request_bytes_ += piece.size();
  if (phase_ == Phase::Finishing || (phase_ == Phase::Answering && !body_wanted_here_))
    return true;  // refused already: not wanted
  const std::uint64_t most = body_wanted_here_
                                 ? kMostOwnBody
                                 : std::min<std::uint64_t>(decision_.body_limit, settings_->request_body);
  if (request_bytes_ > most) {
    release_component();
    if (head_sent_) {
      cut(ipc::CutReason::Limit);
    } else {
      body_wanted_here_ = false;
      refuse(base::Refusal::BodyNotAllowed, "the body is longer than the operation allows");
    }
    return true;
  }
  if (!body_.write(piece)) return false;
  if (phase_ == Phase::Forwarding) {
    if (!component_head_) deadline_.set(settings_->response_head);
    pass_body();
  }
  return true;
}

bool Exchange::on_request_end(const std::vector<ipc::WireField>& trailers) {
  if (request_done_) return false;
  for (const ipc::WireField& field : trailers) {
    if (!trailers_.add(field.name, field.value)) return false;
  }
  request_done_ = true;
  if (phase_ == Phase::Forwarding) {
    if (!component_head_) deadline_.set(settings_->response_head);
    pass_body();
  } else if (phase_ == Phase::Answering && body_wanted_here_) {
    site_.visit.serve(*this);
  }
  return true;
}

void Exchange::pass_body() {
  if (component_ == nullptr) return;
  const bool chunked = head_.body.kind == http::BodyKind::Chunked;
  if (!body_.empty() && component_->unsent() < kCreditAt) {
    if (chunked) component_->send(http::ChunkHead(body_.size()).text());
    if (component_ != nullptr) component_->send(body_.view());
    if (chunked && component_ != nullptr) component_->send(http::kChunkEnd);
    body_.clear();
  }
  if (component_ == nullptr) return;
  if (request_done_ && body_.empty() && !trailers_sent_) {
    trailers_sent_ = true;
    if (chunked) send_trailers();
    if (component_ != nullptr) component_->request_ended();
  }
  give_request_credit();
}

void Exchange::send_trailers() {
  http::BodyEncoder encoder({http::BodyKind::Chunked, 0});
  std::string out;
  static_cast<void>(encoder.finish(trailers_, out));  // chunked never falls short
  component_->send(out);
}

// The client may send again as much as has left our hands.
void Exchange::give_request_credit() {
  if (request_done_ || component_ == nullptr || component_->unsent() + body_.size() >= kCreditAt) return;
  const std::size_t give = ipc::kInitialCredit - request_credit_ - body_.size();
  if (give < kCreditAt / 2) return;
  request_credit_ += give;
  base::BinaryWriter out;
  out.u32(static_cast<std::uint32_t>(give));
  site_.send(ipc::ExchangeFrame::RequestCredit, id_, out.bytes());
}

void Exchange::on_request_refused(const ipc::RequestRefused& wire) {
  request_done_ = true;
  if (phase_ == Phase::Finishing) return;
  release_component();
  if (head_sent_) return cut(ipc::CutReason::Limit);
  if (recorded_) failure_ = wire.refusal;
  if (!head_read_) {
    // The first line as it came: what can be told of a request that cannot be read. Whose it was, the
    // connection says.
    if (site_.access.find(client_.last_session) != nullptr) use_session(client_.last_session);
    head_.target = wire.excerpt;
  }
  refuse(wire.refusal, wire.why);
}

// --- answers of our own

std::string Exchange::nearest() const {
  if (!policy_ || decision_.refusal != base::Refusal::OperationNotListed) return {};
  const policy::Question question{http::to_text(head_.method), target_.path(), {}, {}, false};
  const policy::Explanation why = policy::explain(*policy_, question, {});
  if (why.nearest.empty()) return {};
  return policy_->operations()[static_cast<std::size_t>(why.nearest.front().operation)].text();
}

void Exchange::refuse(base::Refusal refusal, std::string_view why) {
  const base::RefusalText& text = base::text_of(refusal);
  const bool wants_page = http::wants_html(head_.fields.find(http::FieldId::Accept).value_or(""));
  // For people: looking for it costs more than the decision did.
  const std::string near = wants_page ? nearest() : std::string();
  const std::string_view method = head_read_ ? http::to_text(head_.method) : "";
  const std::string_view target = target_.path().empty() ? std::string_view(head_.target) : target_.text();
  if (!recorded_) {
    event_id_ = site_.recorder.next_id();
    Refused event;
    event.session = session_;
    event.engineer = engineer_;
    if (policy_) event.policy = policy_->hash();
    event.method = method;
    event.target = target;
    event.client = client_.text;
    event.why = why;
    event.nearest = near;
    event.refusal = refusal;
    event.status = text.status;
    if (decision_.capability >= 0 && policy_)
      event.capability = policy_->capabilities()[static_cast<std::size_t>(decision_.capability)].name;
    site_.recorder.refused(event_id_, event);
  }
  status_ = text.status;
  http::Fields fields;
  fields.put("cache-control", "no-store");
  if (refusal == base::Refusal::LogUnavailable || refusal == base::Refusal::GatewayStopping)
    fields.put("retry-after", "2");
  if (!wants_page) {
    fields.put("content-type", "application/problem+json");
    return answer(text.status, std::move(fields), problem_json(refusal, why, event_id_));
  }
  RefusalView view;
  view.refusal = refusal;
  view.method = method;
  view.target = target;
  view.why = why;
  view.event_id = event_id_;
  if (!near.empty()) view.nearest.push_back(near);
  if (decision_.capability >= 0 && policy_ &&
      (refusal == base::Refusal::ApprovalNeeded || refusal == base::Refusal::GrantEnded)) {
    const policy::Capability& capability =
        policy_->capabilities()[static_cast<std::size_t>(decision_.capability)];
    view.capability = capability.name;
    view.capability_title = capability.title;
  }
  fields.put("content-type", "text/html; charset=utf-8");
  fields.put("content-security-policy", kPageContentSecurityPolicy);
  answer(text.status, std::move(fields), render_refusal(view));
}

std::string Exchange::event_id() const {
  const SessionView* session = event_id_.empty() ? session_view() : nullptr;
  return session == nullptr ? event_id_ : session->opened_event;
}

void Exchange::answer(int status, http::Fields fields, std::string body) {
  phase_ = Phase::Answering;
  body_wanted_here_ = false;
  deadline_.clear();
  add_security_fields(fields);
  // Not no-referrer: browsers would send the forms of our pages with Origin: null.
  fields.put("referrer-policy", "same-origin");
  fields.put("date", http::format_date(site_.loop.wall()));
  if (const std::string event = event_id(); !event.empty()) fields.set("postern-event", event);
  answer_ = std::move(body);
  send_head(status, fields, ipc::BodyKind::Sized, answer_.size());
  if (head_.method == http::Method::Head) answer_.clear();
  pump_answer();
}

void Exchange::pump_answer() {
  while (answered_ < answer_.size() && response_credit_ > 0) {
    const std::size_t piece = std::min({answer_.size() - answered_, response_credit_, ipc::kBodyPiece});
    site_.send(ipc::ExchangeFrame::ResponseBody, id_, std::string_view(answer_).substr(answered_, piece));
    answered_ += piece;
    response_credit_ -= piece;
  }
  if (answered_ == answer_.size() && !end_sent_) send_end({});
}

void Exchange::send_head(int status, const http::Fields& fields, ipc::BodyKind kind, std::uint64_t length) {
  head_sent_ = true;
  ipc::ResponseHead wire;
  wire.status = static_cast<std::uint16_t>(status);
  wire.body = kind;
  wire.length = length;
  wire.fields.reserve(fields.size());
  fields.for_each([&](const http::Field& field) { wire.fields.push_back({field.name, field.value}); });
  base::BinaryWriter out;
  ipc::encode(wire, out);
  // A head that does not fit into a frame is larger than any client would take.
  if (out.bytes().size() > ipc::kLargestFrame || wire.fields.size() > ipc::kMostFields)
    return cut(ipc::CutReason::Component);
  site_.send(ipc::ExchangeFrame::ResponseHead, id_, out.bytes());
}

void Exchange::send_end(const http::Fields& trailers) {
  end_sent_ = true;
  std::vector<ipc::WireField> wire;
  trailers.for_each([&](const http::Field& field) {
    if (http::may_be_trailer(field)) wire.push_back({field.name, field.value});
  });
  base::BinaryWriter out;
  ipc::encode_trailers(wire, out);
  site_.send(ipc::ExchangeFrame::ResponseEnd, id_, out.bytes());
  phase_ = Phase::Finishing;
}

// --- the component's answer

void Exchange::on_component_head(const http::ResponseHead& head) {
  if (head.interim()) {
    // 100 was given by us when the request was let pass; others (103) concern the client.
    if (head.status == 100) return;
    http::Fields fields = head.fields;
    const std::string host(head_.fields.find(http::FieldId::Host).value_or(""));
    rewrite_response(
        fields, Passage{host, client_.address, &site_.pool.node(static_cast<std::size_t>(node_)), service_});
    ipc::ResponseHead wire;
    wire.status = static_cast<std::uint16_t>(head.status);
    fields.for_each([&](const http::Field& field) { wire.fields.push_back({field.name, field.value}); });
    base::BinaryWriter out;
    ipc::encode(wire, out);
    if (minor_ > 0 && out.bytes().size() <= ipc::kLargestFrame)
      site_.send(ipc::ExchangeFrame::InformationalHead, id_, out.bytes());
    return;
  }
  component_head_ = true;
  head_at_ = site_.loop.now();
  status_ = head.status;
  deadline_.set(settings_->component_idle);
  http::Fields fields = head.fields;
  const std::string host(head_.fields.find(http::FieldId::Host).value_or(""));
  rewrite_response(
      fields, Passage{host, client_.address, &site_.pool.node(static_cast<std::size_t>(node_)), service_});
  fields.set("postern-event", event_id_);
  switch (head.body.kind) {
    case http::BodyKind::None: {
      // The answer to HEAD says how long the body would be.
      const bool said = head_.method == http::Method::Head && head.declared_size.has_value();
      return send_head(head.status, fields, said ? ipc::BodyKind::Sized : ipc::BodyKind::None,
                       said ? *head.declared_size : 0);
    }
    case http::BodyKind::Sized:
      return send_head(head.status, fields, ipc::BodyKind::Sized, head.body.size);
    default:
      return send_head(head.status, fields, ipc::BodyKind::Streamed, 0);
  }
}

void Exchange::on_component_body(std::string_view piece) {
  deadline_.set(settings_->component_idle);
  response_credit_ -= piece.size();
  while (!piece.empty()) {
    const std::size_t size = std::min(piece.size(), ipc::kBodyPiece);
    site_.send(ipc::ExchangeFrame::ResponseBody, id_, piece.substr(0, size));
    piece.remove_prefix(size);
  }
}

void Exchange::on_component_end(const http::Fields& trailers) {
  component_ = nullptr;
  deadline_.clear();
  send_end(trailers);
}

void Exchange::on_component_failed(base::Refusal refusal, std::string_view why, bool untouched) {
  const bool reused = component_ != nullptr && !component_->fresh();
  component_ = nullptr;
  deadline_.clear();
  if (phase_ == Phase::Finishing) return;
  // A connection that had rested may have been closed by the component in the very moment we used it. What is
  // safe is sent once more.
  if (untouched && reused && !retried_ && is_safe(head_.method) && head_.body.kind == http::BodyKind::None) {
    retried_ = true;
    phase_ = Phase::Waiting;
    return connect(true);
  }
  failure_ = refusal;
  site_.pool.cancel(id_);
  if (head_sent_) return cut(ipc::CutReason::Component);
  refuse(refusal, why);
}

void Exchange::on_component_drained() {
  if (phase_ == Phase::Forwarding) pass_body();
}

bool Exchange::on_response_credit(std::uint32_t bytes) {
  if (bytes > ipc::kInitialCredit - response_credit_) return false;
  response_credit_ += bytes;
  if (phase_ == Phase::Answering) {
    pump_answer();
  } else if (component_ != nullptr) {
    component_->resume();
  }
  return true;
}

// --- the end

void Exchange::release_component() {
  site_.pool.cancel(id_);
  site_.ledger.cancel(id_);
  if (component_ != nullptr) std::exchange(component_, nullptr)->abandon();
}

void Exchange::cut(ipc::CutReason reason) {
  release_component();
  deadline_.clear();
  phase_ = Phase::Finishing;
  const char code = static_cast<char>(reason);
  site_.send(ipc::ExchangeFrame::Cut, id_, {&code, 1});
}

// What came from the component can be cut until the terminator says that the client has it, also when we have
// handed over all of it. Our own refusals stay.
bool Exchange::may_be_cut() const {
  if (!recorded_ || cut_version_ != 0 || phase_ == Phase::Answering) return false;
  return phase_ != Phase::Finishing || (end_sent_ && component_head_ && !client_gone_);
}

bool Exchange::review(const ipc::Change& change) {
  if (!may_be_cut()) return false;
  base::Refusal now = base::Refusal::SessionEnded;
  if (const SessionView* session = session_view(); session != nullptr && site_.access.ready()) {
    const Call call{http::to_text(head_.method), &target_,
                    head_.fields.find(http::FieldId::ContentType).value_or(""),
                    head_.body.kind != http::BodyKind::None};
    now = site_.access.decide(*session, call, site_.loop.wall()).refusal;
  }
  if (now == base::Refusal::None) return false;
  cut_version_ = change.version;
  cut_commanded_ = change.commanded;
  cut_code_ = now;
  cut_late_ = end_sent_;
  release_component();
  if (head_sent_) {
    cut(ipc::CutReason::Permission);
  } else {
    refuse(now, "the permission was taken away while the request was under way");
  }
  return true;
}

void Exchange::on_client_gone() {
  client_gone_ = true;
  release_component();
  deadline_.clear();
  phase_ = Phase::Finishing;
}

void Exchange::on_terminator_gone() {
  client_gone_ = true;
  complete({});
}

void Exchange::on_done(const ipc::ExchangeDone& done) {
  if (cut_version_ != 0) cut_took_ = std::max<base::Nanos>(0, done.ended - cut_commanded_);
  complete(done);
}

std::string_view Exchange::outcome(const ipc::ExchangeDone& done) const {
  if (cut_version_ != 0 && !(cut_late_ && done.complete)) return "cut";
  if (is_component_fault(failure_)) return "component_failed";
  if (sent_at_ == 0) return "not_forwarded";
  return done.complete ? "completed" : "client_gone";
}

void Exchange::complete(const ipc::ExchangeDone& done) {
  release_component();
  if (!recorded_) return;
  Completed event;
  event.session = session_;
  event.engineer = engineer_;
  event.capability = policy_->capabilities()[static_cast<std::size_t>(decision_.capability)].name;
  event.policy = policy_->hash();
  event.forwarded = event_id_;
  event.status = status_;
  event.request_bytes = std::max(done.request_bytes, request_bytes_);
  event.response_bytes = done.response_bytes;
  event.duration = site_.loop.now() - began_;
  if (head_at_ > 0) event.component = head_at_ - sent_at_;
  event.retried = retried_;
  event.outcome = outcome(done);
  if (cut_version_ != 0) {
    event.cut_reason = base::text_of(cut_code_).code;
    event.cut = std::max<base::Nanos>(
        0, done.ended == 0 ? site_.loop.now() - cut_commanded_ : done.ended - cut_commanded_);
    event.bytes_after_cut = done.after_cut;
  } else if (failure_ != base::Refusal::None) {
    event.cut_reason = base::text_of(failure_).code;
  }
  site_.recorder.completed(event);
}

}  // namespace postern::enforcer
