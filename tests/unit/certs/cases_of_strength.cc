// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>

#include "base/bytes.h"
#include "certs/certificate.h"
#include "tests/unit/certs/matrix.h"

namespace postern::certs {
namespace {

const auto kStrengthCases =
    std::to_array<Case>({
        {"a leaf with RSA 2048", kGood, "", [](Scene& s) { s.leaf.key = "RSA 2048"; }},
        {"a leaf with RSA 3072", kGood, "", [](Scene& s) { s.leaf.key = "RSA 3072"; }},
        {"a leaf with P-384", kGood, "", [](Scene& s) { s.leaf.key = "P-384"; }},
        {"a leaf with P-521", kGood, "", [](Scene& s) { s.leaf.key = "P-521"; }},
        {"a leaf with Ed25519", kGood, "", [](Scene& s) { s.leaf.key = "Ed25519"; }},
        {"an authority with RSA 2048", kGood, "", [](Scene& s) { s.middle.key = "RSA 2048"; }},
        {"an authority with P-384", kGood, "", [](Scene& s) { s.middle.key = "P-384"; }},
        {"an authority with Ed25519", kGood, "", [](Scene& s) { s.middle.key = "Ed25519"; }},
        {"ECDSA with SHA384", kGood, "", [](Scene& s) { s.leaf.digest = "SHA384"; }},
        {"RSA with SHA384", kGood, "",
         [](Scene& s) {
           s.middle.key = "RSA 2048";
           s.leaf.digest = "SHA384";
         }},
        {"RSASSA-PSS with SHA384", kGood, "",
         [](Scene& s) {
           s.middle.key = "RSA 2048";
           s.leaf.pss = true;
           s.leaf.digest = "SHA384";
         }},
        {"ECDSA with SHA512", kGood, "", [](Scene& s) { s.leaf.digest = "SHA512"; }},
        {"RSA with SHA512", kGood, "",
         [](Scene& s) {
           s.middle.key = "RSA 2048";
           s.leaf.digest = "SHA512";
         }},
        {"RSASSA-PSS with SHA512", kGood, "",
         [](Scene& s) {
           s.middle.key = "RSA 2048";
           s.leaf.pss = true;
           s.leaf.digest = "SHA512";
         }},
        {"RSASSA-PSS with SHA256", kGood, "",
         [](Scene& s) {
           s.middle.key = "RSA 2048";
           s.leaf.pss = true;
         }},
        {"RSA of 1024 bits", Rule::WeakKey,
         "the certificate for www.example.com has an RSA key of 1024 bits, which is too short: 2048 is the "
         "least",
         [](Scene& s) { s.leaf.key = "RSA 1024"; }},
        {"an intermediate with RSA of 1024 bits", Rule::WeakKey,
         "certificate 2 (CN=Middle) has an RSA key of 1024 bits",
         [](Scene& s) { s.middle.key = "RSA 1024"; }},
        {"a root with RSA of 1024 bits", Rule::WeakKey, "certificate 3 (CN=Root) has an RSA key of 1024 bits",
         [](Scene& s) { s.root.key = "RSA 1024"; }},
        {"RSA of 2049 bits", Rule::WeakKey,
         "the certificate for www.example.com has an RSA key of 2049 bits, which is not a multiple of 8",
         [](Scene& s) { s.leaf.key = "modulus 2049 exponent 65537"; }},
        {"RSA of 8200 bits", Rule::WeakKey,
         "the certificate for www.example.com has an RSA key of 8200 bits: 8192 is the most",
         [](Scene& s) { s.leaf.key = "modulus 8200 exponent 65537"; }},
        {"RSA with the exponent 1", Rule::WeakKey,
         "the certificate for www.example.com has an RSA key whose exponent is not an odd number above 1",
         [](Scene& s) { s.leaf.key = "modulus 2048 exponent 1"; }},
        {"RSA with an even exponent", Rule::WeakKey,
         "the certificate for www.example.com has an RSA key whose exponent is not an odd number above 1",
         [](Scene& s) { s.leaf.key = "modulus 2048 exponent 65536"; }},
        {"RSA with the exponent 3", kGood, "", [](Scene& s) { s.leaf.key = "modulus 2048 exponent 3"; }},
        {"P-224", Rule::KeyKind,
         "the certificate for www.example.com has a key of a kind that is not accepted: EC secp224r1",
         [](Scene& s) { s.leaf.key = "P-224"; }},
        {"secp256k1", Rule::KeyKind,
         "the certificate for www.example.com has a key of a kind that is not accepted: EC secp256k1",
         [](Scene& s) { s.leaf.key = "secp256k1"; }},
        {"Ed448", Rule::KeyKind,
         "the certificate for www.example.com has a key of a kind that is not accepted: ED448",
         [](Scene& s) { s.leaf.key = "Ed448"; }},
        {"ECDSA with SHA-1", Rule::SignatureAlgorithm,
         "the certificate for www.example.com is signed in a way that is not accepted: ecdsa-with-SHA1",
         [](Scene& s) { s.leaf.digest = "SHA1"; }},
        {"RSA with SHA-1", Rule::SignatureAlgorithm,
         "the certificate for www.example.com is signed in a way that is not accepted: sha1WithRSAEncryption",
         [](Scene& s) {
           s.middle.key = "RSA 2048";
           s.leaf.digest = "SHA1";
         }},
        {"RSA with MD5", Rule::SignatureAlgorithm,
         "the certificate for www.example.com is signed in a way that is not accepted: md5WithRSAEncryption",
         [](Scene& s) {
           s.middle.key = "RSA 2048";
           s.leaf.digest = "MD5";
         }},
        {"RSA with SHA-224", Rule::SignatureAlgorithm,
         "the certificate for www.example.com is signed in a way that is not accepted: "
         "sha224WithRSAEncryption",
         [](Scene& s) {
           s.middle.key = "RSA 2048";
           s.leaf.digest = "SHA224";
         }},
        {"RSASSA-PSS with SHA-1", Rule::SignatureAlgorithm,
         "the certificate for www.example.com is signed in a way that is not accepted: rsassaPss",
         [](Scene& s) {
           s.middle.key = "RSA 2048";
           s.leaf.pss = true;
           s.leaf.digest = "SHA1";
         }},
        {"an intermediate signed with SHA-1", Rule::SignatureAlgorithm,
         "certificate 2 (CN=Middle) is signed in a way that is not accepted",
         [](Scene& s) { s.middle.digest = "SHA1"; }},
        {"a root signed with SHA-1 by itself", kGood, "", [](Scene& s) { s.root.digest = "SHA1"; }},
    });

}  // namespace

std::span<const Case> strength_cases() { return kStrengthCases; }

}  // namespace postern::certs
