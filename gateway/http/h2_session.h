// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A client's HTTP/2 connection (RFC 9113), server side: bytes in, bytes out. The one door to nghttp2, which keeps
// frames, HPACK and windows. What a request may say is judged by h2_head.h. Touches no socket and no clock.
//
// What nghttp2 leaves to its user is held here: frames on closed streams (section 5.1) and streams whose number falls
// (5.1.1), a body that is not as long as Content-Length says (8.1.1), and floods that are valid frame by frame. A
// connection has a budget: whatever brings no request on (SETTINGS, PING, RST_STREAM, PRIORITY, WINDOW_UPDATE, empty
// DATA, CONTINUATION, frames of unknown types, requests that are not valid) costs some of it; bodies, responses and time
// give some back. Who has spent it is ended with GOAWAY (ENHANCE_YOUR_CALM).
//
// Of a response nothing is given to nghttp2 before produce() turns it into frames, so after reset() not one frame of
// that stream leaves but RST_STREAM.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "gateway/http/fields.h"
#include "gateway/http/h1_request.h"
#include "gateway/http/message.h"
#include "gateway/http/verdict.h"

namespace postern::http {

struct Http2Limits {
  HeadLimits head;                     // head: of names, values and kFieldOverhead for each field, unpacked
  std::uint32_t streams = 100;         // open at a time; beyond: RST_STREAM (REFUSED_STREAM)
  std::uint32_t window = 128U << 10U;  // bytes of one request body that may be under way; at least 64 KiB
  int budget = 1'000;                  // an ordinary frame costs 1
};

class Http2Session {
 public:
  // What a session tells, from within take() and produce(). It may be called back from on_request, on_refused, on_body
  // and on_end, except for take() and produce(); not from the others.
  class Listener {
   public:
    virtual ~Listener() = default;
    // A request, judged. head is valid during the call. Of body kind None: neither on_body nor on_end follows.
    virtual void on_request(std::uint32_t stream, const RequestHead& head) = 0;
    // Not a valid request (first_line: what is known of it, for the log), or no longer one (first_line is empty). It may
    // be answered all the same; nothing more comes for it but on_gone.
    virtual void on_refused(std::uint32_t stream, Verdict verdict, std::string_view first_line) = 0;
    virtual void on_body(std::uint32_t stream, std::string_view piece) = 0;  // at most 16 KiB
    virtual void on_end(std::uint32_t stream, const Fields& trailers) = 0;
    // The client left the stream, or broke it. Nothing more comes for it, and nothing more leaves.
    virtual void on_gone(std::uint32_t stream) = 0;
    // A piece of the response stands in what produce() gave: so many bytes of its body, or a head; ended: and with it
    // all of the response.
    virtual void on_framed(std::uint32_t stream, std::size_t bytes, bool ended) = 0;
  };

  Http2Session(const Http2Limits& limits, Listener& listener);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // Bytes of the client; all of them are taken. now: for the budget.
  void take(std::string_view bytes, base::Nanos now);
  // Appends what there is for the client. Heads and bodies only while out is shorter than most; a reset, a GOAWAY and
  // what answers the client's own frames always.
  void produce(std::string& out, std::size_t most);
  // Why the connection was ended by us, known after produce(): http2_protocol_error, http2_flood. Accepted: it was not.
  const Verdict& fault() const;
  // Nothing will be read any more: after a fault, or after a GOAWAY when its streams are closed.
  bool done() const;
  bool in_head() const;  // a head has begun and is not complete

  // For a stream that is closed each of these means nothing.
  void interim(std::uint32_t stream, int status, const Fields& fields);
  // Fields of an HTTP/1.1 connection are left out. ended: no body and no end() follow.
  void respond(std::uint32_t stream, int status, Fields&& fields, bool ended);
  void body(std::uint32_t stream,
            std::string_view piece);  // kept until produce() and the client's window take it
  void end(std::uint32_t stream, const Fields& trailers);
  // Refused: nothing was done; it may be sent again. Malformed: what came is no request.
  enum class Reset { Cancel, Internal, Refused, Malformed };
  void reset(std::uint32_t stream, Reset why);             // what is kept of the response is thrown away
  void consumed(std::uint32_t stream, std::size_t bytes);  // of a request body: so many more may come
  std::size_t pending(std::uint32_t stream) const;         // bytes of the response that are kept
  void discard(std::uint32_t stream);                      // these are thrown away; others may follow

  // No new streams; those that are open go on. Section 6.8: first a GOAWAY that names no stream, and when the client
  // has surely seen it (it answered a PING), the one that does.
  void shut_down();
  void shut_down_now();  // the second one at once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::http
