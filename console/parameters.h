// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What stands in the query of a question, read. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace postern::console {

std::optional<std::uint64_t> parse_whole_number(std::string_view text);
// A time, or a duration that lies in the past: "2h" is two hours before now. Invalid otherwise.
base::Result<base::Micros> parse_moment(std::string_view text, base::Micros now);
// What stands between commas; what is empty is left out.
std::vector<std::string> split_at_commas(std::string_view text);

base::Error invalid_parameter(std::string message);

}  // namespace postern::console
