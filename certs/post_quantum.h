// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Key agreement that a quantum computer does not undo later: X25519 together with ML-KEM-768
// (draft-ietf-tls-ecdhe-mlkem). What was recorded today stays closed as long as one of the two holds.
#pragma once

namespace postern::certs {

// Whether the OpenSSL in use, which need not be the one we were built with, has X25519MLKEM768 (3.5 does). It is then
// offered first at every listener and to every component.
bool has_post_quantum_agreement();

}  // namespace postern::certs
