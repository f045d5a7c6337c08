// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The bytes of one connection to a node: TCP that the supervisor opened, with or without TLS. What they mean is its
// protocol's business (HTTP/1.1, HTTP/2, or the handshake that finds out which), which may hand it on to another.
//
// A protocol may close it within any of its calls, and destroys it after the turn.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/refusal.h"
#include "base/unique_fd.h"
#include "gateway/loop/loop.h"
#include "gateway/tls/session.h"

namespace postern::enforcer {

class ComponentTransport {
 public:
  class Protocol {
   public:
    virtual ~Protocol() = default;
    virtual std::span<char> scratch() = 0;
    virtual void touch() = 0;      // there is something to send: flush() at the end of the turn
    virtual void on_input() = 0;   // there is more in input(), or it has ended(), or the handshake is done
    virtual void on_output() = 0;  // the kernel has room again
    // TLS failed, or more came than was asked for. Nothing more comes.
    virtual void on_broken(base::Refusal refusal, std::string_view why) = 0;
  };

  // session: nullptr for plain TCP. protocol must be set before the loop turns.
  ComponentTransport(loop::Loop& loop, base::UniqueFd socket, std::unique_ptr<tls::Session> session);
  void set_protocol(Protocol& protocol) { protocol_ = &protocol; }

  bool secure() const { return tls_ != nullptr; }
  const tls::Session* session() const { return tls_.get(); }
  bool closed() const { return closed_; }

  base::Buffer& input() { return in_; }
  const base::Buffer& input() const { return in_; }
  bool ended() const { return ended_; }                     // the node sends no more
  bool ended_well() const;                                  // and said so: what ends with it is whole
  bool holds_input() const { return !cipher_in_.empty(); }  // there may be more when input() has room again
  void receive();                                           // looks at the socket now
  void take_again();                                        // what it holds

  [[nodiscard]] bool send(std::string_view bytes) { return out_.write(bytes); }
  std::size_t unsent() const { return out_.size() + cipher_out_.size(); }
  bool idle_output() const { return out_.empty(); }  // nothing waits for TLS
  void flush();
  void watch(bool input);  // for more input if that is wanted, for room if flush() met the kernel's limit
  // Nothing is sent or heard any more. The socket is closed by the destructor, after the turn's hooks: a thousand of them
  // take milliseconds, and where a permission was taken away the terminator must not wait for that.
  void close() { closed_ = true; }
  void unwatch() { poller_->want(0); }  // of a closed one that is not destroyed yet

 private:
  void on_ready(unsigned ready);
  bool decrypt(std::string_view cipher);
  void break_tls(base::Refusal otherwise);

  static constexpr std::size_t kInLimit = 256U << 10U;
  static constexpr std::size_t kOutLimit = 1U << 20U;
  static constexpr std::size_t kKept = 4096;  // of each buffer, while it rests: there are few of them

  base::UniqueFd socket_;
  std::unique_ptr<tls::Session> tls_;
  Protocol* protocol_ = nullptr;
  bool ended_ = false, closed_ = false;
  bool blocked_ = false;      // the kernel has no room for what flush() had
  bool ended_badly_ = false;  // with an error: what has no other end is cut short
  base::Buffer in_;           // plaintext not yet taken
  base::Buffer out_;          // plaintext not yet sent (TLS: not yet encrypted)
  base::Buffer cipher_in_, cipher_out_;
  std::unique_ptr<loop::Poller> poller_;
};

}  // namespace postern::enforcer
