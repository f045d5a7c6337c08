// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A certificate taken apart once, into what the rules ask of it (RFC 5280 4.1, 4.2). Nothing is judged here; what
// cannot be read is kept as a fault, for the day on which somebody wants to rely on the certificate.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "certs/certificate.h"
#include "certs/rules.h"

namespace postern::certs {

struct ConstraintsFree {
  void operator()(NAME_CONSTRAINTS* constraints) const noexcept;
};
using ConstraintsPtr = std::unique_ptr<NAME_CONSTRAINTS, ConstraintsFree>;

enum class Form : std::uint8_t { Dns, Address, Email, Uri, Directory, Other };

struct Name {
  Form form = Form::Other;
  int type = 0;      // GEN_..., for those of form Other
  std::string text;  // Address: 4 or 16 bytes. Directory: DER. Other: empty
};

struct Candidate {
  CertificatePtr certificate;
  std::string der;
  CertificateFacts facts;
  bool self_issued = false;  // subject and issuer are the same name
  std::vector<Name> names;   // subjectAltName
  bool names_present = false, names_critical = false;
  bool basic_present = false, basic_critical = false, authority = false;
  std::optional<long> path_length;
  std::optional<std::uint32_t> key_usage;            // KU_...; nothing: no such extension
  std::optional<std::vector<std::string>> purposes;  // extended key usage, dotted; nothing: no such extension
  ConstraintsPtr constraints;                        // nullptr: none
  std::vector<long> features;                        // RFC 7633
  bool demands_policy = false;                       // requireExplicitPolicy
  std::string key_identifier, authority_key_identifier;
  std::optional<Fault> fault;
};

// Of Candidate::features: an OCSP response comes with the certificate ("must-staple").
inline constexpr long kStatusRequest = 5;

// Invalid or Limit if it is no certificate at all.
base::Result<Candidate> take_apart(std::string_view der);

inline constexpr const char* kAnyPurpose = "2.5.29.37.0";
inline constexpr const char* kServerPurpose = "1.3.6.1.5.5.7.3.1";
inline constexpr const char* kClientPurpose = "1.3.6.1.5.5.7.3.2";
inline constexpr const char* kOcspPurpose = "1.3.6.1.5.5.7.3.9";
bool has_purpose(const Candidate& candidate,
                 std::string_view purpose);  // by name; false without the extension

bool same_subject_and_key(const Candidate& a, const Candidate& b);
bool is_issuer_name_of(const Candidate& issuer, const Candidate& of);
// Whether issuer's key made the signature of the certificate. Costs a signature check.
bool is_signed_by(const Candidate& of, const Candidate& issuer);
std::string dotted(const ASN1_OBJECT* object);
std::string directory_der(const X509_NAME* name);

}  // namespace postern::certs
