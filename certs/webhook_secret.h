// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A secret that is kept in a file of one line: of webhooks ("whsec_" and base64, as Standard Webhooks has it), or a password.
#pragma once

#include <string_view>

#include "base/crypto.h"
#include "base/result.h"

namespace postern::certs {

inline constexpr std::size_t kSecretFileLimit = 4U << 10U;  // bytes
inline constexpr std::size_t kLongestPassword = 512;

// content: the file's; the caller wipes it. Invalid with a clause about the file.
base::Result<base::Secret> read_webhook_secret(std::string_view content);
base::Result<base::Secret> read_password(std::string_view content);

}  // namespace postern::certs
