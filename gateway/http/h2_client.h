// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An HTTP/2 connection to the component (RFC 9113), client side: bytes in, bytes out, many requests at a time. As in
// h2_session.h nghttp2 keeps frames, HPACK and windows, and what it leaves to its user is held here: the rules of an
// answer (h2_head.h, which are those of HTTP/1.1), frames on streams that are closed or were never opened, bodies that
// are not as long as Content-Length says, and a budget that floods of valid frames use up. Nothing is pushed: a server
// that does is at fault. Touches no socket and no clock.
//
// Of a request nothing is given to nghttp2 before produce() turns it into frames, so after cancel() not one frame of it
// leaves but RST_STREAM. What is shown beside a request's own fields is never indexed: HPACK's table, which the requests
// of all sessions share, does not learn it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "gateway/http/fields.h"
#include "gateway/http/h1_request.h"
#include "gateway/http/h1_write.h"
#include "gateway/http/message.h"
#include "gateway/http/verdict.h"

namespace postern::http {

struct Http2ClientLimits {
  HeadLimits head;                     // of an answer; head: counted as in Http2Limits
  std::uint32_t streams = 100;         // open at a time, where the server allows as many
  std::uint32_t window = 128U << 10U;  // bytes of one answer's body that may be under way; at least 64 KiB
  int budget = 1'000;                  // an ordinary frame costs 1
};

class Http2Client {
 public:
  // What a client tells, from within take() and produce(), which may not be called from there; everything else may.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_settled() = 0;  // the server's first SETTINGS are here: room() is what it allows
    // An answer's head, interim ones too. Valid during the call.
    virtual void on_head(std::uint32_t request, const ResponseHead& head) = 0;
    virtual void on_body(std::uint32_t request, std::string_view piece) = 0;  // at most 16 KiB
    // The answer is complete; nothing more comes. What is not yet sent of the request is thrown away.
    virtual void on_end(std::uint32_t request, const Fields& trailers) = 0;
    // There will be no answer, or not all of it; nothing more comes. unprocessed: the server said that it has not looked
    // at the request, or it was never sent (sections 6.8, 8.7). why: component_malformed or component_closed.
    virtual void on_lost(std::uint32_t request, Verdict why, bool unprocessed) = 0;
    // All that was given of the request is in frames.
    virtual void on_drained(std::uint32_t request) = 0;
  };

  Http2Client(const Http2ClientLimits& limits, Listener& listener);
  ~Http2Client();
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  // Bytes of the server; all of them are taken. now: for the budget.
  void take(std::string_view bytes, base::Nanos now);
  // Appends what there is for the server. Heads and bodies only while out is shorter than most.
  void produce(std::string& out, std::size_t most);
  // Why the connection was ended by us: component_malformed. Accepted: it was not.
  const Verdict& fault() const;
  // Nothing will be read any more: after a fault, or when the server takes no more requests and those it took are over.
  bool done() const;
  // So many more requests can be begun. 1 at most until the server's SETTINGS are here; 0 after its GOAWAY and leave().
  std::size_t room() const;
  std::size_t open() const;  // requests that are not over
  // Everything that was given has been turned into frames, as far as windows allow.
  bool settled() const;

  struct Request {
    Method method = Method::Get;
    std::string_view scheme;     // "https"
    std::string_view authority;  // host[:port], visible ASCII
    std::string_view target;     // is_target_text()
    Framing body;                // not WebSocket, not UntilClose
  };
  // Begins a request: its number here. room() > 0. fields as for write_request_head. added: what is shown beside them;
  // the copy is wiped when it is in a frame.
  std::uint32_t begin(const Request& request, const Fields& fields, std::span<const AddedField> added);

  // For a request that is over each of these means nothing.
  void body(std::uint32_t request,
            std::string_view piece);  // kept until produce() and the server's window take it
  void end(std::uint32_t request, const Fields& trailers);
  void cancel(std::uint32_t request);                       // the listener hears no more of it
  void consumed(std::uint32_t request, std::size_t bytes);  // of an answer's body: so many more may come
  std::size_t pending(std::uint32_t request) const;         // bytes of the request's body that are kept

  void leave();  // no more requests; those that are open go on

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::http
