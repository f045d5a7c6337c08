// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Promise 9: the component's certificate is checked as a browser checks it, and a request leaves only then.
#include "tests/unit/enforcer/scene.h"
#include "tests/unit/tls/pair.h"

namespace postern::enforcer {
namespace {

constexpr base::Micros kDay = 86'400 * base::kWallSecond;

class ComponentTls : public EnforcerScene {
 protected:
  static certs::Validity from_now(base::Micros duration) {
    return certs::valid_for(base::SystemClock().wall(), duration);
  }
  static certs::Credentials authority(std::string_view name) {
    return *certs::make_authority(name, from_now(365 * kDay));
  }
  static certs::Credentials leaf(const certs::Credentials& by, const char* name, certs::Validity validity) {
    return *certs::make_server_certificate(by, {name}, validity);
  }

  // Asks a component that shows this certificate; it answers 200 once it has understood the request. The
  // refusal's code, or the status.
  std::string ask(const certs::Credentials& shown, Http2 http2 = Http2::Auto) {
    Settings https = settings();
    Node& node = https.services[0].nodes[0];
    node.https = true;
    node.http2 = http2;
    node.name = "prom.example";
    node.roots_pem = root.certificate_pem;
    EXPECT_TRUE(enforcer->configure(std::move(https)).ok());
    tls::Server server(shown, clock);
    const auto session = server.context->start();
    const std::uint64_t id = get("/api/v1/query");
    EXPECT_TRUE(accept());
    EXPECT_TRUE(until([&] {
      pump(*session);
      return has(Type::ResponseHead, id);
    }));
    const int got = status(id);
    return got == 200 ? "200" : code(id);
  }

  certs::Credentials root = authority("Component root");
  std::string understood;

 private:
  void pump(tls::Session& session) {
    std::array<char, 16384> piece{};
    const ssize_t n = ::recv(accepted.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    EXPECT_TRUE(n <= 0 || in_.write({piece.data(), static_cast<std::size_t>(n)}));
    std::string_view in = in_.view();
    if (!session.handshake_done()) static_cast<void>(session.handshake(in, out_));
    if (session.handshake_done() && !session.failed()) {
      const tls::ReadResult result = session.read(in, piece, out_);
      if (result.progress == tls::Progress::Done) understood.append(piece.data(), result.size);
      if (!answered_ && understood.ends_with("\r\n\r\n")) {
        answered_ = true;
        session.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", out_);
      }
    }
    in_.consume(in_.size() - in.size());
    const ssize_t sent = ::send(accepted.get(), out_.view().data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) out_.consume(static_cast<std::size_t>(sent));
  }
  base::Buffer in_{1U << 20U}, out_{1U << 20U};
  bool answered_ = false;
};

TEST_F(ComponentTls, TheRightNameFromATrustedRootPasses) {
  EXPECT_EQ(ask(leaf(root, "prom.example", from_now(30 * kDay))), "200");
  EXPECT_TRUE(understood.starts_with("GET /api/v1/query HTTP/1.1\r\n")) << understood;
}

TEST_F(ComponentTls, SoItDoesWhereHttp2IsNotOffered) {
  EXPECT_EQ(ask(leaf(root, "prom.example", from_now(30 * kDay)), Http2::Off), "200");
  EXPECT_TRUE(understood.starts_with("GET /api/v1/query HTTP/1.1\r\n")) << understood;
}

TEST_F(ComponentTls, AnotherNameIsRefusedInEitherCase) {
  EXPECT_EQ(ask(leaf(root, "other.example", from_now(30 * kDay)), Http2::Off), "component_certificate");
  EXPECT_EQ(understood, "");
}

TEST_F(ComponentTls, AnotherNameIsRefused) {
  EXPECT_EQ(ask(leaf(root, "other.example", from_now(30 * kDay))), "component_certificate");
  EXPECT_EQ(understood, "");
}

TEST_F(ComponentTls, AnExpiredOneIsRefused) {
  const base::Micros now = base::SystemClock().wall();
  EXPECT_EQ(ask(leaf(root, "prom.example", {now - 30 * kDay, now - kDay})), "component_certificate");
  EXPECT_EQ(understood, "");
}

TEST_F(ComponentTls, OneOfAnotherAuthorityIsRefusedAndTheEventSaysSo) {
  EXPECT_EQ(ask(leaf(authority("Somebody"), "prom.example", from_now(30 * kDay))), "component_certificate");
  EXPECT_EQ(understood, "");
  done(last);
  ASSERT_TRUE(until([&] { return ledger->events("exchange.completed").size() == 1; }));
  const base::Json event = ledger->events("exchange.completed")[0];
  EXPECT_EQ(event["outcome"], "component_failed");
  EXPECT_EQ(event["detail"]["code"], "component_certificate");
}

}  // namespace
}  // namespace postern::enforcer
