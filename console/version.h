// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What this console was built as. The build sets it (console/CMakeLists.txt).
#pragma once

#include <string_view>

namespace postern::console {

inline constexpr std::string_view kVersion = POSTERN_VERSION;
// console/openapi.json as it stood when this was built.
std::string_view openapi_document();

}  // namespace postern::console
