// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One connection to a node of the component: HTTP/1.1 as a client, over TCP that the supervisor opened, with
// or without TLS. Carries one exchange at a time for its user; between exchanges it rests in its node's pool.
//
// A response is parsed strictly. Whatever is wrong with it, or left over behind it, ends the connection: it
// is not used again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/refusal.h"
#include "base/unique_fd.h"
#include "gateway/enforcer/settings.h"
#include "gateway/http/h1_body.h"
#include "gateway/http/h1_response.h"
#include "gateway/http/h1_write.h"
#include "gateway/loop/loop.h"
#include "gateway/tls/session.h"

namespace postern::enforcer {

class ComponentConnection;

// Whoever has an exchange on a connection.
class ComponentUser {
 public:
  virtual ~ComponentUser() = default;
  virtual void on_component_head(const http::ResponseHead& head) = 0;  // interim ones too
  // Bytes of the body that can be taken now. When it is too little, the connection stops reading until
  // resume().
  virtual std::size_t component_room() const = 0;
  virtual void on_component_body(std::string_view piece) = 0;  // at most component_room() bytes
  // The response is complete. The connection has been given back (or closed) when this is called.
  virtual void on_component_end(const http::Fields& trailers) = 0;
  // The connection is gone. untouched: not one byte of a response had arrived.
  virtual void on_component_failed(base::Refusal refusal, std::string_view why, bool untouched) = 0;
  virtual void on_component_drained() = 0;  // what was sent so far is in the kernel's hands
};

// What a connection needs of the pool that owns it.
class ComponentOwner {
 public:
  virtual ~ComponentOwner() = default;
  virtual void touch(ComponentConnection& connection) = 0;   // has something to send at the end of the turn
  virtual void rest(ComponentConnection& connection) = 0;    // its exchange ended well: may be used again
  virtual void retire(ComponentConnection& connection) = 0;  // is over
  virtual std::span<char> scratch() = 0;
};

class ComponentConnection : public loop::Disposable {
 public:
  // Where it belongs in the pool: with a certificate of ours, never where another one, or none, is shown.
  struct Place {
    std::size_t node = 0, way = 0;
  };

  // session: nullptr for plain TCP.
  ComponentConnection(loop::Loop& loop, ComponentOwner& owner, Place place, base::UniqueFd socket,
                      std::unique_ptr<tls::Session> session, const http::HeadLimits& limits);
  ~ComponentConnection() override;

  const Place& place() const { return place_; }
  bool fresh() const { return exchanges_ == 0; }  // has not carried an exchange before the present one
  base::Nanos rested_since() const { return rested_since_; }

  // At rest: looks whether the node has closed it, or said what nobody asked for. False: it is over.
  bool still_rests();
  // user must outlive the exchange, or abandon().
  // upgrade: a WebSocket is asked for. Behind an answer 101 everything that comes is given to the user as it is,
  // until one side closes.
  void begin(ComponentUser& user, http::Method method, bool upgrade = false);
  void send(std::string_view bytes);  // head or framed body; bounded by the credit of the request
  void request_ended() { request_done_ = true; }
  std::size_t unsent() const { return out_.size() + cipher_out_.size(); }
  void resume();   // the user can take body bytes again
  void abandon();  // closes; the user hears no more
  void say_goodbye(
      std::string_view bytes);  // the same, behind these last bytes as far as the kernel takes them
  void flush();

 private:
  void on_ready(unsigned ready);
  void receive();
  void take(std::string_view cipher);
  bool decrypt(std::string_view cipher);
  void parse();
  bool parse_head();
  bool parse_body();
  void end_of_response();
  void on_end_of_stream();
  void fail(base::Refusal refusal, std::string_view why);
  void fail_tls(base::Refusal otherwise);
  void close();
  void update_interest();

  static constexpr std::size_t kInLimit = 256U << 10U;
  static constexpr std::size_t kOutLimit = 1U << 20U;
  static constexpr std::size_t kKept = 4096;  // of each buffer, while it rests: there are few of them

  loop::Loop& loop_;
  ComponentOwner& owner_;
  Place place_;
  base::UniqueFd socket_;
  std::unique_ptr<tls::Session> tls_;
  http::ResponseParser parser_;
  ComponentUser* user_ = nullptr;
  http::Method method_ = http::Method::Get;
  std::optional<http::BodyDecoder> body_;
  bool head_done_ = false;
  bool keep_alive_ = true;
  bool request_done_ = false;
  bool upgrade_ = false, upgraded_ = false;
  bool asked_ = false;  // something of the request has left
  bool received_ = false;
  int interim_ = 0;  // interim responses to this request so far
  bool paused_ = false;
  bool stream_ended_ = false;
  bool stream_broken_ = false;  // it ended with an error: what has no other end is cut short
  bool closed_ = false;
  bool touched_ = false;
  std::uint64_t exchanges_ = 0;
  base::Nanos rested_since_ = 0;
  base::Buffer in_;   // plaintext not yet parsed or not yet taken
  base::Buffer out_;  // plaintext not yet sent (TLS: not yet encrypted)
  base::Buffer cipher_in_, cipher_out_;
  std::unique_ptr<loop::Poller> poller_;

  friend class ComponentPool;
};

// What a node is shown beside a request's own fields.
struct Shown {
  const Credential* credential = nullptr;  // nullptr: none
  std::string_view cookies;                // of the component; empty: none
};

// Writes a request's head to the connection. No copy of what is shown is left behind but in what the connection
// still has to send.
void send_head(ComponentConnection& connection, const http::RequestLine& line, const http::Fields& fields,
               http::Framing body, const Shown& shown, bool keep_alive = true);

}  // namespace postern::enforcer
