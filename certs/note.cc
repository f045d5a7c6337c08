// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/note.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "certs/key_elsewhere.h"

namespace postern::certs {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::string_view kDash = "\xe2\x80\x94 ";  // U+2014 and a space
constexpr std::string_view kPrivate = "PRIVATE+KEY+";
constexpr std::size_t kIdSize = 4;
constexpr std::size_t kTimeSize = 8;
constexpr std::uint64_t kLatest = INT64_MAX;

std::string big_endian(std::uint64_t value, std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = size; i-- > 0; value >>= 8U) out[i] = static_cast<char>(value & 255U);
  return out;
}

std::uint64_t from_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

std::uint32_t id_of(std::string_view name, std::string_view key_bytes) {
  std::string hashed(name);
  hashed += '\n';
  hashed += key_bytes;
  const base::Sha256 digest = base::sha256(hashed);
  return static_cast<std::uint32_t>(from_big_endian(base::view(digest).substr(0, kIdSize)));
}

std::string key_bytes(NoteAlgorithm algorithm, std::string_view key) {
  std::string out(1, static_cast<char>(algorithm));
  out += key;
  return out;
}

// name "+" id "+" base64: what both kinds of key have in common.
struct KeyText {
  std::string name;
  std::uint32_t id = 0;
  std::string bytes;  // the algorithm, and 32 bytes
};

std::optional<KeyText> split_key(std::string_view text) {
  const std::size_t first = text.find('+');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find('+', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(first + 1, second - first - 1);
  const auto id = base::from_hex(digits);
  auto bytes = base::from_base64(text.substr(second + 1));
  if (!is_key_name(text.substr(0, first)) || !id || id->size() != kIdSize || base::to_hex(*id) != digits ||
      !bytes || bytes->size() != 1 + base::kEd25519PublicSize) {
    return std::nullopt;
  }
  return KeyText{std::string(text.substr(0, first)), static_cast<std::uint32_t>(from_big_endian(*id)),
                 *std::move(bytes)};
}

std::string cosigned_text(std::string_view text, std::uint64_t seconds) {
  return "cosignature/v1\ntime " + std::to_string(seconds) + "\n" + std::string(text);
}

std::optional<NoteSignature> parse_signature(std::string_view line) {
  if (!line.starts_with(kDash)) return std::nullopt;
  line.remove_prefix(kDash.size());
  const std::size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos) return std::nullopt;
  const std::string_view name = line.substr(0, space);
  auto bytes = base::from_base64(line.substr(space + 1));
  if (name.find('+') != std::string_view::npos || !bytes || bytes->size() <= kIdSize) return std::nullopt;
  return NoteSignature{
      std::string(name),
      static_cast<std::uint32_t>(from_big_endian(std::string_view(*bytes).substr(0, kIdSize))),
      bytes->substr(kIdSize)};
}

bool is_plain(std::string_view bytes) {
  return base::is_utf8(bytes) && std::all_of(bytes.begin(), bytes.end(), [](char c) {
           return static_cast<unsigned char>(c) >= 0x20 || c == '\n';
         });
}

// The time of a cosignature; 0 for a signature of the other kind; nothing if it does not fit.
std::optional<std::uint64_t> verified(const VerifierKey& key, std::string_view text, std::string_view bytes) {
  if (key.algorithm == NoteAlgorithm::Ed25519) {
    if (!base::ed25519_verify(key.public_key, text, bytes)) return std::nullopt;
    return 0;
  }
  if (bytes.size() != kTimeSize + base::kEd25519SignatureSize) return std::nullopt;
  const std::uint64_t seconds = from_big_endian(bytes.substr(0, kTimeSize));
  if (seconds > kLatest ||
      !base::ed25519_verify(key.public_key, cosigned_text(text, seconds), bytes.substr(kTimeSize)))
    return std::nullopt;
  return seconds;
}

}  // namespace

bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() <= kKeyNameLimit &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '+'; });
}

VerifierKey make_verifier_key(std::string name, NoteAlgorithm algorithm, std::string public_key) {
  const std::uint32_t id = id_of(name, key_bytes(algorithm, public_key));
  return {std::move(name), id, algorithm, std::move(public_key)};
}

