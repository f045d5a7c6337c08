// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "openid/jws.h"

#include <algorithm>

#include "base/bytes.h"

namespace postern::openid {
namespace {

using base::Json;
using base::Result;

constexpr int kHeaderDepth = 4;
constexpr std::size_t kShownAlgorithm = 32;

base::Error no_token(std::string why) {
  return base::fail(base::Code::Invalid, base::Side::Client, std::move(why));
}

Result<Json> object_of(std::string_view part, int depth, const char* what) {
  const auto text = base::from_base64url(part);
  if (!text) return no_token(std::string("the token's ") + what + " is not base64url");
  auto json = base::parse_json(*text, depth);
  if (!json.ok() || !json->is_object())
    return no_token(std::string("the token's ") + what + " is not one JSON object without a member twice");
  return json;
}

bool is_type(const Json& header, std::span<const std::string_view> types) {
  if (!header.contains("typ")) return true;
  std::string type = base::to_lower(base::json_text_or(header, "typ", ""));
  constexpr std::string_view kTree = "application/";
  if (type.starts_with(kTree)) type.erase(0, kTree.size());
  return std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

Result<Jws> parse_jws(std::string_view token, std::span<const std::string_view> types) {
  if (token.size() > kTokenLimit) return no_token("the token is longer than 32 KiB");
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return no_token("the token is not three parts with dots between");
  const auto header = object_of(token.substr(0, first), kHeaderDepth, "header");
  if (!header.ok()) return header.error();
  const std::string name = base::json_text_or(*header, "alg", "");
  const auto algorithm = certs::web_algorithm_from_name(name);
  if (!algorithm)
    return no_token("the token is signed with " + base::printable(name, kShownAlgorithm) +
                    ", which is never accepted");
  if (header->contains("crit") || header->contains("zip"))
    return no_token("the token demands extensions that are not known here");
  if (!is_type(*header, types)) return no_token("the token is of another type than was asked for");
  Jws jws;
  jws.algorithm = *algorithm;
  jws.kid = base::json_text_or(*header, "kid", "");
  if (jws.kid.size() > kKidLimit || (header->contains("kid") && jws.kid.empty()))
    return no_token("the token names its key in a way that no key is called");
  auto claims = object_of(token.substr(first + 1, second - first - 1), kClaimsDepth, "payload");
  if (!claims.ok()) return claims.error();
  jws.claims = std::move(*claims);
  auto signature = base::from_base64url(token.substr(second + 1));
  if (!signature || signature->empty()) return no_token("the token has no signature");
  jws.signature = std::move(*signature);
  jws.signed_part = token.substr(0, second);
  return jws;
}

}  // namespace postern::openid
