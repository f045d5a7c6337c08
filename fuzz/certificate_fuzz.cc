// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Certificates as peers send them (DER) and as files have them (PEM). Whatever is accepted must come back the
// same.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "certs/certificate.h"
#include "certs/verify.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (auto facts = certs::read_certificate(bytes)) {
    POSTERN_CHECK(facts->fingerprint.size() == 64 && facts->key_id.size() == 32);
    auto again = certs::pem_to_der(certs::der_to_pem(bytes));
    POSTERN_CHECK(again.ok() && again->size() == 1 && again->front() == bytes);
  }
  if (auto chain = certs::pem_to_der(bytes)) {
    POSTERN_CHECK(!chain->empty() && chain->size() <= certs::kChainLimit);
    if (auto verifier = certs::ClientVerifier::make({std::string(bytes)}))
      static_cast<void>(verifier->judge(*chain, 1));
  }
  return 0;
}
