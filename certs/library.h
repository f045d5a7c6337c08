// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// OpenSSL as a whole.
#pragma once

namespace postern::certs {

// Reads OpenSSL's configuration file now. Otherwise its first use does, which in a role may come when the walls
// stand already (gateway/proc/profile.h), and reading a file is then its end.
void load_openssl();

}  // namespace postern::certs
