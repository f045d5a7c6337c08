// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/intake/doorkeeper.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/crypto.h"

namespace postern::intake {
namespace {

constexpr std::size_t kSha256 = 32;

}  // namespace

bool Doorkeeper::take_tokens(const base::Json& json) {
  if (!json.is_array()) return false;
  std::vector<Token> tokens;
  for (const base::Json& one : json) {
    Token token{base::json_text_or(one, "id", ""), base::json_text_or(one, "name", ""),
                base::json_text_or(one, "service", ""),
                base::from_hex(base::json_text_or(one, "sha256", "")).value_or(""),
                base::json_number_or(one, "expires", 0)};
    if (token.id.empty() || token.sha256.size() != kSha256) return false;
    tokens.push_back(std::move(token));
  }
  tokens_ = std::move(tokens);
  known_ = true;
  const auto is_gone = [this](const auto& entry) {
    return std::none_of(tokens_.begin(), tokens_.end(),
                        [&](const Token& one) { return one.id == entry.first; });
  };
  std::erase_if(paces_, is_gone);
  std::erase_if(counts_, [&](const auto& entry) { return !entry.first.empty() && is_gone(entry); });
  return true;
}

void Doorkeeper::allow(std::int64_t events_per_minute) {
  per_minute_ = std::max<std::int64_t>(1, events_per_minute);
}

const Token* Doorkeeper::find(std::string_view text, base::Micros wall) const {
  const base::Sha256 digest = base::sha256(text.substr(0, kLongestToken));
  const Token* found = nullptr;
  for (const Token& token : tokens_) {
    const bool same = base::equals_constant_time(token.sha256, base::view(digest));
    if (same) found = &token;
  }
  if (found == nullptr || text.size() > kLongestToken) return nullptr;
  return found->expires == 0 || found->expires > wall ? found : nullptr;
}

// One batch always fits, or a small allowance would shut a sender out for good.
base::Rate Doorkeeper::rate() const {
  return {std::max<std::int64_t>(per_minute_, 100), kWindow / per_minute_};
}

base::Nanos Doorkeeper::wait(const Token& token, std::size_t events, base::Nanos now) {
  return paces_[token.id].take(rate(), now, static_cast<std::int64_t>(std::max<std::size_t>(1, events)));
}

void Doorkeeper::give_back(const Token& token, std::size_t events) {
  const auto pace = paces_.find(token.id);
  if (pace != paces_.end()) pace->second.give_back(rate(), static_cast<std::int64_t>(events));
}

base::Nanos Doorkeeper::wait_of_address(const std::string& address, base::Nanos now) const {
  const auto found = addresses_.find(address);
  if (found == addresses_.end() || found->second.count < kWrongTokens) return 0;
  return std::max<base::Nanos>(0, found->second.since + kWindow - now);
}

void Doorkeeper::failed(const std::string& address, base::Nanos now) {
  std::erase_if(addresses_, [now](const auto& one) { return one.second.since + kWindow <= now; });
  if (addresses_.size() >= kMostAddresses && !addresses_.contains(address))
    addresses_.erase(addresses_.begin());
  const auto [entry, is_new] = addresses_.try_emplace(address, Wrong{0, now});
  ++entry->second.count;
  note({}, address, 1, now);
}

void Doorkeeper::limited(const Token& token, const std::string& address, std::size_t events,
                         base::Nanos now) {
  note(token.id, address, events, now);
}

void Doorkeeper::note(const std::string& key, const std::string& address, std::size_t count,
                      base::Nanos now) {
  Count& one = counts_[key];
  if (one.count == 0) one.since = now;
  one.count += static_cast<std::int64_t>(count);
  one.address = address;
}

std::vector<Doorkeeper::Note> Doorkeeper::due(base::Nanos now) {
  std::vector<Note> out;
  for (auto& [key, one] : counts_) {
    if (one.count == 0 || (one.ever && now < one.told + kWindow)) continue;
    out.push_back({key, one.address, std::exchange(one.count, 0), now - one.since});
    one.ever = true;
    one.told = now;
  }
  return out;
}

}  // namespace postern::intake
