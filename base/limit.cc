// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/limit.h"

#include <array>

namespace postern::base {
namespace {

constexpr std::array<std::string_view, 13> kLimits{"none",
                                                   "exchanges",
                                                   "memory",
                                                   "exchanges_per_address",
                                                   "exchanges_per_engineer",
                                                   "exchanges_per_session",
                                                   "requests_per_address",
                                                   "requests_per_engineer",
                                                   "requests_per_session",
                                                   "sign_ins",
                                                   "refusals",
                                                   "connections",
                                                   "connections_per_address"};
static_assert(kLimits.size() == static_cast<std::size_t>(Limit::ConnectionsPerAddress) + 1);

}  // namespace

std::string_view to_text(Limit limit) { return kLimits.at(static_cast<std::size_t>(limit)); }

std::span<const std::string_view> all_limits() { return std::span(kLimits).subspan(1); }

}  // namespace postern::base
