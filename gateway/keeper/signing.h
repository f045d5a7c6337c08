// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a TLS key may sign, and signing it. The form of what is to be signed is the keeper's only defence
// against an asker that was taken over, so it is checked to the byte: see key_ring.h for what that is worth. A
// server's key signs what servers sign, a client's what clients sign; neither form is ever the other.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "certs/keeper_protocol.h"
#include "gateway/keeper/token_key.h"

namespace postern::keeper {

enum class Form {
  Neither,
  Tls12,  // a server: RFC 8422 section 5.4: client random, server random, ECParameters (a named curve), the point;
          // a client: RFC 5246 section 7.4.8 (transcript.h)
  Tls13,  // RFC 8446 section 4.4.3: 64 spaces, the context string of its side, a zero, the transcript hash
};
Form server_form(std::string_view to_be_signed);
// leaf: the certificate that the client shows, DER.
Form client_form(std::string_view to_be_signed, std::string_view leaf);

// form: that of to_be_signed. Denied if the key, the scheme and the form do not belong together.
base::Result<std::string> sign(const TlsKey& key, certs::Scheme scheme, Form form,
                               std::string_view to_be_signed);

}  // namespace postern::keeper
