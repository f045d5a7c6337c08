// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <utility>

#include "gateway/http/chars.h"
#include "gateway/http/h2_state.h"

namespace postern::http {
namespace {

using base::Refusal;

constexpr std::size_t kPrioritySize = 5;

// RFC 9218 section 4. Anything that is not understood leaves the default: it is a wish.
nghttp2_extpri parse_priority(std::string_view text) {
  nghttp2_extpri priority{NGHTTP2_EXTPRI_DEFAULT_URGENCY, 0};
  for (std::string_view member; next_member(text, member);) {
    if (member == "i" || member == "i=?1") priority.inc = 1;
    if (member.size() == 3 && member.starts_with("u=") && member[2] >= '0' && member[2] <= '7')
      priority.urgency = static_cast<std::uint32_t>(member[2] - '0');
  }
  return priority;
}

}  // namespace

// Before nghttp2 looks at the frame. It has the rules of each frame; ours are those of sections 5.1 and 5.1.1 that it
// has not, and the price.
void Http2Session::State::judge(const nghttp2_frame_hd& hd) {
  note_unopened();
  const bool idle = hd.stream_id > highest || hd.stream_id % 2 == 0;  // an even one is for us to open
  switch (hd.type) {
    case NGHTTP2_CONTINUATION:
      in_head = (hd.flags & NGHTTP2_FLAG_END_HEADERS) == 0;
      if (++continuations > kMostContinuations)
        fail(refused(Refusal::Http2Flood, "a head comes in too many pieces"), NGHTTP2_ENHANCE_YOUR_CALM);
      return;
    case NGHTTP2_HEADERS:
      in_head = (hd.flags & NGHTTP2_FLAG_END_HEADERS) == 0;
      continuations = 0;
      if (!idle) break;
      highest = std::max(highest, hd.stream_id);
      unopened = hd.stream_id;
      break;
    case NGHTTP2_DATA:
      empty_data = true;
      break;
    case NGHTTP2_PRIORITY:  // section 6.3; it is not used, so nghttp2 does not look at it
      if (hd.stream_id == 0 || hd.length != kPrioritySize)
        fail(refused(Refusal::Http2ProtocolError, "a PRIORITY frame is not one"),
             hd.stream_id == 0 ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_FRAME_SIZE_ERROR);
      return pay(kFrameCost);
    case NGHTTP2_SETTINGS:
      note_windows();
      return pay(kFrameCost);
    default:
      return pay(hd.type == NGHTTP2_RST_STREAM ? kResetCost : kFrameCost);
  }
  if (hd.stream_id == 0 || idle || find(hd.stream_id) != nullptr) return;
  const Http2Closed* known = closed.find(hd.stream_id);
  if (known != nullptr && known->ours) return pay(kFrameCost);  // it may not have seen our reset yet
  if (hd.type == NGHTTP2_HEADERS && known == nullptr)
    return fail(
        refused(Refusal::Http2ProtocolError, "a stream is opened whose number is not above the last one's"),
        NGHTTP2_PROTOCOL_ERROR);
  fail(refused(Refusal::Http2ProtocolError, "a frame comes on a stream that is closed"),
       NGHTTP2_STREAM_CLOSED);
}

// Sections 5.1 and 6.8: one too many, or behind our GOAWAY. What the client sent on it cannot know that yet.
void Http2Session::State::note_unopened() {
  if (unopened == 0) return;
  closed.add(std::exchange(unopened, 0), true);
  pay(kFrameCost);
}

void Http2Session::State::note_windows() {
  windows.begin(session);
  for (const auto& stream : streams)
    if (find(stream->id) != nullptr) windows.note(session, stream->id);
}

void Http2Session::State::on_begin_headers(const nghttp2_frame& frame) {
  if (find(frame.hd.stream_id) != nullptr) return trailers.clear();
  incoming.clear();
  unopened = 0;
  open(frame.hd.stream_id);
}

void Http2Session::State::on_header(const nghttp2_frame& frame, std::string_view name,
                                    std::string_view value) {
  Http2Stream* stream = find(frame.hd.stream_id);
  if (stream == nullptr || over) return;
  stream->known ? trailers.take(name, value) : incoming.take(name, value);
  if ((stream->known ? trailers.bytes() : incoming.bytes()) > limits.head.head * kFarTooLarge)
    fail(refused(Refusal::Http2Flood, "a head is many times longer than the limit"),
         NGHTTP2_ENHANCE_YOUR_CALM);
}

void Http2Session::State::on_frame(const nghttp2_frame& frame) {
  if (over) return;
  if (frame.hd.type == NGHTTP2_DATA) {
    if (std::exchange(empty_data, false)) {
      pay(kFrameCost);
    } else if (frame.hd.length >= kPieceThatPays) {
      budget.earn(kPieceWorth);
    }
  }
  const bool ended = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  const bool ack = (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0;
  if (frame.hd.type == NGHTTP2_PING && ack && leaving &&
      std::equal(kGoodbye.begin(), kGoodbye.end(), frame.ping.opaque_data)) {
    nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session),
                          NGHTTP2_NO_ERROR, nullptr, 0);
  }
  if (frame.hd.type == NGHTTP2_SETTINGS && !ack && windows.overgrown(session))
    return fail(fault_of(NGHTTP2_FLOW_CONTROL_ERROR), NGHTTP2_FLOW_CONTROL_ERROR);
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
  Http2Stream* stream = find(frame.hd.stream_id);
  if (stream == nullptr) return;
  if (frame.hd.type == NGHTTP2_HEADERS) {
    on_headers(frame, *stream);
  } else if (ended) {
    trailers.clear();  // of another stream
    on_request_end(*stream);
  }
}

