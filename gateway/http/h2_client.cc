// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2_client.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "base/crypto.h"
#include "gateway/http/chars.h"
#include "gateway/http/h2_client_state.h"
#include "gateway/http/request_rules.h"

namespace postern::http {
namespace {

// Framing and Host are said in other words.
void append_request_nv(const Fields& fields, std::vector<nghttp2_nv>& list) {
  fields.for_each([&](const Field& field) {
    const bool left_out = rule_of(field.id).hop_by_hop || field.id == FieldId::Host ||
                          field.id == FieldId::ContentLength || field.id == FieldId::TransferEncoding;
    if (!left_out) list.push_back(to_nv(field.name, field.value));
  });
}

}  // namespace

void Http2Exchange::wipe_added() {
  for (auto& [name, value] : added) base::wipe(value);
  added.clear();
}

Http2Exchange* Http2Client::State::find(std::uint32_t number) const {
  const auto it = exchanges.find(number);
  return it == exchanges.end() ? nullptr : it->second.get();
}

std::size_t Http2Client::State::streams_allowed() const {
  if (!server_settled) return 1;
  return std::min(limits.streams,
                  nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
}

bool Http2Client::State::takes_requests() const {
  return !over && !leaving && nghttp2_session_check_request_allowed(session) != 0;
}

void Http2Client::State::fail(Verdict why, std::uint32_t code) {
  if (!fault.ok()) return;
  fault = wrong_answer(why.sentence);
  over = true;
  nghttp2_session_terminate_session(session, code);
}

void Http2Client::State::pay(int cost) {
  if (budget.pay(cost)) return;
  fail(wrong_answer("the component sends too many frames that bring no answer on"),
       NGHTTP2_ENHANCE_YOUR_CALM);
}

void Http2Client::State::lose(Http2Exchange& exchange, Verdict why, bool unprocessed) {
  if (std::exchange(exchange.over, true)) return;
  listener.on_lost(exchange.number, why, unprocessed);
}

void Http2Client::State::reset(Http2Exchange& exchange, std::uint32_t code) {
  exchange.over = true;
  if (std::exchange(exchange.ours, true)) return;
  std::string().swap(exchange.pending);
  exchange.framed = 0;
  nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, exchange.id, code);
}

void Http2Client::State::break_off(Http2Exchange& exchange, Verdict why) {
  lose(exchange, wrong_answer(why.sentence), false);
  reset(exchange, NGHTTP2_PROTOCOL_ERROR);
}

// --- what the server is sent

void Http2Client::State::list_head(const Http2Exchange& exchange) {
  list.clear();
  list.push_back(to_nv(":method", to_text(exchange.method)));
  list.push_back(to_nv(":scheme", exchange.scheme));
  list.push_back(to_nv(":authority", exchange.authority));
  list.push_back(to_nv(":path", exchange.target));
  append_request_nv(exchange.fields, list);
  for (const auto& [name, value] : exchange.added) {
    list.push_back(to_nv(name, value));
    list.back().flags |= NGHTTP2_NV_FLAG_NO_INDEX;
  }
  if (!exchange.length.empty()) list.push_back(to_nv("content-length", exchange.length));
}

void Http2Client::State::submit(Http2Exchange& exchange) {
  list_head(exchange);
  nghttp2_data_provider provider{};
  provider.read_callback = [](nghttp2_session*, std::int32_t id, std::uint8_t*, std::size_t size,
                              std::uint32_t* flags, nghttp2_data_source*,
                              void* user) { return of(user).read(id, size, *flags); };
  const bool bodiless = exchange.ended && exchange.idle_body() && exchange.trailers.empty();
  const std::int32_t id = nghttp2_submit_request(session, nullptr, list.data(), list.size(),
                                                 bodiless ? nullptr : &provider, &exchange);
  if (id < 0) return give_up(exchange);
  const std::uint32_t number = exchange.number;
  exchange.id = highest = id;
  exchange.sent = bodiless;
  ++open;
  drain();  // the head's text is still there
  Http2Exchange* begun = find(number);
  if (begun != nullptr) begun->wipe_added();
  if (begun == nullptr || at(id) != nullptr) return;
  broken = over = true;  // it is in no frame yet, and what nghttp2 holds will point to what is gone
  give_up(*begun);
}

void Http2Client::State::give_up(Http2Exchange& exchange) {
  const auto owned = exchanges.extract(exchange.number);
  exchange.wipe_added();
  lose(exchange,
       refused(base::Refusal::ComponentClosed, "the component takes no more requests on this connection"),
       true);
}

void Http2Client::State::drain() {
  if (!broken && !http::drain(session, *out)) broken = over = true;
}

// As Http2Session::State::read.
ssize_t Http2Client::State::read(std::int32_t stream, std::size_t size, std::uint32_t& flags) {
  Http2Exchange* exchange = at(stream);
  if (exchange == nullptr || exchange->ours || (exchange->idle_body() && !exchange->ended))
    return NGHTTP2_ERR_DEFERRED;
  if (out->size() >= most) return NGHTTP2_ERR_PAUSE;
  const std::size_t count = std::min(size, exchange->pending.size() - exchange->framed);
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (exchange->ended && exchange->framed + count == exchange->pending.size()) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    exchange->sent = true;
    if (!exchange->trailers.empty()) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      list.clear();
      append_request_nv(exchange->trailers, list);
      nghttp2_submit_trailer(session, stream, list.data(), list.size());
    }
  }
  return static_cast<ssize_t>(count);
}

