// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/answer/exchange_face.h"

#include <algorithm>
#include <utility>

#include "base/client_address.h"
#include "base/log.h"
#include "gateway/http/request_rules.h"
#include "gateway/loop/dispose_later.h"

namespace postern::answer {
namespace {

constexpr std::uint64_t kMostCredit = 1ULL << 40U;  // a sum that no honest terminator reaches

std::uint32_t read_u32(std::string_view payload, bool& sound) {
  base::BinaryReader reader(payload);
  const std::uint32_t value = reader.u32();
  sound = reader.done();
  return value;
}

// The head as our own rules see it, or why it is refused.
http::Verdict judge(const ipc::RequestHead& head, http::RequestHead& out) {
  const auto method = http::parse_method(head.method);
  if (!method)
    return http::refused(base::Refusal::MethodNotSupported, "the method is not one that is answered here");
  out.method = *method;
  out.version = head.minor == 0 ? http::Version::Http10 : http::Version::Http11;
  out.target = head.target;
  for (const ipc::WireField& field : head.fields) {
    if (!out.fields.add(field.name, field.value)) return http::malformed("a field is not well-formed");
  }
  return http::judge_request(out);
}

}  // namespace

struct ExchangeFace::Exchange {
  std::uint64_t id = 0;
  std::shared_ptr<Call> call = std::make_shared<Call>();
  ipc::BodyKind body = ipc::BodyKind::None;
  std::uint64_t length = 0;    // of a sized body
  std::uint64_t received = 0;  // of it
  std::uint64_t most = kRequestBodyLimit;
  std::uint64_t credit = ipc::kInitialCredit;
  std::unique_ptr<Outgoing> outgoing;
  bool converses = false;
  std::unique_ptr<Sink> sink;                 // of a conversation that was answered
  std::string early;                          // that came before
  std::uint64_t given = ipc::kInitialCredit;  // bytes that may come; of a conversation alone
  bool request_ended = false;
  bool finished = false;  // nothing more is sent for it
};

ExchangeFace::ExchangeFace(loop::Loop& loop, Answerer& answerer, const std::vector<http::Authority>& names,
                           Most most)
    : loop_(loop),
      answerer_(answerer),
      names_(names),
      most_(most),
      ready_(std::make_shared<std::set<std::uint64_t>>()),
      hook_(loop.at_turn_end(loop::Stage::Record, [this] { return pump_ready(); })) {}

ExchangeFace::~ExchangeFace() = default;

base::Status ExchangeFace::connect(ipc::RingEnds ends) {
  drop_channel();
  auto opened = ipc::ExchangeChannel::open(
      loop_, std::move(ends), 1,
      [this](ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) {
        take(type, id, payload);
      },
      [this](const base::Error& why) {
        base::log_error("the terminator broke the exchange protocol: " + why.message);
        const std::string said = why.message;
        drop_channel();
        if (breach_) breach_(said);
      });
  if (!opened.ok()) return std::move(opened).error();
  channel_ = std::move(*opened);
  return base::Ok{};
}

// The channel may be the one whose callback is running: it dies after this turn.
void ExchangeFace::drop_channel() {
  if (channel_ != nullptr) channel_->close();
  loop::dispose_later(loop_, std::move(channel_));
  connections_.clear();
  for (const auto& [id, exchange] : exchanges_) exchange->call->left = true;
  exchanges_.clear();
  strangers_ = 0;
  held_.clear();
  ready_ = std::make_shared<std::set<std::uint64_t>>();
  last_exchange_ = 0;
}

void ExchangeFace::send(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) {
  if (channel_ != nullptr && channel_->open()) channel_->send(type, id, payload);
}

void ExchangeFace::take(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) {
  using enum ipc::ExchangeFrame;
  bool sound = false;
  if (type == ConnectionOpened) {
    sound = open_connection(id, payload);
  } else if (type == ConnectionClosed) {
    sound = connections_.erase(id) == 1;
  } else if (type == RequestHead) {
    sound = begin(id, payload);
  } else if (type == ConnectionsRefused) {
    sound = note_refused(payload);
  } else if (type == RequestRefused) {
    sound = begin_refused(id, payload);
  } else if (const auto found = exchanges_.find(id); found != exchanges_.end()) {
    const ExchangePtr exchange = found->second;
    if (type == RequestBody) sound = take_body(exchange, payload);
    if (type == RequestEnd) sound = take_end(exchange, payload);
    if (type == ResponseCredit) sound = take_credit(*exchange, payload);
    if (type == ExchangeDone) sound = take_done(*exchange, payload);
    if (type == ClientGone) {
      sound = true;
      exchange->call->left = true;
      finish(*exchange);
    }
  }
  if (!sound && channel_ != nullptr)
    channel_->breach("an impossible frame of type " + std::to_string(static_cast<int>(type)));
}

bool ExchangeFace::open_connection(std::uint64_t id, std::string_view payload) {
  ipc::ConnectionOpened opened;
  if (!decode(payload, opened) || !base::is_client_address(opened.client)) return false;
  if (connections_.size() >= kMostConnections) return false;
  return connections_.emplace(id, Client{std::string(opened.client), shown_chains_.keep(opened.certificates)})
      .second;
}

// The log of events is for what an admin did; this is about the process.
bool ExchangeFace::note_refused(std::string_view payload) {
  ipc::ConnectionsRefused refused;
  if (!decode(payload, refused) || !base::is_client_address(refused.client)) return false;
  base::log_warning(std::to_string(refused.count) + " connections to " + std::string(answerer_.place()) +
                    " were refused or closed: limits.connections" +
                    (refused.per_address ? "_per_address was" : " was") + " reached, last by " +
                    std::string(refused.client));
  return true;
}

ExchangeFace::ExchangePtr ExchangeFace::make_exchange(std::uint64_t id, std::uint64_t connection) {
  const auto client = connections_.find(connection);
  if (client == connections_.end() || id <= last_exchange_ || exchanges_.size() >= kHardExchanges)
    return nullptr;
  last_exchange_ = id;
  auto exchange = std::make_shared<Exchange>();
  exchange->id = id;
  exchange->call->client = client->second.address;
  exchange->call->certificates = client->second.certificates;
  exchanges_.emplace(id, exchange);
  if (exchange->call->certificates->empty()) ++strangers_;
  return exchange;
}

bool ExchangeFace::begin(std::uint64_t id, std::string_view payload) {
  ipc::RequestHead head;
  if (!decode(payload, head)) return false;
  const ExchangePtr exchange = make_exchange(id, head.connection);
  if (exchange == nullptr) return false;
  exchange->body = head.body;
  exchange->length = head.body == ipc::BodyKind::Sized ? head.length : 0;
  http::RequestHead judged;
  http::Verdict verdict = judge(head, judged);
  Call& call = *exchange->call;
  call.method = judged.method;
  if (verdict.ok() && !http::names_one_of(names_, judged.fields.find("host").value_or(std::string_view()))) {
    verdict = http::refused(base::Refusal::WrongHost, "Host names a place that is not this one");
  }
  if (verdict.ok()) {
    http::TargetRules rules;
    rules.ours = names_;
    verdict = http::canonicalise(judged.target, rules, call.target);
  }
  if (verdict.ok() && (head.body == ipc::BodyKind::Frames || judged.body.kind == http::BodyKind::WebSocket))
    verdict = http::refused(base::Refusal::UpgradeNotSupported, "there is no WebSocket here");
  call.fields = std::move(judged.fields);
  if (verdict.ok()) exchange->most = answerer_.body_limit(call);
  if (verdict.ok() && exchange->length > exchange->most)
    verdict = http::refused(base::Refusal::BodyTooLarge, "such a request is shorter here");
  const bool stranger = call.certificates->empty();
  if (exchanges_.size() > most_.exchanges || (stranger && strangers_ > most_.strangers))
    verdict = http::refused(base::Refusal::Overloaded, "too many requests are under way");
  if (!verdict.ok()) {
    refuse(exchange, verdict.refusal, verdict.sentence);
    return true;
  }
  exchange->converses = head.body == ipc::BodyKind::Streamed && answerer_.converses(call);
  if (head.expects_continue && head.body != ipc::BodyKind::None) {
    ipc::ResponseHead proceed;
    proceed.status = 100;
    base::BinaryWriter out;
    encode(proceed, out);
    send(ipc::ExchangeFrame::InformationalHead, id, out.bytes());
  }
  // Of a body that there is not, no RequestEnd follows.
  if (head.body == ipc::BodyKind::None || exchange->converses) dispatch(exchange);
  return true;
}

bool ExchangeFace::begin_refused(std::uint64_t id, std::string_view payload) {
  ipc::RequestRefused refused;
  if (!decode(payload, refused)) return false;
  // Either a head that is not valid HTTP, or the body of an exchange that began well.
  const auto found = exchanges_.find(id);
  const ExchangePtr exchange =
      found != exchanges_.end() ? found->second : make_exchange(id, refused.connection);
  if (exchange == nullptr) return false;
  // What a client does while our answer waits for it can be wrong again. A word too many harms nobody.
  if (std::exchange(exchange->request_ended, true)) return true;
  exchange->sink.reset();  // of a conversation: the other side of it learns that it was broken off
  if (exchange->finished || exchange->outgoing != nullptr) return true;
  refuse(exchange, refused.refusal, base::printable(refused.why));
  return true;
}

bool ExchangeFace::take_body(const ExchangePtr& of, std::string_view payload) {
  Exchange& exchange = *of;
  const bool unexpected = exchange.request_ended || exchange.body == ipc::BodyKind::None;
  if (unexpected || payload.size() > ipc::kBodyPiece) return false;
  if (exchange.converses) return take_said(exchange, payload);
  exchange.received += payload.size();
  if (exchange.body == ipc::BodyKind::Sized && exchange.received > exchange.length) return false;
  if (exchange.finished || exchange.outgoing != nullptr)
    return true;  // answered early: what still comes is not wanted
  if (exchange.received > exchange.most) {
    refuse(of, base::Refusal::BodyTooLarge, "such a request is shorter here");
    return true;
  }
  exchange.call->body += payload;
  base::BinaryWriter credit;
  credit.u32(static_cast<std::uint32_t>(payload.size()));
  send(ipc::ExchangeFrame::RequestCredit, exchange.id, credit.bytes());
  return true;
}

bool ExchangeFace::take_end(const ExchangePtr& exchange, std::string_view payload) {
  std::vector<ipc::WireField> trailers;  // judged by nobody and used by nobody
  if (exchange->request_ended || exchange->body == ipc::BodyKind::None || !decode_trailers(payload, trailers))
    return false;
  if (exchange->body == ipc::BodyKind::Sized && exchange->received != exchange->length) return false;
  if (exchange->converses) {
    exchange->request_ended = true;
    if (exchange->sink != nullptr) exchange->sink->end();
    if (exchange->sink != nullptr && exchange->outgoing == nullptr) finish(*exchange);
    return true;
  }
  if (!exchange->finished && exchange->outgoing == nullptr) dispatch(exchange);
  exchange->request_ended = true;
  return true;
}

// The client keeps to what it was given.
bool ExchangeFace::take_said(Exchange& exchange, std::string_view payload) {
  if (payload.size() > exchange.given) return false;
  exchange.given -= payload.size();
  if (exchange.finished) return true;
  if (exchange.sink != nullptr) {
    exchange.sink->take(payload);
  } else if (exchange.outgoing == nullptr) {
    exchange.early += payload;
  }
  return true;
}

void ExchangeFace::begin_conversation(const ExchangePtr& exchange, std::unique_ptr<Sink> sink) {
  exchange->sink = std::move(sink);
  exchange->sink->on_begun([this, weak = std::weak_ptr<Exchange>(exchange)](std::size_t bytes) {
    const ExchangePtr still = weak.lock();
    if (still != nullptr && !still->finished) give_back(*still, bytes);
  });
  if (const std::string early = std::exchange(exchange->early, {}); !early.empty())
    exchange->sink->take(early);
  if (exchange->request_ended) exchange->sink->end();
}

void ExchangeFace::give_back(Exchange& exchange, std::size_t bytes) {
  exchange.given += bytes;
  base::BinaryWriter credit;
  credit.u32(static_cast<std::uint32_t>(bytes));
  send(ipc::ExchangeFrame::RequestCredit, exchange.id, credit.bytes());
}

void ExchangeFace::dispatch(const ExchangePtr& exchange) {
  if (!exchange->converses) exchange->request_ended = true;
  answerer_.answer(exchange->call, [this, weak = std::weak_ptr<Exchange>(exchange)](Response response) {
    const ExchangePtr still = weak.lock();
    if (still != nullptr && !still->finished) respond(still, std::move(response));
  });
}

bool ExchangeFace::take_credit(Exchange& exchange, std::string_view payload) {
  bool sound = false;
  exchange.credit += read_u32(payload, sound);
  if (!sound || exchange.credit > kMostCredit) return false;
  if (exchange.outgoing != nullptr && !exchange.finished) pump(exchange);
  return true;
}

bool ExchangeFace::take_done(Exchange& exchange, std::string_view payload) {
  ipc::ExchangeDone done;
  if (!decode(payload, done)) return false;
  if (exchange.call->certificates->empty()) --strangers_;
  exchanges_.erase(exchange.id);
  return true;
}

void ExchangeFace::refuse(const ExchangePtr& exchange, base::Refusal refusal, std::string_view why) {
  respond(exchange, answerer_.refuse(*exchange->call, refusal, why));
}

void ExchangeFace::respond(const ExchangePtr& exchange, Response response) {
  auto wake = [ready = ready_, id = exchange->id] { ready->insert(id); };
  std::unique_ptr<Sink> sink = exchange->converses ? std::move(response.sink) : nullptr;
  exchange->outgoing = std::make_unique<Outgoing>(std::move(response), std::move(wake));
  send_head(*exchange);
  if (sink != nullptr) begin_conversation(exchange, std::move(sink));
  if (exchange->outgoing != nullptr) pump(*exchange);
}

void ExchangeFace::send_head(Exchange& exchange) {
  const Response& response = exchange.outgoing->head();
  ipc::ResponseHead head;
  head.status = static_cast<std::uint16_t>(response.status);
  head.close = response.close;
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless && exchange.outgoing->streamed()) {
    head.body = ipc::BodyKind::Streamed;
  } else if (!bodiless) {
    head.body = ipc::BodyKind::Sized;
    head.length = response.bytes().size();
  }
  if (!response.content_type.empty()) head.fields.push_back({"content-type", response.content_type});
  for (const auto& [name, value] : response.fields) head.fields.push_back({name, value});
  base::BinaryWriter out;
  encode(head, out);
  send(ipc::ExchangeFrame::ResponseHead, exchange.id, out.bytes());
}

