// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The matrix under OpenSSL's own verifier, as a careful program would ask it. Where the two verdicts differ, the reason stands here; a
// difference that nobody explained, or one that went away, fails.
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <map>
#include <memory>
#include <string_view>

#include "base/check.h"
#include "tests/unit/certs/matrix.h"

namespace postern::certs {
namespace {

using Store = std::shared_ptr<X509_STORE>;

std::shared_ptr<X509> parse(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  std::shared_ptr<X509> read(d2i_X509(nullptr, &at, static_cast<long>(der.size())), X509_free);
  if (at != reinterpret_cast<const unsigned char*>(der.data()) + der.size()) read.reset();
  return read;
}

void expect(X509_VERIFY_PARAM* parameters, const Question& question) {
  const bool server = question.purpose == Purpose::Server;
  X509_VERIFY_PARAM_set_purpose(parameters, server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
  X509_VERIFY_PARAM_set_auth_level(parameters, 2);
  X509_VERIFY_PARAM_set_time(parameters, question.now / base::kWallSecond);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  if (!server) return;
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, question.host.c_str()) == 1) return;
  X509_VERIFY_PARAM_set_hostflags(parameters,
                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  POSTERN_CHECK(X509_VERIFY_PARAM_set1_host(parameters, question.host.data(), question.host.size()) == 1);
}

bool openssl_accepts(const Question& question, const Built& built) {
  const Store store(X509_STORE_new(), X509_STORE_free);
  for (const std::string& der : built.anchors) X509_STORE_add_cert(store.get(), parse(der).get());
  const std::shared_ptr<STACK_OF(X509)> sent(sk_X509_new_null(),
                                             [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
  std::vector<std::shared_ptr<X509>> parsed;
  for (const std::string& der : built.chain) {
    parsed.push_back(parse(der));
    if (parsed.back() == nullptr) return false;
    sk_X509_push(sent.get(), parsed.back().get());
  }
  if (parsed.empty()) return false;
  const std::shared_ptr<X509_STORE_CTX> context(X509_STORE_CTX_new(), X509_STORE_CTX_free);
  POSTERN_CHECK(X509_STORE_CTX_init(context.get(), store.get(), parsed.front().get(), sent.get()) == 1);
  expect(X509_STORE_CTX_get0_param(context.get()), question);
  const bool good = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  return good;
}

struct Difference {
  const char* name;
  const char* reason;
};

constexpr Difference kOpenSslAccepts[] = {
    {"a chain of 10,000 certificates",
     "its bound is the depth of the path, and what is not needed is not counted"},
    {"a chain of 100 KiB", "it has no bound on bytes"},
    {"a name with a space", "names are compared, not judged"},
    {"an engineer by common name alone", "it does not ask a client for a name"},
    {"an engineer by DNS name", "the same"},
    {"a leading dot excludes the domain itself", "it reads the dot as narrower, in an exclusion too"},
    {"a wildcard that covers what is excluded", "it takes the wildcard for a name"},
    {"a network with holes", "the mask is applied as it is"},
    {"more names than can be compared", "its bound is a million"},
    {"name constraints in a leaf", "what has no effect is not looked at"},
    {"a root without basic constraints", "key usage alone makes an authority"},
    {"basic constraints that are not critical", "only X509_V_FLAG_X509_STRICT asks"},
    {"a path length without an authority", "only X509_V_FLAG_X509_STRICT asks"},
    {"an authority as a leaf", "an authority may be a server"},
    {"a leaf that must not sign", "key agreement or encipherment is enough, which our TLS does not have"},
    {"a leaf that may sign certificates", "only X509_V_FLAG_X509_STRICT asks"},
    {"a client without extended key usage", "absent allows everything"},
    {"certificate policies that are demanded", "policies are judged only if the caller asks"},
    {"version 2 with extensions", "versions are not judged"},
    {"a negative serial number", "serial numbers are not judged"},
    {"the serial number 0", "the same"},
    {"a serial number of 21 bytes", "the same"},
    {"an extension with bytes behind it", "what follows is passed over"},
    {"a boolean that is not DER", "it reads BER"},
    {"a length that is not the shortest", "it reads BER"},
    {"a leaf without a subject and with names that are not critical", "only X509_V_FLAG_X509_STRICT asks"},
    {"an authority without a name", "only X509_V_FLAG_X509_STRICT asks"},
    {"RSA of 2049 bits", "strength is counted in bits of security only"},
    {"RSA of 8200 bits", "longer is stronger"},
    {"RSA with the exponent 1", "exponents are not judged"},
    {"RSA with an even exponent", "the same"},
    {"P-224", "112 bits are enough"},
    {"secp256k1", "128 bits are enough"},
    {"Ed448", "224 bits are enough"},
    {"RSA with SHA-224", "112 bits are enough"},
};

constexpr Difference kOpenSslRefuses[] = {
    {"two authorities of one name, the wrong one first",
     "it takes the first of that name, without trying the others"},
    {"key identifiers that do not fit are a hint only", "to it they are a rule"},
    {"in the last second", "it ends one second early"},
    {"a path length of 0 above a new key of the same authority",
     "it takes the trusted one of that name for the issuer"},
    {"an authority for any purpose", "anyExtendedKeyUsage is not taken for serverAuth"},
};

TEST(ChainMatrix, OpenSslDiffersOnlyWhereAReasonIsKnown) {
  std::map<std::string_view, bool> known;  // whether OpenSSL accepts
  for (const Difference& each : kOpenSslAccepts) known[each.name] = true;
  for (const Difference& each : kOpenSslRefuses) known[each.name] = false;
  for (const auto table :
       {path_cases, name_cases, constraint_cases, usage_cases, structure_cases, strength_cases}) {
    for (const Case& each : table()) {
      SCOPED_TRACE(each.name);
      Scene scene;
      each.change(scene);
      // OpenSSL knows neither.
      if (!scene.question.pins.empty() || scene.question.demands != Demands{}) continue;
      const Built built = scene.build();
      const bool accepts = openssl_accepts(scene.question, built);
      const bool ours = !each.broken.has_value();
      const auto difference = known.find(each.name);
      EXPECT_EQ(accepts != ours, difference != known.end())
          << (accepts ? "OpenSSL accepts" : "OpenSSL refuses");
      if (difference == known.end()) continue;
      EXPECT_EQ(accepts, difference->second);
      known.erase(difference);
    }
  }
  for (const auto& [name, accepts] : known) ADD_FAILURE() << "no longer different: " << name;
}

}  // namespace
}  // namespace postern::certs
