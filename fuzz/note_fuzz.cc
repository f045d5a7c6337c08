// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a signed note, as a checkpoint, and as a key: what is accepted has one form.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/crypto.h"
#include "certs/checkpoint.h"
#include "certs/key_elsewhere.h"
#include "certs/note.h"

using namespace postern::certs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const bool ready = postern::base::init_crypto().ok();  // before the first Secret
  POSTERN_CHECK(ready);
  static const VerifierKey key =
      *parse_verifier_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  if (const auto note = parse_note(text); note.ok()) {
    POSTERN_CHECK(text.starts_with(note->text) && !note->signatures.empty());
    (void)check_signature(*note, key);
    (void)cosigned_at(*note, key);
    const auto checkpoint = parse_checkpoint(note->text);
    if (checkpoint.ok()) POSTERN_CHECK(note->text.starts_with(format_checkpoint(*checkpoint)));
  }
  if (const auto found = parse_verifier_key(text); found.ok())
    POSTERN_CHECK(format_verifier_key(*found) == text);
  if (const auto found = parse_signer_key(text); found.ok()) POSTERN_CHECK(format_signer_key(*found) == text);
  if (const auto found = parse_key_elsewhere(text); found.ok())
    POSTERN_CHECK(format_key_elsewhere(*found) == text);
  return 0;
}