void ExchangeFace::pump(Exchange& exchange) {
  Outgoing& outgoing = *exchange.outgoing;
  const bool bodiless = exchange.call->method == http::Method::Head;
  while (!bodiless && exchange.credit > 0) {
    if (waiting() > kMuchWaiting) {
      held_.insert(exchange.id);
      return;
    }
    const std::string_view piece =
        outgoing.next(static_cast<std::size_t>(std::min<std::uint64_t>(exchange.credit, ipc::kBodyPiece)));
    if (piece.empty()) break;
    send(ipc::ExchangeFrame::ResponseBody, exchange.id, piece);
    exchange.credit -= piece.size();
    outgoing.consume(piece.size());
  }
  if (outgoing.failed()) {
    base::BinaryWriter why;
    why.u8(static_cast<std::uint8_t>(ipc::CutReason::Internal));
    send(ipc::ExchangeFrame::Cut, exchange.id, why.bytes());
    return finish(exchange);
  }
  if (!bodiless && !outgoing.done()) return;
  base::BinaryWriter no_trailers;
  ipc::encode_trailers({}, no_trailers);
  send(ipc::ExchangeFrame::ResponseEnd, exchange.id, no_trailers.bytes());
  if (exchange.sink == nullptr || exchange.request_ended) return finish(exchange);
  exchange.outgoing.reset();  // the client goes on
}

void ExchangeFace::finish(Exchange& exchange) {
  exchange.finished = true;
  exchange.outgoing.reset();
  exchange.sink.reset();
}

bool ExchangeFace::pump_ready() {
  if (waiting() <= kMuchWaiting / 2) {
    ready_->merge(held_);
    held_.clear();
  }
  if (ready_->empty()) return false;
  for (const std::uint64_t id : std::exchange(*ready_, {})) {
    const auto found = exchanges_.find(id);
    if (found == exchanges_.end() || found->second->finished || found->second->outgoing == nullptr) continue;
    pump(*found->second);
  }
  return true;
}

}  // namespace postern::answer
