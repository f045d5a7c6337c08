// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "gateway/http/h2_client_state.h"

namespace postern::http {
namespace {

constexpr Verdict lost(std::string_view sentence) {
  return refused(base::Refusal::ComponentClosed, sentence);
}

}  // namespace

// As Http2Session::State::judge: the rules of sections 5.1 and 8.4 that nghttp2 has not, and the price.
void Http2Client::State::judge(const nghttp2_frame_hd& hd) {
  switch (hd.type) {
    case NGHTTP2_CONTINUATION:
      if (++continuations > kMostContinuations)
        fail(wrong_answer("a head of the component comes in too many pieces"), NGHTTP2_ENHANCE_YOUR_CALM);
      return;
    case NGHTTP2_PUSH_PROMISE:
      return fail(wrong_answer("the component pushes what nobody asked for"), NGHTTP2_PROTOCOL_ERROR);
    case NGHTTP2_HEADERS:
      continuations = 0;
      break;
    case NGHTTP2_DATA:
      empty_data = true;
      break;
    case NGHTTP2_SETTINGS:
      note_windows();
      return pay(kFrameCost);
    default:
      return pay(hd.type == NGHTTP2_RST_STREAM ? kResetCost : kFrameCost);
  }
  if (hd.stream_id == 0) return;  // nghttp2's
  if (hd.stream_id > highest || hd.stream_id % 2 == 0)
    return fail(wrong_answer("a frame of the component comes on a stream that was never opened"),
                NGHTTP2_PROTOCOL_ERROR);
  if (at(hd.stream_id) != nullptr) return;
  const Http2Closed* known = closed.find(hd.stream_id);
  if (known != nullptr && known->ours) return pay(kFrameCost);  // it may not have seen our reset yet
  fail(wrong_answer("a frame of the component comes on a stream that is closed"), NGHTTP2_STREAM_CLOSED);
}

void Http2Client::State::note_windows() {
  windows.begin(session);
  for (const auto& [number, exchange] : exchanges)
    if (exchange->id != 0) windows.note(session, exchange->id);
}

void Http2Client::State::on_begin_headers(const nghttp2_frame& frame) {
  const Http2Exchange* exchange = at(frame.hd.stream_id);
  exchange != nullptr && exchange->head ? trailers.clear() : incoming.clear();
}

void Http2Client::State::on_header(const nghttp2_frame& frame, std::string_view name,
                                   std::string_view value) {
  const Http2Exchange* exchange = at(frame.hd.stream_id);
  if (exchange == nullptr || over) return;
  exchange->head ? trailers.take(name, value) : incoming.take(name, value);
  if ((exchange->head ? trailers.bytes() : incoming.bytes()) > limits.head.head * kFarTooLarge)
    fail(wrong_answer("a head of the component is many times longer than the limit"),
         NGHTTP2_ENHANCE_YOUR_CALM);
}

void Http2Client::State::on_frame(const nghttp2_frame& frame) {
  if (over) return;
  if (frame.hd.type == NGHTTP2_SETTINGS && (frame.hd.flags & NGHTTP2_FLAG_ACK) == 0) {
    if (windows.overgrown(session))
      return fail(fault_of(NGHTTP2_FLOW_CONTROL_ERROR), NGHTTP2_FLOW_CONTROL_ERROR);
    if (!std::exchange(server_settled, true)) listener.on_settled();
  }
  if (frame.hd.type == NGHTTP2_DATA) {
    if (std::exchange(empty_data, false)) {
      pay(kFrameCost);
    } else if (frame.hd.length >= kPieceThatPays) {
      budget.earn(kPieceWorth);
    }
  }
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
  Http2Exchange* exchange = at(frame.hd.stream_id);
  if (exchange == nullptr || exchange->over || over) return;
  const bool ended = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame.hd.type == NGHTTP2_HEADERS) {
    exchange->head ? on_trailers(*exchange, ended) : on_head(*exchange, ended);
  } else if (!exchange->head) {
    break_off(*exchange, wrong_answer("the component sends a body before its answer"));
  } else if (ended) {
    trailers.clear();  // of another stream
    on_answer_end(*exchange);
  }
}

