// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/intake/doorkeeper.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/bytes.h"
#include "base/crypto.h"

namespace postern::intake {
namespace {

constexpr double kMinuteNanos = 60.0 * static_cast<double>(base::kSecond);
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
  std::erase_if(buckets_, is_gone);
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

base::Nanos Doorkeeper::wait(const Token& token, std::size_t events, base::Nanos now) {
  // One batch always fits, or a small allowance would shut a sender out for good.
  const double most = static_cast<double>(std::max<std::int64_t>(per_minute_, 100));
  const double each = kMinuteNanos / static_cast<double>(per_minute_);  // nanoseconds until there is one more
  const auto [entry, is_new] = buckets_.try_emplace(token.id, Bucket{most, now});
  Bucket& bucket = entry->second;
  bucket.left = std::min(most, bucket.left + static_cast<double>(now - bucket.at) / each);
  bucket.at = now;
  const double wanted = static_cast<double>(std::max<std::size_t>(1, events));
  if (bucket.left + 1e-6 < wanted)
    return std::max<base::Nanos>(1, std::llround((wanted - bucket.left) * each));
  bucket.left -= wanted;
  return 0;
}

void Doorkeeper::give_back(const Token& token, std::size_t events) {
  const auto bucket = buckets_.find(token.id);
  if (bucket != buckets_.end()) bucket->second.left += static_cast<double>(events);
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
