// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An authenticator for tests, with an Ed25519 key, and the browser around it. What it writes can be made wrong in each
// part.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "accounts/webauthn.h"
#include "base/bytes.h"
#include "base/crypto.h"
#include "base/json.h"

namespace postern::accounts {

// Bytes or a text of at most 65,535 bytes, as CBOR.
inline std::string cbor_string(unsigned major, std::string_view bytes) {
  std::string out;
  if (bytes.size() < 24) {
    out.push_back(static_cast<char>(major << 5U | bytes.size()));
  } else if (bytes.size() < 256) {
    out.push_back(static_cast<char>(major << 5U | 24U));
    out.push_back(static_cast<char>(bytes.size()));
  } else {
    out.push_back(static_cast<char>(major << 5U | 25U));
    out.push_back(static_cast<char>(bytes.size() >> 8U));
    out.push_back(static_cast<char>(bytes.size() & 255U));
  }
  return out.append(bytes);
}
inline std::string cbor_bytes(std::string_view bytes) { return cbor_string(2, bytes); }
inline std::string cbor_text(std::string_view text) { return cbor_string(3, text); }

struct Authenticator {
  const bool crypto_ready = base::init_crypto().ok();  // before the first Secret
  base::Secret seed{std::string(32, 'k')};
  std::string credential = "credential-1";
  std::string rp = "console.example";
  std::string origin = "https://console.example:9443";
  unsigned flags = 0x05;  // somebody is there, and was verified
  std::uint32_t counter = 1;
  bool cross_origin = false;

  std::string cose_key() const {
    return base::from_hex("a401010327200621").value() + cbor_bytes(base::ed25519_public(seed));
  }
  std::string client_data(std::string_view type, std::string_view challenge) const {
    return base::dump_json(base::Json{{"type", type},
                                      {"challenge", base::to_base64url(challenge)},
                                      {"origin", origin},
                                      {"crossOrigin", cross_origin}});
  }
  std::string data(bool attested) const {
    std::string out(base::view(base::sha256(rp)));
    out.push_back(static_cast<char>(flags | (attested ? 0x40U : 0U)));
    for (int shift = 24; shift >= 0; shift -= 8)
      out.push_back(static_cast<char>(counter >> static_cast<unsigned>(shift)));
    if (!attested) return out;
    out.append(16, '\0');
    out.push_back(static_cast<char>(credential.size() >> 8U));
    out.push_back(static_cast<char>(credential.size() & 255U));
    return out.append(credential).append(cose_key());
  }
  std::string attestation() const {
    return base::from_hex("a3").value() + cbor_text("fmt") + cbor_text("none") + cbor_text("attStmt") +
           base::from_hex("a0").value() + cbor_text("authData") + cbor_bytes(data(true));
  }
  std::string sign(std::string_view client_data_json) const {
    return base::ed25519_sign(seed, data(false) + std::string(base::view(base::sha256(client_data_json))));
  }
  // As the page sends it.
  base::Json assertion(std::string_view challenge) const {
    const std::string client = client_data("webauthn.get", challenge);
    return {{"id", base::to_base64url(credential)},
            {"client_data", base::to_base64url(client)},
            {"authenticator_data", base::to_base64url(data(false))},
            {"signature", base::to_base64url(sign(client))}};
  }
};

}  // namespace postern::accounts
