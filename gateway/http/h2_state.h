// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an Http2Session is made of, and what it has in common with an Http2Client (h2_client_state.h). The one door to
// nghttp2; not for use outside gateway/http. What comes in is h2_receive.cc's, what goes out h2_session.cc's.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "gateway/http/h2_head.h"
#include "gateway/http/h2_session.h"

namespace postern::http {

// What things cost, and what pays for them. A browser that leaves a page resets some dozen streams at once; one that
// reads sends two WINDOW_UPDATE for some 32 KiB.
inline constexpr int kFrameCost = 1, kResetCost = 5, kInvalidCost = 20, kPieceWorth = 3, kResponseWorth = 20;
// A piece of a body below this pays for nothing, unless it is all there is: windows of one byte make many of them.
inline constexpr std::size_t kPieceThatPays = 1024;
inline constexpr base::Nanos kFrameTime =
    base::kSecond / 10;  // 10 frames in a second are free: keep-alive by PING
inline constexpr std::size_t kFrameHeader = 9;
inline constexpr std::size_t kClosedRemembered = 128;  // streams
inline constexpr std::size_t kFarTooLarge = 4;         // times the limit: HPACK lets one byte stand for 4 KiB
inline constexpr std::size_t kMostContinuations = 8;
inline constexpr std::size_t kMostSettings = 32,
                             kMostAcks = 100;  // of one SETTINGS frame; waiting to be sent
inline constexpr std::size_t kSendHeadLimit = 256U << 10U;
inline constexpr std::uint32_t kDynamicTable = 4096;  // bytes of HPACK's table, either way
inline constexpr std::int32_t kConnectionWindow = 1 << 20;
inline constexpr std::size_t kKeepPending = 4096;      // a stream that rests keeps so much memory
inline constexpr std::uint64_t kEndless = UINT64_MAX;  // a body whose length is not declared
// What a PING says by which we learn that the client has seen our GOAWAY.
inline constexpr std::array<std::uint8_t, 8> kGoodbye{'g', 'o', 'o', 'd', 'b', 'y', 'e', 0};

// What a connection may still cost (h2_session.h).
struct Http2Budget {
  explicit Http2Budget(int all) : most(all), left(all) {}
  void earn(int worth) { left = std::min(left + worth, most); }
  bool pay(int cost) { return (left -= cost) >= 0; }
  void pass(base::Nanos now);  // it is that late

  int most, left;
  base::Nanos paid_until = 0;
};

// Cuts what comes in where frames begin and end, so that each is judged before nghttp2 looks at it, and when those
// before it have been taken.
class Http2Scan {
 public:
  explicit Http2Scan(std::size_t ahead) : ahead_(ahead) {}  // bytes up to the first frame's header
  // The next piece, off the front of bytes. With hd: the piece has the last byte of that frame's header.
  std::string_view next(std::string_view& bytes, std::optional<nghttp2_frame_hd>& hd);

 private:
  std::size_t ahead_;                        // bytes up to the next frame's header
  std::array<char, kFrameHeader> header_{};  // of which so many bytes are here:
  std::size_t header_size_ = 0;
};

// A stream's last number, and who ended it.
struct Http2Closed {
  std::int32_t id = 0;
  bool ours = false;
};

// The last streams that were closed.
class Http2ClosedStreams {
 public:
  void add(std::int32_t id, bool ours) { last_[count_++ % last_.size()] = {id, ours}; }
  const Http2Closed* find(std::int32_t id) const;

 private:
  std::array<Http2Closed, kClosedRemembered> last_{};
  std::size_t count_ = 0;
};

// What the other side lets be sent on each stream, before the SETTINGS that come in. Section 6.9.2: where they make more than
// 2^31-1 of it, that is an error of the connection. nghttp2 resets the stream, whose window stays.
class Http2Windows {
 public:
  void begin(nghttp2_session* session);
  void note(nghttp2_session* session, std::int32_t stream);
  bool overgrown(nghttp2_session* session) const;  // by those SETTINGS

 private:
  std::uint32_t initial_ = 0;
  std::vector<std::pair<std::int32_t, std::int32_t>> before_;  // stream, window
};

struct Http2Stream {
  std::int32_t id = 0;
  // The request.
  bool known = false;    // the listener knows it
  bool refused = false;  // and that it is no request, or none any more
  bool client_ended = false;
  bool connected = false;  // it is a WebSocket's
  bool sized = false;
  std::uint64_t declared = 0, received = 0;
  std::uint64_t under_way = 0;  // received and not yet consumed
  // The response.
  int status = 0;
  Fields fields;
  std::string pending;     // of the body
  std::size_t framed = 0;  // of pending
  Fields trailers;
  bool submitted = false, ended = false, finished = false;
  bool ours = false;  // we reset it