void Http2Session::State::on_headers(const nghttp2_frame& frame, Http2Stream& stream) {
  const bool ended = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (!stream.known) return on_head(stream, ended);
  // Section 8.5: DATA and nothing else.
  if (stream.connected) return break_off(stream, NGHTTP2_PROTOCOL_ERROR);
  if (!ended) {
    refuse(stream, malformed("trailers do not end the stream"), {});
  } else {
    if (!trailers.verdict().ok()) refuse(stream, trailers.verdict(), {});
    on_request_end(stream);
  }
}

void Http2Session::State::on_head(Http2Stream& stream, bool ended) {
  stream.client_ended = ended;
  trailers.clear();
  const Verdict verdict = incoming.finish(ended);
  if (!verdict.ok()) return refuse(stream, verdict, incoming.first_line());
  const RequestHead& head = incoming.head();
  stream.connected = head.body.kind == BodyKind::WebSocket;
  stream.sized = head.body.kind != BodyKind::Chunked && !stream.connected;
  stream.declared = head.body.size;
  stream.known = true;
  if (const auto wish = head.fields.find("priority")) {
    const nghttp2_extpri priority = parse_priority(*wish);
    nghttp2_session_change_extpri_stream_priority(session, stream.id, &priority, 0);
  }
  listener.on_request(static_cast<std::uint32_t>(stream.id), head);
}

void Http2Session::State::on_piece(std::int32_t id, std::string_view piece) {
  if (over) return;
  empty_data = false;
  // Whoever takes it has room for a stream's window, so the connection's is never what holds a stream up.
  nghttp2_session_consume_connection(session, piece.size());
  Http2Stream* stream = find(id);
  if (stream == nullptr || stream->refused || stream->ours) return;
  // What fits is passed on in any case, so that the answer does not depend on how the bytes came.
  const std::uint64_t room = limits.window - stream->under_way;
  const std::uint64_t left = stream->sized ? stream->declared - stream->received : kEndless;
  const std::string_view fits = piece.substr(0, std::min({std::uint64_t{piece.size()}, room, left}));
  stream->received += fits.size();
  stream->under_way += fits.size();
  if (!fits.empty()) listener.on_body(static_cast<std::uint32_t>(id), fits);
  if (fits.size() == piece.size() || stream->refused || stream->ours) return;
  // nghttp2 resets a stream beyond its window too, but hands over what was too much.
  if (room < left) return break_off(*stream, NGHTTP2_FLOW_CONTROL_ERROR);
  refuse(*stream, refused(Refusal::AmbiguousFraming, "the body is longer than Content-Length says"), {});
}

void Http2Session::State::break_off(Http2Stream& stream, std::uint32_t code) {
  reset(stream, code);
  if (stream.known && !stream.finished) listener.on_gone(static_cast<std::uint32_t>(stream.id));
}

