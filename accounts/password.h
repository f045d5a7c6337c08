// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which passwords are accepted (OWASP ASVS 4.0, 2.1): long ones that are not on the list of those tried first. Nothing
// is said about which characters must stand in them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::accounts {

inline constexpr std::size_t kShortestPassword = 12;  // characters (code points)
inline constexpr std::size_t kLongestPassword =
    1024;  // bytes: hashing takes as long for one as for the other

// Why not, in a sentence for whoever chose it; nothing if it is good enough for that account.
std::optional<std::string> password_problem(std::string_view password, std::string_view account);

}  // namespace postern::accounts
