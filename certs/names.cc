// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace postern::certs {
namespace {

constexpr std::size_t kHostLimit = 253, kLabelLimit = 63;

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kLabelLimit || label.front() == '-' || label.back() == '-')
    return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    const char lower = base::to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool is_number(std::string_view label) {
  return std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string list_names(const Candidate& leaf) {
  std::string out;
  for (const Name& name : leaf.names) {
    if (name.form != Form::Dns && name.form != Form::Address) continue;
    out += (out.empty() ? "" : ", ") + (name.form == Form::Dns ? name.text : address_text(name.text));
    if (out.size() > 200) break;
  }
  return base::printable(out, 200);
}

}  // namespace

bool is_dns_name(std::string_view host) {
  if (host.empty() || host.size() > kHostLimit) return false;
  std::string_view label;
  for (std::string_view rest = host;;) {
    const std::size_t dot = rest.find('.');
    label = rest.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  return !is_number(label);
}

std::string address_bytes(std::string_view host) {
  const std::string text(host);
  std::array<char, 16> bytes{};
  if (text.size() != std::string_view(text.c_str()).size()) return {};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return {bytes.data(), 16};
  return {};
}

std::string address_text(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (bytes.size() != 4 && bytes.size() != 16) return {};
  if (inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), out.data(), out.size()) == nullptr)
    return {};
  return out.data();
}

bool is_ip_literal(std::string_view host) { return !address_bytes(host).empty(); }
bool is_host(std::string_view host) { return is_ip_literal(host) || is_dns_name(host); }

bool matches_dns(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with("*.")) return is_dns_name(pattern) && base::equals_ignoring_case(pattern, host);
  const std::string_view behind = pattern.substr(2);
  const std::size_t dot = host.find('.');
  return dot != std::string_view::npos && is_dns_name(behind) && behind.find('.') != std::string_view::npos &&
         base::equals_ignoring_case(behind, host.substr(dot + 1));
}

std::optional<Fault> judge_host(const Candidate& leaf, std::string_view host) {
  const std::string address = address_bytes(host);
  const auto is_it = [&](const Name& name) {
    if (!address.empty()) return name.form == Form::Address && name.text == address;
    return name.form == Form::Dns && matches_dns(name.text, host);
  };
  if (std::any_of(leaf.names.begin(), leaf.names.end(), is_it)) return std::nullopt;
  const std::string names = list_names(leaf);
  if (names.empty()) {
    return Fault{
        Rule::NoName,
        "the certificate names no host in subjectAltName (its common name does not count), so it is not "
        "for " +
            base::printable(host)};
  }
  return Fault{Rule::WrongName, "the certificate is for " + names + ", not for " + base::printable(host)};
}

}  // namespace postern::certs
