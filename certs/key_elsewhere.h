// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What stands in the file of a signer key (note.h) whose private part is not in that file but in a token: the verifier key, so that
// whoever opens the file knows whose it is, and where the private part lies, on a line each:
//
//   postern/north+1a2b3c4d+AR8s..
//   pkcs11:token=gateway;object=log
//
// Given up: nobody can tell from the file alone that the token has that key; who uses it has to try.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "certs/note.h"

namespace postern::certs {

struct KeyElsewhere {
  VerifierKey verifier;  // of an Ed25519 key
  std::string place;     // a PKCS #11 URI, which is not judged here
};

// Whether a file's text says so of itself.
bool is_key_elsewhere(std::string_view text);
base::Result<KeyElsewhere> parse_key_elsewhere(std::string_view text);  // Invalid, with what is wrong
std::string format_key_elsewhere(const KeyElsewhere& key);              // with its last newline

// The line of a note (note.h), with its newline, around a signature that was made elsewhere. Also of a cosignature, whose bytes
// begin with its time.
std::string line_of_signature(const VerifierKey& key, std::string_view signature);

}  // namespace postern::certs
