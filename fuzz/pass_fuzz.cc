// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A pass as somebody typed it, and the same bytes as a payload that was signed: nothing is accepted without
// the signature, and what is accepted is written and read back as it is.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/crypto.h"
#include "gateway/ledger/pass.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = base::init_crypto().ok();
  static const base::Secret seed(std::string(32, 's'));
  static const std::string key = base::ed25519_public(seed);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  POSTERN_CHECK(ready && !ledger::read_pass(bytes, key).ok());
  const std::string text = ledger::pass_text(bytes, base::ed25519_sign(seed, ledger::signed_part(bytes)));
  const auto pass = ledger::read_pass(text, key);
  if (!pass.ok()) return 0;
  POSTERN_CHECK(text.size() <= ledger::kPassLimit && !pass->engineer.empty());
  const std::string payload = ledger::pass_payload(*pass);
  const auto again = ledger::read_pass(
      ledger::pass_text(payload, base::ed25519_sign(seed, ledger::signed_part(payload))), key);
  POSTERN_CHECK(again.ok() ? again->expires == pass->expires : payload.size() > bytes.size());
  return 0;
}
