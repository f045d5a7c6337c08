// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/sha1.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace postern::http {

std::string sha1(std::string_view bytes) {
  constexpr std::size_t kSize = 20;
  std::string out(kSize, '\0');
  // Nothing but want of memory makes it fail.
  POSTERN_CHECK(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr,
                           EVP_sha1(), nullptr) == 1);
  return out;
}

}  // namespace postern::http
