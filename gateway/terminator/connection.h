// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One client's connection: TLS, then HTTP/1.1, one exchange after the other. It parses strictly, hands what
// it parsed to whoever answers exchanges, and writes what comes back. It decides nothing: it refuses on its
// own only what is not valid HTTP, and asks for an answer to that too, so that it becomes an event.
//
// Requests that a client pipelines wait in the receive buffer until the exchange before them has ended: two
// never run at once, so an answer cannot go to the wrong request.
//
// Bytes under way are bounded: plaintext received and not yet taken by kPlainLimit and a head's limit,
// ciphertext to be sent by the credit of one response body (exchange_protocol.h) plus a head.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/unique_fd.h"
#include "gateway/http/h1_body.h"
#include "gateway/http/h1_request.h"
#include "gateway/ipc/exchange_protocol.h"
#include "gateway/loop/deadlines.h"
#include "gateway/loop/loop.h"
#include "gateway/terminator/settings.h"
#include "gateway/tls/session.h"

namespace postern::terminator {

class Connection;

// What a connection needs of the terminator that owns it.
class Host {
 public:
  virtual ~Host() = default;
  // False: there is nobody to answer now; nothing was sent.
  virtual bool send(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) = 0;
  virtual std::uint64_t begin_exchange(
      Connection& connection) = 0;  // a new exchange id, routed to the connection
  virtual void end_exchange(std::uint64_t id) = 0;
  virtual void touch(Connection& connection) = 0;   // has output: call flush() at the end of the turn
  virtual void retire(Connection& connection) = 0;  // is over: destroy it after the turn
  virtual bool draining() const = 0;
  virtual std::span<char> scratch() = 0;  // a receive buffer that all connections share within a turn
};

// What a connection knows of the exchange that is under way on it.
struct Exchange {
  std::uint64_t id = 0;
  http::Method method = http::Method::Get;
  std::optional<http::BodyDecoder> request_body;
  std::optional<http::BodyEncoder> response_body;
  bool http10 = false;
  bool keep_alive = true;
  bool request_done = false;
  bool refused = false;   // not valid HTTP: nothing behind it can be trusted
  bool orphaned = false;  // whoever answered is gone, and we answered ourselves
  bool response_started = false;
  bool response_ended = false;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::size_t request_credit = ipc::kInitialCredit;  // what we may still send
  std::size_t response_uncredited = 0;               // what arrived and was not yet written out
};

class Connection : public loop::Disposable {
 public:
  Connection(Host& host, loop::Loop& loop, loop::Deadlines& deadlines, const Limits& limits,
             const Timeouts& timeouts, base::UniqueFd socket, std::unique_ptr<tls::Session> session,
             std::uint64_t id, std::string client);
  ~Connection() override;

  std::uint64_t id() const { return id_; }
  const std::string& client() const { return client_; }

  // Frames for the exchange that runs on this connection.
  void on_response_head(const ipc::ResponseHead& head);
  void on_informational(const ipc::ResponseHead& head);
  void on_response_body(std::string_view piece);
  void on_response_end(const std::vector<ipc::WireField>& trailers);
  void on_request_credit(std::uint32_t bytes);
  void on_cut();

  void on_answerer_gone();  // the channel broke: 502 if nothing was sent yet, otherwise a reset
  void close_when_idle();   // drain: now, or after the exchange that runs
  void flush();             // end of turn: encrypts and sends what was collected

  static constexpr std::size_t kPlainLimit = 64U << 10U;

 private:
  enum class Phase {
    Handshake,
    Idle,       // between exchanges, or within a request's head
    Exchange,   // a request was handed over; its response is not complete
    Lingering,  // our last bytes are out; the client's are read and thrown away
    Over,
  };

  void on_ready(unsigned ready);
  void receive();
  void take_cipher(std::string_view in);
  void take(std::string_view& in);
  bool take_handshake(std::string_view& in);
  bool decrypt(std::string_view& in);
  void advance();  // parses as far as the buffered plaintext and the exchange allow
  bool take_head();
  bool take_body();
  void open_exchange();
  void refuse(http::Verdict verdict);
  void refuse_head(http::Verdict verdict);
  void send_refusal(http::Verdict verdict, std::string_view first_line);
  void announce();
  void begin(const http::RequestHead& head);
  void answer_alone(int status);  // nobody is there to answer
  void finish_exchange();
  void report_done(bool complete);
  void client_gone();
  bool encrypt();
  void transmit();
  void after_transmit();
  void start_linger();
  void reset();  // at once, with RST: nothing that is not yet in the kernel goes out
  void over();
  void update_interest();
  void on_deadline();
  bool wants_input() const;

  Host& host_;
  loop::Loop& loop_;
  const Limits& limits_;
  const Timeouts& timeouts_;
  base::UniqueFd socket_;
  std::unique_ptr<tls::Session> tls_;
  std::uint64_t id_;
  std::string client_;
  Phase phase_ = Phase::Handshake;
  http::RequestParser parser_;
  base::Buffer plain_in_;    // decrypted, not yet parsed
  base::Buffer cipher_in_;   // received, not yet decrypted, because plain_in_ was full
  std::string plain_out_;    // this turn's output
  base::Buffer cipher_out_;  // encrypted, not yet sent
  std::optional<Exchange> exchange_;
  std::uint64_t exchanges_ = 0;
  std::size_t lingered_ = 0;
  bool announced_ = false;
  bool client_ended_ = false;  // close_notify: it sends no more, but may still read
  bool close_after_ = false;
  bool touched_ = false;
  std::unique_ptr<loop::Poller> poller_;
  loop::Deadline deadline_;

  friend class Terminator;
};

}  // namespace postern::terminator
