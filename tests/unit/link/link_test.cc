// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A link on a loop: the ledger and the server outside are the test's.
#include "gateway/link/link.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <chrono>
#include <thread>

#include "certs/authority.h"
#include "tests/unit/tls/pair.h"

namespace postern::link {
namespace {

using ::testing::HasSubstr;

class LinkScene : public ::testing::Test {
 protected:
  LinkScene()
      : link(loop, [this](std::uint32_t place, Link::Connected done) {
          places.push_back(place);
          connects.push_back(std::move(done));
        }) {
    auto pair = ipc::make_socket_pair();
    link.set_ledger(std::move(pair->first));
    ledger = listen_to(std::move(pair->second));
  }

  std::unique_ptr<ipc::SocketChannel> listen_to(base::UniqueFd socket) {
    return std::make_unique<ipc::SocketChannel>(
        loop, std::move(socket), ipc::SocketChannelLimits{},
        [this](std::uint16_t type, std::string_view payload, ipc::SocketChannel::Fds) {
          ipc::Delivered delivered;
          ASSERT_EQ(type, static_cast<std::uint16_t>(ipc::ToLedger::Delivered));
          ASSERT_TRUE(ipc::decode(payload, delivered));
          answers.push_back({delivered.id, {delivered.status, std::string(delivered.body)}});
        },
        [this](const base::Error&) { cut_off = true; });
  }
  void configure(bool https) {
    base::Json place{{"id", 7},
                     {"name", "north"},
                     {"https", https},
                     {"host", "north.example:9443"},
                     {"tls_name", "north.example"},
                     {"target", "/witness/add-checkpoint"},
                     {"roots", https ? root.certificate_pem : std::string()}};
    auto settings = Settings::read({{"places", {place}}}, clock, {});
    ASSERT_TRUE(settings.ok()) << settings.error().message;
    link.configure(std::move(*settings));
  }
  template <typename Condition>
  bool until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition() && std::chrono::steady_clock::now() < end) {
      loop.turn();
      std::this_thread::yield();
    }
    return condition();
  }
  void ask(std::uint64_t id, std::string_view body = "old 0\n\nnote\n", std::string_view place = "north") {
    base::BinaryWriter out;
    ipc::encode(ipc::Errand{id, place, body}, out);
    ledger->send(static_cast<std::uint16_t>(ipc::FromLedger::Errand), out.bytes());
  }
  // As the supervisor does; the server's end is ours.
  void connect() {
    ASSERT_TRUE(until([this] { return !connects.empty(); }));
    auto pair = ipc::make_socket_pair();
    server = std::move(pair->second);
    connects.back()(std::move(pair->first));
    connects.pop_back();
  }
  std::string heard() {
    char piece[16'384];
    const ssize_t n = ::recv(server.get(), piece, sizeof piece, MSG_DONTWAIT);
    if (n > 0) received.append(piece, static_cast<std::size_t>(n));
    return received;
  }
  void say(std::string_view text) {
    EXPECT_EQ(::send(server.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }

  // One handshake as the server, and an answer to what was understood.
  void serve_tls(const certs::Credentials& shown, std::string_view answer) {
    tls::Server tls(shown, clock);
    const auto session = tls.context->start();
    base::Buffer in(1U << 20U), out(1U << 20U);
    bool answered = false;
    EXPECT_TRUE(until([&] {
      received.clear();
      const std::string cipher = heard();
      EXPECT_TRUE(in.write(cipher));
      std::string_view rest = in.view();
      if (!session->handshake_done()) static_cast<void>(session->handshake(rest, out));
      std::array<char, 16'384> plain{};
      if (session->handshake_done() && !session->failed()) {
        const tls::ReadResult got = session->read(rest, plain, out);
        if (got.progress == tls::Progress::Done) understood.append(plain.data(), got.size);
        if (!answered && understood.find("note\n") != std::string::npos) {
          answered = true;
          session->write(answer, out);
          session->close(out);
        }
      }
      in.consume(in.size() - rest.size());
      const ssize_t sent = ::send(server.get(), out.view().data(), out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent > 0) out.consume(static_cast<std::size_t>(sent));
      return !answers.empty();
    }));
  }
  static certs::Validity hour() {
    return certs::valid_for(base::SystemClock().wall(), 3600 * base::kWallSecond);
  }

  const bool ready = base::init_crypto().ok();
  base::SystemClock clock;
  loop::Loop loop;
  std::vector<std::uint32_t> places;
  std::vector<Link::Connected> connects;
  std::vector<std::pair<std::uint64_t, Answer>> answers;
  bool cut_off = false;
  base::UniqueFd server;
  std::string received, understood;
  certs::Credentials root = *certs::make_authority("Witness root", hour());
  Link link;
  std::unique_ptr<ipc::SocketChannel> ledger;
};

TEST_F(LinkScene, CarriesAnErrandAndBringsTheAnswer) {
  configure(false);
  ask(5);
  connect();
  EXPECT_EQ(places, std::vector<std::uint32_t>{7});
  ASSERT_TRUE(until([this] { return heard().ends_with("note\n"); }));
  EXPECT_THAT(received, HasSubstr("POST /witness/add-checkpoint HTTP/1.1\r\n"));
  EXPECT_THAT(received, HasSubstr("north.example:9443\r\n"));
  EXPECT_THAT(received, HasSubstr("ontent-"));
  say("HTTP/1.1 409 Conflict\r\nContent-Length: 3\r\n\r\n10\n");
  ASSERT_TRUE(until([this] { return !answers.empty(); }));
  EXPECT_EQ(answers[0].first, 5U);
  EXPECT_EQ(answers[0].second, (Answer{409, "10\n"}));
  EXPECT_EQ(link.under_way(), 0U);
}

TEST_F(LinkScene, AnErrandAsLargeAsTheyComeGoesOutWhole) {
  configure(false);
  const std::string body = std::string(ipc::kErrandBody - 5, 'x') + "note\n";
  ask(1, body);
  connect();
  ASSERT_TRUE(until([this] { return heard().ends_with("note\n"); }));
  EXPECT_TRUE(received.ends_with("\r\n\r\n" + body));
}

TEST_F(LinkScene, AsksOnlyWhoShowsTheRightCertificate) {
  configure(true);
  ask(1);
  connect();
  serve_tls(*certs::make_server_certificate(root, {"north.example"}, hour()),
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nline");
  EXPECT_EQ(answers.at(0).second, (Answer{200, "line"}));
  EXPECT_THAT(understood, HasSubstr("POST /witness/add-checkpoint"));
}

TEST_F(LinkScene, TellsNothingToWhoShowsAnother) {
  configure(true);
  ask(1);
  connect();
  const certs::Credentials stranger = *certs::make_authority("Stranger", hour());
  serve_tls(*certs::make_server_certificate(stranger, {"north.example"}, hour()), "");
  EXPECT_EQ(answers.at(0).second.status, 0);
  EXPECT_EQ(understood, "");
  answers.clear();
  ask(2);
  connect();
  serve_tls(*certs::make_server_certificate(root, {"south.example"}, hour()), "");
  EXPECT_EQ(answers.at(0).second.status, 0);
  EXPECT_EQ(understood, "");
}

TEST_F(LinkScene, SaysWhyThereIsNoAnswer) {
  configure(false);
  ask(1, "x", "elsewhere");
  ASSERT_TRUE(until([this] { return answers.size() == 1; }));
  EXPECT_THAT(answers[0].second.body, HasSubstr("no such place"));
  ask(2);
  ASSERT_TRUE(until([this] { return !connects.empty(); }));
  connects.back()(base::fail(base::Code::Unavailable, "no connection to north.example:443: refused"));
  connects.pop_back();
  ASSERT_TRUE(until([this] { return answers.size() == 2; }));
  EXPECT_EQ(answers[1].second, (Answer{0, "no connection to north.example:443: refused"}));
  ask(3);
  connect();
  server.reset();
  ASSERT_TRUE(until([this] { return answers.size() == 3; }));
  EXPECT_EQ(answers[2].second.status, 0);
  ask(4);
  connect();
  say("HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + std::string(20'000, 'x'));
  ASSERT_TRUE(until([this] { return answers.size() == 4; }));
  EXPECT_THAT(answers[3].second.body, HasSubstr("with more than"));
}

TEST_F(LinkScene, ANewErrandForAPlaceReplacesTheOneUnderWay) {
  configure(false);
  ask(1);
  connect();
  const base::UniqueFd former = std::move(server);
  ask(2);
  connect();
  ASSERT_TRUE(until([this] { return heard().ends_with("note\n"); }));
  say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(until([this] { return !answers.empty(); }));
  EXPECT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].first, 2U);
}

TEST_F(LinkScene, ANewLedgerHearsNothingOfWhatItDidNotAsk) {
  configure(false);
  ask(1);
  connect();
  auto pair = ipc::make_socket_pair();
  link.set_ledger(std::move(pair->first));
  ledger = listen_to(std::move(pair->second));
  EXPECT_EQ(link.under_way(), 0U);
  for (int i = 0; i < 50; ++i) loop.turn();
  EXPECT_TRUE(answers.empty());
}

TEST_F(LinkScene, CutsOffALedgerThatSaysAnythingElse) {
  ledger->send(static_cast<std::uint16_t>(ipc::FromLedger::State), "x");
  EXPECT_TRUE(until([this] { return cut_off; }));
}

}  // namespace
}  // namespace postern::link
