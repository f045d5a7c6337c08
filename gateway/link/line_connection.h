// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One connection to Mission Control: opened by the supervisor, through a proxy where there is one (proxy_greeting.h), TLS
// whose certificate is judged as DESIGN promise 9 says before a byte of ours follows, and HTTP/2. Carries requests and
// their answers, and one answer that comes line by line and never ends. What is asked, and what comes of a lost connection,
// is its user's business (line.h).
//
// Bounded: an answer's document by line::kDocumentLimit, a line by line::kOrderLimit, time by LineTimes; what more frames
// than answers cost, by http::Http2Client. Bytes are read a piece per turn, and a window is given back when its lines were
// judged.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/http/h2_client.h"
#include "gateway/link/line_settings.h"
#include "gateway/link/proxy_greeting.h"
#include "gateway/loop/loop.h"
#include "gateway/tls/session.h"
#include "line/protocol.h"

namespace postern::link {

// What is waited for, and how long. Tests have less time.
struct LineTimes {
  base::Nanos establish =
      30 * base::kSecond;  // from the wish for a connection to the server's first HTTP/2 frame, proxy and all
  base::Nanos answer =
      30 * base::kSecond;  // from a request to the end of its answer; nothing else either: it is dead
  base::Nanos hello = 20 * base::kSecond;  // from the wish for orders to the first of them
  base::Nanos silence = line::kSilence;    // without an order
  base::Nanos settled =
      60 * base::kSecond;  // of being up without a report that was taken: nothing is held against it any more
  base::Micros first = base::kWallSecond;  // the pause after the first failure; doubling up to
  base::Micros longest = 300 * base::kWallSecond;
  base::Micros longest_spoken = 30 * base::kWallSecond;  // where the server spoke to us
};

struct LineAnswer {
  int status = 0;  // 200 to 599
  std::string body;
  base::Micros retry_after = 0;  // as it asks, at most an hour; 0: it does not
};

class LineConnection final : public loop::Disposable, private http::Http2Client::Listener {
 public:
  enum class Step : std::uint8_t { Connection, Proxy, Tls, Http2, Open };
  struct Over {
    Step step = Step::Open;  // that failed; Open: none, the connection was there
    std::string why;         // one sentence
    bool denied =
        false;  // the proxy does not accept user and password: asking again soon would lock somebody out
    bool nameless = false;  // who it is does not accept our certificate, or wants one
  };
  class User {
   public:
    virtual ~User() = default;
    // That is done. After Http2 requests may be made. said: for people.
    virtual void on_step(Step step, const std::string& said) = 0;
    // Once, after all that was under way was told so. The user disposes of the connection.
    virtual void on_over(const Over& over) = 0;
  };
  using Connected = std::function<void(base::Result<base::UniqueFd>)>;
  using Connect = std::function<void(std::uint32_t place, Connected done)>;
  // Called once: the answer, or why there is none.
  using Answered = std::function<void(base::Result<LineAnswer>)>;
  using OnLine = std::function<void(std::string_view line)>;  // without its newline

  // Of a request and an answer that both go on. Called from within the client: it may say, hear, and forget its own request.
  class Talker {
   public:
    virtual ~Talker() = default;
    virtual void on_begun() = 0;                        // the answer is 200
    virtual void on_bytes(std::string_view piece) = 0;  // of the answer; hear() them
    virtual void on_room() = 0;                         // all that was said is in frames
    // The last: the answer is complete, or was another than 200, or there is none.
    virtual void on_over(const base::Result<LineAnswer>& answer) = 0;
  };

  enum class Name : std::uint8_t { None, Own };  // the certificate that is shown
  LineConnection(loop::Loop& loop, const Connect& connect, std::shared_ptr<const LineSettings> settings,
                 Name name, const LineTimes& times, User& user);
  ~LineConnection() override;

