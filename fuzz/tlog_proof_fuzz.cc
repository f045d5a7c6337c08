// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a proof: what is accepted is written the same, and verifying it ends.
#include <cstdint>
#include <string_view>

#include "audit/tlog_proof.h"
#include "base/check.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const certs::VerifierKey key =
      *certs::parse_verifier_key("postern/test+a7fe4359+AYMgpRl32MOMqKSSfGcN9YIeRJdhlF4V6e+yahUJ0jDq");
  const auto proof = audit::parse_tlog_proof(text);
  if (!proof.ok()) return 0;
  POSTERN_CHECK(audit::format_tlog_proof(*proof) == text);
  (void)audit::verify_tlog_proof(*proof, key);
  return 0;
}