void Http2Client::State::write(std::int32_t stream, const std::uint8_t* header, std::size_t size) {
  Http2Exchange* exchange = at(stream);
  POSTERN_CHECK(exchange != nullptr);  // read() has just found it
  out->append(reinterpret_cast<const char*>(header), kFrameHeader);
  out->append(exchange->pending, exchange->framed, size);
  exchange->framed += size;
  if (size >= kPieceThatPays || exchange->idle_body()) budget.earn(kPieceWorth);
  if (!exchange->idle_body()) return;
  exchange->pending.clear();
  exchange->framed = 0;
  if (!exchange->over && !exchange->ended) listener.on_drained(exchange->number);
}

void Http2Client::State::on_sent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR) {
    if (fault.ok()) fault = wrong_answer(fault_of(frame.goaway.error_code).sentence);
    over = true;
  }
  if (frame.hd.type != NGHTTP2_RST_STREAM) return;
  Http2Exchange* exchange = at(frame.hd.stream_id);
  if (exchange == nullptr || exchange->ours) return;
  pay(kResetCost);  // nghttp2's own, for a frame that breaks a stream
  exchange->ours = true;
  lose(*exchange, wrong_answer("a frame of the component breaks its stream"), false);
}

void Http2Client::produce(std::string& out, std::size_t most) {
  State& state = *state_;
  state.out = &out;
  state.most = most;
  state.drain();
  while (!state.unsent.empty() && out.size() < most) {
    Http2Exchange& exchange = *state.unsent.front();
    state.unsent.erase(state.unsent.begin());
    if (state.open < state.streams_allowed() && nghttp2_session_check_request_allowed(state.session) != 0 &&
        !state.over) {
      state.submit(exchange);
    } else {
      state.give_up(exchange);
    }
  }
  state.out = nullptr;
}

// --- options

Http2Client::Http2Client(const Http2ClientLimits& limits, Listener& listener)
    : state_(std::make_unique<State>(limits, listener)) {
  begin_session(*state_, nghttp2_session_client_new2,
                std::to_array<nghttp2_settings_entry>(
                    {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                     {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.window},
                     {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.head.head)}}));
}

Http2Client::~Http2Client() = default;

const Verdict& Http2Client::fault() const { return state_->fault; }

bool Http2Client::done() const { return state_->over || nghttp2_session_want_read(state_->session) == 0; }

std::size_t Http2Client::open() const { return state_->exchanges.size(); }

std::size_t Http2Client::room() const {
  if (!state_->takes_requests()) return 0;
  const std::size_t most = state_->streams_allowed(), used = state_->exchanges.size();
  return most > used ? most - used : 0;
}

bool Http2Client::settled() const {
  return state_->unsent.empty() && nghttp2_session_want_write(state_->session) == 0;
}

// --- requests

std::uint32_t Http2Client::begin(const Request& request, const Fields& fields,
                                 std::span<const AddedField> added) {
  POSTERN_CHECK(is_target_text(request.target) && is_target_text(request.authority));
  POSTERN_CHECK(request.body.kind != BodyKind::UntilClose && request.body.kind != BodyKind::WebSocket);
  auto made = std::make_unique<Http2Exchange>();
  made->number = ++state_->last_number;
  made->method = request.method;
  made->scheme = request.scheme;
  made->authority = request.authority;
  made->target = request.target;
  made->fields = fields;
  for (const AddedField& field : added) {
    POSTERN_CHECK(is_lower_token(field.name) && classify_value(field.value) != ValueText::Invalid);
    made->added.emplace_back(field.name, field.value);
  }
  const bool none = request.body.kind == BodyKind::None;
  if (request.body.kind == BodyKind::Sized || (none && carries_content(request.method)))
    made->length = std::to_string(request.body.size);
  made->ended = none;
  state_->unsent.push_back(made.get());
  const std::uint32_t number = made->number;
  state_->exchanges.emplace(number, std::move(made));
  return number;
}

void Http2Client::body(std::uint32_t request, std::string_view piece) {
  Http2Exchange* known = state_->find(request);
  if (known == nullptr || known->over || known->ended) return;
  known->pending.append(piece);
  if (known->id != 0) nghttp2_session_resume_data(state_->session, known->id);
}

void Http2Client::end(std::uint32_t request, const Fields& trailers) {
  Http2Exchange* known = state_->find(request);
  if (known == nullptr || known->over || known->ended) return;
  known->ended = true;
  known->trailers = trailers;
  if (known->id != 0) nghttp2_session_resume_data(state_->session, known->id);
}

void Http2Client::cancel(std::uint32_t request) {
  Http2Exchange* known = state_->find(request);
  if (known == nullptr) return;
  if (known->id != 0) return state_->reset(*known, NGHTTP2_CANCEL);
  known->wipe_added();
  std::erase(state_->unsent, known);
  state_->exchanges.erase(request);
}

void Http2Client::consumed(std::uint32_t request, std::size_t bytes) {
  Http2Exchange* known = state_->find(request);
  if (known == nullptr || known->id == 0) return;
  known->under_way -= std::min<std::uint64_t>(known->under_way, bytes);
  nghttp2_session_consume_stream(state_->session, known->id, bytes);
}

std::size_t Http2Client::pending(std::uint32_t request) const {
  const Http2Exchange* known = state_->find(request);
  return known == nullptr ? 0 : known->pending.size() - known->framed;
}

void Http2Client::leave() {
  if (std::exchange(state_->leaving, true) || state_->over) return;
  nghttp2_submit_goaway(state_->session, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
}

}  // namespace postern::http