void Http2Session::State::on_request_end(Http2Stream& stream) {
  if (std::exchange(stream.client_ended, true) || stream.refused || stream.ours) return;
  if (stream.sized && stream.received < stream.declared) {
    refuse(stream, refused(Refusal::AmbiguousFraming, "the body is shorter than Content-Length says"), {});
  } else if (!stream.sized || stream.declared > 0) {
    listener.on_end(static_cast<std::uint32_t>(stream.id), trailers.fields());
  }
}

void Http2Session::State::on_close(std::int32_t id, std::uint32_t /*code*/) {
  Http2Stream* stream = find(id);
  if (stream == nullptr) return;
  closed.add(id, stream->ours);
  const bool left = stream->known && !stream->finished && !stream->ours;
  nghttp2_session_set_stream_user_data(session, id, nullptr);
  release(*stream);
  if (left) listener.on_gone(static_cast<std::uint32_t>(id));
}

void Http2Windows::begin(nghttp2_session* session) {
  initial_ = nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
  before_.clear();
}

void Http2Windows::note(nghttp2_session* session, std::int32_t stream) {
  before_.emplace_back(stream, nghttp2_session_get_stream_remote_window_size(session, stream));
}

// A window below 0 is told as 0, and grows too far by no SETTINGS.
bool Http2Windows::overgrown(nghttp2_session* session) const {
  if (nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE) <= initial_)
    return false;
  return std::any_of(before_.begin(), before_.end(), [&](const auto& one) {
    return one.second > 0 && nghttp2_session_get_stream_remote_window_size(session, one.first) == one.second;
  });
}

void Http2Budget::pass(base::Nanos now) {
  if (paid_until == 0) paid_until = now;
  const base::Nanos frames = (now - paid_until) / kFrameTime;
  if (frames <= 0) return;
  earn(static_cast<int>(std::min<base::Nanos>(frames, most)));
  paid_until += frames * kFrameTime;
}

std::string_view Http2Scan::next(std::string_view& bytes, std::optional<nghttp2_frame_hd>& hd) {
  hd.reset();
  if (ahead_ == 0) {
    const std::size_t missing = std::min(kFrameHeader - header_size_, bytes.size());
    std::copy_n(bytes.data(), missing, header_.data() + header_size_);
    header_size_ += missing;
    ahead_ = missing;
    if (header_size_ == kFrameHeader) {
      header_size_ = 0;
      const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(header_[i])}; };
      const std::size_t size = byte(0) << 16U | byte(1) << 8U | byte(2);
      const std::uint32_t stream = (byte(5) << 24U | byte(6) << 16U | byte(7) << 8U | byte(8)) & 0x7FFF'FFFFU;
      hd = {size, static_cast<std::int32_t>(stream), static_cast<std::uint8_t>(byte(3)),
            static_cast<std::uint8_t>(byte(4)), 0};
      ahead_ += size;
    }
  }
  const std::string_view piece = bytes.substr(0, ahead_);
  bytes.remove_prefix(piece.size());
  ahead_ -= piece.size();
  return piece;
}

void Http2Session::take(std::string_view bytes, base::Nanos now) {
  State& state = *state_;
  if (state.over || done()) return;
  state.budget.pass(now);
  while (!bytes.empty() && !done()) {
    std::optional<nghttp2_frame_hd> hd;
    const std::string_view piece = state.scan.next(bytes, hd);
    if (hd) state.judge(*hd);
    if (!state.over) state.feed(piece);
  }
}

void Http2Session::State::feed(std::string_view piece) {
  const ssize_t taken =
      nghttp2_session_mem_recv(session, reinterpret_cast<const std::uint8_t*>(piece.data()), piece.size());
  if (taken >= 0) return;
  if (taken == NGHTTP2_ERR_FLOODED)
    return fail(fault_of(NGHTTP2_ENHANCE_YOUR_CALM), NGHTTP2_ENHANCE_YOUR_CALM);
  fail(refused(Refusal::Http2ProtocolError, "the connection does not begin as HTTP/2 does"),
       NGHTTP2_PROTOCOL_ERROR);
}

}  // namespace postern::http
