// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A server and a client that talk in memory, with a real KeyRing behind the server. Tests say what differs
// from the ordinary.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "certs/authority.h"
#include "certs/issue.h"
#include "gateway/keeper/key_ring.h"
#include "gateway/tls/client_context.h"
#include "gateway/tls/remote_signer.h"
#include "gateway/tls/server_context.h"

namespace postern::tls {

constexpr base::Micros kNow = 1'790'000'000 * base::kWallSecond;  // September 2026
constexpr base::Micros kDay = 86'400 * base::kWallSecond;

// The keeper without a socket: every request goes through KeyRing::handle.
class RingSigner final : public RemoteSigner {
 public:
  RingSigner(keeper::KeyRing& ring, std::string listener)
      : ring_(ring), purpose_{keeper::Peer::Terminator, std::move(listener)} {}
  explicit RingSigner(keeper::KeyRing& ring) : ring_(ring), purpose_{keeper::Peer::Enforcer, {}} {}
  base::Result<std::string> sign(std::string_view key_id, certs::Scheme scheme,
                                 std::string_view text) override {
    ++asked;
    last_scheme = scheme;
    last_text = text;
    auto answer = certs::decode_answer(ring_.handle(
        purpose_.peer == keeper::Peer::Enforcer ? certs::encode_sign_tls_client(7, key_id, scheme, text)
                                                : certs::encode_sign_tls(7, key_id, scheme, text),
        purpose_));
    if (!answer) return answer.error();
    if (!answer->done) return base::fail(base::Code::Denied, "the keeper refused: " + answer->payload);
    return certs::decode_text_payload(answer->payload);
  }
  base::Result<std::string> challenge_certificate(std::string_view name) override {
    ++asked_for_challenges;
    auto answer = certs::decode_answer(ring_.handle(certs::encode_challenge_certificate(7, name), purpose_));
    if (!answer) return answer.error();
    if (!answer->done) return base::fail(base::Code::Denied, answer->payload);
    return certs::decode_text_payload(answer->payload);
  }
  int asked = 0, asked_for_challenges = 0;
  certs::Scheme last_scheme{};
  std::string last_text;

 private:
  keeper::KeyRing& ring_;
  keeper::Purpose purpose_;
};

inline certs::Credentials authority(std::string_view name) {
  return *certs::make_authority(name, certs::valid_for(kNow, 365 * kDay));
}

inline certs::TicketKey ticket_key() {
  certs::TicketKey key;
  base::fill_random(key.name.data(), key.name.size());
  base::fill_random(key.cipher.data(), key.cipher.size());
  base::fill_random(key.mac.data(), key.mac.size());
  return key;
}

// One listener: certificate, keeper and context.
struct Server {
  certs::Credentials credentials;
  keeper::KeyRing ring;
  RingSigner signer{ring, "support"};
  std::unique_ptr<ServerContext> context;

  Server(certs::Credentials leaf, const base::Clock& clock, std::string client_roots = {}, bool http2 = false)
      : credentials(std::move(leaf)) {
    auto added =
        ring.add_tls_key("support", {"key.pem", credentials.key_pem, 0100600}, credentials.certificate_pem);
    EXPECT_TRUE(added.ok()) << added.error().message;
    auto made = ServerContext::make(
        {"support", {{credentials.certificate_pem}}, std::move(client_roots), http2}, signer, clock);
    EXPECT_TRUE(made.ok()) << made.error().message;
    if (made) context = *std::move(made);
  }
};

// The two ends of one connection and the bytes under way. chunk: how many bytes the network hands over at
// once.
struct Connection {
  std::unique_ptr<Session> client;
  std::unique_ptr<Session> server;
  base::Buffer to_server;
  base::Buffer to_client;
  std::size_t chunk = SIZE_MAX;

  Connection(std::unique_ptr<Session> c, std::unique_ptr<Session> s, std::size_t limit = 1U << 20U)
      : client(std::move(c)), server(std::move(s)), to_server(limit), to_client(limit) {}

  // One call of a session's handshake with at most chunk bytes of what came in. A second call without input
  // lets a session that had no room go on.
  Progress step(Session& session, base::Buffer& in, base::Buffer& out) const {
    std::string_view view = in.view().substr(0, chunk);
    const std::size_t given = view.size();
    const Progress progress = session.handshake(view, out);
    in.consume(given - view.size());
    return progress;
  }

  // True once both are done. False when either failed, or neither can go on.
  bool shake_hands() {
    for (int i = 0; i < 100'000; ++i) {
      const Progress c = step(*client, to_client, to_server);
      const Progress s = step(*server, to_server, to_client);
      if (c == Progress::Done && s == Progress::Done) return true;
      if (c == Progress::Failed && to_server.empty()) return false;
      if (s == Progress::Failed && to_client.empty()) return false;
      if (to_server.empty() && to_client.empty() && c != Progress::WantRoom && s != Progress::WantRoom)
        return false;
    }
    return false;
  }
};

// What one read gives, with all of in offered.
inline std::string read_all(Session& session, base::Buffer& in, base::Buffer& out, std::size_t piece = 4096) {
  std::string text;
  std::string plain(piece, '\0');
  while (true) {
    std::string_view view = in.view();
    const std::size_t given = view.size();
    const ReadResult result = session.read(view, plain, out);
    in.consume(given - view.size());
    if (result.progress != Progress::Done) return text;
    text.append(plain, 0, result.size);
  }
}

}  // namespace postern::tls
