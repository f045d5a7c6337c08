// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Keys that sign updates: an Ed25519 key as PKCS#8 in PEM (what `openssl genpkey -algorithm ed25519` makes is one), for its owner
// alone, sealed with a passphrase or not; beside it FILE.pub, a line with the public half in hexadecimal, which roots are made of.
#pragma once

#include <string>

#include "base/crypto.h"
#include "base/result.h"

namespace postern::mission {

// Writes FILE and FILE.pub, neither over another; the public half. passphrase empty: not sealed.
base::Result<std::string> make_update_key(const std::string& path, const std::string& passphrase);
// The seed. passphrase_file: where its passphrase is, if it is sealed; empty: asked for at the terminal.
base::Result<base::Secret> read_update_key(const std::string& path, const std::string& passphrase_file);
base::Result<std::string> read_update_public(const std::string& path);  // 32 bytes, of a FILE.pub

}  // namespace postern::mission
