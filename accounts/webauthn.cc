// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "accounts/webauthn.h"

#include <optional>

#include "accounts/account.h"
#include "accounts/algorithms.h"
#include "accounts/cbor.h"
#include "base/bytes.h"
#include "base/crypto.h"
#include "base/json.h"

namespace postern::accounts {
namespace {

using base::Code;
using base::Result;
using base::Status;
using Kind = Cbor::Kind;

constexpr int kClientDataDepth = 4;

// Flags of authenticator data (section 6.1).
constexpr unsigned kUserPresent = 0x01, kUserVerified = 0x04, kAttested = 0x40, kExtensions = 0x80;

// Labels of a COSE key (RFC 9053).
constexpr std::int64_t kKeyType = 1, kAlgorithm = 3, kCurve = -1, kX = -2, kY = -3, kModulus = -1,
                       kExponent = -2;
constexpr std::int64_t kOkp = 1, kEc2 = 2, kRsa = 3, kP256 = 1, kEd25519 = 6;

base::Error wrong(std::string what) { return base::fail(Code::Invalid, base::Side::Client, std::move(what)); }

// 7.1 steps 5 to 9, 7.2 steps 9 to 13.
Status judge_client_data(std::string_view text, std::string_view type, std::string_view challenge,
                         const RelyingParty& party) {
  if (text.size() > kClientDataLimit) return wrong("the client data is too long");
  const auto json = base::parse_json(text, kClientDataDepth);
  if (!json.ok() || !json->is_object()) return wrong("the client data is not JSON");
  if (base::json_text_or(*json, "type", "") != type) return wrong("the client data is of another kind");
  const auto given = base::from_base64url(base::json_text_or(*json, "challenge", ""));
  if (challenge.size() != kChallengeSize || !given || !base::equals_constant_time(*given, challenge))
    return wrong("the answer is to another challenge");
  if (base::json_text_or(*json, "origin", "") != party.origin)
    return wrong("the answer is for another origin: " +
                 base::printable(base::json_text_or(*json, "origin", ""), 128));
  if (json->contains("crossOrigin") && (*json)["crossOrigin"] != false)
    return wrong("the answer was made inside a page of another origin");
  return base::Ok{};
}

struct AuthenticatorData {
  std::uint32_t counter = 0;
  std::string_view credential, key;  // only with a new credential
};

std::uint32_t read_counter(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

// Attested credential data (section 6.5.1), off the front of rest.
bool read_attested(std::string_view& rest, AuthenticatorData& out) {
  constexpr std::size_t kAaguid = 16;
  if (rest.size() < kAaguid + 2) return false;
  rest.remove_prefix(kAaguid);
  const std::size_t size = read_counter(rest.substr(0, 2));
  rest.remove_prefix(2);
  if (size == 0 || size > kLongestCredential || rest.size() < size) return false;
  out.credential = rest.substr(0, size);
  rest.remove_prefix(size);
  const std::string_view before = rest;
  if (!read_cbor(rest)) return false;
  out.key = before.substr(0, before.size() - rest.size());
  return out.key.size() <= kLongestKey;
}

// Section 6.1; 7.1 steps 13 to 15, 7.2 steps 15 to 17.
Result<AuthenticatorData> judge_authenticator_data(std::string_view bytes, const RelyingParty& party,
                                                   bool attested) {
  constexpr std::size_t kFixed = 32 + 1 + 4;
  if (bytes.size() < kFixed || bytes.size() > kAuthenticatorLimit)
    return wrong("the authenticator data is cut");
  if (bytes.substr(0, 32) != base::view(base::sha256(party.id)))
    return wrong("the credential is for another host name");
  const auto flags = static_cast<unsigned char>(bytes[32]);
  if ((flags & kUserPresent) == 0) return wrong("nobody was there");
  if ((flags & kUserVerified) == 0) return wrong("the authenticator did not verify who was there");
  AuthenticatorData out;
  out.counter = read_counter(bytes.substr(33, 4));
  std::string_view rest = bytes.substr(kFixed);
  if (((flags & kAttested) != 0) != attested) return wrong("the authenticator data is of another kind");
  if (attested && !read_attested(rest, out)) return wrong("the new credential cannot be read");
  if ((flags & kExtensions) != 0) {
    const auto extensions = read_cbor(rest);
    if (!extensions || extensions->kind != Kind::Map) return wrong("the extensions cannot be read");
  }
  if (!rest.empty()) return wrong("there is more than authenticator data");
  return out;
}

struct CoseKey {
  int algorithm = 0;
  std::string_view a, b;  // x and y; x; n and e
};

std::string_view bytes_at(const Cbor& map, std::int64_t label) {
  const Cbor* found = map.find(label, Kind::Bytes);
  return found == nullptr ? std::string_view() : found->bytes;
}
bool has_number(const Cbor& map, std::int64_t label, std::int64_t value) {
  const Cbor* found = map.find(label, Kind::Number);
  return found != nullptr && found->number == value;
}

std::optional<CoseKey> read_key(std::string_view bytes) {
  const auto map = read_cbor(bytes);
  if (!map || !bytes.empty()) return std::nullopt;
  if (has_number(*map, kKeyType, kEc2) && has_number(*map, kAlgorithm, kEs256) &&
      has_number(*map, kCurve, kP256))
    return CoseKey{kEs256, bytes_at(*map, kX), bytes_at(*map, kY)};
  if (has_number(*map, kKeyType, kOkp) && has_number(*map, kAlgorithm, kEdDsa) &&
      has_number(*map, kCurve, kEd25519))
    return CoseKey{kEdDsa, bytes_at(*map, kX), {}};
  if (has_number(*map, kKeyType, kRsa) && has_number(*map, kAlgorithm, kRs256))
    return CoseKey{kRs256, bytes_at(*map, kModulus), bytes_at(*map, kExponent)};
  return std::nullopt;
}

bool is_usable(const CoseKey& key) {
  if (key.algorithm == kEs256) return is_p256_point(key.a, key.b);
  if (key.algorithm == kRs256) return is_rsa_key(key.a, key.b);
  return key.a.size() == base::kEd25519PublicSize;
}

bool verify_signature(const CoseKey& key, std::string_view message, std::string_view signature) {
  if (key.algorithm == kEs256) return verify_es256(key.a, key.b, message, signature);
  if (key.algorithm == kRs256) return verify_rs256(key.a, key.b, message, signature);
  return key.a.size() == base::kEd25519PublicSize && signature.size() == base::kEd25519SignatureSize &&
         base::ed25519_verify(key.a, message, signature);
}

}  // namespace

Result<NewCredential> judge_registration(const RelyingParty& party, std::string_view challenge,
                                         std::string_view client_data_json,
                                         std::string_view attestation_object) {
  if (const Status client = judge_client_data(client_data_json, "webauthn.create", challenge, party);
      !client.ok())
    return client.error();
  if (attestation_object.size() > kAuthenticatorLimit) return wrong("the attestation object is too long");
  const auto object = read_cbor(attestation_object);
  const Cbor* data = object ? object->find("authData", Kind::Bytes) : nullptr;
  if (data == nullptr || !attestation_object.empty()) return wrong("the attestation object cannot be read");
  const auto judged = judge_authenticator_data(data->bytes, party, true);
  if (!judged.ok()) return judged.error();
  const auto key = read_key(judged->key);
  if (!key || !is_usable(*key)) return wrong("the new credential's key is of a kind that was not asked for");
  return NewCredential{std::string(judged->credential), std::string(judged->key), judged->counter};
}

Result<std::uint32_t> judge_assertion(const RelyingParty& party, std::string_view challenge,
                                      const Known& known, const Assertion& assertion) {
  if (const Status client = judge_client_data(assertion.client_data_json, "webauthn.get", challenge, party);
      !client.ok())
    return client.error();
  const auto judged = judge_authenticator_data(assertion.authenticator_data, party, false);
  if (!judged.ok()) return judged.error();
  const auto key = read_key(known.key);
  std::string message(assertion.authenticator_data);
  message += base::view(base::sha256(assertion.client_data_json));
  if (!key || assertion.signature.size() > kSignatureLimit ||
      !verify_signature(*key, message, assertion.signature))
    return base::fail(Code::Denied, base::Side::Client, "the signature is not that of the passkey");
  const bool counts = judged->counter != 0 || known.counter != 0;
  if (counts && judged->counter <= known.counter) {  // 7.2 step 21
    return base::fail(Code::Denied, base::Side::Client,
                      "the passkey's counter has not risen: there may be a copy of it");
  }
  return judged->counter;
}

std::string challenge_in(std::string_view client_data_json) {
  if (client_data_json.size() > kClientDataLimit) return {};
  const auto json = base::parse_json(client_data_json, kClientDataDepth);
  if (!json.ok() || !json->is_object()) return {};
  return base::from_base64url(base::json_text_or(*json, "challenge", "")).value_or(std::string());
}

}  // namespace postern::accounts
