// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a server is shown to let us in, as the value of a header field: a bearer token (RFC 6750 section 2.1), a
// user and a password (RFC 7617), or whatever a field of its own holds. Made from the text of the file that
// holds the secret part; every copy made on the way is wiped.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/crypto.h"
#include "base/result.h"

namespace postern::http {

enum class CredentialKind : std::uint8_t { Bearer, Basic, Header };

inline constexpr std::size_t kCredentialFileLimit = 8U << 10U;  // bytes; fits a head beside all else

// A user-id as Basic can carry it: not empty, no colon, no control characters.
bool is_basic_user(std::string_view user);

// text: the whole file; one line end at its end is not part of the secret. user is for Basic. The error says
// what is wrong with the text and never quotes it.
base::Result<base::Secret> credential_value(CredentialKind kind, std::string_view user,
                                            std::string_view text);

}  // namespace postern::http
