// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2_session.h"

#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "base/check.h"
#include "gateway/http/h2_state.h"

namespace postern::http {
namespace {

using base::Refusal;

}  // namespace

bool drain(nghttp2_session* session, std::string& out) {
  const std::uint8_t* bytes = nullptr;
  ssize_t size = 0;
  while ((size = nghttp2_session_mem_send(session, &bytes)) > 0)
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  return size == 0;
}

nghttp2_nv to_nv(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

void append_nv(const Fields& fields, std::vector<nghttp2_nv>& list) {
  fields.for_each([&](const Field& field) {
    const bool of_connection = rule_of(field.id).hop_by_hop || field.id == FieldId::TransferEncoding;
    if (!of_connection) list.push_back(to_nv(field.name, field.value));
  });
}

// Why nghttp2 ends a connection by itself.
Verdict fault_of(std::uint32_t code) {
  const auto broken = [](std::string_view why) { return refused(Refusal::Http2ProtocolError, why); };
  switch (code) {
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return refused(Refusal::Http2Flood, "too many frames ask for an answer");
    case NGHTTP2_FLOW_CONTROL_ERROR:
      return broken("a window was overrun");
    case NGHTTP2_FRAME_SIZE_ERROR:
      return broken("a frame has a size that it may not have");
    case NGHTTP2_COMPRESSION_ERROR:
      return broken("a head cannot be unpacked");
    case NGHTTP2_STREAM_CLOSED:
      return broken("a frame comes on a stream that is closed");
    default:
      return broken("a frame is not one that may stand there");
  }
}

// --- streams

Http2Stream& Http2Session::State::open(std::int32_t id) {
  if (free_streams.empty()) {
    streams.push_back(std::make_unique<Http2Stream>());
    free_streams.push_back(streams.back().get());
  }
  Http2Stream& stream = *free_streams.back();
  free_streams.pop_back();
  stream.id = id;
  nghttp2_session_set_stream_user_data(session, id, &stream);
  return stream;
}

void Http2Stream::drop_body() {
  pending.clear();
  framed = 0;
  if (pending.capacity() > kKeepPending) pending.shrink_to_fit();
}

void Http2Stream::begin_again() {
  drop_body();
  fields.clear();
  trailers.clear();
  Http2Stream fresh;
  fresh.fields = std::move(fields);
  fresh.pending = std::move(pending);
  fresh.trailers = std::move(trailers);
  *this = std::move(fresh);
}

void Http2Session::State::release(Http2Stream& stream) {
  std::erase(unsent, &stream);
  stream.begin_again();
  free_streams.push_back(&stream);
}

const Http2Closed* Http2ClosedStreams::find(std::int32_t id) const {
  const auto* const it =
      std::find_if(last_.begin(), last_.end(), [&](const Http2Closed& one) { return one.id == id; });
  return it == last_.end() ? nullptr : it;
}

void Http2Session::State::fail(Verdict why, std::uint32_t code) {
  if (!fault.ok()) return;
  fault = why;
  over = true;
  nghttp2_session_terminate_session(session, code);
}

void Http2Session::State::pay(int cost) {
  if (budget.pay(cost)) return;
  fail(refused(Refusal::Http2Flood, "too many frames bring no request on"), NGHTTP2_ENHANCE_YOUR_CALM);
}

// Section 8.1.1: it may be answered, and the stream is reset behind the answer.
void Http2Session::State::refuse(Http2Stream& stream, Verdict verdict, std::string_view first_line) {
  if (stream.refused || over) return;
  stream.refused = stream.known = true;
  pay(kInvalidCost);
  if (!over) listener.on_refused(static_cast<std::uint32_t>(stream.id), verdict, first_line);
}

void Http2Session::State::reset(Http2Stream& stream, std::uint32_t code) {
  if (std::exchange(stream.ours, true)) return;
  std::erase(unsent, &stream);
  stream.drop_body();
  nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream.id, code);
}

// --- what the client is sent

void Http2Session::State::submit_head(Http2Stream& stream) {
  std::array<char, 3> digits{};
  std::to_chars(digits.data(), digits.data() + digits.size(), stream.status);
  list.clear();
  list.push_back(to_nv(":status", {digits.data(), digits.size()}));
  append_nv(stream.fields, list);
  nghttp2_data_provider provider{};
  provider.read_callback = [](nghttp2_session*, std::int32_t id, std::uint8_t*, std::size_t size,
                              std::uint32_t* flags, nghttp2_data_source*,
                              void* user) { return of(user).read(id, size, *flags); };
  const bool bodiless = stream.ended && stream.idle_body() && stream.trailers.empty();
  stream.submitted = true;
  nghttp2_submit_response(session, stream.id, list.data(), list.size(), bodiless ? nullptr : &provider);
  drain();  // digits and fields are still there
}

void Http2Session::State::drain() {
  if (!broken && !http::drain(session, *out)) broken = over = true;
}

// How much of the body goes into the next frame; write() then copies it from where it is, once.
ssize_t Http2Session::State::read(std::int32_t id, std::size_t size, std::uint32_t& flags) {
  Http2Stream* stream = find(id);
  if (stream == nullptr || stream->ours || (stream->idle_body() && !stream->ended))
    return NGHTTP2_ERR_DEFERRED;
  if (out->size() >= most) return NGHTTP2_ERR_PAUSE;
  const std::size_t count = std::min(size, stream->pending.size() - stream->framed);
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (stream->ended && stream->framed + count == stream->pending.size()) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!stream->trailers.empty()) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      list.clear();
      append_nv(stream->trailers, list);
      nghttp2_submit_trailer(session, id, list.data(), list.size());
    }
  }
  return static_cast<ssize_t>(count);
}

