// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A TLS key that signs: one that we hold, or one that lies in a token (gateway/token/token.h), of which we have the public
// part from its certificate. What a signature is asked for is judged in signing.h, for both in the same way.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "certs/openssl_ptr.h"
#include "gateway/token/token.h"

namespace postern::keeper {

// A private key by its name, in a token that outlives all who use it.
struct KeyInToken {
  token::Token* token = nullptr;
  std::string uri;
};

// A key that was found in a token, which outlives this.
struct TokenUse {
  token::Token* token = nullptr;
  const token::Token::Key* key = nullptr;
};

struct TlsKey {
  certs::KeyPtr key;              // of a token's: the public part
  token::Token* token = nullptr;  // nullptr: key is all
  const token::Token::Key* in_token = nullptr;
};

// The key of the leaf in certificate_pem, which must be the one that the token has: what it signs is verified. Invalid: it is
// another. Denied: no TLS is done with such a key.
base::Result<TlsKey> find_token_key(const KeyInToken& name, std::string_view certificate_pem);

// As EVP_DigestSign would. digest: its name in OpenSSL; nullptr: the key hashes by itself.
enum class Padding { None, Pkcs1, Pss };
base::Result<std::string> sign_in_token(const TlsKey& key, const char* digest, Padding padding,
                                        std::string_view to_be_signed);

}  // namespace postern::keeper
