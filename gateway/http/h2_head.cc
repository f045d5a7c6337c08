// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2_head.h"

#include <algorithm>

#include "gateway/http/chars.h"
#include "gateway/http/forwarding.h"
#include "gateway/http/h1_body.h"
#include "gateway/http/request_rules.h"
#include "gateway/http/response_rules.h"
#include "gateway/http/ws_handshake.h"

namespace postern::http {
namespace {

using base::Refusal;

constexpr std::size_t kMethodBytes = 32;  // of a method that is told to the log

constexpr Verdict too_large() { return refused(Refusal::HeadTooLarge, "the head is longer than the limit"); }

}  // namespace

bool is_of_http11_connection(FieldId id) {
  return id == FieldId::Connection || id == FieldId::KeepAlive || id == FieldId::ProxyConnection ||
         id == FieldId::TransferEncoding || id == FieldId::Upgrade || id == FieldId::Http2Settings;
}

void Http2Head::take(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (!verdict_.ok()) return;
  if (bytes_ > limits_.head) {
    verdict_ = too_large();
  } else {
    verdict_ = name.starts_with(':') ? take_pseudo(name, value) : take_field(name, value);
  }
}

Verdict Http2Head::once(Pseudo which, std::string& into, std::string_view value) {
  if ((seen_ & which) != 0) return malformed("a pseudo-header field stands twice");
  seen_ |= which;
  into.assign(value);
  return accepted();
}

Verdict Http2Head::take_pseudo(std::string_view name, std::string_view value) {
  if (has_regular_) return malformed("a pseudo-header field stands behind a field");
  if (name == ":method") return once(kMethod, method_, value);
  if (name == ":scheme") return once(kScheme, scheme_, value);
  if (name == ":authority") return once(kAuthority, authority_, value);
  if (name == ":protocol") return once(kProtocol, protocol_, value);
  if (name != ":path") return malformed("a pseudo-header field is not one of a request");
  if (value.size() > limits_.target)
    return refused(Refusal::TargetTooLong, "the target is longer than the limit");
  return once(kPath, head_.target, value);
}

Verdict Http2Head::take_field(std::string_view name, std::string_view value) {
  has_regular_ = true;
  if (!is_lower_token(name)) return malformed("a field name is not a token in lower case");
  const FieldId id = identify(name);
  if (is_of_http11_connection(id)) return malformed("a field of an HTTP/1.1 connection stands in HTTP/2");
  if (id == FieldId::Te && value != "trailers") return malformed("TE is not trailers");
  if (classify_value(value) == ValueText::Invalid) return malformed("a field value is not one");
  if (id == FieldId::Cookie) {  // section 8.2.3: in as many pieces as compress well
    if (has_cookies_) cookies_ += "; ";
    cookies_ += value;
    has_cookies_ = true;
    return accepted();
  }
  if (head_.fields.size() >= limits_.fields) return too_large();
  head_.fields.put(name, value);
  return accepted();
}

Verdict Http2Head::finish(bool ended) {
  if (verdict_.ok()) verdict_ = judge_pseudo();
  if (verdict_.ok()) verdict_ = take_host();
  if (verdict_.ok()) verdict_ = take_cookies();
  if (!verdict_.ok()) return verdict_;
  if ((seen_ & kProtocol) != 0) {
    verdict_ = take_websocket(ended);
    if (verdict_.ok()) verdict_ = judge_request(head_);
    return verdict_;
  }
  if (!ended && !head_.fields.has(FieldId::ContentLength)) head_.fields.put("transfer-encoding", "chunked");
  verdict_ = judge_request(head_);
  if (verdict_.ok() && ended && head_.body.kind == BodyKind::Sized)
    verdict_ = refused(Refusal::AmbiguousFraming, "the body is shorter than Content-Length says");
  return verdict_;
}

// Sections 8.3.1 and 8.5.
Verdict Http2Head::judge_pseudo() {
  if ((seen_ & kMethod) == 0) return malformed(":method is missing");
  if (!is_token(method_)) return malformed("the method is not a token");
  const bool extended = (seen_ & kProtocol) != 0;
  const auto known = extended ? std::optional(Method::Get) : parse_method(method_);
  if (extended && method_ != "CONNECT") return malformed(":protocol stands where the method is not CONNECT");
  if (extended && protocol_ != "websocket")
    return refused(Refusal::UpgradeNotSupported, "extended CONNECT is served for WebSocket alone");
  if (!known) return refused(Refusal::MethodNotSupported, "the method is not one that is forwarded");
  head_.method = *known;
  if ((seen_ & kScheme) == 0 || (seen_ & kPath) == 0) return malformed(":scheme or :path is missing");
  if (scheme_ != "https") return malformed(":scheme is not https");
  if (!head_.target.starts_with('/') && !(head_.target == "*" && *known == Method::Options))
    return malformed(":path does not begin with a slash");
  return accepted();
}

// RFC 8441 section 5: the stream is what the connection is in HTTP/1.1, so there are neither key nor Upgrade. The rest
// is said in the same fields.
Verdict Http2Head::take_websocket(bool ended) {
  if (ended) return refused(Refusal::UpgradeNotSupported, "a stream that is ended carries no WebSocket");
  if ((seen_ & kAuthority) == 0) return malformed(":authority is missing");
  if (head_.fields.has(FieldId::SecWebSocketKey))
    return malformed("a field of an HTTP/1.1 handshake stands in HTTP/2");
  head_.fields.put("connection", "Upgrade");
  head_.fields.put("upgrade", "websocket");
  head_.fields.put("sec-websocket-key", kNoWebSocketKey);
  return accepted();
}

// One host, whichever way it is said.
Verdict Http2Head::take_host() {
  if ((seen_ & kAuthority) == 0) return accepted();
  const auto host = head_.fields.find(FieldId::Host);
  if (host) return *host == authority_ ? accepted() : malformed("Host and :authority differ");
  return head_.fields.add("host", authority_) ? accepted() : malformed(":authority is not host[:port]");
}

Verdict Http2Head::take_cookies() {
  if (!has_cookies_) return accepted();
  return head_.fields.add("cookie", cookies_) ? accepted() : malformed("a field value is not one");
}

std::string Http2Head::first_line() const {
  const auto visible = [](std::string_view text) {
    return text.substr(0, static_cast<std::size_t>(std::find_if(text.begin(), text.end(),
                                                                [](char c) { return c <= ' ' || c > '~'; }) -
                                                   text.begin()));
  };
  std::string line(visible(std::string_view(method_).substr(0, kMethodBytes)));
  line.append(" ").append(visible(head_.target)).append(" HTTP/2");
  return line;
}

void Http2Head::clear() {
  head_.clear();
  method_.clear();
  scheme_.clear();
  authority_.clear();
  protocol_.clear();
  cookies_.clear();
  bytes_ = 0;
  seen_ = 0;
  has_cookies_ = has_regular_ = false;
  verdict_ = {};
}

void Http2ResponseHead::take(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (!verdict_.ok()) return;
  if (bytes_ > limits_.head) {
    verdict_ = wrong_answer("the answer's head is longer than the limit");
  } else if (name == ":status") {
    verdict_ = take_status(value);
  } else {
    verdict_ = take_field(name, value);
  }
}

// Section 8.3.2.
Verdict Http2ResponseHead::take_status(std::string_view value) {
  if (has_regular_) return wrong_answer("a pseudo-header field of the answer stands behind a field");
  if (head_.status != 0) return wrong_answer("a pseudo-header field of the answer stands twice");
  if (value.size() != 3 || !std::all_of(value.begin(), value.end(), is_digit))
    return wrong_answer("the answer's status is not three digits");
  head_.status = (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
  if (head_.status < 100 || head_.status > 599)
    return wrong_answer("the answer's status is not between 100 and 599");
  return accepted();
}

Verdict Http2ResponseHead::take_field(std::string_view name, std::string_view value) {
  has_regular_ = true;
  if (!is_lower_token(name)) return wrong_answer("a field name of the answer is not a token in lower case");
  const FieldId id = identify(name);
  if (is_of_http11_connection(id) || id == FieldId::Te)
    return wrong_answer("a field of an HTTP/1.1 connection stands in an answer of HTTP/2");
  if (classify_value(value) == ValueText::Invalid)
    return wrong_answer("a field value of the answer is not one");
  if (head_.fields.size() >= limits_.fields)
    return wrong_answer("the answer's head is longer than the limit");
  head_.fields.put(name, value);
  return accepted();
}

Verdict Http2ResponseHead::finish(Method method, bool ended) {
  if (verdict_.ok() && head_.status == 0) verdict_ = wrong_answer(":status is missing");
  if (verdict_.ok() && head_.interim() && ended) verdict_ = wrong_answer("an interim answer ends the stream");
  if (verdict_.ok()) verdict_ = judge_response(head_, method, false);
  if (!verdict_.ok()) return verdict_;
  // The stream's end is the body's.
  if (head_.body.kind == BodyKind::UntilClose) head_.body = {ended ? BodyKind::None : BodyKind::Chunked, 0};
  head_.keep_alive = true;
  if (ended && head_.body.kind == BodyKind::Sized)
    verdict_ = wrong_answer("the answer's body is shorter than Content-Length says");
  return verdict_;
}

void Http2ResponseHead::clear() {
  head_.clear();
  bytes_ = 0;
  has_regular_ = false;
  verdict_ = {};
}

// Bytes outside ASCII are opaque; a request has none anywhere.
bool Http2Trailers::is_value(std::string_view value) const {
  const ValueText text = classify_value(value);
  return text == ValueText::Ascii || (text == ValueText::ObsText && side_ == BodySide::Response);
}

void Http2Trailers::take(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (!verdict_.ok()) return;
  const bool fits = bytes_ <= BodyDecoder::kMaxTrailerBytes && fields_.size() < BodyDecoder::kMaxTrailers;
  if (!fits) {
    verdict_ = refused(Refusal::HeadTooLarge, "the trailers are longer than the limit");
  } else if (!is_lower_token(name) || !is_value(value)) {
    verdict_ = malformed("a trailer is not a field");
  } else if (is_of_http11_connection(identify(name))) {
    verdict_ = malformed("a field of an HTTP/1.1 connection stands in the trailers");
  } else if (!may_be_trailer({name, value, identify(name)})) {
    if (side_ == BodySide::Request) verdict_ = malformed("a trailer has a name that may not stand there");
  } else {
    fields_.put(name, value);
  }
}

void Http2Trailers::clear() {
  fields_.clear();
  bytes_ = 0;
  verdict_ = {};
}

}  // namespace postern::http
