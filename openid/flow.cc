// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "openid/flow.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/crypto.h"

namespace postern::openid {
namespace {

constexpr std::size_t kSeedSize = 16;

std::string derived(std::string_view key, std::string_view what, std::string_view cookie) {
  return base::to_base64url(
      base::keyed_hash(key, "postern-openid-" + std::string(what) + "\n" + std::string(cookie)));
}

Flow flow_of(std::string_view key, std::string cookie, std::string return_to, base::Micros began) {
  Flow flow;
  flow.began = began;
  flow.state = derived(key, "state", cookie);
  flow.nonce = derived(key, "nonce", cookie);
  flow.verifier = derived(key, "verifier", cookie);
  flow.challenge = base::to_base64url(base::view(base::sha256(flow.verifier)));
  flow.cookie = std::move(cookie);
  flow.return_to = std::move(return_to);
  return flow;
}

}  // namespace

Flow begin_flow(std::string_view key, base::Micros now, std::string_view return_to) {
  const base::Micros second = now / base::kWallSecond;
  const std::string cookie = base::to_base64url(base::random_bytes(kSeedSize)) + "." +
                             std::to_string(second) + "." + base::to_base64url(return_to);
  return flow_of(key, cookie, std::string(return_to), second * base::kWallSecond);
}

std::optional<Flow> resume_flow(std::string_view key, base::Micros now, std::string_view cookie,
                                std::string_view state) {
  if (cookie.empty() || cookie.size() > kFlowCookieLimit ||
      !base::equals_constant_time(derived(key, "state", cookie), state))
    return std::nullopt;
  // From here on it is ours, and has our form.
  const std::size_t first = cookie.find('.'), second = cookie.rfind('.');
  base::Micros began = 0;
  std::from_chars(cookie.data() + std::min(first + 1, cookie.size()), cookie.data() + cookie.size(), began);
  const auto return_to = base::from_base64url(cookie.substr(std::min(second + 1, cookie.size())));
  const base::Micros age = now - began * base::kWallSecond;
  if (!return_to || age < -kFlowTime || age > kFlowTime) return std::nullopt;
  return flow_of(key, std::string(cookie), *return_to, began * base::kWallSecond);
}

}  // namespace postern::openid
