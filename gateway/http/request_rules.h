// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the fields of a request must say together (RFC 9112 sections 3.2, 6 and 9; RFC 9110 sections 7 and
// 10). The terminator's parser applies these rules, and the enforcer applies them again to what it copied out
// of the channel, from scratch.
#pragma once

#include "gateway/http/message.h"
#include "gateway/http/verdict.h"

namespace postern::http {

// Judges method, version, target and fields as they stand in head, and fills in body, keep_alive and
// expect_continue, whatever they were before. Changes no field. Refuses among others: bytes from 0x80 upwards
// in a value; Host missing, doubled or not host[:port]; fields that may stand once standing twice;
// Content-Length that is not one plain number up to 2^63-1; Transfer-Encoding that is not "chunked" once;
// both; either in HTTP/1.0 as far as chunked goes; Expect other than 100-continue; Upgrade to WebSocket that is not
// asked for as ws_handshake.h says; Connection naming a field that is not a connection's own.
//
// body follows from the fields alone. Who has taken the framing fields out (strip_hop_by_hop) and carries the
// framing beside the head sets body again afterwards.
Verdict judge_request(RequestHead& head);

// A target that can stand in a request line: 1 or more visible ASCII bytes. What it names is judged by
// target.h.
bool is_target_text(std::string_view target);

// One number, digits only, at most 2^63-1. For Content-Length.
std::optional<std::uint64_t> parse_content_length(std::string_view text);

// Methods whose requests say that they have no content, if they have none (RFC 9110 section 8.6).
bool carries_content(Method method);

// What Connection says (RFC 9112 section 9.3). all close wins over keep-alive.
struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool valid = true;  // every member is a token, and none names a field that is not a connection's own
};
ConnectionOptions connection_options(const Fields& fields);

}  // namespace postern::http