  // Whether another request can be made now.
  bool room() const { return room(0); }
  bool room(std::size_t spared) const { return open() && client_->room() > spared; }
  // room(); target: is_target_text(). The number of the request. spared: an answer of more bytes is given up, which is a Limit for
  // who asked and nothing to the connection; 0: of more than line::kDocumentLimit it is over.
  std::uint32_t post(std::string_view target, std::string_view document, Answered done,
                     std::size_t spared = 0);
  // Status 200: on_line for each line, and ended when there will be no more; its answer has no body then. Of another
  // status, the answer as for post().
  std::uint32_t listen(std::string_view target, OnLine on_line, Answered ended);
  // room(). talker: until it was told that it is over, or its request is forgotten.
  std::uint32_t talk(std::string_view target, Talker& talker);
  void say(std::uint32_t request, std::string_view piece);
  void say_end(std::uint32_t request);
  std::size_t unsaid(std::uint32_t request) const;  // bytes that are in no frame yet
  void hear(std::uint32_t request, std::size_t bytes);
  void forget(std::uint32_t request);  // its answer is not wanted any more
  bool has_unsent() const;             // frames that have not left this machine
  // As break_off(); what has not left this machine never will.
  void cut(std::string why);
  // What came is not what may come: the user is told that the connection is over, for this reason.
  void break_off(std::string why) { fail(step_, std::move(why)); }
  // The user is told nothing any more, and neither is who waits for an answer.
  void close();

 private:
  struct Exchange {
    Answered done;
    OnLine on_line;  // of orders
    LineAnswer answer;
    Talker* talker = nullptr;
    bool lines = false;     // on_line gets what comes
    bool talks = false;     // the talker does
    std::string line;       // that is not whole yet
    base::Nanos until = 0;  // 0: no end
    std::size_t spared = 0;
  };
  bool open() const { return step_ == Step::Open && !over_; }
  void connect();
  void connected(std::uint64_t attempt, base::Result<base::UniqueFd> socket);
  void begin_tls();
  void begin_http2();
  void done(Step step, const std::string& said);
  void on_ready(unsigned ready);
  void receive();
  void greet(std::string_view bytes);
  void greeted();
  void decrypt(std::string_view bytes);
  void take(std::string_view plain);
  void on_end(bool broken);
  void flush();
  bool encrypt();
  bool transmit();
  void look();
  void touch();
  void fail(Step step, std::string why, bool denied = false);
  void fail_tls(Step step);
  void on_deadline();
  void arm();
  std::uint32_t begin(http::Method method, std::string_view target, std::string_view document,
                      Exchange exchange);
  void finish(std::uint32_t request, base::Result<LineAnswer> result);
  void take_lines(std::uint32_t request, std::string_view piece);

  // http::Http2Client::Listener
  void on_settled() override;
  void on_head(std::uint32_t request, const http::ResponseHead& head) override;
  void on_body(std::uint32_t request, std::string_view piece) override;
  void on_end(std::uint32_t request, const http::Fields& trailers) override;
  void on_lost(std::uint32_t request, http::Verdict why, bool unprocessed) override;
  void on_drained(std::uint32_t request) override;

  static constexpr std::size_t kPending = 256U << 10U;  // bytes of TLS records that wait, either way
  loop::Loop& loop_;
  Connect connect_;
  std::shared_ptr<const LineSettings> settings_;
  Name name_;
  LineTimes times_;
  User* user_;
  Step step_ = Step::Connection;  // that is under way
  bool over_ = false, nameless_ = false;
  bool in_client_ = false;  // what calls us is the client
  bool settled_ = false;    // the server's SETTINGS have just come
  std::uint64_t attempt_ = 0;
  base::Nanos heard_ = 0;  // when bytes came last
  base::UniqueFd socket_;
  std::unique_ptr<ProxyGreeting> greeting_;
  std::unique_ptr<tls::Session> tls_;
  std::unique_ptr<http::Http2Client> client_;
  std::map<std::uint32_t, Exchange> exchanges_;  // by number
  base::Buffer cipher_in_{kPending}, cipher_out_{kPending};
  std::string plain_out_;       // frames that are in no record yet
  std::size_t plain_sent_ = 0;  // of them
  loop::Timer deadline_;
  std::unique_ptr<loop::Poller> poller_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::link
