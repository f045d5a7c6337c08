// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/event_block.h"

#include <array>

namespace postern::audit {
namespace {

constexpr std::size_t kEventSize = 18;

template <std::size_t kBytes>
void put(char* out, std::uint64_t value) {
  for (std::size_t i = 0; i < kBytes; ++i) out[i] = static_cast<char>(value >> (8 * i) & 255U);
}

template <std::size_t kBytes>
std::uint64_t get(const char* in) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kBytes; ++i)
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(in[i])) << (8 * i);
  return value;
}

}  // namespace

void append_event(std::string& block, const IndexedEvent& event) {
  std::array<char, kEventSize> bytes{};
  put<8>(&bytes[0], static_cast<std::uint64_t>(event.time));
  put<4>(&bytes[8], event.session);
  put<4>(&bytes[12], event.actor);
  put<1>(&bytes[16], event.type);
  put<1>(&bytes[17], static_cast<std::uint64_t>(event.severity));
  block.append(bytes.data(), bytes.size());
}

std::optional<std::size_t> events_in(std::string_view block) {
  if (block.size() % kEventSize != 0 || block.size() > kBlockEvents * kEventSize) return std::nullopt;
  return block.size() / kEventSize;
}

IndexedEvent event_at(std::string_view block, std::size_t i) {
  const char* bytes = block.data() + i * kEventSize;
  IndexedEvent event;
  event.time = static_cast<base::Micros>(get<8>(bytes));
  event.session = static_cast<std::uint32_t>(get<4>(bytes + 8));
  event.actor = static_cast<std::uint32_t>(get<4>(bytes + 12));
  event.type = static_cast<std::uint8_t>(get<1>(bytes + 16));
  event.severity = static_cast<Severity>(get<1>(bytes + 17));
  return event;
}

}  // namespace postern::audit
