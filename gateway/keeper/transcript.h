// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a client signs in TLS 1.2 (RFC 5246 section 7.4.8): all messages of the handshake so far, as they are, not
// their hash. So the keeper sees more of it than of any other handshake, and checks all that it sees:
//
//   ClientHello ServerHello Certificate [CertificateStatus] ServerKeyExchange CertificateRequest ServerHelloDone
//   Certificate ClientKeyExchange
//
// in this order and nothing else, each exactly as long as it says, for TLS 1.2, with a suite and a group of ours; and
// the client's Certificate begins with the very certificate that the key was given to the keeper with.
//
// Why that is nothing else. It begins with 01, so it is neither what TLS 1.3 signs (64 spaces), nor a certificate or
// a request for one (30), nor a token ("ey"). It could be what a TLS 1.2 server signs for its key exchange (64
// random bytes, then parameters) only if the 32 random bytes of somebody's ClientHello happened to begin like a
// handshake message of the right length: once in 2^32 of them. For that case too, a text whose bytes from the 65th on
// are such parameters is refused; a real handshake, where random bytes stand there, is so once in 2^25 at most, and is
// made again.
#pragma once

#include <string_view>

namespace postern::keeper {

// leaf: DER.
bool is_client_transcript(std::string_view text, std::string_view leaf);

// X25519, P-256, P-384: how long a public point of that group is in TLS; 0 for any other group.
std::size_t point_size(unsigned group);

}  // namespace postern::keeper
