// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/sign_in_guard.h"

#include <arpa/inet.h>

#include <algorithm>

namespace postern::face {
namespace {

base::Nanos delay_after(int failures, int free, base::Nanos longest) {
  if (failures < free) return 0;
  const int doublings = std::min(failures - free, 30);
  return std::min(SignInGuard::kFirstDelay << doublings, longest);
}

}  // namespace

std::string address_of(std::string_view client) {
  if (!client.starts_with('[')) return std::string(client.substr(0, client.rfind(':')));
  const std::string host(client.substr(1, client.find(']') - 1));
  in6_addr address{};
  if (::inet_pton(AF_INET6, host.c_str(), &address) != 1) return host;
  std::fill(std::begin(address.s6_addr) + 8, std::end(address.s6_addr), std::uint8_t{0});
  char text[INET6_ADDRSTRLEN];
  ::inet_ntop(AF_INET6, &address, text, sizeof text);
  return text;
}

base::Nanos SignInGuard::wait(std::string_view client, base::Nanos now) {
  if (now - all_.last >= kForgetOfAll) all_ = {};
  const base::Nanos for_all = all_.last + delay_after(all_.failures, kFreeFailuresOfAll, kLongestDelayOfAll);
  const auto found = by_address_.find(address_of(client));
  if (found == by_address_.end()) return std::max(for_all - now, base::Nanos{0});
  Seen& seen = found->second;
  if (now - seen.last >= kForget) seen.failures = 0;
  base::Nanos until = seen.last + delay_after(seen.failures, kFreeFailures, kLongestDelay);
  if (seen.trusted <= now) until = std::max(until, for_all);
  return std::max(until - now, base::Nanos{0});
}

void SignInGuard::failed(std::string_view client, base::Nanos now) {
  Seen& seen = by_address_[address_of(client)];
  ++seen.failures;
  seen.last = now;
  ++all_.failures;
  all_.last = now;
  make_room();
}

void SignInGuard::succeeded(std::string_view client, base::Nanos now) {
  by_address_[address_of(client)] = {0, now, now + kTrust};
  make_room();
}

int SignInGuard::failures(std::string_view client) const {
  const auto at = by_address_.find(address_of(client));
  return at == by_address_.end() ? 0 : at->second.failures;
}

void SignInGuard::make_room() {
  if (by_address_.size() <= kMostAddresses) return;
  by_address_.erase(
      std::min_element(by_address_.begin(), by_address_.end(), [](const auto& a, const auto& b) {
        return std::max(a.second.last, a.second.trusted) < std::max(b.second.last, b.second.trusted);
      }));
}

}  // namespace postern::face
