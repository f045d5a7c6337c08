// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The limits that refuse an exchange or a connection, as the configuration and the event limit.reached name them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace postern::base {

enum class Limit : std::uint8_t {
  None,
  Exchanges,
  Memory,
  ExchangesPerAddress,
  ExchangesPerEngineer,
  ExchangesPerSession,
  RequestsPerAddress,
  RequestsPerEngineer,
  RequestsPerSession,
  SignIns,
  Refusals,  // before a session's own limits, or without one: more than are recorded one by one
  Connections,
  ConnectionsPerAddress,
};
std::string_view to_text(Limit limit);
std::span<const std::string_view> all_limits();  // their texts, without that of None

}  // namespace postern::base
