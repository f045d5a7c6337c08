// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/keeper_protocol.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"

namespace postern::certs {
namespace {

using base::BinaryReader;
using base::BinaryWriter;
using base::Code;
using base::fail;

constexpr std::uint8_t kDone = 0;
constexpr std::uint8_t kRefused = 1;
constexpr std::size_t kSentenceLimit = 512;

BinaryWriter begin_request(KeeperRequest kind, std::uint32_t tag) {
  BinaryWriter out;
  out.u8(static_cast<std::uint8_t>(kind));
  out.u32(tag);
  return out;
}

template <std::size_t N>
std::string_view bytes_of(const std::array<unsigned char, N>& field) {
  return {reinterpret_cast<const char*>(field.data()), N};
}

template <std::size_t N>
void read_field(BinaryReader& in, std::array<unsigned char, N>& field) {
  const std::string_view bytes = in.raw(N);
  std::copy(bytes.begin(), bytes.end(), field.begin());
}

std::string encode_signing(KeeperRequest kind, std::uint32_t tag, std::string_view key_id, Scheme scheme,
                           std::string_view to_be_signed) {
  BinaryWriter out = begin_request(kind, tag);
  out.text(key_id);
  out.u16(static_cast<std::uint16_t>(scheme));
  out.text(to_be_signed);
  return out.bytes();
}

base::Error not_an_answer() { return fail(Code::Corrupt, "the keeper's answer is not one"); }

}  // namespace

std::string encode_sign_tls(std::uint32_t tag, std::string_view key_id, Scheme scheme,
                            std::string_view to_be_signed) {
  return encode_signing(KeeperRequest::SignTls, tag, key_id, scheme, to_be_signed);
}

std::string encode_sign_tls_client(std::uint32_t tag, std::string_view key_id, Scheme scheme,
                                   std::string_view to_be_signed) {
  return encode_signing(KeeperRequest::SignTlsClient, tag, key_id, scheme, to_be_signed);
}

std::string encode_ticket_keys(std::uint32_t tag) {
  return begin_request(KeeperRequest::TicketKeys, tag).bytes();
}

std::string encode_sign_pass(std::uint32_t tag, std::string_view payload) {
  BinaryWriter out = begin_request(KeeperRequest::SignPass, tag);
  out.text(payload);
  return out.bytes();
}

std::string encode_pass_public_key(std::uint32_t tag) {
  return begin_request(KeeperRequest::PassPublicKey, tag).bytes();
}

std::string encode_sign_checkpoint(std::uint32_t tag, std::string_view text) {
  BinaryWriter out = begin_request(KeeperRequest::SignCheckpoint, tag);
  out.text(text);
  return out.bytes();
}

std::string encode_log_verifier_key(std::uint32_t tag) {
  return begin_request(KeeperRequest::LogVerifierKey, tag).bytes();
}

std::string encode_cosign(std::uint32_t tag, std::string_view note) {
  BinaryWriter out = begin_request(KeeperRequest::Cosign, tag);
  out.text(note);
  return out.bytes();
}

std::string encode_witness_key(std::uint32_t tag) {
  return begin_request(KeeperRequest::WitnessKey, tag).bytes();
}

std::string encode_sign_webhook(std::uint32_t tag, std::string_view target, std::string_view payload) {
  BinaryWriter out = begin_request(KeeperRequest::SignWebhook, tag);
  out.text(target);
  out.text(payload);
  return out.bytes();
}

std::string encode_sign_acme(std::uint32_t tag, std::string_view step, std::string_view url,
                             std::string_view nonce, std::string_view account) {
  BinaryWriter out = begin_request(KeeperRequest::SignAcme, tag);
  for (const std::string_view part : {step, url, nonce, account}) out.text(part);
  return out.bytes();
}

std::string encode_acme_thumbprint(std::uint32_t tag) {
  return begin_request(KeeperRequest::AcmeThumbprint, tag).bytes();
}

std::string encode_begin_challenge(std::uint32_t tag, std::string_view name, std::string_view token) {
  BinaryWriter out = begin_request(KeeperRequest::BeginChallenge, tag);
  out.text(name);
  out.text(token);
  return out.bytes();
}

std::string encode_end_challenge(std::uint32_t tag) {
  return begin_request(KeeperRequest::EndChallenge, tag).bytes();
}

std::string encode_challenge_certificate(std::uint32_t tag, std::string_view name) {
  BinaryWriter out = begin_request(KeeperRequest::ChallengeCertificate, tag);
  out.text(name);
  return out.bytes();
}

std::string encode_cosign_for(std::uint32_t tag, std::string_view note, std::string_view log) {
  BinaryWriter out = begin_request(KeeperRequest::CosignFor, tag);
  out.text(note);
  out.text(log);
  return out.bytes();
}

std::string encode_issue_installation(std::uint32_t tag, std::string_view id, std::string_view key) {
  BinaryWriter out = begin_request(KeeperRequest::IssueInstallation, tag);
  out.text(id);
  out.text(key);
  return out.bytes();
}

std::string encode_sign_assertion(std::uint32_t tag) {
  return begin_request(KeeperRequest::SignAssertion, tag).bytes();
}

std::string encode_sign_handover(std::uint32_t tag, std::string_view text) {
  BinaryWriter out = begin_request(KeeperRequest::SignHandover, tag);
  out.text(text);
  return out.bytes();
}

std::string encode_successor_key(std::uint32_t tag) {
  return begin_request(KeeperRequest::SuccessorKey, tag).bytes();
}

base::Result<KeeperAnswer> decode_answer(std::string_view message) {
  if (message.size() > kKeeperMessageLimit) return not_an_answer();
  BinaryReader in(message);
  KeeperAnswer answer;
  answer.tag = in.u32();
  const std::uint8_t outcome = in.u8();
  if (!in.ok() || outcome > kRefused) return not_an_answer();
  answer.done = outcome == kDone;
  answer.payload = answer.done ? in.rest() : in.text();
  if (!answer.done && !in.done()) return not_an_answer();
  return answer;
}

std::string encode_done(std::uint32_t tag, std::string_view payload) {
  BinaryWriter out;
  out.u32(tag);
  out.u8(kDone);
  out.raw(payload);
  return out.bytes();
}

std::string encode_refused(std::uint32_t tag, std::string_view sentence) {
  BinaryWriter out;
  out.u32(tag);
  out.u8(kRefused);
  out.text(sentence.substr(0, kSentenceLimit));
  return out.bytes();
}

std::string encode_ticket_payload(const std::vector<TicketKey>& keys) {
  POSTERN_CHECK(keys.size() <= kTicketKeysLimit);
  BinaryWriter out;
  out.u8(static_cast<std::uint8_t>(keys.size()));
  for (const TicketKey& key : keys) {
    out.raw(bytes_of(key.name));
    out.raw(bytes_of(key.cipher));
    out.raw(bytes_of(key.mac));
  }
  return out.bytes();
}

base::Result<std::vector<TicketKey>> decode_ticket_payload(std::string_view payload) {
  BinaryReader in(payload);
  const std::size_t count = in.u8();
  if (!in.ok() || count > kTicketKeysLimit || in.rest().size() != count * kTicketKeySize)
    return not_an_answer();
  std::vector<TicketKey> keys(count);
  for (TicketKey& key : keys) {
    read_field(in, key.name);
    read_field(in, key.cipher);
    read_field(in, key.mac);
  }
  return keys;
}

std::string encode_text_payload(std::string_view text) {
  BinaryWriter out;
  out.text(text);
  return out.bytes();
}

base::Result<std::string> decode_text_payload(std::string_view payload) {
  BinaryReader in(payload);
  std::string text(in.text());
  if (!in.done()) return not_an_answer();
  return text;
}

}  // namespace postern::certs
