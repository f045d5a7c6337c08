// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/web_address.h"

#include <algorithm>

#include "base/bytes.h"

namespace postern::http {
namespace {

constexpr std::uint16_t kPlainPort = 80, kTlsPort = 443;

bool is_plain_target(std::string_view target) {
  return std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 127 && c != '#'; });
}

}  // namespace

std::optional<WebAddress> parse_web_address(std::string_view url) {
  if (url.size() > kWebAddressLimit) return std::nullopt;
  const std::size_t colon = std::min(url.find(':'), url.size());
  const std::string scheme = base::to_lower(url.substr(0, colon));
  WebAddress out;
  out.https = scheme == "https";
  std::string_view rest = url.substr(colon);
  if ((!out.https && scheme != "http") || !rest.starts_with("://")) return std::nullopt;
  rest.remove_prefix(3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const auto authority = parse_authority(rest.substr(0, end));
  rest.remove_prefix(end);
  if (!authority || !is_plain_target(rest)) return std::nullopt;
  out.authority = *authority;
  if (out.authority.port == 0) out.authority.port = out.https ? kTlsPort : kPlainPort;
  out.target = (rest.starts_with('/') ? "" : "/") + std::string(rest);
  return out;
}

std::string host_to_send(const WebAddress& address) {
  Authority host = address.authority;
  if (host.port == (address.https ? kTlsPort : kPlainPort)) host.port = 0;
  return to_text(host);
}

}  // namespace postern::http
