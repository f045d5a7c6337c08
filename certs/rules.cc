// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/rules.h"

#include <array>

#include "base/check.h"

namespace postern::certs {
namespace {

constexpr const char* kInvalid = "NET::ERR_CERT_INVALID";
constexpr const char* kAuthority = "NET::ERR_CERT_AUTHORITY_INVALID";
constexpr const char* kReissue = "have the certificate issued anew by an authority that keeps to RFC 5280";
constexpr const char* kFetchCrl = "fetch the authority's current CRL";
constexpr const char* kFixStaple = "have the server fetch a new OCSP response from its authority";

constexpr std::array kRules = {
    RuleText{Rule::Malformed, "malformed", "RFC 5280 4.1, X.690 10",
             "every certificate is one DER structure that can be read", kInvalid, kReissue},
    RuleText{
        Rule::Limits, "limits", "ours",
        "at most 10 certificates, 64 KiB, 64 signature checks and 100,000 comparisons of names for one chain",
        kInvalid, "have the server send its certificate and the intermediate ones, nothing else"},
    RuleText{Rule::Version, "version", "RFC 5280 4.1.2.1", "version 3", kInvalid, kReissue},
    RuleText{Rule::Serial, "serial", "RFC 5280 4.1.2.2", "a serial number above 0 of at most 20 bytes",
             kInvalid, kReissue},
    RuleText{Rule::AlgorithmsDiffer, "algorithms-differ", "RFC 5280 4.1.1.2",
             "the signature's algorithm is the one that was signed", kInvalid, kReissue},
    RuleText{Rule::DuplicateExtension, "duplicate-extension", "RFC 5280 4.2", "no extension twice", kInvalid,
             kReissue},
    RuleText{Rule::MalformedExtension, "extension-malformed", "RFC 5280 4.2",
             "an extension that is judged can be read", kInvalid, kReissue},
    RuleText{Rule::UnknownCritical, "unknown-critical-extension", "RFC 5280 4.2",
             "no critical extension that is not judged here", kInvalid,
             "have the certificate issued without that extension, or with it not critical"},
    RuleText{Rule::NameEmpty, "name-empty", "RFC 5280 4.1.2.4, 4.1.2.6",
             "issuers have names; without a subject, subjectAltName is critical", kInvalid, kReissue},
    RuleText{Rule::ValidityForm, "validity-form", "RFC 5280 4.1.2.5", "times in UTC, to the second", kInvalid,
             kReissue},
    RuleText{Rule::NotYetValid, "not-yet-valid", "RFC 5280 4.1.2.5", "begun", "NET::ERR_CERT_DATE_INVALID",
             "look at the clocks of both machines"},
    RuleText{Rule::Expired, "expired", "RFC 5280 4.1.2.5", "not over", "NET::ERR_CERT_DATE_INVALID",
             "renew the certificate"},
    RuleText{Rule::UnknownIssuer, "unknown-issuer", "RFC 5280 6.1", "the path leads to a trusted root",
             kAuthority, "have the server send the intermediate certificates, or trust the authority's root"},
    RuleText{Rule::SelfSigned, "self-signed", "RFC 5280 6.1",
             "nobody vouches for himself, unless he is trusted", kAuthority,
             "trust exactly this certificate, or have one issued by an authority"},
    RuleText{Rule::Signature, "signature", "RFC 5280 6.1.3 (a) (1)",
             "each certificate is signed with the key of the one above", kAuthority,
             "take the authority's certificate from the authority: another one has the same name"},
    RuleText{Rule::NotAnAuthority, "not-an-authority", "RFC 5280 6.1.4 (k)",
             "who issues is an authority (CA:TRUE)", kInvalid, "have the certificate issued by an authority"},
    RuleText{Rule::BasicConstraintsForm, "basic-constraints-form", "RFC 5280 4.2.1.9",
             "basic constraints of an authority are critical, and only an authority has a path length",
             kInvalid, kReissue},
    RuleText{Rule::AuthorityAsLeaf, "authority-as-leaf", "CA/B BR 7.1.2.7",
             "an authority's certificate is nobody's own, unless it is trusted itself", kInvalid,
             "have a certificate for the host issued by that authority"},
    RuleText{Rule::PathLength, "path-length", "RFC 5280 6.1.4 (l), (m)",
             "no more authorities follow than an authority was allowed", kInvalid,
             "have the certificate issued by the authority above"},
    RuleText{Rule::AuthorityKeyUsage, "authority-key-usage", "RFC 5280 6.1.4 (n)",
             "key usage of who issues, where there is one, has keyCertSign", kInvalid, kReissue},
    RuleText{Rule::KeyUsage, "key-usage", "RFC 8446 4.4.2.2, RFC 5280 4.2.1.3",
             "key usage, where there is one, has digitalSignature, and keyCertSign for an authority only",
             "ERR_SSL_KEY_USAGE_INCOMPATIBLE", "have the certificate issued with digitalSignature"},
    RuleText{Rule::Purpose, "purpose", "RFC 5280 4.2.1.12, CA/B BR 7.1.2.7.10",
             "extended key usage names the use; for servers it may be missing, for clients not", kInvalid,
             "have the certificate issued with serverAuth (servers) or clientAuth (clients)"},
    RuleText{Rule::AuthorityPurpose, "authority-purpose", "CA/B BR 7.1.2.10.6",
             "extended key usage of an authority, where there is one, names the use or any", kInvalid,
             "have the certificate issued by an authority for this use"},
    RuleText{Rule::Policy, "policy", "RFC 5280 4.2.1.11",
             "no authority demands certificate policies, which are not judged here", kInvalid,
             "have the certificate issued by an authority without requireExplicitPolicy"},
    RuleText{
        Rule::NoName, "no-name", "RFC 9525 2", "subjectAltName names hosts; the common name does not count",
        "NET::ERR_CERT_COMMON_NAME_INVALID", "have the certificate issued with the host in subjectAltName"},
    RuleText{Rule::WrongName, "wrong-name", "RFC 9525 6",
             "one of the names is the host: exactly, or by a wildcard that is its whole left-most label",
             "NET::ERR_CERT_COMMON_NAME_INVALID",
             "use one of the names that the certificate has, or have it issued for this one"},
    RuleText{Rule::NameForm, "name-form", "RFC 5280 4.2.1.6",
             "names are printable ASCII, IP addresses have 4 or 16 bytes", kInvalid, kReissue},
    RuleText{Rule::NoIdentity, "no-identity", "ours",
             "a client is named by an e-mail address or a URI in subjectAltName", kInvalid,
             "have the certificate issued with the engineer's address in subjectAltName"},
    RuleText{
        Rule::IdentityNotDemanded, "identity-not-demanded", "ours",
        "a client has a name that fits a pattern of who lets it in, where there are any", kInvalid,
        "have the certificate issued with such a name, or add a pattern to engineer_certificates.identities"},
    RuleText{Rule::PurposeDemanded, "purpose-demanded", "RFC 5280 4.2.1.12",
             "extended key usage of a client names all that who lets it in demands", kInvalid,
             "have the certificate issued with that extended key usage"},
    RuleText{Rule::LifeTooLong, "life-too-long", "ours",
             "a client's certificate was issued for no longer than who lets it in allows", kInvalid,
             "have the certificate issued for a shorter time"},
    RuleText{Rule::NotPermitted, "name-not-permitted", "RFC 5280 4.2.1.10",
             "every name is among those that each authority above may vouch for",
             "NET::ERR_CERT_NAME_CONSTRAINT_VIOLATION",
             "have the certificate issued by an authority for that name"},
    RuleText{Rule::Excluded, "name-excluded", "RFC 5280 4.2.1.10",
             "no name is among those that an authority above must not vouch for",
             "NET::ERR_CERT_NAME_CONSTRAINT_VIOLATION",
             "have the certificate issued by an authority for that name"},
    RuleText{Rule::ConstraintForm, "name-constraint-form", "RFC 5280 4.2.1.10",
             "name constraints stand in an authority's certificate and can be judged", kInvalid, kReissue},
    RuleText{Rule::KeyKind, "key-kind", "CA/B BR 6.1.5; Ed25519 is ours",
             "the key is RSA, EC on P-256, P-384 or P-521 by name, or Ed25519", "NET::ERR_CERT_WEAK_KEY",
             "have the certificate issued for an RSA or P-256 key"},
    RuleText{Rule::WeakKey, "weak-key", "CA/B BR 6.1.5, 6.1.6",
             "RSA of 2048 to 8192 bits, a multiple of 8, with an odd exponent above 1",
             "NET::ERR_CERT_WEAK_KEY",
             "have the certificate issued for an RSA key of 2048 bits or a P-256 key"},
    RuleText{Rule::SignatureAlgorithm, "signature-algorithm", "CA/B BR 7.1.3.2; Ed25519 is ours",
             "SHA-256, SHA-384 or SHA-512 with RSA (PKCS#1 or PSS) or ECDSA, or Ed25519, in the one encoding",
             "NET::ERR_CERT_WEAK_SIGNATURE_ALGORITHM", "have the certificate signed with SHA-256"},
    RuleText{Rule::TlsFeature, "tls-feature", "RFC 7633 4.2.2",
             "a certificate has the TLS features that the authority above it has", kInvalid, kReissue},
    RuleText{Rule::MustStaple, "must-staple", "RFC 7633 4.3.3",
             "a certificate that says so comes with an OCSP response",
             "MOZILLA_PKIX_ERROR_REQUIRED_TLS_FEATURE_MISSING", "turn on OCSP stapling at the server"},
    RuleText{Rule::Revoked, "revoked", "RFC 5280 6.3, RFC 6960 2.2", "not revoked", "NET::ERR_CERT_REVOKED",
             "ask the authority why, and replace certificate and key"},
    RuleText{
        Rule::RevocationUnknown, "revocation-unknown", "RFC 5280 6.3",
        "with --revocation hard, or for who chose so: something is known of every certificate below the root",
        "NET::ERR_CERT_UNABLE_TO_CHECK_REVOCATION", "give the CRLs of all authorities of the path"},
    RuleText{
        Rule::CrlForm, "crl-form", "RFC 5280 5.2, 6.3.3",
        "a CRL is whole, its issuer's own, for all reasons, and has no critical extension that is not judged",
        "NET::ERR_CERT_UNABLE_TO_CHECK_REVOCATION", "give the authority's complete and direct CRL"},
    RuleText{Rule::CrlStale, "crl-stale", "RFC 5280 5.1.2.4, 5.1.2.5", "a CRL has begun and is not over",
             "NET::ERR_CERT_UNABLE_TO_CHECK_REVOCATION", kFetchCrl},
    RuleText{Rule::CrlSignature, "crl-signature", "RFC 5280 6.3.3 (f), (g)",
             "a CRL is signed by the authority, with a key that may",
             "NET::ERR_CERT_UNABLE_TO_CHECK_REVOCATION", kFetchCrl},
    RuleText{Rule::OcspForm, "ocsp-form", "RFC 6960 4.2", "an OCSP response is an answer and can be read",
             "SEC_ERROR_OCSP_MALFORMED_RESPONSE", kFixStaple},
    RuleText{Rule::OcspStale, "ocsp-stale", "RFC 6960 4.2.2.1, CA/B BR 4.9.10",
             "an OCSP response has begun, says when it is over, is not, and is at most 10 days old",
             "SEC_ERROR_OCSP_OLD_RESPONSE", kFixStaple},
    RuleText{Rule::OcspSigner, "ocsp-signer", "RFC 6960 4.2.2.2",
             "an OCSP response is signed by the authority, or by whom it appointed (OCSPSigning, nocheck)",
             "SEC_ERROR_OCSP_UNAUTHORIZED_RESPONSE", kFixStaple},
    RuleText{Rule::OcspUnknown, "ocsp-unknown", "RFC 6960 2.2",
             "an OCSP response is about this certificate and knows it", "SEC_ERROR_OCSP_UNKNOWN_CERT",
             kFixStaple},
    RuleText{Rule::Pin, "pin", "RFC 7469 2.6", "where keys are pinned, one of the path's keys is among them",
             "NET::ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN",
             "compare the key with its owner, and pin the new one"},
};

}  // namespace

std::span<const RuleText> rule_texts() { return kRules; }

const RuleText& text_of(Rule rule) {
  const RuleText& text = kRules.at(static_cast<std::size_t>(rule));
  POSTERN_CHECK(text.rule == rule);
  return text;
}

}  // namespace postern::certs
