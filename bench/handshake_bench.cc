// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a TLS 1.3 handshake costs, in CPU microseconds of one core for client and server together: with the
// key in the process, with the key in a keeper process (whose CPU is counted too), and resumed. Claims of
// docs/PERFORMANCE.md.
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/check.h"
#include "base/crypto.h"
#include "certs/authority.h"
#include "gateway/keeper/key_ring.h"
#include "gateway/tls/client_context.h"
#include "gateway/tls/remote_signer.h"
#include "gateway/tls/server_context.h"

using namespace postern;

namespace {

constexpr int kRounds = 1000;
const keeper::Purpose kPurpose{keeper::Peer::Terminator, "support"};

class LocalSigner final : public tls::RemoteSigner {
 public:
  explicit LocalSigner(keeper::KeyRing& ring) : ring_(ring) {}
  base::Result<std::string> sign(std::string_view key, certs::Scheme scheme, std::string_view text) override {
    auto answer = certs::decode_answer(ring_.handle(certs::encode_sign_tls(1, key, scheme, text), kPurpose));
    return certs::decode_text_payload(answer->payload);
  }

 private:
  keeper::KeyRing& ring_;
};

pid_t fork_keeper(keeper::KeyRing& ring, int socket, int other) {
  const pid_t child = fork();
  if (child != 0) return child;
  close(other);
  char request[certs::kKeeperMessageLimit];
  for (ssize_t size = 0; (size = recv(socket, request, sizeof request, 0)) > 0;) {
    const std::string answer = ring.handle({request, static_cast<std::size_t>(size)}, kPurpose);
    if (send(socket, answer.data(), answer.size(), 0) < 0) break;
  }
  std::_Exit(0);
}

double cpu_micros(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return 1e6 * static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

bool connect(tls::ClientContext& clients, const tls::ServerContext& server) {
  base::Buffer to_server(1U << 16U);
  base::Buffer to_client(1U << 16U);
  auto client = *clients.start("a.example");
  auto session = server.start();
  for (int i = 0; i < 4 && !(client->handshake_done() && session->handshake_done()); ++i) {
    std::string_view in = to_client.view();
    client->handshake(in, to_server);
    to_client.clear();
    in = to_server.view();
    session->handshake(in, to_client);
    to_server.clear();
  }
  POSTERN_CHECK(client->handshake_done() && session->handshake_done());
  char plain[1];
  std::string_view in = to_client.view();
  client->read(in, plain, to_server);  // the tickets
  return session->resumed();
}

void measure(const char* what, tls::ClientContext& clients, const tls::ServerContext& server, bool resumed) {
  connect(clients, server);
  const double cpu = cpu_micros(RUSAGE_SELF);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kRounds; ++i) POSTERN_CHECK(connect(clients, server) == resumed);
  const std::chrono::duration<double, std::micro> wall = std::chrono::steady_clock::now() - begin;
  std::printf("%-34s %7.1f us CPU  %7.1f us elapsed\n", what, (cpu_micros(RUSAGE_SELF) - cpu) / kRounds,
              wall.count() / kRounds);
}

void measure_key(const char* name, certs::KeyType type) {
  const base::SystemClock clock;
  const certs::Validity validity = certs::valid_for(clock.wall(), 86'400 * base::kWallSecond);
  const auto root = *certs::make_authority("Bench", validity);
  const auto leaf = *certs::make_server_certificate(root, {"a.example"}, validity, type);
  keeper::KeyRing ring;
  POSTERN_CHECK(ring.add_tls_key("support", {"key", leaf.key_pem, 0600}, leaf.certificate_pem).ok());
  auto clients = *tls::ClientContext::make({root.certificate_pem, ""}, clock);

  LocalSigner local(ring);
  auto here = *tls::ServerContext::make({"support", {{leaf.certificate_pem}}, ""}, local, clock);
  measure((std::string(name) + ", key in the process").c_str(), *clients, *here, false);

  int ends[2];
  POSTERN_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
  const pid_t child = fork_keeper(ring, ends[1], ends[0]);
  close(ends[1]);
  {
    certs::KeeperChannel channel{base::UniqueFd(ends[0])};
    tls::ChannelSigner remote(channel);
    auto there = *tls::ServerContext::make({"support", {{leaf.certificate_pem}}, ""}, remote, clock);
    measure((std::string(name) + ", key in the keeper").c_str(), *clients, *there, false);
  }
  const double before = cpu_micros(RUSAGE_CHILDREN);
  waitpid(child, nullptr, 0);
  std::printf("%-34s %7.1f us CPU\n", "  of which in the keeper, besides",
              (cpu_micros(RUSAGE_CHILDREN) - before) / (kRounds + 1));

  here->set_ticket_keys({certs::TicketKey{}});
  measure((std::string(name) + ", resumed").c_str(), *clients, *here, true);
}

}  // namespace

int main() {
  measure_key("P-256", certs::KeyType::P256);
  measure_key("RSA-2048", certs::KeyType::Rsa2048);
  measure_key("Ed25519", certs::KeyType::Ed25519);
  return 0;
}
