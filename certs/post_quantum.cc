// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/post_quantum.h"

#include <openssl/err.h>
#include <openssl/evp.h>

namespace postern::certs {

bool has_post_quantum_agreement() {
  EVP_KEYMGMT* management = EVP_KEYMGMT_fetch(nullptr, "X25519MLKEM768", nullptr);
  if (management == nullptr) ERR_clear_error();
  EVP_KEYMGMT_free(management);
  return management != nullptr;
}

}  // namespace postern::certs
