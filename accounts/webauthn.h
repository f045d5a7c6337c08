// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Passkeys: what a browser brings back from an authenticator, judged (W3C Web Authentication Level 2, sections 7.1 and
// 7.2; the numbers at the checks are its steps). A discoverable credential with the user verified, without attestation:
// which make of authenticator somebody has is none of our business. Pure; the challenge's life is the caller's
// (face/challenges.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::accounts {

// For whom a credential is: the host and the origin that the browser shows. From our own configured names, never from
// what was sent.
struct RelyingParty {
  std::string id;      // "console.example"; never an IP address, to which browsers bind no credential
  std::string origin;  // "https://console.example:9443"
};

inline constexpr std::size_t kChallengeSize = 32;      // bytes
inline constexpr std::size_t kClientDataLimit = 4096;  // bytes
inline constexpr std::size_t kAuthenticatorLimit =
    16384;  // bytes of an attestation object, or of authenticator data
inline constexpr std::size_t kSignatureLimit = 2048;  // bytes

// Algorithms that are asked for, as COSE numbers them: Ed25519, ECDSA with P-256, RSA.
inline constexpr int kEdDsa = -8, kEs256 = -7, kRs256 = -257;

struct NewCredential {
  std::string id;   // raw
  std::string key;  // COSE, raw
  std::uint32_t counter = 0;
};
// challenge: the raw bytes that this browser was given. Invalid, side Client, with what is wrong.
base::Result<NewCredential> judge_registration(const RelyingParty& party, std::string_view challenge,
                                               std::string_view client_data_json,
                                               std::string_view attestation_object);

struct Assertion {
  std::string_view client_data_json, authenticator_data, signature;
};
struct Known {
  std::string_view key;       // COSE, raw, as judge_registration gave it
  std::uint32_t counter = 0;  // the last one seen
};
// The new counter. Denied if the signature is not the key's, or if the counter has not risen although the authenticator
// counts: there is a copy of it. Invalid for all else.
base::Result<std::uint32_t> judge_assertion(const RelyingParty& party, std::string_view challenge,
                                            const Known& known, const Assertion& assertion);

// The challenge that client data carries, raw; empty if it cannot be read. For finding what was asked.
std::string challenge_in(std::string_view client_data_json);

}  // namespace postern::accounts
