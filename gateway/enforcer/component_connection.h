// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One connection to a node of the component that speaks HTTP/1.1. Carries one exchange at a time for its user; between
// exchanges it rests in its node's pool.
//
// A response is parsed strictly. Whatever is wrong with it, or left over behind it, ends the connection: it
// is not used again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/refusal.h"
#include "base/unique_fd.h"
#include "gateway/enforcer/component_carrier.h"
#include "gateway/enforcer/component_transport.h"
#include "gateway/http/h1_body.h"
#include "gateway/http/h1_response.h"
#include "gateway/loop/loop.h"
#include "gateway/tls/session.h"

namespace postern::enforcer {

// What a pool owns: a connection, in whichever state and version.
class PooledConnection : public loop::Disposable {
 public:
  // Where it belongs in the pool: with a certificate of ours, never where another one, or none, is shown.
  struct Place {
    std::size_t node = 0, way = 0;
  };
  explicit PooledConnection(Place place) : place_(place) {}

  const Place& place() const { return place_; }
  base::Nanos rested_since() const { return rested_since_; }
  virtual void flush() = 0;

 protected:
  base::Nanos rested_since_ = 0;

 private:
  friend class ComponentPool;
  Place place_;
  bool touched_ = false;
};

class ComponentConnection;

// What a connection needs of the pool that owns it.
class ComponentOwner {
 public:
  virtual ~ComponentOwner() = default;
  virtual void touch(PooledConnection& connection) = 0;      // has something to send at the end of the turn
  virtual void rest(ComponentConnection& connection) = 0;    // its exchange ended well: may be used again
  virtual void retire(ComponentConnection& connection) = 0;  // is over
  virtual std::span<char> scratch() = 0;
};

class ComponentConnection final : public PooledConnection,
                                  public ComponentCarrier,
                                  private ComponentTransport::Protocol {
 public:
  // session: nullptr for plain TCP.
  ComponentConnection(loop::Loop& loop, ComponentOwner& owner, Place place, base::UniqueFd socket,
                      std::unique_ptr<tls::Session> session, const http::HeadLimits& limits);
  // Of a transport whose handshake is done.
  ComponentConnection(loop::Loop& loop, ComponentOwner& owner, Place place,
                      std::unique_ptr<ComponentTransport> transport, const http::HeadLimits& limits);
  ~ComponentConnection() override;

  // At rest: looks whether the node has closed it, or said what nobody asked for. False: it is over.
  bool still_rests();
  // Looks at what came before it had its protocol, or its user: nothing may have.
  void look() { on_input(); }
  void send(std::string_view bytes);  // as it is: head or framed body; bounded by the credit of the request

  // ComponentCarrier
  std::string_view protocol() const override { return "HTTP/1.1"; }
  bool fresh() const override { return exchanges_ == 0; }
  void begin(ComponentUser& user, http::Method method, bool upgrade = false) override;
  void write_head(const http::RequestLine& line, const http::Fields& fields, http::Framing body,
                  std::span<const http::AddedField> added, bool keep_alive) override;
  void send_body(std::string_view piece) override;
  void send_end(const http::Fields& trailers) override;
  std::size_t unsent() const override { return transport_->unsent(); }
  void resume() override;
  void abandon() override;  // closes
  void say_goodbye(std::string_view bytes) override;
  void flush() override;

 private:
  // ComponentTransport::Protocol
  std::span<char> scratch() override { return owner_.scratch(); }
  void touch() override { owner_.touch(*this); }
  void on_input() override;
  void on_output() override { flush(); }
  void on_broken(base::Refusal refusal, std::string_view why) override { fail(refusal, why); }

  void parse();
  bool parse_head();
  bool parse_body();
  void end_of_response();
  void on_end_of_stream();
  void fail(base::Refusal refusal, std::string_view why);
  void close();
  void watch() { transport_->watch(!paused_); }

  loop::Loop& loop_;
  ComponentOwner& owner_;
  std::unique_ptr<ComponentTransport> transport_;
  http::ResponseParser parser_;
  ComponentUser* user_ = nullptr;
  http::Method method_ = http::Method::Get;
  std::optional<http::BodyDecoder> body_;
  bool head_done_ = false;
  bool keep_alive_ = true;
  bool chunked_ = false;  // the request's body
  bool request_done_ = false;
  bool upgrade_ = false, upgraded_ = false;
  bool asked_ = false;  // something of the request has left
  bool received_ = false;
  int interim_ = 0;  // interim responses to this request so far
  bool paused_ = false;
  bool closed_ = false;
  std::uint64_t exchanges_ = 0;
};

}  // namespace postern::enforcer
