// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "openid/keys.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/json.h"

namespace postern::openid {
namespace {

using base::Json;
using base::Result;

constexpr int kKeySetDepth = 6;
constexpr const char* kPrivate[] = {"d", "p", "q", "dp", "dq", "qi", "oth"};

base::Error no_set(std::string why) {
  return base::fail(base::Code::Invalid, base::Side::Component, std::move(why));
}

std::string bytes_of(const Json& key, const char* member) {
  return base::from_base64url(base::json_text_or(key, member, "")).value_or("");
}

bool is_for_signatures(const Json& key) {
  if (key.contains("use") && base::json_text_or(key, "use", "") != "sig") return false;
  const auto operations = key.find("key_ops");
  if (operations == key.end()) return true;
  return operations->is_array() &&
         std::find(operations->begin(), operations->end(), "verify") != operations->end();
}

std::optional<certs::WebKey> key_of(const Json& json) {
  const std::string type = base::json_text_or(json, "kty", "");
  const std::string curve = base::json_text_or(json, "crv", "");
  Result<certs::WebKey> key = base::fail(base::Code::Invalid, "a kind of key that is not known");
  if (type == "RSA") key = certs::WebKey::rsa(bytes_of(json, "n"), bytes_of(json, "e"));
  if (type == "EC" && curve == "P-256") key = certs::WebKey::p256(bytes_of(json, "x"), bytes_of(json, "y"));
  if (type == "EC" && curve == "P-384") key = certs::WebKey::p384(bytes_of(json, "x"), bytes_of(json, "y"));
  if (type == "OKP" && curve == "Ed25519") key = certs::WebKey::ed25519(bytes_of(json, "x"));
  if (!key.ok()) return std::nullopt;
  return std::move(*key);
}

}  // namespace

Result<KeySet> KeySet::parse(std::string_view text) {
  if (text.size() > kKeySetLimit) return no_set("its list of keys is longer than 256 KiB");
  const auto json = base::parse_json(text, kKeySetDepth);
  if (!json.ok()) return no_set("its list of keys is " + json.error().message);
  const auto list = json->is_object() ? json->find("keys") : json->end();
  if (list == json->end() || !list->is_array()) return no_set("its list of keys has no list named keys");
  if (list->size() > kMostKeys) return no_set("its list of keys has more than 100");
  KeySet set;
  for (const Json& one : *list) {
    if (!one.is_object()) return no_set("its list of keys holds something that is no key");
    if (base::json_text_or(one, "kty", "") != "oct" &&
        std::any_of(std::begin(kPrivate), std::end(kPrivate),
                    [&](const char* name) { return one.contains(name); }))
      return no_set("its list of keys shows a private key: nothing that it signs is believed");
    if (!is_for_signatures(one)) continue;
    std::optional<certs::WebAlgorithm> algorithm;
    if (one.contains("alg")) {
      algorithm = certs::web_algorithm_from_name(base::json_text_or(one, "alg", ""));
      if (!algorithm) continue;
    }
    auto key = key_of(one);
    if (!key || (algorithm && !key->fits(*algorithm))) continue;
    set.keys_.push_back({base::json_text_or(one, "kid", ""), algorithm, std::move(*key)});
  }
  if (set.keys_.empty()) return no_set("its list of keys holds none that can be used");
  return set;
}

SignatureVerdict KeySet::judge(const Jws& jws) const {
  std::vector<const Key*> candidates;
  for (const Key& one : keys_) {
    if (!jws.kid.empty() && one.kid != jws.kid) continue;
    if (one.key.fits(jws.algorithm) && (!one.algorithm || *one.algorithm == jws.algorithm))
      candidates.push_back(&one);
    else if (!jws.kid.empty())
      candidates.push_back(nullptr);  // the key that it names is for something else
  }
  if (candidates.empty() || (jws.kid.empty() && candidates.size() > 1)) return SignatureVerdict::NoKey;
  const bool good = std::any_of(candidates.begin(), candidates.end(), [&](const Key* one) {
    return one != nullptr && one->key.verify(jws.algorithm, jws.signed_part, jws.signature);
  });
  return good ? SignatureVerdict::Good : SignatureVerdict::Wrong;
}

}  // namespace postern::openid
