// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/md5.h"

#include <openssl/evp.h>

#include "base/bytes.h"

namespace postern::link {

std::string md5_hex(std::string_view bytes) {
  constexpr std::size_t kSize = 16;
  std::string out(kSize, '\0');
  const bool done = EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()),
                               nullptr, EVP_md5(), nullptr) == 1;
  return done ? base::to_hex(out) : std::string();
}

}  // namespace postern::link
