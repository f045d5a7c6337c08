// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "tests/unit/tls/pair.h"

namespace postern::tls {
namespace {

class Handshake : public testing::Test {
 protected:
  base::ManualClock clock_{kNow};
  certs::Credentials root_ = authority("Test root");

  certs::Credentials leaf(certs::KeyType type = certs::KeyType::P256) {
    return *certs::make_server_certificate(root_, {"gateway.example", "127.0.0.1"},
                                           certs::valid_for(kNow, 30 * kDay), type);
  }
  std::unique_ptr<ClientContext> client(std::string protocol = "http/1.1") {
    return *ClientContext::make({root_.certificate_pem, std::move(protocol)}, clock_);
  }
};

TEST_F(Handshake, EveryKeyTypeSignsThroughTheKeeper) {
  const std::pair<certs::KeyType, certs::Scheme> cases[] = {
      {certs::KeyType::P256, certs::Scheme::EcdsaSha256},
      {certs::KeyType::Rsa2048, certs::Scheme::RsaPssSha256},
      {certs::KeyType::Ed25519, certs::Scheme::Ed25519}};
  for (const auto& [type, scheme] : cases) {
    Server server(leaf(type), clock_);
    auto context = client();
    Connection connection(*context->start("gateway.example"), server.context->start());
    ASSERT_TRUE(connection.shake_hands())
        << (connection.server->failed() ? connection.server->error().message
                                        : connection.client->error().message);
    EXPECT_EQ(server.signer.asked, 1);
    EXPECT_EQ(server.signer.last_scheme, scheme);
    EXPECT_EQ(connection.server->version(), "TLSv1.3");
    EXPECT_EQ(connection.server->protocol(), "http/1.1");
    EXPECT_EQ(connection.server->server_name(), "gateway.example");
    EXPECT_FALSE(connection.server->resumed());
    EXPECT_TRUE(connection.server->peer_chain().empty());
    EXPECT_EQ(connection.client->peer_chain().size(), 1U);
  }
}

TEST_F(Handshake, AnAddressIsAcceptedAsAHost) {
  Server server(leaf(), clock_);
  auto context = client();
  Connection connection(*context->start("127.0.0.1"), server.context->start());
  ASSERT_TRUE(connection.shake_hands());
  EXPECT_EQ(connection.server->server_name(), "");
}

TEST_F(Handshake, BytesMayComeOneByOne) {
  Server server(leaf(), clock_);
  auto context = client();
  Connection connection(*context->start("gateway.example"), server.context->start());
  connection.chunk = 1;
  EXPECT_TRUE(connection.shake_hands());
}

TEST_F(Handshake, TheWayOutMayHoldOneByteAtATime) {
  Server server(leaf(), clock_);
  auto context = client();
  Connection connection(*context->start("gateway.example"), server.context->start(), 1);
  EXPECT_TRUE(connection.shake_hands());
}

TEST_F(Handshake, FailsAsOurFaultWhenTheKeeperHasAnotherKey) {
  Server server(leaf(), clock_);
  Server other(leaf(), clock_);
  RingSigner wrong(other.ring, "support");
  auto context = *ServerContext::make({"support", {{server.credentials.certificate_pem}}, ""}, wrong, clock_);
  auto clients = client();
  Connection connection(*clients->start("gateway.example"), context->start());
  EXPECT_FALSE(connection.shake_hands());
  ASSERT_TRUE(connection.server->failed());
  EXPECT_EQ(connection.server->error().side, base::Side::Us);
  EXPECT_NE(connection.server->error().message.find("no such key"), std::string::npos);
}

TEST_F(Handshake, FailsWhenTheKeeperIsGoneAndWorksAgainAfterItsReturn) {
  Server server(leaf(), clock_);
  certs::KeeperChannel channel{base::UniqueFd()};
  ChannelSigner signer(channel);
  auto context =
      *ServerContext::make({"support", {{server.credentials.certificate_pem}}, ""}, signer, clock_);
  auto clients = client();
  Connection gone(*clients->start("gateway.example"), context->start());
  EXPECT_FALSE(gone.shake_hands());
  EXPECT_EQ(gone.server->error().code, base::Code::Unavailable);

  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  channel.replace(base::UniqueFd(ends[0]));
  const base::UniqueFd keeper_end(ends[1]);
  std::thread keeper([&] {
    char request[certs::kKeeperMessageLimit];
    const ssize_t size = recv(keeper_end.get(), request, sizeof request, 0);
    const std::string answer =
        server.ring.handle({request, static_cast<std::size_t>(size)}, {keeper::Peer::Terminator, "support"});
    EXPECT_EQ(send(keeper_end.get(), answer.data(), answer.size(), 0), static_cast<ssize_t>(answer.size()));
  });
  Connection back(*clients->start("gateway.example"), context->start());
  EXPECT_TRUE(back.shake_hands());
  keeper.join();
}

TEST_F(Handshake, OtherProtocolsThanHttpAreRefused) {
  Server server(leaf(), clock_);
  auto context = client("h2");
  Connection connection(*context->start("gateway.example"), server.context->start());
  EXPECT_FALSE(connection.shake_hands());
  ASSERT_TRUE(connection.server->failed());
  EXPECT_EQ(connection.server->alert(), 120);  // no_application_protocol
}

TEST_F(Handshake, Http2IsAgreedOnWhereItIsSpoken) {
  Server server(leaf(), clock_, "", true);
  for (const char* protocol : {"h2", "http/1.1"}) {
    auto context = client(protocol);
    Connection connection(*context->start("gateway.example"), server.context->start());
    ASSERT_TRUE(connection.shake_hands());
    EXPECT_EQ(connection.server->protocol(), protocol);
  }
  auto context = client("");  // no ALPN
  Connection connection(*context->start("gateway.example"), server.context->start());
  ASSERT_TRUE(connection.shake_hands());
  EXPECT_EQ(connection.server->protocol(), "");
}

TEST_F(Handshake, PlainHttpIsTheClientsFaultAndSaysSo) {
  Server server(leaf(), clock_);
  auto session = server.context->start();
  base::Buffer out(4096);
  std::string_view in = "GET / HTTP/1.1\r\nHost: gateway.example\r\n\r\n";
  EXPECT_EQ(session->handshake(in, out), Progress::Failed);
  EXPECT_EQ(session->error().side, base::Side::Client);
  EXPECT_NE(session->error().message.find("http request"), std::string::npos) << session->error().message;
  EXPECT_EQ(session->handshake(in, out), Progress::Failed);  // and stays so
}

// ClientHello of TLS 1.1 with one old suite, and one of TLS 1.2 that has no suite of ours: both get an alert.
TEST_F(Handshake, OldVersionsAndSuitesAreRefused) {
  Server server(leaf(), clock_);
  const std::string random(32, 'r');
  for (const char minor : {'\x02', '\x03'}) {
    std::string body("\x03", 1);
    body += minor;
    body += random + std::string("\x00\x00\x02\x00\x2f\x01\x00", 7);  // TLS_RSA_WITH_AES_128_CBC_SHA
    std::string hello("\x16\x03\x01\x00", 4);
    hello += static_cast<char>(body.size() + 4);
    hello += std::string("\x01\x00\x00", 3) + static_cast<char>(body.size()) + body;
    auto session = server.context->start();
    base::Buffer out(4096);
    std::string_view in = hello;
    EXPECT_EQ(session->handshake(in, out), Progress::Failed);
    EXPECT_GE(session->alert(), 40);
    EXPECT_FALSE(out.empty());
  }
}

TEST_F(Handshake, GarbageNeverGetsThrough) {
  Server server(leaf(), clock_);
  for (int i = 0; i < 200; ++i) {
    auto session = server.context->start();
    base::Buffer out(1U << 16U);
    const std::string garbage = base::random_bytes(1 + static_cast<std::size_t>(i) * 7);
    std::string_view in = garbage;
    const Progress progress = session->handshake(in, out);
    EXPECT_TRUE(progress == Progress::Failed || progress == Progress::WantMore);
    EXPECT_FALSE(session->handshake_done());
  }
}

TEST_F(Handshake, ACertificateThatIsNoneIsRefusedAtStart) {
  Server server(leaf(), clock_);
  auto made = ServerContext::make({"support", {{"no certificate"}}, ""}, server.signer, clock_);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, base::Code::Invalid);
}

}  // namespace
}  // namespace postern::tls
