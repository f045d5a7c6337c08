// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/tls/certificate_choice.h"

#include <algorithm>

#include "base/bytes.h"
#include "certs/names.h"

namespace postern::tls {
void CertificateChoice::add(const certs::CertificateFacts& leaf) {
  const std::size_t number = kinds_.size();
  kinds_.push_back(leaf.key_type.substr(0, leaf.key_type.find(' ')));
  if (number == 0) {
    first_ = {0};
    if (!leaf.dns_names.empty()) first_pattern_ = base::to_lower(leaf.dns_names.front());
  }
  for (const std::string& name : leaf.dns_names) put(by_pattern_[base::to_lower(name)], number);
}

void CertificateChoice::put(std::vector<std::size_t>& among, std::size_t number) const {
  const bool has_kind = std::any_of(among.begin(), among.end(),
                                    [&](std::size_t other) { return kinds_[other] == kinds_[number]; });
  if (!has_kind) among.push_back(number);
}

const std::vector<std::size_t>& CertificateChoice::of(std::string_view server_name) const {
  if (!certs::is_dns_name(server_name)) return fallback();
  const std::string name = base::to_lower(server_name);
  if (const auto exact = by_pattern_.find(name); exact != by_pattern_.end()) return exact->second;
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return fallback();
  const std::string pattern = "*" + name.substr(dot);
  const auto wildcard = by_pattern_.find(pattern);
  return wildcard != by_pattern_.end() && certs::matches_dns(pattern, name) ? wildcard->second : fallback();
}

const std::vector<std::size_t>& CertificateChoice::fallback() const {
  const auto found = by_pattern_.find(first_pattern_);
  return found == by_pattern_.end() ? first_ : found->second;
}

}  // namespace postern::tls
