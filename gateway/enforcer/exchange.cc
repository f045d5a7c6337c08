// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/exchange.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "gateway/enforcer/caller.h"
#include "gateway/enforcer/incoming.h"
#include "gateway/http/h1_write.h"
#include "policy/explain.h"

namespace postern::enforcer {
namespace {

// A form or document for a page of ours. Less than the credit that a terminator begins with: none is given
// for it.
constexpr std::size_t kMostOwnBody = 64U << 10U;
// What is put into a request's head for the component: about that much.
constexpr std::size_t kFieldsAdded = 6, kBytesAdded = 224;

}  // namespace

Exchange::Exchange(Site& site, Client& client, std::uint64_t id, std::uint64_t serial)
    : site_(site),
      client_(client),
      id_(id),
      serial_(serial),
      settings_(site.settings),
      began_(site.loop.now()),
      request_(site.send, id),
      response_(site.send, site.making, id),
      lifetime_(site.deadlines, [this] { on_lifetime(); }),
      deadline_(site.deadlines, [this] { on_deadline(); }) {}

Exchange::~Exchange() {
  release_component();
  if (!completed_) site_.changes.forget(serial_);
}

void Exchange::on_deadline() {
  if (phase_ != Phase::Waiting && phase_ != Phase::Forwarding) return;
  if (conversation_) return on_websocket_silent();
  // The component waits for the client to take what it said: the terminator keeps the time.
  if (component_head_ && (site_.backed_up || response_.credit() < http::BodyDecoder::kMaxTrailerBytes))
    return deadline_.set(silence_);
  if (component_head_ && silence_is_ruled_) return cut_at_limit();
  if (held_) return refuse(base::Refusal::HoldRefused, "no administrator answered in time");
  release_component();
  // Still waiting for its record to be durable: then it is the log that is late, not the component.
  const std::string why = site_.ledger.unavailable();
  if (awaits_record_ || (phase_ == Phase::Waiting && !why.empty())) {
    failure_ = base::Refusal::LogUnavailable;
    return refuse(base::Refusal::LogUnavailable, why.empty() ? "the record was not durable in time" : why);
  }
  on_component_failed(base::Refusal::ComponentTimeout, "the component did not answer in time", Loss::Unknown);
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
  request_.expect(head_.body);
  if (const Reached reached =
          site_.admission.enter(settings_->admission, client_.origin, site_.loop.now(), of_address_);
      reached.limit != Limit::None) {
    refuse(reached);
    // It holds no place, and lasts until its client has the answer: of very many nothing more is kept.
    std::exchange(head_.fields, {});
    std::exchange(head_.target, {});
    target_.forget();
    return true;
  }
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
    if (asks_about_certificate(site_, client_))
      site_.inquirer.ask(kEngineersCertificates, {}, *client_.certificates);
  } else if (!ours && certificate_waits()) {
    return;
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

// Once per certificate: what is known when the time is over decides.
bool Exchange::certificate_waits() {
  certificate_owner(site_, client_);
  if (!asks_about_certificate(site_, client_)) return false;
  return site_.inquirer.wait(kEngineersCertificates, *client_.certificates,
                             [&site = site_, id = id_, serial = serial_] {
                               Exchange* waiting = site.find(id);
                               if (waiting == nullptr || waiting->serial() != serial || waiting->answered() ||
                                   waiting->phase_ != Phase::Waiting)
                                 return;
                               waiting->client_.judged = false;
                               waiting->identify();
                             });
}

Call Exchange::call() const {
  return {http::to_text(head_.method), &target_, head_.fields.find(http::FieldId::ContentType).value_or(""),
          head_.body.kind != http::BodyKind::None && !wants_websocket(), wants_websocket()};
}

void Exchange::judge() {
  if (is_cross_site(head_, settings_->names))
    return refuse(base::Refusal::CrossSite, "Origin or Sec-Fetch-Site names another site");
  if (is_ours(target_.path())) {
    if (wants_websocket())
      return refuse(base::Refusal::WebsocketNotListed, "the gateway's own pages have no WebSocket");
    phase_ = Phase::Answering;
    body_wanted_here_ = true;
    if (request_.done()) return site_.visit.serve(*this);
    if (head_.expect_continue) response_.interim(100);
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
  // A call of our own comes one at a time.
  if (session->proposal) {
    reached_ = {};
  } else if (const Reached reached = site_.admission.enter_session(
                 settings_->admission, engineer_, session_, site_.loop.now(), of_engineer_, of_session_);
             reached.limit != Limit::None)
    return refuse(reached);
  const base::Micros now = site_.loop.wall();
  if (session->expires <= now) return refuse(base::Refusal::SessionEnded, "the session's time is over");
  policy_ = site_.access.shared_policy();
  acceptance_ = site_.access.acceptance();
  redaction_ = site_.access.redaction();
  redaction_version_ = site_.access.redaction_version();
  const Call asked = call();
  decision_ = site_.access.decide(*session, asked, now);
  if (!decision_.allowed()) {
    const policy::Question question{asked.method,       target_.path(), {},
                                    asked.content_type, asked.has_body, asked.websocket};
    return refuse(decision_.refusal, why_refused(question));
  }
  // Also with GET: what changes something is the policy's to say.
  if (decision_.klass == policy::Class::Write && comes_from_elsewhere(head_, settings_->names))
    return refuse(base::Refusal::CrossSite,
                  "Origin or Sec-Fetch-Site names another site, and the operation is of class write");
  const std::uint64_t size = head_.body.kind == http::BodyKind::Sized ? head_.body.size : request_.bytes();
  if (size > decision_.body_limit) {
    return refuse(base::Refusal::BodyNotAllowed, "the body is longer than the operation allows");
  }
  if (wants_websocket() && !agree_on_websocket()) return;
  if (operation_waits() || budget_waits()) return wait_for_admin();
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
  if (!find_node() && service_ != nullptr)
    return refuse(base::Refusal::NodeDrained, "all nodes of this service are being updated");
  if (service_ == nullptr)
    return refuse(base::Refusal::ComponentUnreachable,
                  "no service of the configuration lies under this path");
  if (!before_target().empty()) return read_before();
  record();
}

std::string Exchange::why_refused(const policy::Question& question) const {
  if (decision_.refusal == base::Refusal::BudgetSpent)
    return "the session has received as many bytes as one session may";
  if (decision_.refusal == base::Refusal::OperationNotAccepted && acceptance_->accepted() == nullptr)
    return "the policy that was accepted last cannot be read, so nothing passes before an administrator "
           "accepts this one";
  return policy::describe(*policy_, question, decision_);
}

// Promise 3: recorded before it is forwarded; a change only after the record is durable.
void Exchange::record() {
  if (site_.pool.is_out(static_cast<std::size_t>(node_)) && !find_node())  // while its document was read
    return refuse(base::Refusal::NodeDrained, "all nodes of this service are being updated");
  const bool write = decision_.klass == policy::Class::Write;
  if (event_id_.empty()) event_id_ = site_.recorder.next_id();
  Forwarded event;
  event.session = session_;
  event.engineer = engineer_;
  event.policy = policy_->hash();
  event.method = http::to_text(head_.method);
  event.target = target_.text();
  event.capability = decided_by()->name;
  event.operation = policy_->text_of(decision_.operation);
  event.klass = policy::to_text(decision_.klass);
  event.client = client_.text;
  event.relay = client_.relay;
  event.service = service_->name;
  event.node = site_.pool.node(static_cast<std::size_t>(node_)).url;
  if (credential_ != nullptr) event.credential = credential_->which();
  event.exchange = id_;
  event.websocket = wants_websocket();
  const std::uint64_t number = site_.recorder.forwarded(event_id_, event, write);
  if (number == LedgerClient::kNever)
    return refuse(base::Refusal::LogUnavailable, "its record is longer than an event may be");
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
  const Need need = wants_websocket() ? Need::Http1 : fresh ? Need::Fresh : Need::Any;
  site_.pool.acquire(static_cast<std::size_t>(node_), credential_, need, id_,
                     [this](base::Result<ComponentCarrier*> carrier) {
                       carrier.ok() ? forward(**carrier) : not_connected(carrier.error());
                     });
}

// Nothing was sent, so any method may try another node, once. A node that was reached and did not please is an answer.
void Exchange::not_connected(const base::Error& why) {
  const base::Refusal refusal = connect_refusal(why);
  const bool reached = refusal != base::Refusal::ComponentUnreachable;
  const int other = retried_ || reached ? -1 : site_.pool.choose(service_->name, node_);
  if (other < 0 || other == node_) return on_component_failed(refusal, why.message, Loss::Unknown);
  retried_ = true;
  node_ = other;
  connect(false);
}

void Exchange::forward(ComponentCarrier& connection) {
  component_ = &connection;
  protocol_ = connection.protocol();
  phase_ = Phase::Forwarding;
  request_.begin_again();
  sent_at_ = site_.loop.now();
  deadline_.set(settings_->response_head);
  connection.begin(*this, head_.method, wants_websocket());
  const Node& node = site_.pool.node(static_cast<std::size_t>(node_));
  http::Fields fields = head_.fields.copy_with_room(kFieldsAdded, kBytesAdded);
  const std::string_view host = head_.fields.find(http::FieldId::Host).value_or("");
  rewrite_request(fields, Passage{host, client_.address, &node, service_});
  if (wants_websocket()) ask_for_websocket(fields);
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
  if (wants_websocket()) {
    if (phase_ == Phase::Finishing) return true;
    if (!conversation_ || !conversation_->take_from_client(piece, site_.loop.now())) return false;
    converse();
    return true;
  }
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
  if (wants_websocket() || !request_.end(trailers)) return false;
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
  if (conversation_) return break_websocket(wire.refusal, {http::WsClose::ProtocolError, wire.why});
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

}  // namespace postern::enforcer
