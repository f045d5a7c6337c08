// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/key_elsewhere.h"

#include <optional>

#include "base/bytes.h"

namespace postern::certs {
namespace {

constexpr std::string_view kPlace = "pkcs11:";
constexpr std::size_t kIdBytes = 4;

}  // namespace

bool is_key_elsewhere(std::string_view text) { return text.find("\npkcs11:") != std::string_view::npos; }

base::Result<KeyElsewhere> parse_key_elsewhere(std::string_view text) {
  const base::Error wrong =
      base::fail(base::Code::Invalid,
                 "it must hold a verifier key and, on the next line, the pkcs11: URI of its private part");
  const std::optional<std::string_view> first = take_line(text);
  const std::optional<std::string_view> second = take_line(text);
  if (!first || !second || !text.empty() || !second->starts_with(kPlace)) return wrong;
  auto verifier = parse_verifier_key(*first);
  if (!verifier.ok()) return verifier.error();
  if (verifier->algorithm != NoteAlgorithm::Ed25519)
    return base::fail(base::Code::Invalid, "the verifier key is a witness' and not a log's");
  return KeyElsewhere{*std::move(verifier), std::string(*second)};
}

std::string format_key_elsewhere(const KeyElsewhere& key) {
  return format_verifier_key(key.verifier) + "\n" + key.place + "\n";
}

std::string line_of_signature(const VerifierKey& key, std::string_view signature) {
  std::string bytes(kIdBytes, '\0');
  std::uint32_t id = key.id;
  for (std::size_t i = kIdBytes; i-- > 0; id >>= 8U) bytes[i] = static_cast<char>(id & 255U);
  return "\xe2\x80\x94 " + key.name + " " + base::to_base64(bytes.append(signature)) + "\n";
}

}  // namespace postern::certs