  bool idle_body() const { return framed == pending.size(); }
  void drop_body();
  void begin_again();  // ready for another stream; keeps the memory
};

struct Http2Session::State {
  Http2Limits limits;
  Listener& listener;
  nghttp2_session* session = nullptr;
  std::vector<std::unique_ptr<Http2Stream>> streams;  // all that ever were open at a time, used again
  std::vector<Http2Stream*> free_streams;
  std::vector<Http2Stream*> unsent;  // whose head waits for produce(), in their order
  Http2ClosedStreams closed;
  std::int32_t highest = 0;
  std::int32_t unopened = 0;  // the last HEADERS came for it, and nghttp2 has not opened it; 0: it has
  Http2Windows windows;
  Http2Scan scan{NGHTTP2_CLIENT_MAGIC_LEN};
  Http2Head incoming;  // one head at a time: its frames follow one another
  Http2Trailers trailers{BodySide::Request};
  std::size_t continuations = 0;
  Http2Budget budget;
  std::string* out = nullptr;  // of the produce() that runs
  std::size_t most = 0;
  std::vector<nghttp2_nv> list;
  Verdict fault;
  bool empty_data = false;  // of the DATA frame that comes in nothing was content yet
  bool in_head = false, over = false, leaving = false, broken = false;

  State(const Http2Limits& l, Listener& to) : limits(l), listener(to), incoming(l.head), budget(l.budget) {}
  ~State() { nghttp2_session_del(session); }
  static State& of(void* user) { return *static_cast<State*>(user); }

  Http2Stream* find(std::int32_t id) const {
    return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }
  Http2Stream* find(std::uint32_t id) const { return find(static_cast<std::int32_t>(id)); }
  Http2Stream& open(std::int32_t id);
  void release(Http2Stream& stream);

  // Ends the connection: GOAWAY with that code, and nothing is read any more.
  void fail(Verdict why, std::uint32_t code);
  void pay(int cost);
  void refuse(Http2Stream& stream, Verdict verdict, std::string_view first_line);
  void reset(Http2Stream& stream, std::uint32_t code);
  void break_off(Http2Stream& stream, std::uint32_t code);  // and the listener is told

  void feed(std::string_view piece);
  void judge(const nghttp2_frame_hd& hd);
  void note_unopened();
  void note_windows();
  void on_begin_headers(const nghttp2_frame& frame);
  void on_header(const nghttp2_frame& frame, std::string_view name, std::string_view value);
  void on_frame(const nghttp2_frame& frame);
  void on_headers(const nghttp2_frame& frame, Http2Stream& stream);
  void on_head(Http2Stream& stream, bool ended);
  void on_piece(std::int32_t id, std::string_view piece);
  void on_request_end(Http2Stream& stream);
  void on_close(std::int32_t id, std::uint32_t code);
  ssize_t read(std::int32_t id, std::size_t size, std::uint32_t& flags);
  void write(std::int32_t id, const std::uint8_t* header, std::size_t size);
  void on_sent(const nghttp2_frame& frame);

  void submit_head(Http2Stream& stream);
  void drain();
};

// Why nghttp2 ends a connection by itself, by the code of its GOAWAY.
Verdict fault_of(std::uint32_t code);

// What nghttp2 is handed. It only reads name and value, and they stay until the frame is made.
nghttp2_nv to_nv(std::string_view name, std::string_view value);
// Without those of an HTTP/1.1 connection.
void append_nv(const Fields& fields, std::vector<nghttp2_nv>& list);

inline std::string_view as_text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// Appends all that nghttp2 has to send. False: it is out of memory, and what it holds may point to what is gone.
bool drain(nghttp2_session* session, std::string& out);

// What nghttp2 calls, of a State of either end.
template <typename State>
void set_callbacks(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        State::of(user).on_begin_headers(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
         const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
        State::of(user).on_header(*frame, as_text(name, name_size), as_text(value, value_size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        State::of(user).on_frame(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                    std::size_t size, void* user) {
        State::of(user).on_piece(id, as_text(bytes, size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
        State::of(user).on_close(id, code);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        State::of(user).on_sent(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_send_data_callback(
      callbacks, [](nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* header, std::size_t size,
                    nghttp2_data_source*, void* user) {
        State::of(user).write(frame->hd.stream_id, header, size);
        return 0;
      });
}

using MakeHttp2 = int (*)(nghttp2_session**, const nghttp2_session_callbacks*, void*, const nghttp2_option*);

// Makes the session of a State, and has it announce these settings. make: nghttp2's, of that end.
template <typename State, std::size_t N>
void begin_session(State& state, MakeHttp2 make, const std::array<nghttp2_settings_entry, N>& settings) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  POSTERN_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0);
  set_callbacks<State>(callbacks);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_http_messaging(option, 1);  // the rules are h2_head.h's: a refusal becomes an event
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_stream_reset_rate_limit(option, std::uint64_t{1} << 62U, 1);  // the budget counts them
  nghttp2_option_set_max_settings(option, kMostSettings);
  nghttp2_option_set_max_outbound_ack(option, kMostAcks);
  nghttp2_option_set_max_send_header_block_length(option, kSendHeadLimit);
  nghttp2_option_set_max_deflate_dynamic_table_size(option, kDynamicTable);
  const int made = make(&state.session, callbacks, &state, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  POSTERN_CHECK(made == 0);
  nghttp2_submit_settings(state.session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(state.session, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

}  // namespace postern::http
