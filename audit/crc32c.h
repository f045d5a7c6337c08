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

// The way of machines without an instruction for it. Exposed for its test: both must agree.
std::uint32_t crc32c_by_tables(std::string_view bytes);

}  // namespace postern::audit
