// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an Http2Client is made of; not for use outside gateway/http. What comes in is h2_client_receive.cc's, what goes
// out h2_client.cc's.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/http/h2_client.h"
#include "gateway/http/h2_head.h"
#include "gateway/http/h2_state.h"
#include "gateway/http/response_rules.h"

namespace postern::http {

// An answer may be announced so often (103, 102 ...): each is passed on without credit.
inline constexpr int kMostInterim = 16;

struct Http2Exchange {
  std::uint32_t number = 0;
  std::int32_t id = 0;  // of its stream; 0: not sent yet
  // The request.
  Method method = Method::Get;
  std::string scheme, authority, target, length;
  Fields fields;
  std::vector<std::pair<std::string, std::string>> added;  // until it is in a frame
  std::string pending;                                     // of the body
  std::size_t framed = 0;                                  // of pending
  Fields trailers;
  bool ended = false, sent = false;  // all of it is given; is in frames
  // The answer.
  bool head = false, over = false;  // it has come; nothing more is told
  bool ours = false;                // we reset it
  bool sized = false, bodiless = false;
  std::uint64_t declared = 0, received = 0;
  std::uint64_t under_way = 0;  // received and not yet consumed
  int interim = 0;

  bool idle_body() const { return framed == pending.size(); }
  void wipe_added();
};

struct Http2Client::State {
  Http2ClientLimits limits;
  Listener& listener;
  nghttp2_session* session = nullptr;
  std::unordered_map<std::uint32_t, std::unique_ptr<Http2Exchange>> exchanges;
  std::vector<Http2Exchange*> unsent;  // whose head waits for produce(), in their order
  std::uint32_t last_number = 0;
  std::size_t open = 0;  // streams, as nghttp2 counts them
  std::int32_t highest = 0;
  Http2ClosedStreams closed;
  Http2Windows windows;
  Http2Scan scan{0};
  Http2ResponseHead incoming;  // one head at a time: its frames follow one another
  Http2Trailers trailers{BodySide::Response};
  std::size_t continuations = 0;
  Http2Budget budget;
  std::string* out = nullptr;  // of the produce() that runs
  std::size_t most = 0;
  std::vector<nghttp2_nv> list;
  Verdict fault;
  bool empty_data = false;  // of the DATA frame that comes in nothing was content yet
  bool server_settled = false, over = false, leaving = false, broken = false;

  State(const Http2ClientLimits& l, Listener& to)
      : limits(l), listener(to), incoming(l.head), budget(l.budget) {}
  ~State() { nghttp2_session_del(session); }
  static State& of(void* user) { return *static_cast<State*>(user); }

  Http2Exchange* find(std::uint32_t number) const;
  Http2Exchange* at(std::int32_t stream) const {
    return static_cast<Http2Exchange*>(nghttp2_session_get_stream_user_data(session, stream));
  }
  std::size_t streams_allowed() const;
  bool takes_requests() const;

  void fail(Verdict why, std::uint32_t code);  // ends the connection: GOAWAY with that code
  void pay(int cost);
  void lose(Http2Exchange& exchange, Verdict why, bool unprocessed);  // tells the listener, once
  void reset(Http2Exchange& exchange, std::uint32_t code);
  void break_off(Http2Exchange& exchange, Verdict why);  // the answer is not one

  void feed(std::string_view piece);
  void judge(const nghttp2_frame_hd& hd);
  void note_windows();
  void on_begin_headers(const nghttp2_frame& frame);
  void on_header(const nghttp2_frame& frame, std::string_view name, std::string_view value);
  void on_frame(const nghttp2_frame& frame);
  void on_head(Http2Exchange& exchange, bool ended);
  void on_trailers(Http2Exchange& exchange, bool ended);
  void on_piece(std::int32_t stream, std::string_view piece);
  void on_answer_end(Http2Exchange& exchange);
  void on_close(std::int32_t stream, std::uint32_t code);
  ssize_t read(std::int32_t stream, std::size_t size, std::uint32_t& flags);
  void write(std::int32_t stream, const std::uint8_t* header, std::size_t size);
  void on_sent(const nghttp2_frame& frame);

  void list_head(const Http2Exchange& exchange);
  void submit(Http2Exchange& exchange);
  void give_up(Http2Exchange& exchange);  // that was never sent
  void drain();
};

}  // namespace postern::http
