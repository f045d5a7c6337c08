// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/acme_signer.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/bytes.h"
#include "base/json.h"
#include "certs/certificate.h"
#include "certs/make_request.h"
#include "certs/private_key.h"
#include "gateway/keeper/es256.h"

namespace postern::keeper {
namespace {

using base::Code;
using base::fail;
using base::Json;

constexpr std::size_t kUrlLimit = 1024, kNonceLimit = 256, kTokenSize = 256;

base::Result<certs::KeyPtr> read_p256(std::string_view pem, const std::string& path) {
  auto key = certs::read_private_key(pem, path);
  if (key.ok() && certs::key_type_of(key->get()) != "EC P-256")
    return fail(Code::Invalid, path + " is no key of type EC P-256: remove it, and another one is made");
  return key;
}

// What goes into JSON and a request line as it is.
bool is_plain(std::string_view text, std::size_t limit) {
  return text.size() <= limit && std::all_of(text.begin(), text.end(), [](char c) {
           return c > ' ' && c < 127 && c != '"' && c != '\\';
         });
}

}  // namespace

base::Status AcmeSigner::set(AcmeOrder order, std::string_view account_pem, std::string_view next_pem,
                             std::string_view secret, const std::string& path) {
  auto account = read_p256(account_pem, path + "/account.key");
  if (!account) return account.error();
  auto next = read_p256(next_pem, path + "/next.key");
  if (!next) return next.error();
  auto jwk = jwk_of(account->get());
  if (!jwk) return jwk.error();
  if (!order.external_id.empty()) {
    auto bytes = base::from_base64url(secret.substr(0, secret.find_first_of("=\r\n ")));
    if (!bytes || bytes->size() < 16)
      return fail(Code::Invalid, "the secret of the external account is not base64url of 16 bytes or more");
    secret_ = base::Secret(*bytes);
    base::wipe(*bytes);
  }
  order_ = std::move(order);
  account_ = *std::move(account);
  next_ = *std::move(next);
  jwk_ = *std::move(jwk);
  return base::Ok{};
}

base::Result<std::string> AcmeSigner::thumbprint() const {
  if (!ready()) return fail(Code::Unavailable, "there is no account key");
  const base::Sha256 digest = base::sha256(jwk_);
  return base::to_base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

base::Result<std::string> AcmeSigner::key_authorization(std::string_view name, std::string_view token) const {
  const auto own = thumbprint();
  if (!own) return own;
  if (std::find(order_.names.begin(), order_.names.end(), name) == order_.names.end())
    return fail(Code::Denied, "a challenge is for a name that no certificate is ordered for");
  // base64url: what a token may hold (RFC 8555 section 8.1).
  const bool sound =
      !token.empty() && token.size() <= kTokenSize && std::all_of(token.begin(), token.end(), [](char c) {
        const char lower = base::to_lower(c);
        return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      });
  if (!sound) return fail(Code::Denied, "the token of a challenge is none");
  return std::string(token) + "." + *own;
}

base::Result<std::string> AcmeSigner::sign(std::string_view step, std::string_view url,
                                           std::string_view nonce, std::string_view account) const {
  if (!ready()) return fail(Code::Unavailable, "there is no account key");
  if (!url.starts_with("https://") || !is_plain(url, kUrlLimit) || !is_plain(account, kUrlLimit))
    return fail(Code::Denied, "an address of the authority is none");
  if (nonce.empty() || !is_plain(nonce, kNonceLimit)) return fail(Code::Denied, "the nonce is none");
  if ((step == "account") != account.empty())
    return fail(Code::Denied, "an account is named by its address, but where it is made");
  auto payload = payload_of(step, url);
  if (!payload) return payload.error();
  const std::string who = account.empty() ? "\"jwk\":" + jwk_ : "\"kid\":\"" + std::string(account) + "\"";
  const std::string head = R"({"alg":"ES256",)" + who + ",\"nonce\":\"" + std::string(nonce) +
                           "\",\"url\":\"" + std::string(url) + "\"}";
  const std::string first = base::to_base64url(head), second = base::to_base64url(*payload);
  auto signature = es256(account_.get(), first + "." + second);
  if (!signature) return signature.error();
  return R"({"protected":")" + first + R"(","payload":")" + second + R"(","signature":")" +
         base::to_base64url(*signature) + "\"}";
}

base::Result<std::string> AcmeSigner::payload_of(std::string_view step, std::string_view url) const {
  if (step == "read") return std::string();
  if (step == "ready") return std::string("{}");
  if (step == "account") {
    std::string out = R"({"termsOfServiceAgreed":true)";
    if (!order_.contact.empty()) out += ",\"contact\":" + base::dump_json(Json(order_.contact));
    if (!order_.external_id.empty()) out += ",\"externalAccountBinding\":" + external_binding(url);
    return out + "}";
  }
  if (step == "order") {
    Json names = Json::array();
    for (const std::string& name : order_.names) names.push_back({{"type", "dns"}, {"value", name}});
    return base::dump_json(Json{{"identifiers", std::move(names)}});
  }
  if (step != "finalize") return fail(Code::Denied, "there is no such step");
  auto request = certs::make_request(next_.get(), order_.names);
  if (!request) return request.error();
  return R"({"csr":")" + base::to_base64url(*request) + "\"}";
}

// RFC 8555 section 7.3.4: the account key, authenticated with the secret that the authority gave to its customer.
std::string AcmeSigner::external_binding(std::string_view url) const {
  const Json head{{"alg", "HS256"}, {"kid", order_.external_id}, {"url", url}};
  const std::string first = base::to_base64url(base::dump_json(head)), second = base::to_base64url(jwk_);
  const std::string text = first + "." + second;
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret_.view().data(), static_cast<int>(secret_.view().size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  return R"({"protected":")" + first + R"(","payload":")" + second + R"(","signature":")" +
         base::to_base64url({reinterpret_cast<const char*>(mac.data()), size}) + "\"}";
}

}  // namespace postern::keeper
