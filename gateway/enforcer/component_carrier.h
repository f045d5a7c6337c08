// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What carries one exchange to a node of the component and its answer back: a connection of HTTP/1.1 for as long as
// the exchange lasts (component_connection.h), or a stream of an HTTP/2 connection that others use too
// (component_h2.h). Whoever has the exchange does not know which.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/refusal.h"
#include "gateway/enforcer/settings.h"
#include "gateway/http/fields.h"
#include "gateway/http/h1_write.h"
#include "gateway/http/message.h"

namespace postern::enforcer {

// What is known of a request that failed.
enum class Loss {
  Unknown,     // the component may have acted on it
  Unanswered,  // not one byte of an answer had arrived
  Unprocessed,  // the component said that it has not looked at it, or it never left (RFC 9113 sections 6.8, 8.7)
};

// Whoever has an exchange on a carrier.
class ComponentUser {
 public:
  virtual ~ComponentUser() = default;
  virtual void on_component_head(const http::ResponseHead& head) = 0;  // interim ones too
  // Bytes of the body that can be taken now. When it is too little, the carrier keeps what comes, as much as it let
  // come, until resume().
  virtual std::size_t component_room() const = 0;
  virtual void on_component_body(std::string_view piece) = 0;  // at most component_room() bytes
  // The response is complete. The carrier has been given back (or closed) when this is called.
  virtual void on_component_end(const http::Fields& trailers) = 0;
  // The carrier is gone.
  virtual void on_component_failed(base::Refusal refusal, std::string_view why, Loss loss) = 0;
  virtual void on_component_drained() = 0;  // what was sent so far has left
};

class ComponentCarrier {
 public:
  virtual ~ComponentCarrier() = default;

  virtual std::string_view protocol() const = 0;  // "HTTP/2", for events
  virtual bool fresh() const = 0;  // its connection has not carried an exchange before the present one
  // user must outlive the exchange, or abandon().
  // upgrade: a WebSocket is asked for; of HTTP/1.1 alone. Behind an answer 101 everything that comes is given to the
  // user as it is, until one side closes.
  virtual void begin(ComponentUser& user, http::Method method, bool upgrade = false) = 0;
  // keep_alive false: the connection is not used again.
  virtual void write_head(const http::RequestLine& line, const http::Fields& fields, http::Framing body,
                          std::span<const http::AddedField> added, bool keep_alive) = 0;
  virtual void send_body(std::string_view piece) = 0;  // bounded by the credit of the request
  virtual void send_end(const http::Fields& trailers) = 0;
  virtual std::size_t unsent() const = 0;
  virtual void resume() = 0;   // the user can take body bytes again
  virtual void abandon() = 0;  // the component is told, and nothing more is sent; the user hears no more
  // Of an upgraded one: the same, behind these last bytes as far as the kernel takes them.
  virtual void say_goodbye(std::string_view bytes) = 0;
};

// What a node is shown beside a request's own fields.
struct Shown {
  const Credential* credential = nullptr;  // nullptr: none
  std::string_view cookies;                // of the component; empty: none
};

// Sends a request's head. No copy of what is shown is left behind but in what the carrier still has to send.
void send_head(ComponentCarrier& carrier, const http::RequestLine& line, const http::Fields& fields,
               http::Framing body, const Shown& shown, bool keep_alive = true);

}  // namespace postern::enforcer
