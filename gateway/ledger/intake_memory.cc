// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/intake_memory.h"

#include <cstring>

#include "base/crypto.h"
#include "base/json.h"

namespace postern::ledger {
namespace {

// 64 bits of SHA-256: among 20,000 ids of one token two collide by chance once in 10^11 times, and whoever makes them collide
// on purpose hides an event of their own.
std::uint64_t hash_of_id(std::string_view id) {
  const base::Sha256 digest = base::sha256(id);
  std::uint64_t out = 0;
  std::memcpy(&out, digest.data(), sizeof out);
  return out;
}

bool is_of_intake(audit::EventType type) {
  return type >= audit::EventType::ComponentServerStarted && type <= audit::EventType::RemoteGatewayLost;
}

}  // namespace

void IntakeMemory::take_line(std::string_view line) {
  const auto event = audit::read_event_head(line);
  if (event.ok()) saw(*event);
}

void IntakeMemory::saw(const audit::EventFields& event) {
  if (!is_of_intake(event.type)) return;
  const auto detail = base::parse_json(event.detail);
  if (!detail.ok()) return;
  if (event.type == audit::EventType::RemoteGatewayLost) {
    const auto lost = heard_.find(state::remote_gateway_key(base::json_text_or(*detail, "service", ""),
                                                            base::json_text_or(*detail, "gateway", "")));
    if (lost != heard_.end()) lost->second.times = 0;
  }
  const std::string token = base::json_text_or(*detail, "token", "");
  const std::string id = base::json_text_or(*detail, "event", "");
  if (token.empty() || id.empty()) return;
  Ids& ids = ids_[token];
  const std::uint64_t hash = hash_of_id(id);
  if (!ids.all.insert(hash).second) return;
  ids.order.push_back(hash);
  if (ids.order.size() <= kIntakeIdsOfToken) return;
  ids.all.erase(ids.order.front());
  ids.order.pop_front();
}

bool IntakeMemory::has(std::string_view token, std::string_view id) const {
  const auto ids = ids_.find(token);
  return ids != ids_.end() && ids->second.all.contains(hash_of_id(id));
}

void IntakeMemory::keep_only(const std::map<std::string, state::IntakeToken, std::less<>>& tokens) {
  std::erase_if(ids_, [&](const auto& one) { return !tokens.contains(one.first); });
}

void IntakeMemory::hear(const std::string& gateway) {
  Heard& one = heard_[gateway];
  one.at = clock_.monotonic();
  ++one.times;
  if (heard_.size() > state::kMostRemoteGateways) heard_.erase(heard_.begin());
}

int IntakeMemory::times_heard(const std::string& gateway) const {
  const auto found = heard_.find(gateway);
  return found == heard_.end() ? 0 : found->second.times;
}

base::Micros IntakeMemory::silent_for(const std::string& gateway) const {
  const auto found = heard_.find(gateway);
  return (clock_.monotonic() - (found == heard_.end() ? began_ : found->second.at)) / 1000;
}

}  // namespace postern::ledger
