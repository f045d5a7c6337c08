// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A BIO between OpenSSL and the bytes of one call: it reads from the caller's view and appends to the
// caller's buffer. What a memory BIO would copy and keep, the caller has already.
#pragma once

#include <openssl/types.h>

#include <string_view>

#include "base/buffer.h"
#include "certs/openssl_ptr.h"

namespace postern::tls {

// Both are nullptr between calls: reading then finds nothing, writing finds no room.
struct ByteStream {
  std::string_view* in = nullptr;
  base::Buffer* out = nullptr;
};

// stream outlives the BIO.
certs::BioPtr make_byte_bio(ByteStream& stream);

}  // namespace postern::tls
