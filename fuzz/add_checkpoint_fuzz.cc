// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a request to a witness, and as its answer: what is accepted is written the same, and judged.
#include <cstdint>
#include <string_view>

#include "audit/witness.h"
#include "base/check.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const certs::VerifierKey key =
      *certs::parse_verifier_key("postern/test+a7fe4359+AYMgpRl32MOMqKSSfGcN9YIeRJdhlF4V6e+yahUJ0jDq");
  (void)audit::parse_conflict(text);
  (void)audit::take_cosignature("postern/test\n1\nAAAA\n\n\xe2\x80\x94 a AAAAAAA=\n", text, key);
  const auto request = audit::parse_add_checkpoint(text);
  if (!request.ok()) return 0;
  POSTERN_CHECK(audit::format_add_checkpoint(*request) == text);
  audit::Witnessed known{request->old_size, {}};
  const auto answer = audit::judge_checkpoint(*request, key, known, known);
  POSTERN_CHECK(answer != audit::WitnessAnswer::Cosign || known.size >= request->old_size);
  return 0;
}
