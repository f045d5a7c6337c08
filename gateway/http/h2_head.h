// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A request's head as HTTP/2 sends it, field by field (RFC 9113 section 8), turned into the head that an HTTP/1.1
// client would have sent: :authority as Host, a body of unknown length as Transfer-Encoding: chunked, an extended
// CONNECT (RFC 8441) as GET with Upgrade: websocket. judge_request
// then judges it like any other, so nothing valid in one version becomes something else in the other. An answer's head
// and trailers likewise. docs/HTTP.md lists the rules. Touches no socket, knows no frames.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/http/h1_body.h"
#include "gateway/http/h1_request.h"
#include "gateway/http/message.h"
#include "gateway/http/verdict.h"

namespace postern::http {

// What a field counts beside its name and value (RFC 9113 section 10.5.1).
inline constexpr std::size_t kFieldOverhead = 32;

// RFC 9113 section 8.2.2: fields that would change a meaning when the message goes on in HTTP/1.1.
bool is_of_http11_connection(FieldId id);

class Http2Head {
 public:
  explicit Http2Head(const HeadLimits& limits) : limits_(limits) {}

  // One field after the other, as they came unpacked. The first fault stays; what comes behind it is only counted.
  void take(std::string_view name, std::string_view value);
  // Behind the last one. ended: no body follows.
  Verdict finish(bool ended);

  const RequestHead& head() const { return head_; }  // after finish() accepted it
  // "GET /a HTTP/2": what is known of it, for an event; only visible ASCII.
  std::string first_line() const;
  std::size_t bytes() const { return bytes_; }
  void clear();  // ready for the next one; keeps the memory

 private:
  enum Pseudo : unsigned { kMethod = 1, kScheme = 2, kAuthority = 4, kPath = 8, kProtocol = 16 };

  Verdict take_pseudo(std::string_view name, std::string_view value);
  Verdict take_field(std::string_view name, std::string_view value);
  Verdict once(Pseudo which, std::string& into, std::string_view value);
  Verdict judge_pseudo();
  Verdict take_websocket(bool ended);
  Verdict take_host();
  Verdict take_cookies();

  HeadLimits limits_;
  RequestHead head_;
  std::string method_, scheme_, authority_, protocol_, cookies_;
  std::size_t bytes_ = 0;
  unsigned seen_ = 0;  // of Pseudo
  bool has_cookies_ = false;
  bool has_regular_ = false;
  Verdict verdict_;
};

// An answer's head, likewise: turned into the head that an HTTP/1.1 server would have sent, and judged like it by
// judge_response. Each Refused is the component's fault.
class Http2ResponseHead {
 public:
  explicit Http2ResponseHead(const HeadLimits& limits) : limits_(limits) {}

  void take(std::string_view name, std::string_view value);
  // method: of the request that is answered. ended: no body follows.
  Verdict finish(Method method, bool ended);

  const ResponseHead& head() const { return head_; }  // after finish() accepted it
  std::size_t bytes() const { return bytes_; }
  void clear();

 private:
  Verdict take_status(std::string_view value);
  Verdict take_field(std::string_view name, std::string_view value);

  HeadLimits limits_;
  ResponseHead head_;
  std::size_t bytes_ = 0;
  bool has_regular_ = false;
  Verdict verdict_;
};

// Fields behind a body, likewise: no pseudo-header field, nothing of a connection's own, no field that has a meaning,
// which in a request is refused and of an answer dropped (h1_body.h has the same rules and limits).
class Http2Trailers {
 public:
  explicit Http2Trailers(BodySide side) : side_(side) {}
  void take(std::string_view name, std::string_view value);
  const Verdict& verdict() const { return verdict_; }
  const Fields& fields() const { return fields_; }
  std::size_t bytes() const { return bytes_; }
  void clear();

 private:
  bool is_value(std::string_view value) const;

  BodySide side_;
  Fields fields_;
  std::size_t bytes_ = 0;
  Verdict verdict_;
};

}  // namespace postern::http
