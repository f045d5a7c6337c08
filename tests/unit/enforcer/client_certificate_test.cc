// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The component is shown a certificate by role; the key is in a real KeyRing, which the enforcer asks.
#include "certs/certificate.h"
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

constexpr base::Micros kMonth = 30 * 86'400 * base::kWallSecond;
constexpr std::string_view kTwoRoles = R"(version: 1
capabilities:
  metrics.read:
    title: Read metrics
    class: read
    operations: [GET /api/v1/query]
  silences.write:
    title: Create silences
    class: write
    operations: [POST /api/v2/silences]
roles:
  viewer: [metrics.read]
  admin: [metrics.read, silences.write]
)";

// One connection as the component sees it: it answers 200 to each request.
struct TlsPeer {
  base::UniqueFd socket;
  std::unique_ptr<tls::Session> session;
  base::Buffer in{1U << 20U}, out{1U << 20U};
  std::vector<std::string> requests;

  std::string subject() const {
    const auto chain = session->peer_chain();
    return chain.empty() ? "nobody" : certs::read_certificate(chain.front())->subject;
  }
  void pump() {
    std::array<char, 16384> piece{};
    const ssize_t n = ::recv(socket.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    EXPECT_TRUE(n <= 0 || in.write({piece.data(), static_cast<std::size_t>(n)}));
    std::string_view view = in.view();
    if (!session->handshake_done()) static_cast<void>(session->handshake(view, out));
    if (session->handshake_done() && !session->failed()) {
      const tls::ReadResult result = session->read(view, piece, out);
      if (result.progress == tls::Progress::Done) {
        requests.emplace_back(piece.data(), result.size);
        session->write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", out);
      }
    }
    in.consume(in.size() - view.size());
    const ssize_t sent = ::send(socket.get(), out.view().data(), out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) out.consume(static_cast<std::size_t>(sent));
  }
};

class ClientCertificateScene : public EnforcerScene {
 protected:
  ClientCertificateScene() {
    ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, kTwoRoles});
    turn(10);
  }
  static certs::Validity month() { return certs::valid_for(base::SystemClock().wall(), kMonth); }
  std::shared_ptr<const Credential> shown(const std::string& role, const certs::Credentials& own,
                                          bool known = true) {
    auto out = std::make_shared<Credential>();
    out->role = role;
    out->certificate_pem = own.certificate_pem;
    if (known) {
      EXPECT_TRUE(keys.add_client_key({role, own.key_pem, 0100600}, own.certificate_pem).ok());
    }
    return out;
  }
  static certs::Credentials client(const certs::Credentials& by, const std::string& name) {
    return *certs::make_client_certificate(by, name, name + "@postern.example", month());
  }
  Settings https(std::vector<std::shared_ptr<const Credential>> credentials) {
    Settings out = settings();
    Node& node = out.services[0].nodes[0];
    node.https = true;
    node.http2 = Http2::Auto;
    node.name = "prom.example";
    node.roots_pem = root.certificate_pem;
    out.services[0].credentials = std::move(credentials);
    return out;
  }
  void use(std::vector<std::shared_ptr<const Credential>> credentials) {
    ASSERT_TRUE(enforcer->configure(https(std::move(credentials))).ok());
  }
  // The status of a GET, answered by whichever connection it comes on.
  int ask() {
    const std::uint64_t id = get("/api/v1/query");
    EXPECT_TRUE(until([&] {
      const int fd = ::accept4(component.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        auto peer = std::make_unique<TlsPeer>();
        peer->socket.reset(fd);
        peer->session = server.context->start();
        peers.push_back(std::move(peer));
      }
      for (const auto& peer : peers) peer->pump();
      return has(Type::ResponseEnd, id) || has(Type::Cut, id);
    }));
    done(id);
    turn(5);
    return status(id);
  }
  void let_write(bool on) {
    change(event("permission.changed",
                 {{"what", "capability"}, {"name", "silences.write"}, {"new", on ? "on" : "off"}}));
    turn(10);
  }

  certs::Credentials root = *certs::make_authority("Component root", month());
  certs::Credentials clients = *certs::make_authority("Component's clients", month());
  tls::Server server{*certs::make_server_certificate(root, {"prom.example"}, month()), clock,
                     clients.certificate_pem};
  std::vector<std::unique_ptr<TlsPeer>> peers;
};

