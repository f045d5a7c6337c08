// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/crl_issue.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include "base/bytes.h"
#include "certs/certificate.h"
#include "certs/issuer.h"
#include "certs/openssl_ptr.h"
#include "certs/revocation.h"

namespace postern::certs {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using base::Status;

constexpr std::size_t kSerialLimit = 20;  // bytes

constexpr std::array<std::string_view, 5> kReasons = {"unspecified", "keyCompromise", "affiliationChanged",
                                                      "superseded", "cessationOfOperation"};
constexpr std::array<long, 5> kReasonCodes = {0, 1, 3, 4, 5};

struct TimeFree {
  void operator()(ASN1_TIME* time) const noexcept { ASN1_TIME_free(time); }
};
struct NumberFree {
  void operator()(ASN1_INTEGER* number) const noexcept { ASN1_INTEGER_free(number); }
};
struct EnumeratedFree {
  void operator()(ASN1_ENUMERATED* value) const noexcept { ASN1_ENUMERATED_free(value); }
};
struct RevokedFree {
  void operator()(X509_REVOKED* entry) const noexcept { X509_REVOKED_free(entry); }
};
using TimePtr = std::unique_ptr<ASN1_TIME, TimeFree>;
using NumberPtr = std::unique_ptr<ASN1_INTEGER, NumberFree>;
using EnumeratedPtr = std::unique_ptr<ASN1_ENUMERATED, EnumeratedFree>;
using RevokedPtr = std::unique_ptr<X509_REVOKED, RevokedFree>;

base::Error not_made() { return fail(Code::Internal, "the CRL could not be made: " + openssl_reason()); }

TimePtr time_of(base::Micros at) { return TimePtr(ASN1_TIME_set(nullptr, at / base::kWallSecond)); }

NumberPtr serial_of(const std::string& hex) {
  const auto bytes = base::from_hex(hex.size() % 2 == 0 ? hex : "0" + hex);
  if (!bytes || bytes->empty() || bytes->size() > kSerialLimit) return nullptr;
  const BignumPtr number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes->data()),
                                   static_cast<int>(bytes->size()), nullptr));
  return NumberPtr(number == nullptr ? nullptr : BN_to_ASN1_INTEGER(number.get(), nullptr));
}

Status add_entry(X509_CRL* crl, const TakenBack& one) {
  const NumberPtr serial = serial_of(one.serial);
  if (serial == nullptr)
    return fail(Code::Invalid,
                "\"" + base::printable(one.serial, 60) + "\" is no serial number in hexadecimal");
  const auto reason = std::find(kReasons.begin(), kReasons.end(), one.reason);
  if (reason == kReasons.end())
    return fail(Code::Invalid, "\"" + base::printable(one.reason, 60) + "\" is no reason for a revocation");
  RevokedPtr entry(X509_REVOKED_new());
  const TimePtr at = time_of(one.at);
  if (entry == nullptr || at == nullptr || X509_REVOKED_set_serialNumber(entry.get(), serial.get()) != 1 ||
      X509_REVOKED_set_revocationDate(entry.get(), at.get()) != 1)
    return not_made();
  if (reason != kReasons.begin()) {
    const EnumeratedPtr code(ASN1_ENUMERATED_new());
    if (code == nullptr ||
        ASN1_ENUMERATED_set(code.get(), kReasonCodes[static_cast<std::size_t>(reason - kReasons.begin())]) !=
            1 ||
        X509_REVOKED_add1_ext_i2d(entry.get(), NID_crl_reason, code.get(), 0, 0) != 1)
      return not_made();
  }
  if (X509_CRL_add0_revoked(crl, entry.get()) != 1) return not_made();
  static_cast<void>(entry.release());
  return Ok{};
}

bool fill_crl(X509_CRL* crl, X509* issuer, const CrlTemplate& wanted) {
  const TimePtr from = time_of(wanted.validity.not_before), until = time_of(wanted.validity.not_after);
  const NumberPtr number(ASN1_INTEGER_new());
  if (from == nullptr || until == nullptr || number == nullptr ||
      ASN1_INTEGER_set_uint64(number.get(), wanted.number) != 1)
    return false;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, nullptr, nullptr, crl, 0);
  char keyid[] = "keyid:always";
  X509_EXTENSION* identifier = X509V3_EXT_nconf_nid(nullptr, &context, NID_authority_key_identifier, keyid);
  const bool identified = identifier != nullptr && X509_CRL_add_ext(crl, identifier, -1) == 1;
  X509_EXTENSION_free(identifier);
  return identified && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
         X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) == 1 &&
         X509_CRL_set1_lastUpdate(crl, from.get()) == 1 && X509_CRL_set1_nextUpdate(crl, until.get()) == 1 &&
         X509_CRL_add1_ext_i2d(crl, NID_crl_number, number.get(), 0, 0) == 1;
}

}  // namespace

std::span<const std::string_view> revocation_reasons() { return kReasons; }

base::Result<std::string> make_crl(const CrlTemplate& wanted, const Credentials& authority) {
  auto signer = read_issuer(authority);
  if (!signer) return signer.error();
  X509* issuer = signer->certificate.get();
  EVP_PKEY* key = signer->key.get();
  ERR_clear_error();
  const CrlPtr crl(X509_CRL_new());
  if (crl == nullptr || !fill_crl(crl.get(), issuer, wanted)) return not_made();
  for (const TakenBack& one : wanted.revoked) {
    if (auto added = add_entry(crl.get(), one); !added) return added.error();
  }
  if (X509_CRL_sort(crl.get()) != 1 || X509_CRL_sign(crl.get(), key, digest_for(key)) <= 0) return not_made();
  return to_pem(crl.get());
}

}  // namespace postern::certs
