// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Events to test with, numbered.
#pragma once

#include <string>

#include "audit/event.h"

namespace postern::audit {

inline constexpr base::Micros kNoon = 1'772'366'400'000'000;  // 2026-03-01T12:00:00Z

inline std::string sample_id(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return "01HZX3T9GQ" + std::string(16 - digits.size(), '0') + digits;
}

inline std::string sample(EventType type, std::uint64_t number, std::string_view session = {},
                          std::string_view detail = {}, std::string_view actor = "engineer:alice") {
  EventHead head;
  const std::string id = sample_id(number);
  head.id = id;
  head.time = kNoon + static_cast<base::Micros>(number) * 1000;
  head.type = type;
  head.severity = text_of(type).severity;
  head.actor = actor;
  head.session = session;
  std::string line;
  write_event(line, head, detail);
  return line;
}

}  // namespace postern::audit