void Http2Session::State::write(std::int32_t id, const std::uint8_t* header, std::size_t size) {
  Http2Stream* stream = find(id);
  POSTERN_CHECK(stream != nullptr);  // read() has just found it
  out->append(reinterpret_cast<const char*>(header), kFrameHeader);
  out->append(stream->pending, stream->framed, size);
  stream->framed += size;
  if (size >= kPieceThatPays || stream->idle_body()) budget.earn(kPieceWorth);
  if (stream->idle_body()) stream->drop_body();
  if (size == 0) return;
  listener.on_framed(static_cast<std::uint32_t>(id), size, false);
}

void Http2Session::State::on_sent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR) {
    if (fault.ok()) fault = fault_of(frame.goaway.error_code);
    over = true;
  }
  Http2Stream* stream = frame.hd.stream_id == 0 ? nullptr : find(frame.hd.stream_id);
  if (frame.hd.type == NGHTTP2_RST_STREAM) {
    if (stream == nullptr || !stream->ours || frame.rst_stream.error_code == NGHTTP2_REFUSED_STREAM)
      pay(kResetCost);
    if (stream == nullptr) return;  // one too many: it was never opened
    // nghttp2's own, for a frame that breaks a stream.
    if (!stream->ours && stream->known && !stream->finished)
      listener.on_gone(static_cast<std::uint32_t>(stream->id));
    stream->ours = true;
  }
  if (stream == nullptr || (frame.hd.type != NGHTTP2_DATA && frame.hd.type != NGHTTP2_HEADERS)) return;
  const bool ended = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (ended || frame.hd.type == NGHTTP2_HEADERS)
    listener.on_framed(static_cast<std::uint32_t>(stream->id), 0, ended);
  if (!ended) return;
  stream->finished = true;
  budget.earn(kResponseWorth);
  // Section 8.1: the rest of the request is not wanted.
  if (!stream->client_ended) reset(*stream, stream->refused ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_NO_ERROR);
}

void Http2Session::produce(std::string& out, std::size_t most) {
  State& state = *state_;
  state.out = &out;
  state.most = most;
  while (!state.unsent.empty() && out.size() < most) {
    Http2Stream& stream = *state.unsent.front();
    state.unsent.erase(state.unsent.begin());
    state.submit_head(stream);
  }
  state.drain();
  state.out = nullptr;
}

// --- options

