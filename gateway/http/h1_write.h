// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Writes heads anew from our own structures (RFC 9112 sections 3 to 5). No byte of a client's head passes
// through: what is written here was parsed, judged and put into a value first, and Fields holds nothing that
// could break a line.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gateway/http/fields.h"
#include "gateway/http/message.h"

namespace postern::http {

struct RequestLine {
  Method method;
  std::string_view target;  // CanonicalTarget::text(), or a path of our own; must be is_target_text()
  std::string_view host;    // goes out as the Host field: host[:port], visible ASCII
};

// A field beside those of a Fields: a credential, which is not copied into one. The name is a lower-case token,
// the value a field value.
struct AddedField {
  std::string_view name, value;
};

// Appends an HTTP/1.1 request head. fields are written in their order, then added, without those that belong to a
// connection or say how long the body is: Host comes from the line, Content-Length or Transfer-Encoding from
// body (None: neither, except that POST, PUT and PATCH say Content-Length: 0). keep_alive false adds
// "Connection: close". WebSocket: neither, but Connection: Upgrade and Upgrade: websocket.
void write_request_head(std::string& out, const RequestLine& line, const Fields& fields, Framing body,
                        bool keep_alive, std::span<const AddedField> added = {});

struct StatusLine {
  int status;               // 100 to 599
  std::string_view reason;  // empty: reason_of(status)
  bool to_head = false;     // the answer to HEAD: its framing describes a body that does not follow
};

// Appends an HTTP/1.1 response head, likewise. None writes Content-Length: 0 unless the status is 1xx, 204 or
// 304, or to_head is set. UntilClose always adds "Connection: close". 1xx and 204 carry no framing, 1xx no
// Connection either, but for 101 with WebSocket.
void write_response_head(std::string& out, StatusLine line, const Fields& fields, Framing body,
                         bool keep_alive);

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace postern::http
