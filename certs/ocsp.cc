// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "certs/der.h"
#include "certs/revocation.h"
#include "certs/strength.h"

namespace postern::certs {
namespace {

constexpr base::Micros kSkew = 300 * base::kWallSecond;              // between the responder's clock and ours
constexpr base::Micros kOldest = 10LL * 86'400 * base::kWallSecond;  // CA/B BR 4.9.10
constexpr int kAnswersLimit = 64;                                    // in one response; a staple has one

struct OcspFree {
  void operator()(OCSP_RESPONSE* response) const noexcept { OCSP_RESPONSE_free(response); }
  void operator()(OCSP_BASICRESP* basic) const noexcept { OCSP_BASICRESP_free(basic); }
  void operator()(OCSP_CERTID* id) const noexcept { OCSP_CERTID_free(id); }
};
using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, OcspFree>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, OcspFree>;
using CertIdPtr = std::unique_ptr<OCSP_CERTID, OcspFree>;

Fault ocsp_fault(Rule rule, const std::string& what) {
  return Fault{rule, "comes with an OCSP response that " + what};
}

base::Micros ocsp_time(const ASN1_GENERALIZEDTIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return static_cast<base::Micros>(timegm(&parts)) * base::kWallSecond;
}

BasicPtr open_response(std::string_view der, std::optional<Fault>& fault) {
  ERR_clear_error();
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const ResponsePtr response(
      der.size() > kOcspSizeLimit ? nullptr : d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
  BasicPtr basic;
  if (response == nullptr || !is_der(der)) {
    fault = ocsp_fault(Rule::OcspForm, "cannot be read");
  } else if (const int status = OCSP_response_status(response.get());
             status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    fault = ocsp_fault(Rule::OcspForm, std::string("is no answer: ") + OCSP_response_status_str(status));
  } else {
    basic.reset(OCSP_response_get1_basic(response.get()));
    if (basic == nullptr) fault = ocsp_fault(Rule::OcspForm, "is of a kind that is not known");
  }
  ERR_clear_error();
  return basic;
}

bool has_critical_extension(OCSP_BASICRESP* basic, OCSP_SINGLERESP* single) {
  for (int i = 0; i < OCSP_SINGLERESP_get_ext_count(single); ++i) {
    if (X509_EXTENSION_get_critical(OCSP_SINGLERESP_get_ext(single, i)) != 0) return true;
  }
  for (int i = 0; i < OCSP_BASICRESP_get_ext_count(basic); ++i) {
    if (X509_EXTENSION_get_critical(OCSP_BASICRESP_get_ext(basic, i)) != 0) return true;
  }
  return false;
}

// The answer about the certificate, under whichever digest the responder named it. SHA-1 names here, and proves nothing.
OCSP_SINGLERESP* answer_about(OCSP_BASICRESP* basic, const Candidate& of, const Candidate& issuer) {
  for (int i = 0; i < OCSP_resp_count(basic) && i < kAnswersLimit; ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(basic, i);
    const auto* said = OCSP_SINGLERESP_get0_id(single);
    ASN1_OBJECT* digest = nullptr;
    OCSP_id_get0_info(nullptr, &digest, nullptr, nullptr, const_cast<OCSP_CERTID*>(said));
    const EVP_MD* md = EVP_get_digestbyobj(digest);
    if (md == nullptr || EVP_MD_get_size(md) < 20) continue;
    const CertIdPtr id(OCSP_cert_to_id(md, of.certificate.get(), issuer.certificate.get()));
    if (id != nullptr && OCSP_id_cmp(id.get(), said) == 0) return single;
  }
  return nullptr;
}

bool signed_with(OCSP_BASICRESP* basic, EVP_PKEY* key) {
  ERR_clear_error();
  // The structure is written anew and compared with the signature; what was read is DER (open_response).
  const bool good = ASN1_item_verify(ASN1_ITEM_rptr(OCSP_RESPDATA), OCSP_resp_get0_tbs_sigalg(basic),
                                     OCSP_resp_get0_signature(basic),
                                     const_cast<OCSP_RESPDATA*>(OCSP_resp_get0_respdata(basic)), key) == 1;
  ERR_clear_error();
  return good;
}

// Whether the authority appointed it to answer for itself. That its time is over is the answer's age (judge_ocsp): what it
// signed while it lasted is old, not wrong.
std::optional<std::string> not_appointed(const Candidate& delegate, const Candidate& issuer,
                                         base::Micros now) {
  if (delegate.fault) return delegate.fault->what;
  if (!is_issuer_name_of(issuer, delegate)) return "was not issued by the authority";
  if (!has_purpose(delegate, kOcspPurpose)) return "was not issued for this (extended key usage OCSPSigning)";
  if (delegate.key_usage && (*delegate.key_usage & KU_DIGITAL_SIGNATURE) == 0)
    return "does not allow signatures";
  if (X509_get_ext_by_NID(delegate.certificate.get(), NID_id_pkix_OCSP_noCheck, -1) < 0)
    return "may itself be revoked (nocheck is missing)";
  if (now < delegate.facts.not_before) return "is outside its time";
  if (auto fault = judge_key(X509_get0_pubkey(delegate.certificate.get()))) return fault->what;
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, delegate.certificate.get());
  if (auto fault = judge_algorithm(algorithm)) return fault->what;
  return std::nullopt;
}

// end: of the time of whom the authority appointed; untouched if it signed itself.
std::optional<Fault> judge_signer(OCSP_BASICRESP* basic, const Candidate& issuer, base::Micros now,
                                  Work& work, std::optional<base::Micros>& end) {
  if (auto fault = judge_algorithm(OCSP_resp_get0_tbs_sigalg(basic)))
    return ocsp_fault(Rule::OcspSigner, fault->what);
  if (!work.may_check()) return Fault{Rule::Limits, "needs more checks than one chain may cost"};
  if (signed_with(basic, X509_get0_pubkey(issuer.certificate.get()))) return std::nullopt;
  std::string why = "was not signed by the authority";
  const STACK_OF(X509)* others = OCSP_resp_get0_certs(basic);
  for (int i = 0; i < sk_X509_num(others) && i < static_cast<int>(kChainLimit); ++i) {
    auto delegate = take_apart(to_der(sk_X509_value(others, i)));
    if (!delegate) continue;
    if (auto reason = not_appointed(*delegate, issuer, now)) {
      why = "was signed with a certificate that " + *reason;
      continue;
    }
    if (!work.may_check() || !is_signed_by(*delegate, issuer)) continue;
    if (!work.may_check() || !signed_with(basic, X509_get0_pubkey(delegate->certificate.get()))) continue;
    end = delegate->facts.not_after;
    return std::nullopt;
  }
  return ocsp_fault(Rule::OcspSigner, why);
}

std::optional<Fault> judge_freshness(const ASN1_GENERALIZEDTIME* from, const ASN1_GENERALIZEDTIME* until,
                                     base::Micros now) {
  const base::Micros begin = ocsp_time(from), end = ocsp_time(until);
  const auto minute = [](base::Micros time) { return base::format_time(time).substr(0, 16) + "Z"; };
  if (end == 0) return ocsp_fault(Rule::OcspStale, "does not say until when it is good");
  if (begin > now + kSkew) return ocsp_fault(Rule::OcspStale, "begins on " + minute(begin));
  if (now > end + kSkew) return ocsp_fault(Rule::OcspStale, "was good until " + minute(end));
  if (now - begin > kOldest)
    return ocsp_fault(Rule::OcspStale, "is of " + minute(begin) + ", more than 10 days old");
  return std::nullopt;
}

}  // namespace

Finding judge_ocsp(const Candidate& of, const Candidate& issuer, std::string_view response, base::Micros now,
                   Work& work) {
  std::optional<Fault> fault;
  const BasicPtr basic = open_response(response, fault);
  if (fault) return {Standing::Unknown, 0, std::move(fault)};
  OCSP_SINGLERESP* single = answer_about(basic.get(), of, issuer);
  if (single == nullptr)
    return {Standing::Unknown, 0, ocsp_fault(Rule::OcspUnknown, "is about another certificate")};
  if (has_critical_extension(basic.get(), single))
    return {Standing::Unknown, 0,
            ocsp_fault(Rule::OcspForm, "has a critical extension that is not judged here")};
  std::optional<base::Micros> signer_end;
  if ((fault = judge_signer(basic.get(), issuer, now, work, signer_end)))
    return {Standing::Unknown, 0, std::move(fault)};
  int reason = 0;
  ASN1_GENERALIZEDTIME *since = nullptr, *from = nullptr, *until = nullptr;
  const int status = OCSP_single_get0_status(single, &reason, &since, &from, &until);
  // Before its age: an authority does not take a revocation back.
  if (status == V_OCSP_CERTSTATUS_REVOKED)
    return {Standing::Unknown, ocsp_time(until),
            Fault{Rule::Revoked, "was revoked by its authority on " +
                                     base::format_time(ocsp_time(since)).substr(0, 16) + "Z (OCSP)"},
            ocsp_time(from)};
  if (status != V_OCSP_CERTSTATUS_GOOD)
    return {Standing::Unknown, 0, ocsp_fault(Rule::OcspUnknown, "does not know the certificate")};
  if ((fault = judge_freshness(from, until, now))) return {Standing::Unknown, 0, std::move(fault)};
  if (signer_end && now >= *signer_end + base::kWallSecond)
    return {Standing::Unknown, 0,
            ocsp_fault(Rule::OcspStale, "was signed with a certificate that is outside its time")};
  const base::Micros end = ocsp_time(until);
  return {Standing::GoodByStaple, signer_end ? std::min(end, *signer_end) : end, std::nullopt,
          ocsp_time(from)};
}

}  // namespace postern::certs
