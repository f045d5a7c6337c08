// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Grants as signed documents. Whatever text is signed, it is a grant in its one form or none; whatever else is in the
// document, it is none without a signature.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "certs/signed_grant.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = base::init_crypto().ok();
  POSTERN_CHECK(ready);
  static const certs::SignerKey key{"example.org/grants",
                                    base::Secret(std::string(base::kEd25519SeedSize, 'g'))};
  static const std::vector<certs::VerifierKey> keys{certs::verifier_of(key)};
  const std::string text(reinterpret_cast<const char*>(data), size);
  POSTERN_CHECK(!certs::open_grant(text, keys).ok());
  const auto opened = certs::open_grant(text + "\n" + certs::signature_line(key, text), keys);
  if (opened.ok()) POSTERN_CHECK(*certs::format_grant(opened->grant) == text);
  return 0;
}
