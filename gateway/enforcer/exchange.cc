// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/exchange.h"

#include <algorithm>

#include "base/bytes.h"
#include "gateway/enforcer/caller.h"
#include "gateway/enforcer/incoming.h"
#include "gateway/enforcer/refusal_answer.h"
#include "gateway/http/accept.h"
#include "gateway/http/date.h"
#include "gateway/http/h1_write.h"
#include "policy/explain.h"

namespace postern::enforcer {
namespace {

// A form or document for a page of ours. Less than the credit that a terminator begins with: none is given
// for it.
constexpr std::size_t kMostOwnBody = 64U << 10U;

bool is_component_fault(base::Refusal refusal) {
  return refusal >= base::Refusal::GatewayError && refusal <= base::Refusal::ComponentCredential;
}

}  // namespace

Exchange::Exchange(Site& site, Client& client, std::uint64_t id, std::uint64_t serial)
    : site_(site),
      client_(client),
      id_(id),
      serial_(serial),
      settings_(site.settings),
      began_(site.loop.now()),
      request_(site.send, id),
      response_(site.send, id),
      deadline_(site.deadlines, [this] { on_deadline(); }) {}

Exchange::~Exchange() {
  release_component();
  if (!completed_) site_.changes.forget(serial_);
}

void Exchange::on_deadline() {
  if (phase_ != Phase::Waiting && phase_ != Phase::Forwarding) return;
  // The component waits for the client to take what it said: the terminator keeps the time.
  if (component_head_ && response_.credit() < http::BodyDecoder::kMaxTrailerBytes)
    return deadline_.set(settings_->component_idle);
  if (held_) return refuse(base::Refusal::HoldRefused, "no administrator answered in time");
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
  request_.expect(head_.body.kind);
  if (!verdict->ok()) {
    // Whose request it was shall stand in the event; nothing is opened for it.
    if (const SessionView* session = find_session(site_, client_, head_); session != nullptr)
      use_session(session->id);
    refuse(verdict->refusal, verdict->sentence);
    return true;
  }
  identify();
  return true;
}

void Exchange::use_session(const std::string& id) {
  session_ = client_.last_session = id;
  if (const SessionView* view = session_view(); view != nullptr) engineer_ = view->engineer;
}

// Who is asking. A certificate opens a session when there is none yet.
void Exchange::identify() {
  const bool ours = is_ours(target_.path());
  if (const SessionView* session = find_session(site_, client_, head_); session != nullptr) {
    use_session(session->id);
  } else if (certificate_owner(site_, client_) != nullptr && !ours) {
    return site_.visit.open_by_certificate(*this, [this](base::Status opened) {
      if (phase_ != Phase::Waiting) return;
      if (!opened.ok()) return refuse(base::Refusal::SignInRefused, opened.error().message);
      judge();
    });
  } else if (has_session_cookie(head_) && !ours && site_.access.ready()) {  // else it is not known which are
    return refuse(base::Refusal::SessionEnded, "the session of this cookie is not active");
  }
  judge();
}

Call Exchange::call() const {
  return {http::to_text(head_.method), &target_, head_.fields.find(http::FieldId::ContentType).value_or(""),
          head_.body.kind != http::BodyKind::None};
}

void Exchange::judge() {
  if (is_cross_site(head_, settings_->names))
    return refuse(base::Refusal::CrossSite, "Origin or Sec-Fetch-Site names another site");
  if (is_ours(target_.path())) {
    phase_ = Phase::Answering;
    body_wanted_here_ = true;
    if (request_.done()) site_.visit.serve(*this);
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
  acceptance_ = site_.access.acceptance();
  redaction_ = site_.access.redaction();
  const Call asked = call();
  decision_ = site_.access.decide(*session, asked, now);
  if (!decision_.allowed()) {
    const policy::Question question{asked.method, target_.path(), {}, asked.content_type, asked.has_body};
    return refuse(decision_.refusal, why_refused(question));
  }
  const std::uint64_t size = head_.body.kind == http::BodyKind::Sized ? head_.body.size : request_.bytes();
  if (size > decision_.body_limit) {
    return refuse(base::Refusal::BodyNotAllowed, "the body is longer than the operation allows");
  }
  if (must_wait()) return wait_for_admin();
  choose_node();
}

// Who will be asked, and with which credential, as things are now.
bool Exchange::find_node() {
  const SessionView* session = session_view();
  service_ = settings_->service_at(target_.path());
  node_ = service_ == nullptr ? -1 : site_.pool.choose(service_->name, -1);
  if (node_ >= 0 && session != nullptr)
    credential_ = service_->credential_for(site_.access.role(*session, site_.loop.wall()));
  return node_ >= 0;
}

void Exchange::choose_node() {
  if (!find_node())
    return refuse(base::Refusal::ComponentUnreachable,
                  "no service of the configuration lies under this path");
  if (!before_target().empty()) return read_before();
  record();
}

std::string Exchange::why_refused(const policy::Question& question) const {
  if (decision_.refusal == base::Refusal::OperationNotAccepted && acceptance_->accepted() == nullptr)
    return "the policy that was accepted last cannot be read, so nothing passes before an administrator "
           "accepts this one";
  return policy::describe(*policy_, question, decision_);
}

// Promise 3: recorded before it is forwarded; a change only after the record is durable.
void Exchange::record() {
  const std::string listed = operation().text();
  const bool write = decision_.klass == policy::Class::Write;
  if (event_id_.empty()) event_id_ = site_.recorder.next_id();
  Forwarded event;
  event.session = session_;
  event.engineer = engineer_;
  event.policy = policy_->hash();
  event.method = http::to_text(head_.method);
  event.target = target_.text();
  event.capability = decided_by()->name;
  event.operation = listed;
  event.klass = policy::to_text(decision_.klass);
  event.client = client_.text;
  event.service = service_->name;
  event.node = site_.pool.node(static_cast<std::size_t>(node_)).url;
  if (credential_ != nullptr) event.credential = credential_->which();
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
  if ((!recorded_ && !held_) || phase_ == Phase::Finishing) return;
  site_.ledger.active(session_);
  site_.access.touch(session_, site_.loop.wall());
}

void Exchange::connect(bool fresh) {
  deadline_.set(settings_->connect);
  site_.pool.acquire(static_cast<std::size_t>(node_), credential_, fresh, id_,
                     [this](base::Result<ComponentConnection*> connection) {
                       if (connection.ok()) return forward(**connection);
                       // Nothing was sent, so any method may try another node, once.
                       const int other = retried_ ? -1 : site_.pool.choose(service_->name, node_);
                       if (other < 0 || other == node_) {
                         const bool certificate = connection.error().code == base::Code::Invalid;
                         return on_component_failed(certificate ? base::Refusal::ComponentCertificate
                                                                : base::Refusal::ComponentUnreachable,
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
  request_.begin_again();
  sent_at_ = site_.loop.now();
  deadline_.set(settings_->response_head);
  connection.begin(*this, head_.method);
  const Node& node = site_.pool.node(static_cast<std::size_t>(node_));
  http::Fields fields = head_.fields;
  const std::string host(head_.fields.find(http::FieldId::Host).value_or(""));
  rewrite_request(fields, Passage{host, client_.address, &node, service_});
  std::string cookies = site_.jars.header(jar(), target_.path(), node.private_way, site_.loop.wall());
  send_head(connection, {head_.method, target_.text(), node.authority}, fields, head_.body,
            {credential_, cookies});
  base::wipe(cookies);
  if (component_ == nullptr) return;  // it failed at once
  if (head_.expect_continue && !request_.done()) response_.interim(100);
  request_.pass(component_, service_->strip_request);
}

bool Exchange::on_request_body(std::string_view piece) {
  if (!request_.arrived(piece)) return false;
  const bool answered = phase_ == Phase::Forwarding && component_ == nullptr;  // by the component, early
  if (answered || phase_ == Phase::Finishing || (phase_ == Phase::Answering && !body_wanted_here_))
    return true;  // refused already: not wanted
  const std::uint64_t most = body_wanted_here_
                                 ? kMostOwnBody
                                 : std::min<std::uint64_t>(decision_.body_limit, settings_->request_body);
  if (request_.bytes() > most) {
    release_component();
    failure_ = base::Refusal::BodyNotAllowed;
    if (response_.begun()) {
      cut(ipc::CutReason::Limit);
    } else {
      body_wanted_here_ = false;
      refuse(base::Refusal::BodyNotAllowed, "the body is longer than the operation allows");
    }
    return true;
  }
  if (held_ && request_.bytes() > kMostHeldBody) {
    refuse(base::Refusal::BodyNotAllowed, kHeldBodyTooLong);
    return true;
  }
  if (!request_.keep(piece)) return false;
  if (phase_ == Phase::Forwarding) pass_body();
  return true;
}

bool Exchange::on_request_end(const std::vector<ipc::WireField>& trailers) {
  if (!request_.end(trailers)) return false;
  if (phase_ == Phase::Forwarding)
    pass_body();
  else if (phase_ == Phase::Answering && body_wanted_here_)
    site_.visit.serve(*this);
  else if (held_)
    ask_admin();
  return true;
}

// The time for an answer begins anew with everything that the client adds.
void Exchange::pass_body() {
  if (component_ == nullptr) return;  // it has answered already
  if (!component_head_) deadline_.set(settings_->response_head);
  request_.pass(component_, service_->strip_request);
}

void Exchange::on_request_refused(const ipc::RequestRefused& wire) {
  request_.break_off();
  if (phase_ == Phase::Finishing) return;
  release_component();
  failure_ = wire.refusal;
  if (response_.begun()) return cut(ipc::CutReason::Limit);
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
    if (decided_by() != nullptr) event.capability = decided_by()->name;
    site_.recorder.refused(event_id_, event);
  }
  status_ = text.status;
  RefusalView view;
  view.refusal = refusal;
  view.method = method;
  view.target = target;
  view.why = why;
  view.event_id = event_id_;
  if (!near.empty()) view.nearest.push_back(near);
  if (decided_by() != nullptr &&
      (refusal == base::Refusal::ApprovalNeeded || refusal == base::Refusal::GrantEnded)) {
    view.capability = decided_by()->name;
    view.capability_title = decided_by()->title;
  }
  RefusalAnswer own = refusal_answer(view, wants_page);
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
  if (!response_.head(status, fields, ipc::BodyKind::Sized, body.size()))
    return cut(ipc::CutReason::Component);
  if (head_.method == http::Method::Head) body.clear();
  response_.whole_body(std::move(body));
  finish_if_ended();
}

void Exchange::finish_if_ended() {
  if (response_.ended()) phase_ = Phase::Finishing;
}

// --- the component's answer

namespace {

// A document that somebody looks at, and not a piece of one that a script asked for, nor a frame within one.
bool is_navigation(const http::Fields& fields) { return fields.find("sec-fetch-dest") == "document"; }

// Behind the end of any document, whatever it is made of, browsers still run a script. It makes the banner (console/web/visit/banner.ts).
constexpr std::string_view kBanner = "<script src=\"/.postern/assets/banner.js\" async></script>\n";

}  // namespace

std::shared_ptr<const redact::Rules> Exchange::redaction_rules() const {
  return site_.known_secrets.rules(redaction_->rules, settings_);
}

std::string Exchange::redaction_key() const { return base::keyed_hash(settings_->redaction_key, session_); }

http::Fields Exchange::rewritten(const http::Fields& theirs) {
  http::Fields fields = theirs;
  const std::string host(head_.fields.find(http::FieldId::Host).value_or(""));
  rewrite_response(
      fields, Passage{host, client_.address, &site_.pool.node(static_cast<std::size_t>(node_)), service_});
  if (!screen_) screen_.emplace(redaction_, redaction_rules(), redaction_key());
  screen_->clean(fields);
  return fields;
}

void Exchange::on_component_head(const http::ResponseHead& head) {
  if (head.interim()) {
    // 100 was given by us when the request was let pass; others (103) concern the client.
    if (head.status != 100 && minor_ > 0) response_.interim(head.status, rewritten(head.fields));
    return;
  }
  if (!judge_credential(head.status)) return;
  keep_cookies(head.fields);
  component_head_ = true;
  head_at_ = site_.loop.now();
  http::Fields fields = rewritten(head.fields);
  if (policy_->banner() && is_navigation(head_.fields)) screen_->append_to_page(kBanner);
  if (base::Status fit = screen_->head(head, fields); !fit.ok()) {
    release_component();
    return on_component_failed(base::Refusal::ComponentMalformed, fit.error().message, false);
  }
  status_ = head.status;
  deadline_.set(settings_->component_idle);
  fields.set("postern-event", event_id_);
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
                        "it answered 401 to the credential that Postern holds for it", false);
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
  if (!screen_ || !screen_->changes_body()) return response_.credit();
  return screen_->idle() ? std::min(response_.credit(), Screen::kPiece) : 0;
}

void Exchange::on_component_body(std::string_view piece) {
  deadline_.set(settings_->component_idle);
  if (!screen_->changes_body()) return response_.body(piece);
  screen_->take(piece);
  pass_screened();
}

void Exchange::on_component_end(const http::Fields& trailers) {
  component_ = nullptr;
  deadline_.clear();
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
      return on_component_failed(base::Refusal::ComponentMalformed, sound.error().message, false);
    }
    const std::string_view ready = screen_->ready().substr(0, response_.credit());
    if (ready.empty()) break;
    response_.body(ready);
    screen_->sent(ready.size());
  }
  if (phase_ != Phase::Forwarding || !screen_->done()) return;
  response_.end(screen_->trailers());
  finish_if_ended();
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
  if (refusal == base::Refusal::ComponentCredential && credential_ != nullptr &&
      site_.credential_news.refused(service_->name, credential_->role))
    tell_of_credential(false, why);
  site_.pool.cancel(id_);
  if (response_.begun()) return cut(ipc::CutReason::Component);
  refuse(refusal, why);
}

void Exchange::on_component_drained() {
  if (phase_ == Phase::Forwarding) request_.pass(component_, service_->strip_request);
}

bool Exchange::on_response_credit(std::uint32_t bytes) {
  if (!response_.give_credit(bytes)) return false;
  if (phase_ == Phase::Answering) finish_if_ended();
  if (phase_ == Phase::Forwarding && screen_) pass_screened();
  if (component_ != nullptr) component_->resume();
  return true;
}

// --- the end

void Exchange::release_component() {
  if (std::exchange(held_, false)) site_.waiting_room.leave(serial_, "the client left");
  site_.pool.cancel(id_);
  site_.ledger.cancel(id_);
  if (component_ != nullptr) std::exchange(component_, nullptr)->abandon();
}

void Exchange::cut(ipc::CutReason reason) {
  release_component();
  deadline_.clear();
  phase_ = Phase::Finishing;
  response_.cut(reason);
}

// What came from the component can be cut until the terminator says that the client has it, also when we have
// handed over all of it. Our own refusals stay.
bool Exchange::may_be_cut() const {
  if (!recorded_ || cut_version_ != 0 || phase_ == Phase::Answering) return false;
  return phase_ != Phase::Finishing || (response_.ended() && component_head_ && !client_gone_);
}

bool Exchange::review(const ipc::Change& change) {
  if (held_) return review_waiting();
  if (!may_be_cut()) return false;
  base::Refusal now = base::Refusal::SessionEnded;
  if (const SessionView* session = session_view(); session != nullptr && site_.access.ready()) {
    now = site_.access.decide(*session, call(), site_.loop.wall()).refusal;
  }
  if (now == base::Refusal::None) return false;
  cut_version_ = change.version;
  cut_commanded_ = change.commanded;
  cut_code_ = now;
  cut_late_ = response_.ended();
  release_component();
  if (response_.begun()) {
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
  if (failure_ != base::Refusal::None) return sent_at_ == 0 ? "not_forwarded" : "refused";
  return done.complete ? "completed" : "client_gone";
}

void Exchange::complete(const ipc::ExchangeDone& done) {
  release_component();
  if (!recorded_) return;
  Completed event;
  event.session = session_;
  event.engineer = engineer_;
  event.capability = decided_by()->name;
  event.policy = policy_->hash();
  event.forwarded = event_id_;
  event.status = status_;
  event.request_bytes = std::max(done.request_bytes, request_.bytes());
  event.response_bytes = done.response_bytes;
  event.duration = site_.loop.now() - began_;
  if (head_at_ > 0) event.component = head_at_ - sent_at_;
  event.retried = retried_;
  if (screen_) event.redacted = screen_->counts();
  event.outcome = outcome(done);
  if (cut_version_ != 0) {
    event.cut_reason = base::text_of(cut_code_).code;
    event.cut = std::max<base::Nanos>(
        0, done.ended == 0 ? site_.loop.now() - cut_commanded_ : done.ended - cut_commanded_);
    event.bytes_after_cut = done.after_cut;
  } else if (failure_ != base::Refusal::None) {
    event.code = base::text_of(failure_).code;
  }
  site_.recorder.completed(event);
  completed_ = sent_at_ > 0;
  if (completed_) site_.changes.after(serial_, status_);
}

}  // namespace postern::enforcer
