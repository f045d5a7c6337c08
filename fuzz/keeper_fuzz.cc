// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a terminator, an enforcer, a ledger or a link that was taken over may send to the keeper, and what a keeper may answer.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/crypto.h"
#include "certs/authority.h"
#include "certs/keeper_protocol.h"
#include "certs/note.h"
#include "certs/private_key.h"
#include "gateway/keeper/key_ring.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static keeper::KeyRing ring;
  static const bool ready = [] {
    POSTERN_CHECK(base::init_crypto().ok());
    const certs::Validity always{0, base::kWallSecond << 31U};
    const auto leaf = *certs::make_authority("fuzz", always);
    const auto own = *certs::make_client_certificate(leaf, "own", "own@example.org", always);
    const auto line = *certs::make_client_certificate(leaf, "line", "line@example.org", always);
    const base::Secret seed(std::string(32, 's'));
    const auto log_key = [](char of) {
      return certs::format_signer_key({"postern/test", base::Secret(std::string(32, of))});
    };
    return ring.add_tls_key("support", {"key", leaf.key_pem, 0600}, leaf.certificate_pem).ok() &&
           ring.add_client_key({"own", own.key_pem, 0600}, own.certificate_pem).ok() &&
           ring.set_line_key({"line", line.key_pem, 0600}, line.certificate_pem).ok() &&
           ring.set_pass_key({"pass", keeper::KeyRing::format_pass_key(seed), 0600}).ok() &&
           ring.set_log_key({"log", log_key('l'), 0600}).ok() &&
           ring.set_next_log_key({"next", log_key('n'), 0600}).ok() &&
           ring.set_witness_key({"w", certs::format_signer_key({"w", base::Secret(seed.view())}), 0600},
                                {"postern/test+a7fe4359+AYMgpRl32MOMqKSSfGcN9YIeRJdhlF4V6e+yahUJ0jDq"})
               .ok() &&
           ring.set_client_key("support", {"fuzz", "https://login.example"},
                               {"client", *certs::make_private_key(), 0600})
               .ok() &&
           ring.rotate_ticket_keys(1);
  }();
  POSTERN_CHECK(ready);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto peer :
       {keeper::Peer::Terminator, keeper::Peer::Ledger, keeper::Peer::Enforcer, keeper::Peer::Link}) {
    const std::string answer = ring.handle(bytes, {peer, "support"});
    POSTERN_CHECK(answer.size() <= certs::kKeeperMessageLimit && certs::decode_answer(answer).ok());
  }
  if (auto answer = certs::decode_answer(bytes)) {
    static_cast<void>(certs::decode_ticket_payload(answer->payload));
    static_cast<void>(certs::decode_text_payload(answer->payload));
  }
  return 0;
}