Http2Session::Http2Session(const Http2Limits& limits, Listener& listener)
    : state_(std::make_unique<State>(limits, listener)) {
  begin_session(*state_, nghttp2_session_server_new2,
                std::to_array<nghttp2_settings_entry>(
                    {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams},
                     {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.window},
                     {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.head.head)},
                     {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
                     {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}}));
}

Http2Session::~Http2Session() = default;

const Verdict& Http2Session::fault() const { return state_->fault; }

bool Http2Session::done() const { return state_->over || nghttp2_session_want_read(state_->session) == 0; }

bool Http2Session::in_head() const { return state_->in_head; }

// --- responses

void Http2Session::interim(std::uint32_t stream, int status, const Fields& fields) {
  const Http2Stream* known = state_->find(stream);
  if (known == nullptr || known->ours || known->status != 0) return;
  std::array<char, 3> digits{};
  std::to_chars(digits.data(), digits.data() + digits.size(), status);
  std::vector<nghttp2_nv> list{to_nv(":status", {digits.data(), digits.size()})};
  append_nv(fields, list);
  for (nghttp2_nv& nv : list) nv.flags = NGHTTP2_NV_FLAG_NONE;  // copied: produce() comes later
  nghttp2_submit_headers(state_->session, NGHTTP2_FLAG_NONE, known->id, nullptr, list.data(), list.size(),
                         nullptr);
}

void Http2Session::respond(std::uint32_t stream, int status, Fields&& fields, bool ended) {
  Http2Stream* known = state_->find(stream);
  if (known == nullptr || known->ours || known->status != 0) return;
  POSTERN_CHECK(status >= 200 && status <= 999);
  known->status = status;
  std::swap(known->fields, fields);
  known->ended = ended;
  state_->unsent.push_back(known);
}

void Http2Session::body(std::uint32_t stream, std::string_view piece) {
  Http2Stream* known = state_->find(stream);
  if (known == nullptr || known->ours || known->status == 0 || known->ended) return;
  known->pending.append(piece);
  if (known->submitted) nghttp2_session_resume_data(state_->session, known->id);
}

void Http2Session::end(std::uint32_t stream, const Fields& trailers) {
  Http2Stream* known = state_->find(stream);
  if (known == nullptr || known->ours || known->status == 0 || known->ended) return;
  known->ended = true;
  if (!trailers.empty()) known->trailers = trailers;
  if (known->submitted) nghttp2_session_resume_data(state_->session, known->id);
}

void Http2Session::reset(std::uint32_t stream, Reset why) {
  Http2Stream* known = state_->find(stream);
  if (known == nullptr) return;
  const std::uint32_t code = why == Reset::Cancel      ? NGHTTP2_CANCEL
                             : why == Reset::Refused   ? NGHTTP2_REFUSED_STREAM
                             : why == Reset::Malformed ? NGHTTP2_PROTOCOL_ERROR
                                                       : NGHTTP2_INTERNAL_ERROR;
  state_->reset(*known, code);
}

void Http2Session::consumed(std::uint32_t stream, std::size_t bytes) {
  Http2Stream* known = state_->find(stream);
  if (known == nullptr) return;
  known->under_way -= std::min<std::uint64_t>(known->under_way, bytes);
  nghttp2_session_consume_stream(state_->session, static_cast<std::int32_t>(stream), bytes);
}

std::size_t Http2Session::pending(std::uint32_t stream) const {
  const Http2Stream* known = state_->find(stream);
  return known == nullptr ? 0 : known->pending.size() - known->framed;
}

void Http2Session::discard(std::uint32_t stream) {
  if (Http2Stream* known = state_->find(stream); known != nullptr) known->pending.resize(known->framed);
}

void Http2Session::shut_down() {
  if (std::exchange(state_->leaving, true) || state_->over) return;
  nghttp2_submit_shutdown_notice(state_->session);
  nghttp2_submit_ping(state_->session, NGHTTP2_FLAG_NONE, kGoodbye.data());
}

void Http2Session::shut_down_now() {
  state_->leaving = true;
  if (state_->over) return;
  nghttp2_submit_goaway(state_->session, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(state_->session), NGHTTP2_NO_ERROR, nullptr,
                        0);
}

}  // namespace postern::http
