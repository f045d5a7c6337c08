// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What may be said across the keeper's wall, as one table. The keeper is the only process with private keys;
// whoever asks has a SEQPACKET channel of its own whose purpose the supervisor fixed when it made it, so a
// request cannot claim to be someone else. It stands here and not beside the keeper because the askers
// (terminator, enforcer, ledger, link, desk) must not link what the keeper holds.
//
//   request         may ask      fields after kind and tag                     answer's payload
//   SignTls         Terminator   text key_id, u16 scheme, text to_be_signed    text signature
//   TicketKeys      Terminator   -                                             u8 count, count x 80 bytes,
//                                                                              current first
//   SignPass        Ledger       text payload                                  text signature (64 bytes)
//   PassPublicKey   Ledger       -                                             text key (32 bytes)
//   SignCheckpoint  Ledger, Desk text checkpoint (checkpoint.h)                text signature line (note.h)
//   LogVerifierKey  Ledger, Desk -                                             text verifier key (note.h)
//   SignTlsClient   Enforcer     text key_id, u16 scheme, text to_be_signed    text signature, of what is shown to the component
//   SignTlsClient   Link         the same                                      the same, of what Mission Control is shown
//   Cosign          Ledger       text checkpoint of another log, as a note     text cosignature line (note.h)
//   WitnessKey      Ledger, Desk -                                             text verifier key (note.h)
//   CosignFor       Desk         text checkpoint of an installation's log, as a note, text verifier key of that log
//                                                                              text cosignature line (note.h)
//   SignHandover    Ledger       text handover (handover.h)                    text both signature lines
//   SignWebhook     Ledger       text target, text "id.timestamp.body"          text signature ("v1,BASE64")
//   SignAcme        Link         text step, text url, text nonce, text account   text request (keeper/acme_signer.h)
//   AcmeThumbprint  Link         -                                             text thumbprint
//   BeginChallenge  Link         text name, text token                         empty text (keeper/acme_challenge.h)
//   EndChallenge    Link         -                                             empty text
//   ChallengeCertificate  Terminator  text name                                text PEM; empty: no challenge runs for it
//   SignAssertion   Link         -                                             text token (keeper/assertion_signer.h)
//   SuccessorKey    Ledger       -                                             text verifier key of the log's next
//                                                                              key, empty if there is none
//   IssueInstallation  Desk      text id of the installation, text its key      text certificate in PEM
//                                (SubjectPublicKeyInfo, DER)                    (keeper/installation_signer.h)
//
// Request: u8 kind, u32 tag, fields. Answer: u32 tag of the request, u8 outcome (0 done, 1 refused), then the
// payload, or a text with one sentence. Little-endian, texts with a u32 length (base/bytes.h). One request is
// one datagram, and so is one answer; neither is longer than kKeeperMessageLimit, but for SignTlsClient: what a
// client signs in TLS 1.2 is the whole handshake with both chains of certificates, and has kKeeperTranscriptLimit.
// The tag lets an asker that stopped waiting recognise a late answer and drop it.
//
// Example (PassPublicKey with tag 7): 04 07 00 00 00
//   answer: 07 00 00 00  00  20 00 00 00  <32 bytes>
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::certs {

inline constexpr std::size_t kKeeperMessageLimit = 8U << 10U;
inline constexpr std::size_t kKeeperTranscriptLimit = 64U << 10U;
inline constexpr std::size_t kKeyIdSize = 32;  // SHA-256 of the key's SubjectPublicKeyInfo

enum class KeeperRequest : std::uint8_t {
  SignTls = 1,
  TicketKeys = 2,
  SignPass = 3,
  PassPublicKey = 4,
  SignCheckpoint = 5,
  LogVerifierKey = 6,
  SignTlsClient = 7,
  SignHandover = 10,
  SuccessorKey = 11,
  Cosign = 20,
  WitnessKey = 21,
  CosignFor = 22,
  SignWebhook = 30,
  SignAcme = 40,
  AcmeThumbprint = 41,
  BeginChallenge = 42,
  EndChallenge = 43,
  ChallengeCertificate = 44,
  SignAssertion = 50,
  IssueInstallation = 60,
};
constexpr std::size_t request_limit(KeeperRequest kind) {
  return kind == KeeperRequest::SignTlsClient ? kKeeperTranscriptLimit : kKeeperMessageLimit;
}

// What a pass must start with before the keeper signs it: a signature made for a pass is good for nothing
// else.
inline constexpr std::string_view kPassPrefix = "postern-pass-v1\n";

// TLS SignatureScheme code points (RFC 8446 section 4.2.3), those that Postern uses.
enum class Scheme : std::uint16_t {
  RsaPkcs1Sha256 = 0x0401,
  RsaPkcs1Sha384 = 0x0501,
  RsaPkcs1Sha512 = 0x0601,  // TLS 1.2 only
  EcdsaSha256 = 0x0403,
  EcdsaSha384 = 0x0503,
  EcdsaSha512 = 0x0603,  // in TLS 1.2 with any curve
  RsaPssSha256 = 0x0804,
  RsaPssSha384 = 0x0805,
  RsaPssSha512 = 0x0806,
  Ed25519 = 0x0807,
};

// The keys that seal session tickets: shared by the terminators of one listener so that each can resume what
// another began.
struct TicketKey {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> cipher{};  // AES-256-CBC
  std::array<unsigned char, 32> mac{};     // HMAC-SHA256
};
inline constexpr std::size_t kTicketKeySize = 80;
inline constexpr std::size_t kTicketKeysLimit = 4;

std::string encode_sign_tls(std::uint32_t tag, std::string_view key_id, Scheme scheme,
                            std::string_view to_be_signed);
std::string encode_sign_tls_client(std::uint32_t tag, std::string_view key_id, Scheme scheme,
                                   std::string_view to_be_signed);
std::string encode_ticket_keys(std::uint32_t tag);
std::string encode_sign_pass(std::uint32_t tag, std::string_view payload);
std::string encode_pass_public_key(std::uint32_t tag);
std::string encode_sign_checkpoint(std::uint32_t tag, std::string_view text);
std::string encode_log_verifier_key(std::uint32_t tag);
std::string encode_cosign(std::uint32_t tag, std::string_view note);
std::string encode_witness_key(std::uint32_t tag);
std::string encode_cosign_for(std::uint32_t tag, std::string_view note, std::string_view log);
std::string encode_sign_webhook(std::uint32_t tag, std::string_view target, std::string_view payload);
std::string encode_sign_handover(std::uint32_t tag, std::string_view text);
std::string encode_successor_key(std::uint32_t tag);
std::string encode_sign_acme(std::uint32_t tag, std::string_view step, std::string_view url,
                             std::string_view nonce, std::string_view account);
std::string encode_acme_thumbprint(std::uint32_t tag);
std::string encode_begin_challenge(std::uint32_t tag, std::string_view name, std::string_view token);
std::string encode_end_challenge(std::uint32_t tag);
std::string encode_sign_assertion(std::uint32_t tag);
std::string encode_challenge_certificate(std::uint32_t tag, std::string_view name);
std::string encode_issue_installation(std::uint32_t tag, std::string_view id, std::string_view key);

struct KeeperAnswer {
  std::uint32_t tag = 0;
  bool done = false;
  std::string payload;  // done: the fields; refused: one sentence
};
base::Result<KeeperAnswer> decode_answer(std::string_view message);  // Corrupt if it is not one
std::string encode_done(std::uint32_t tag, std::string_view payload);
std::string encode_refused(std::uint32_t tag, std::string_view sentence);

std::string encode_ticket_payload(const std::vector<TicketKey>& keys);  // at most kTicketKeysLimit
base::Result<std::vector<TicketKey>> decode_ticket_payload(std::string_view payload);
std::string encode_text_payload(std::string_view text);
base::Result<std::string> decode_text_payload(std::string_view payload);

}  // namespace postern::certs
