// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/single.h"

#include <openssl/asn1.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <string>

#include "base/bytes.h"
#include "certs/strength.h"

namespace postern::certs {
namespace {

constexpr int kLongestSerial = 20;

bool is_time_form(const ASN1_TIME* time) {
  const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(time));
  const int size = ASN1_STRING_length(time);
  const int wanted = ASN1_STRING_type(time) == V_ASN1_UTCTIME ? 13 : 15;
  return size == wanted && text[size - 1] == 'Z' && ASN1_TIME_check(time) == 1;
}

std::optional<Fault> judge_time(const Candidate& one, base::Micros now) {
  const X509* certificate = one.certificate.get();
  if (!is_time_form(X509_get0_notBefore(certificate)) || !is_time_form(X509_get0_notAfter(certificate)))
    return Fault{Rule::ValidityForm, "has times that are not in UTC to the second"};
  const auto minute = [](base::Micros time) { return base::format_time(time).substr(0, 16) + "Z"; };
  // The last second counts (RFC 5280 4.1.2.5: "through notAfter, inclusive").
  if (now >= one.facts.not_after + base::kWallSecond)
    return Fault{Rule::Expired, "expired on " + minute(one.facts.not_after)};
  if (now < one.facts.not_before)
    return Fault{Rule::NotYetValid, "is not valid before " + minute(one.facts.not_before)};
  return std::nullopt;
}

// What whoever issued it answers for.
std::optional<Fault> judge_issuance(const Candidate& one) {
  const X509* certificate = one.certificate.get();
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  const bool negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
  const auto* bytes = ASN1_STRING_get0_data(serial);
  int size = ASN1_STRING_length(serial);
  const bool zero = size == 0 || (size == 1 && bytes[0] == 0);
  if (size > 0 && (bytes[0] & 0x80) != 0) ++size;  // as it is encoded
  if (negative) return Fault{Rule::Serial, "has a negative serial number"};
  if (zero) return Fault{Rule::Serial, "has the serial number 0"};
  if (size > kLongestSerial) return Fault{Rule::Serial, "has a serial number of more than 20 bytes"};
  const X509_ALGOR* outer = nullptr;
  X509_get0_signature(nullptr, &outer, certificate);
  if (X509_NAME_entry_count(X509_get_issuer_name(certificate)) == 0)
    return Fault{Rule::NameEmpty, "does not name who issued it"};
  return judge_algorithm(outer);
}

std::optional<Fault> judge_authority(const Candidate& one, const Part& part) {
  if (!one.authority) return Fault{Rule::NotAnAuthority, "is not an authority's, and must not issue others"};
  if (X509_NAME_entry_count(X509_get_subject_name(one.certificate.get())) == 0)
    return Fault{Rule::NameEmpty, "is an authority's without a name"};
  if (!one.basic_critical && !part.anchor)
    return Fault{Rule::BasicConstraintsForm, "is an authority's whose basic constraints are not critical"};
  if (one.key_usage && (*one.key_usage & KU_KEY_CERT_SIGN) == 0)
    return Fault{Rule::AuthorityKeyUsage, "must not sign certificates (key usage keyCertSign is missing)"};
  if (one.purposes && !has_purpose(one, kAnyPurpose) &&
      !has_purpose(one, part.purpose == Purpose::Server ? kServerPurpose : kClientPurpose)) {
    return Fault{Rule::AuthorityPurpose, std::string("is of an authority that must not issue for ") +
                                             (part.purpose == Purpose::Server ? "servers" : "clients") +
                                             " (extended key usage)"};
  }
  if (one.demands_policy)
    return Fault{Rule::Policy,
                 "is of an authority that demands certificate policies, which are not judged here"};
  return std::nullopt;
}

std::optional<Fault> judge_own_purpose(const Candidate& one, Purpose purpose) {
  if (!one.purposes) {
    if (purpose == Purpose::Server) return std::nullopt;
    return Fault{Rule::Purpose, "was not issued for clients (extended key usage clientAuth)"};
  }
  if (has_purpose(one, purpose == Purpose::Server ? kServerPurpose : kClientPurpose)) return std::nullopt;
  return Fault{Rule::Purpose, "was not issued for this use (extended key usage)"};
}

std::optional<Fault> judge_leaf(const Candidate& one, const Part& part) {
  if (one.authority && !part.anchor)
    return Fault{Rule::AuthorityAsLeaf, "is an authority's, and nobody's own"};
  if (one.key_usage && (*one.key_usage & KU_DIGITAL_SIGNATURE) == 0)
    return Fault{Rule::KeyUsage, "does not allow signatures (key usage)"};
  if (X509_NAME_entry_count(X509_get_subject_name(one.certificate.get())) == 0 && !one.names_critical)
    return Fault{Rule::NameEmpty, "has no subject, and its subjectAltName is not critical"};
  return judge_own_purpose(one, part.purpose);
}

std::optional<Fault> judge_consistency(const Candidate& one) {
  if (X509_get_version(one.certificate.get()) != X509_VERSION_3)
    return Fault{Rule::Version, "is of version " +
                                    std::to_string(X509_get_version(one.certificate.get()) + 1) +
                                    ", whose constraints nobody can read"};
  if (one.authority) return std::nullopt;
  if (one.path_length) return Fault{Rule::BasicConstraintsForm, "has a path length and is no authority's"};
  if (one.key_usage && (*one.key_usage & KU_KEY_CERT_SIGN) != 0)
    return Fault{Rule::KeyUsage, "may sign certificates by its key usage, and is no authority's"};
  if (one.constraints != nullptr)
    return Fault{Rule::ConstraintForm, "has name constraints and is no authority's"};
  return std::nullopt;
}

}  // namespace

std::optional<Fault> judge_single(const Candidate& candidate, const Part& part) {
  if (candidate.fault) return candidate.fault;
  std::optional<Fault> fault = judge_time(candidate, part.now);
  if (!fault) fault = judge_key(X509_get0_pubkey(candidate.certificate.get()));
  if (!fault && !part.anchor) fault = judge_issuance(candidate);
  if (!fault && !part.leaf) fault = judge_authority(candidate, part);
  if (!fault) fault = judge_consistency(candidate);
  if (!fault && part.leaf) fault = judge_leaf(candidate, part);
  return fault;
}

}  // namespace postern::certs