void Http2Client::State::on_head(Http2Exchange& exchange, bool ended) {
  const Verdict verdict = incoming.finish(exchange.method, ended);
  if (!verdict.ok()) return break_off(exchange, verdict);
  const ResponseHead& head = incoming.head();
  if (head.interim()) {
    pay(kFrameCost);
    if (over) return;
    if (++exchange.interim > kMostInterim)
      return break_off(exchange, wrong_answer("the component sends interim responses without end"));
    return listener.on_head(exchange.number, head);
  }
  exchange.head = true;
  exchange.bodiless = head.body.kind == BodyKind::None;
  exchange.sized = head.body.kind == BodyKind::Sized;
  exchange.declared = head.body.size;
  trailers.clear();
  listener.on_head(exchange.number, head);
  if (ended && !exchange.over) on_answer_end(exchange);
}

void Http2Client::State::on_trailers(Http2Exchange& exchange, bool ended) {
  if (!ended) return break_off(exchange, wrong_answer("the component's trailers do not end the stream"));
  if (!trailers.verdict().ok()) return break_off(exchange, trailers.verdict());
  on_answer_end(exchange);
}

void Http2Client::State::on_piece(std::int32_t stream, std::string_view piece) {
  if (over) return;
  empty_data = false;
  // Whoever takes it has room for a stream's window, so the connection's is never what holds a stream up.
  nghttp2_session_consume_connection(session, piece.size());
  Http2Exchange* exchange = at(stream);
  if (exchange == nullptr || exchange->over || !exchange->head) return;
  if (exchange->bodiless)
    return break_off(*exchange, wrong_answer("the component sends a body where there is none"));
  // What fits is passed on in any case, so that the answer does not depend on how the bytes came.
  const std::uint64_t room = limits.window - exchange->under_way;
  const std::uint64_t left = exchange->sized ? exchange->declared - exchange->received : kEndless;
  const std::string_view fits = piece.substr(0, std::min({std::uint64_t{piece.size()}, room, left}));
  exchange->received += fits.size();
  exchange->under_way += fits.size();
  if (!fits.empty()) listener.on_body(exchange->number, fits);
  if (fits.size() == piece.size() || exchange->over) return;
  break_off(*exchange, wrong_answer(room < left ? "the component overruns a window"
                                                : "the answer's body is longer than Content-Length says"));
}

void Http2Client::State::on_answer_end(Http2Exchange& exchange) {
  if (exchange.sized && exchange.received < exchange.declared)
    return break_off(exchange, wrong_answer("the answer's body is shorter than Content-Length says"));
  exchange.over = true;
  budget.earn(kResponseWorth);
  const std::uint32_t number = exchange.number;
  const bool wanted = exchange.sent;  // and all of it is under way
  // Section 8.1: an answer may come before the request is complete. What is left of that is not sent.
  if (!wanted) reset(exchange, NGHTTP2_CANCEL);
  listener.on_end(number, exchange.bodiless ? Fields() : trailers.fields());
}

void Http2Client::State::on_close(std::int32_t stream, std::uint32_t code) {
  Http2Exchange* exchange = at(stream);
  if (exchange == nullptr) return;
  closed.add(stream, exchange->ours);
  --open;
  nghttp2_session_set_stream_user_data(session, stream, nullptr);
  const auto owned = exchanges.extract(exchange->number);
  exchange->wipe_added();
  if (exchange->over) return;
  if (code == NGHTTP2_REFUSED_STREAM)
    return lose(*exchange, lost("the component refused the request unseen"),
                !exchange->head && exchange->interim == 0);
  lose(*exchange,
       lost(exchange->head ? "the component broke the answer off"
                           : "the component ended the request's stream without an answer"),
       false);
}

void Http2Client::take(std::string_view bytes, base::Nanos now) {
  State& state = *state_;
  state.budget.pass(now);
  while (!bytes.empty() && !done()) {
    std::optional<nghttp2_frame_hd> hd;
    const std::string_view piece = state.scan.next(bytes, hd);
    if (hd) state.judge(*hd);
    if (!state.over) state.feed(piece);
  }
}

void Http2Client::State::feed(std::string_view piece) {
  const ssize_t taken =
      nghttp2_session_mem_recv(session, reinterpret_cast<const std::uint8_t*>(piece.data()), piece.size());
  if (taken >= 0) return;
  const std::uint32_t code =
      taken == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR;
  fail(fault_of(code), code);
}

}  // namespace postern::http