Result<VerifierKey> parse_verifier_key(std::string_view text) {
  if (text.starts_with(kPrivate)) return fail(Code::Invalid, "this is a private key, not a verifier key");
  const auto split = split_key(text);
  if (!split) {
    return fail(Code::Invalid, "this is not a verifier key: NAME+ID+KEY, as postern status shows it");
  }
  const auto algorithm = static_cast<NoteAlgorithm>(split->bytes[0]);
  if (algorithm != NoteAlgorithm::Ed25519 && algorithm != NoteAlgorithm::Cosignature) {
    return fail(Code::Invalid, "the verifier key is of an algorithm that is not known here");
  }
  VerifierKey key = make_verifier_key(split->name, algorithm, split->bytes.substr(1));
  if (key.id != split->id)
    return fail(Code::Invalid, "the verifier key's id does not fit it: a typing error?");
  return key;
}

std::string format_verifier_key(const VerifierKey& key) {
  return key.name + "+" + base::to_hex(big_endian(key.id, kIdSize)) + "+" +
         base::to_base64(key_bytes(key.algorithm, key.public_key));
}

Result<SignerKey> parse_signer_key(std::string_view text) {
  const base::Error wrong =
      fail(Code::Invalid, "not a signer key: PRIVATE+KEY+NAME+ID+KEY, as init writes it");
  if (!text.starts_with(kPrivate)) return wrong;
  auto split = split_key(text.substr(kPrivate.size()));
  if (!split) return wrong;
  const bool known = split->bytes[0] == static_cast<char>(NoteAlgorithm::Ed25519);
  SignerKey key{split->name, base::Secret(std::string_view(split->bytes).substr(1))};
  base::wipe(split->bytes);
  if (!known || verifier_of(key).id != split->id) return wrong;
  return key;
}

std::string format_signer_key(const SignerKey& key) {
  std::string bytes = key_bytes(NoteAlgorithm::Ed25519, key.seed.view());
  std::string coded = base::to_base64(bytes);
  std::string out;
  out.reserve(kPrivate.size() + key.name.size() + 2 * kIdSize + 2 + coded.size());  // no copy is left behind
  out.append(kPrivate).append(key.name).append("+");
  out.append(base::to_hex(big_endian(verifier_of(key).id, kIdSize))).append("+").append(coded);
  base::wipe(bytes);
  base::wipe(coded);
  return out;
}

VerifierKey verifier_of(const SignerKey& key) {
  return make_verifier_key(key.name, NoteAlgorithm::Ed25519, base::ed25519_public(key.seed));
}

Result<Note> parse_note(std::string_view bytes) {
  const base::Error wrong = fail(Code::Invalid, "this is not a signed note");
  const std::size_t gap = bytes.rfind("\n\n");
  if (bytes.size() > kNoteLimit || gap == std::string_view::npos || gap == 0 || !is_plain(bytes))
    return wrong;
  Note note;
  note.text = bytes.substr(0, gap + 1);
  std::string_view rest = bytes.substr(gap + 2);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos || note.signatures.size() == kNoteSignatures) return wrong;
    auto signature = parse_signature(rest.substr(0, end));
    if (!signature) return wrong;
    note.signatures.push_back(*std::move(signature));
    rest.remove_prefix(end + 1);
  }
  if (note.signatures.empty()) return wrong;
  return note;
}

std::string signature_line(const SignerKey& key, std::string_view text) {
  return line_of_signature(verifier_of(key), base::ed25519_sign(key.seed, text));
}

std::string cosignature_line(const SignerKey& key, std::string_view text, std::uint64_t seconds) {
  const VerifierKey verifier =
      make_verifier_key(key.name, NoteAlgorithm::Cosignature, base::ed25519_public(key.seed));
  return line_of_signature(
      verifier, big_endian(seconds, kTimeSize) + base::ed25519_sign(key.seed, cosigned_text(text, seconds)));
}

Signed check_signature(const Note& note, const VerifierKey& key) {
  Signed found = Signed::NotByThisKey;
  for (const NoteSignature& signature : note.signatures) {
    if (signature.name != key.name || signature.id != key.id) continue;
    if (!verified(key, note.text, signature.bytes)) return Signed::No;
    found = Signed::Yes;
  }
  return found;
}

std::optional<std::uint64_t> cosigned_at(const Note& note, const VerifierKey& key) {
  if (key.algorithm != NoteAlgorithm::Cosignature) return std::nullopt;
  for (const NoteSignature& signature : note.signatures) {
    if (signature.name != key.name || signature.id != key.id) continue;
    if (const auto seconds = verified(key, note.text, signature.bytes)) return seconds;
  }
  return std::nullopt;
}

std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<std::uint64_t> parse_decimal(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || std::to_string(value) != digits) return std::nullopt;
  return value;
}

std::optional<base::Sha256> parse_hash(std::string_view base64) {
  const auto bytes = base::from_base64(base64);
  base::Sha256 hash{};
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

}  // namespace postern::certs
