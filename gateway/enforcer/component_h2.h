// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One connection to a node of the component that speaks HTTP/2: carries as many exchanges at a time as the node allows,
// of whoever may be carried at its place in the pool (docs/HTTP.md, "Towards the component").
//
// An exchange that is abandoned costs its stream, not the connection. But one that nothing had come on since the
// exchange began may be dead without anybody having said so: it takes no more.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/enforcer/component_carrier.h"
#include "gateway/enforcer/component_connection.h"
#include "gateway/enforcer/component_transport.h"
#include "gateway/http/h2_client.h"
#include "gateway/loop/loop.h"

namespace postern::enforcer {

class ComponentH2;

class SharedOwner {
 public:
  virtual ~SharedOwner() = default;
  virtual void touch(PooledConnection& connection) = 0;
  virtual std::span<char> scratch() = 0;
  virtual void settled(ComponentH2& connection) = 0;  // its room is what the node allows
  virtual void freed(ComponentH2& connection) = 0;    // one of its exchanges is over
  virtual void retire(ComponentH2& connection) = 0;   // is over, and nobody's any more
};

class ComponentH2 final : public PooledConnection,
                          private ComponentTransport::Protocol,
                          private http::Http2Client::Listener {
 public:
  // Of a transport whose handshake is done.
  ComponentH2(loop::Loop& loop, SharedOwner& owner, Place place,
              std::unique_ptr<ComponentTransport> transport, const http::HeadLimits& limits);
  ~ComponentH2() override;

  // So many exchanges more can be carried.
  std::size_t room() const;
  ComponentCarrier& carry();  // for one exchange; room() > 0
  bool idle() const { return streams_.empty(); }
  void leave();                // takes no more exchanges, and closes when those that it has are over
  void look() { on_input(); }  // at what came before it had its protocol
  void flush() override;

 private:
  class Stream;

  // ComponentTransport::Protocol
  std::span<char> scratch() override { return owner_.scratch(); }
  void touch() override {
    if (!closed_) owner_.touch(*this);
  }
  void on_input() override;
  // Not flush(): what waits may be a request whose record has not left us.
  void on_output() override {
    transport_->watch(true);
    touch();
  }
  void on_broken(base::Refusal refusal, std::string_view why) override;

  // http::Http2Client::Listener
  void on_settled() override { owner_.settled(*this); }
  void on_head(std::uint32_t request, const http::ResponseHead& head) override;
  void on_body(std::uint32_t request, std::string_view piece) override;
  void on_end(std::uint32_t request, const http::Fields& trailers) override;
  void on_lost(std::uint32_t request, http::Verdict why, bool unprocessed) override;
  void on_drained(std::uint32_t request) override { drained_.push_back(request); }

  Stream* find(std::uint32_t request) const;
  void release(Stream& stream);
  void break_all(base::Refusal refusal, std::string_view why);
  void tell_drained();
  void close();  // an answer that is complete and waits for its user still gets there

  loop::Loop& loop_;
  SharedOwner& owner_;
  std::unique_ptr<ComponentTransport> transport_;
  http::Http2Client client_;
  std::unordered_map<Stream*, std::unique_ptr<Stream>> streams_;
  std::unordered_map<std::uint32_t, Stream*> by_request_;  // of those whose head was written
  std::vector<std::uint32_t> drained_;                     // to be told after produce()
  std::string produced_;
  std::uint64_t begun_ = 0, inputs_ = 0;  // exchanges; times that something came
  bool leaving_ = false, closed_ = false, retired_ = false;
};

}  // namespace postern::enforcer
