// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One client's connection: socket, TLS, and behind the handshake the wire of the HTTP version that was agreed (wire.h).
// The wire parses strictly and hands what it parsed to whoever answers exchanges; the connection moves bytes, and ends.
// Neither decides anything.
//
// Bytes under way are bounded: plaintext received and not yet taken by kPlainLimit and a head's limit,
// ciphertext to be sent by the credit of one response body (exchange_protocol.h) plus a head.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/unique_fd.h"
#include "gateway/loop/deadlines.h"
#include "gateway/loop/loop.h"
#include "gateway/terminator/settings.h"
#include "gateway/terminator/wire.h"
#include "gateway/tls/session.h"

namespace postern::terminator {

class Connection final : public loop::Disposable, private WireHost {
 public:
  // What all connections of a terminator share; outlives them.
  struct Place {
    Host& host;
    loop::Loop& loop;
    loop::Deadlines& deadlines;
    const Limits& limits;
    const Timeouts& timeouts;
  };
  Connection(const Place& place, base::UniqueFd socket, std::unique_ptr<tls::Session> session,
             std::uint64_t id, std::string client);
  ~Connection() override;

  std::uint64_t id() const override { return id_; }
  const std::string& client() const { return client_; }
  Wire& wire() { return *wire_; }  // only where an exchange has begun

  void on_answerer_gone();  // the channel broke
  void read_on();           // no longer too much waits for whoever answers
  // Drain: now, or after the exchanges that run. How many WebSockets were told to end for it.
  std::uint32_t close_when_idle();
  void flush();           // end of turn: encrypts and sends what was collected
  void relieve();         // the same before the end of the turn, if it is much
  void reset() override;  // at once, with RST: nothing that is not yet in the kernel goes out

  static constexpr std::size_t kPlainLimit = 64U << 10U;

 private:
  enum class Phase {
    Handshake,
    Open,       // the wire's
    Lingering,  // our last bytes are out; the client's are read and thrown away
    Over,
  };

  // WireHost
  Host& host() override { return place_.host; }
  const Limits& limits() const override { return place_.limits; }
  const Timeouts& timeouts() const override { return place_.timeouts; }
  base::Nanos now() const override { return place_.loop.now(); }
  std::uint64_t begin_exchange(std::uint32_t stream) override;
  base::Buffer& input() override { return plain_in_; }
  bool held() const override { return held_; }
  bool client_ended() const override { return client_ended_; }
  void take_again() override;
  std::string& output() override { return plain_out_; }
  void touch() override { place_.host.touch(*this); }
  void set_deadline(base::Nanos after) override { deadline_.set(after); }
  std::uint64_t encrypted() const override { return sent_ + cipher_out_.size(); }
  std::uint64_t sent() const override { return sent_; }
  std::uint64_t departed() const override;
  std::size_t unsent() const override { return plain_out_.size() + cipher_out_.size(); }
  base::Nanos silent_since() const override { return silent_since_ != 0 ? silent_since_ : now(); }
  void linger() override;
  void give_up() override;

  void on_ready(unsigned ready);
  void receive();
  void take_cipher(std::string_view in);
  void take(std::string_view& in);
  bool take_handshake(std::string_view& in);
  bool decrypt(std::string_view& in);
  void announce();
  void push();
  bool encrypt();
  void transmit();
  void over();
  void update_interest();
  void on_deadline();
  bool wants_input() const;

  Place place_;
  base::UniqueFd socket_;
  std::unique_ptr<tls::Session> tls_;
  std::uint64_t id_;
  std::string client_;
  Phase phase_ = Phase::Handshake;
  base::Buffer plain_in_;    // decrypted, not yet parsed
  base::Buffer cipher_in_;   // received, not yet decrypted, because plain_in_ was full
  std::string plain_out_;    // this turn's output
  base::Buffer cipher_out_;  // encrypted, not yet sent
  std::uint64_t sent_ = 0;   // bytes given to the kernel
  std::size_t lingered_ = 0;
  bool announced_ = false;
  bool client_ended_ = false;  // close_notify: it sends no more, but may still read
  bool touched_ = false;
  bool held_ = false;             // not read until read_on()
  base::Nanos silent_since_ = 0;  // while a stop lasts; 0: the kernel still had something
  std::unique_ptr<loop::Poller> poller_;
  loop::Deadline deadline_;
  std::unique_ptr<Wire> wire_;

  // The terminator's.
  std::string relay_;            // that it came through; empty: it came itself
  std::string origin_;           // as which limits count the client
  std::size_t exchanges_ = 0;    // that run
  base::Nanos rests_since_ = 0;  // while none does
  bool waits_ = false;           // for the end of a stop
  bool multiplexes_ = false;     // HTTP/2, as far as is known
  bool told_ = false;            // to go, in a hand-over
  bool has_unsent() const { return exchanges_ > 0 && unsent() > 0; }
  void note_silence();
  void forget_silence() { silent_since_ = 0; }
  std::list<Connection*>::iterator in_line_;
  friend class Terminator;
};

}  // namespace postern::terminator