TEST_F(ClientCertificateScene, EachRoleShowsItsOwnAndSharesNoConnection) {
  use({shown("viewer", client(clients, "viewer")), shown("admin", client(clients, "admin"))});
  EXPECT_EQ(ask(), 200);
  let_write(false);
  EXPECT_EQ(ask(), 200);
  let_write(true);
  EXPECT_EQ(ask(), 200);
  ASSERT_EQ(peers.size(), 2U) << "the third found the first one's connection resting";
  EXPECT_EQ(peers[0]->subject(), "CN=admin");
  EXPECT_EQ(peers[0]->requests.size(), 2U);
  EXPECT_EQ(peers[1]->subject(), "CN=viewer");
  EXPECT_EQ(peers[1]->requests.size(), 1U);
  for (const std::string& request : peers[0]->requests)
    EXPECT_EQ(request.find("authorization"), std::string::npos) << "a certificate is no field";
  const auto forwarded = ledger->events("exchange.forwarded");
  ASSERT_EQ(forwarded.size(), 3U);
  EXPECT_EQ(forwarded[0]["detail"]["credential"], "admin");
  EXPECT_EQ(forwarded[1]["detail"]["credential"], "viewer");
}

TEST_F(ClientCertificateScene, ARoleWithoutOneComesWithoutOne) {
  use({shown("viewer", client(clients, "viewer"))});
  EXPECT_EQ(ask(), 200);
  EXPECT_EQ(peers.at(0)->subject(), "nobody");
  let_write(false);
  EXPECT_EQ(ask(), 200);
  ASSERT_EQ(peers.size(), 2U);
  EXPECT_EQ(peers[1]->subject(), "CN=viewer");
}

TEST_F(ClientCertificateScene, AReloadClosesWhatRestsAndShowsTheNewOne) {
  use({shown("", client(clients, "old"))});
  EXPECT_EQ(ask(), 200);
  use({shown("", client(clients, "new"))});
  EXPECT_EQ(ask(), 200);
  ASSERT_EQ(peers.size(), 2U);
  EXPECT_EQ(peers[0]->subject(), "CN=old");
  EXPECT_EQ(peers[1]->subject(), "CN=new");
}

TEST_F(ClientCertificateScene, ThatIsRefusedIsAnEventThatSaysWhy) {
  use({shown("", client(*certs::make_authority("Nobody's", month()), "stranger"))});
  EXPECT_EQ(ask(), 502);
  EXPECT_EQ(code(last), "component_credential");
  ASSERT_TRUE(until([&] { return ledger->events("node.credential_refused").size() == 1; }));
  const base::Json detail = ledger->events("node.credential_refused")[0]["detail"];
  EXPECT_EQ(detail["credential"], "service");
  EXPECT_EQ(detail["reason"], "the component refused the client certificate that it was shown: unknown CA");
  use({shown("", client(clients, "right"))});
  EXPECT_EQ(ask(), 200);
  ASSERT_TRUE(until([&] { return ledger->events("node.credential_accepted").size() == 1; }));
}

TEST_F(ClientCertificateScene, WithoutItsKeyInTheKeeperIsOurFault) {
  use({shown("", client(clients, "unknown"), false)});
  EXPECT_EQ(ask(), 502);
  EXPECT_EQ(code(last), "gateway_error");
  EXPECT_TRUE(peers.at(0)->requests.empty());
  EXPECT_TRUE(ledger->events("node.credential_refused").empty());
}

// An exchange that began before a reload may look for a node after it.
TEST_F(ClientCertificateScene, AConnectionIsNeverWithoutTheCertificateThatWasToBeShown) {
  ComponentPool pool(
      loop, clock, [](std::uint32_t, const auto&) { ADD_FAILURE() << "it connects"; }, signer,
      [] { return true; });
  const auto old = shown("viewer", client(clients, "viewer"));
  ASSERT_TRUE(pool.set_services(https({}).services, {}).ok());
  std::string why;
  pool.acquire(0, old.get(), Need::Any, 1,
               [&](base::Result<ComponentCarrier*> got) { why = got.ok() ? "" : got.error().message; });
  EXPECT_EQ(why, "the configuration has no client certificate for this role any more");
}

}  // namespace
}  // namespace postern::enforcer
