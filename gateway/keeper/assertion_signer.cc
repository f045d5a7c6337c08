// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/assertion_signer.h"

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/json.h"
#include "certs/certificate.h"
#include "certs/private_key.h"
#include "gateway/keeper/es256.h"

namespace postern::keeper {
namespace {

constexpr std::size_t kJtiBytes = 16;

}  // namespace

base::Status AssertionSigner::set(ProviderClient client, std::string_view pem, const std::string& path) {
  auto key = certs::read_private_key(pem, path);
  if (!key.ok()) return key.error();
  if (certs::key_type_of(key->get()) != "EC P-256")
    return base::fail(base::Code::Invalid, path + " is no key of type EC P-256");
  client_ = std::move(client);
  key_ = *std::move(key);
  return base::Ok{};
}

// Without a kid: who registers one key has no use for it, and each provider computes its own.
base::Result<std::string> AssertionSigner::sign(base::Micros now) const {
  const base::Micros seconds = now / base::kWallSecond;
  const base::Json claims{{"iss", client_.id},     {"sub", client_.id},
                          {"aud", client_.issuer}, {"jti", base::to_base64url(base::random_bytes(kJtiBytes))},
                          {"iat", seconds},        {"exp", seconds + kLife / base::kWallSecond}};
  const std::string text = base::to_base64url(R"({"alg":"ES256","typ":"JWT"})") + "." +
                           base::to_base64url(base::dump_json(claims));
  const auto signature = es256(key_.get(), text);
  if (!signature.ok()) return signature.error();
  return text + "." + base::to_base64url(*signature);
}

}  // namespace postern::keeper
