// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Signed notes (C2SP signed-note): a text, an empty line, and signature lines. Pure. The log's checkpoint is
// one, and so is what a witness adds to it.
//
//   note          = text "\n" 1*signature                    text ends with a newline
//   signature     = "— " name " " base64(u32 key id, bytes) "\n"
//   verifier key  = name "+" 8 hexadecimal digits of the id "+" base64(u8 algorithm, public key)
//   signer key    = "PRIVATE+KEY+" name "+" the same id "+" base64(u8 algorithm, 32 bytes of seed)
//   id            = the first 4 bytes of SHA-256(name "\n" u8 algorithm, public key), big-endian
//
// Algorithms: 1 is Ed25519 over the text; 4 is a cosignature of a witness (C2SP tlog-cosignature), 8 bytes of
// time, big-endian seconds, and Ed25519 over "cosignature/v1\ntime N\n" and the text. Others stay unknown keys.
// The signer key has the form of Go's sumdb/note, so that its tools read it too.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/result.h"

namespace postern::certs {

inline constexpr std::size_t kNoteLimit = 64U << 10U;  // bytes of a note
inline constexpr std::size_t kNoteSignatures = 64;     // a verifier must accept 16
inline constexpr std::size_t kKeyNameLimit = 255;

enum class NoteAlgorithm : std::uint8_t { Ed25519 = 1, Cosignature = 4 };

struct VerifierKey {
  std::string name;
  std::uint32_t id = 0;
  NoteAlgorithm algorithm = NoteAlgorithm::Ed25519;
  std::string public_key;  // 32 bytes
  bool operator==(const VerifierKey&) const = default;
};
VerifierKey make_verifier_key(std::string name, NoteAlgorithm algorithm, std::string public_key);
// Invalid, with what is wrong: also if the id does not fit the key.
base::Result<VerifierKey> parse_verifier_key(std::string_view text);
std::string format_verifier_key(const VerifierKey& key);

struct SignerKey {
  std::string name;
  base::Secret seed;
};
// Of Ed25519 keys. Whoever has the text wipes it. The sentences repeat nothing of it.
base::Result<SignerKey> parse_signer_key(std::string_view text);
std::string format_signer_key(const SignerKey& key);
VerifierKey verifier_of(const SignerKey& key);

// Printable ASCII without space and plus, at most kKeyNameLimit bytes: narrower than the specification, which
// allows other scripts.
bool is_key_name(std::string_view name);

struct NoteSignature {
  std::string name;
  std::uint32_t id = 0;
  std::string bytes;
};
struct Note {
  std::string text;  // with its last newline
  std::vector<NoteSignature> signatures;
};
base::Result<Note> parse_note(std::string_view bytes);  // Invalid; no signature was looked at

// One line, with its newline.
std::string signature_line(const SignerKey& key, std::string_view text);
std::string cosignature_line(const SignerKey& key, std::string_view text, std::uint64_t seconds);

enum class Signed { Yes, No, NotByThisKey };
// No: a signature that says it is by this key does not fit; then the note is worth nothing.
Signed check_signature(const Note& note, const VerifierKey& key);

// The time in seconds that a cosignature by this key states; nothing if there is none that fits.
std::optional<std::uint64_t> cosigned_at(const Note& note, const VerifierKey& key);

// What the texts around notes are made of: lines, numbers and hashes, each in one form.
std::optional<std::string_view> take_line(
    std::string_view& text);  // the first, which text loses; without newline
std::optional<std::uint64_t> parse_decimal(std::string_view digits);
std::optional<base::Sha256> parse_hash(std::string_view base64);

}  // namespace postern::certs
