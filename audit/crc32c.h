// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// CRC-32C (Castagnoli, RFC 3720 appendix B.4): finds torn and rotten records. It is no protection against
// somebody who means it.
#pragma once

#include <cstdint>
#include <string_view>

namespace postern::audit {

std::uint32_t crc32c(std::string_view bytes);

}  // namespace postern::audit
