// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an Http2Session is made of. The one door to nghttp2; not for use outside gateway/http. What comes in is
// h2_receive.cc's, what goes out h2_session.cc's.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

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
// What a PING says by which we learn that the client has seen our GOAWAY.
inline constexpr std::array<std::uint8_t, 8> kGoodbye{'g', 'o', 'o', 'd', 'b', 'y', 'e', 0};

struct Http2Stream {
  std::int32_t id = 0;
  // The request.
  bool known = false;    // the listener knows it
  bool refused = false;  // and that it is no request, or none any more
  bool client_ended = false;
  bool sized = false;
  std::uint64_t declared = 0, received = 0;
  std::uint64_t under_way = 0;  // received and not yet consumed
  std::int32_t window = 0;  // what the client let us send, before the SETTINGS that come in; 0 also if less
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

struct Http2Closed {
  std::int32_t id = 0;
  bool ours = false;
};

struct Http2Session::State {
  Http2Limits limits;
  Listener& listener;
  nghttp2_session* session = nullptr;
  std::vector<std::unique_ptr<Http2Stream>> streams;  // all that ever were open at a time, used again
  std::vector<Http2Stream*> free_streams;
  std::vector<Http2Stream*> unsent;                     // whose head waits for produce(), in their order
  std::array<Http2Closed, kClosedRemembered> closed{};  // the last ones
  std::size_t closed_count = 0;
  std::int32_t highest = 0;
  std::uint32_t initial_window = 0;              // the client's, before the SETTINGS that come in
  std::size_t ahead = NGHTTP2_CLIENT_MAGIC_LEN;  // bytes up to the next frame's header
  std::array<char, kFrameHeader> next_header{};  // of which so many bytes are here:
  std::size_t header_size = 0;
  Http2Head incoming;  // one head at a time: its frames follow one another
  Http2Trailers trailers;
  std::size_t continuations = 0;
  int budget;
  base::Nanos paid_until = 0;
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
  const Http2Closed* find_closed(std::int32_t id) const;
  void remember_closed(std::int32_t id, bool ours) { closed[closed_count++ % closed.size()] = {id, ours}; }

  // Ends the connection: GOAWAY with that code, and nothing is read any more.
  void fail(Verdict why, std::uint32_t code);
  void pay(int cost);
  void earn(int worth) { budget = std::min(budget + worth, limits.budget); }
  void refuse(Http2Stream& stream, Verdict verdict, std::string_view first_line);
  void reset(Http2Stream& stream, std::uint32_t code);
  void break_off(Http2Stream& stream, std::uint32_t code);  // and the listener is told

  void take_some(std::string_view& bytes);
  void feed(std::string_view piece);
  void judge(const nghttp2_frame_hd& hd);
  void note_windows();
  void judge_windows();
  void on_begin_headers(const nghttp2_frame& frame);
  void on_header(const nghttp2_frame& frame, std::string_view name, std::string_view value);
  void on_frame(const nghttp2_frame& frame);
  void on_headers(const nghttp2_frame& frame, Http2Stream& stream);
  void on_head(Http2Stream& stream, bool ended);
  void on_piece(std::int32_t id, std::string_view piece);
  void on_request_end(Http2Stream& stream);
  void on_close(std::int32_t id);
  ssize_t read(std::int32_t id, std::size_t size, std::uint32_t& flags);
  void write(std::int32_t id, const std::uint8_t* header, std::size_t size);
  void on_sent(const nghttp2_frame& frame);

  void submit_head(Http2Stream& stream);
  void drain();
  void set_receive_callbacks(nghttp2_session_callbacks* callbacks);
  void set_send_callbacks(nghttp2_session_callbacks* callbacks);
};

// Why nghttp2 ends a connection by itself, by the code of its GOAWAY.
Verdict fault_of(std::uint32_t code);

inline std::string_view as_text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace postern::http
