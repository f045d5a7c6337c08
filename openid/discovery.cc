// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "openid/discovery.h"

#include <algorithm>

#include "base/json.h"
#include "gateway/http/request_rules.h"

namespace postern::openid {
namespace {

using base::Json;
using base::Result;

constexpr int kDiscoveryDepth = 8;
constexpr std::size_t kLongestUrl = 2048;
constexpr std::string_view kHttps = "https://";
constexpr std::uint16_t kHttpsPort = 443;

base::Error no_provider(std::string why) {
  return base::fail(base::Code::Invalid, base::Side::Component, std::move(why));
}

// Whether a list of texts has one; without the list, what the specification says it then is.
bool lists(const Json& document, const char* member, std::string_view wanted, bool otherwise) {
  const auto list = document.find(member);
  if (list == document.end()) return otherwise;
  return list->is_array() && std::find(list->begin(), list->end(), wanted) != list->end();
}

}  // namespace

std::optional<Address> parse_address(std::string_view url) {
  if (url.size() > kLongestUrl || !url.starts_with(kHttps)) return std::nullopt;
  const std::string_view rest = url.substr(kHttps.size());
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const auto authority = http::parse_authority(rest.substr(0, end));
  if (!authority) return std::nullopt;
  Address out{*authority, std::string(rest.substr(end))};
  if (out.authority.port == 0) out.authority.port = kHttpsPort;
  if (out.target.empty() || out.target.front() == '?') out.target.insert(0, "/");
  if (!http::is_target_text(out.target) || out.target.find('#') != std::string::npos) return std::nullopt;
  return out;
}

Result<Provider> parse_discovery(std::string_view text, std::string_view issuer) {
  if (text.size() > kDiscoveryLimit) return no_provider("what it says of itself is longer than 64 KiB");
  const auto json = base::parse_json(text, kDiscoveryDepth);
  if (!json.ok()) return no_provider("what it says of itself is " + json.error().message);
  if (!json->is_object()) return no_provider("what it says of itself is no JSON object");
  Provider out;
  out.issuer = base::json_text_or(*json, "issuer", "");
  if (out.issuer != issuer) return no_provider("it says that it is another issuer than the one configured");
  out.authorization = base::json_text_or(*json, "authorization_endpoint", "");
  const auto token = parse_address(base::json_text_or(*json, "token_endpoint", ""));
  const auto keys = parse_address(base::json_text_or(*json, "jwks_uri", ""));
  if (!parse_address(out.authorization) || !token || !keys)
    return no_provider("it names no https addresses for authorization_endpoint, token_endpoint and jwks_uri");
  out.token = *token;
  out.keys = *keys;
  out.end_session = base::json_text_or(*json, "end_session_endpoint", "");
  if (!parse_address(out.end_session)) out.end_session.clear();
  if (!lists(*json, "response_types_supported", "code", false))
    return no_provider("it does not offer the code flow");
  if (!lists(*json, "code_challenge_methods_supported", "S256", true))
    return no_provider("it does not offer PKCE with S256");
  out.names_itself = base::json_bool_or(*json, "authorization_response_iss_parameter_supported", false);
  constexpr const char* kMethods = "token_endpoint_auth_methods_supported";
  out.secret_in_field = lists(*json, kMethods, "client_secret_basic", true) ||
                        !lists(*json, kMethods, "client_secret_post", false);
  return out;
}

}  // namespace postern::openid
