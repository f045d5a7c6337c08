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

const auto
    kRevocationCases =
        std::to_array<Case>(
            {
                {"a CRL that does not name the leaf", kGood, "",
                 [](Scene& s) { s.then = [](Built& b) { b.crls = {forge_crl({{"0x99"}}, b.middle)}; }; }},
                {"a CRL for every authority, hard", kGood, "",
                 [](Scene& s) {
                   s.question.revocation = Revocation::Hard;
                   s.then = [](Built& b) { b.crls = {forge_crl({{}}, b.middle), forge_crl({{}}, b.root)}; };
                 }},
                {"a CRL of another authority says nothing", kGood, "",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     b.crls = {forge_crl({{"0x4711"}}, forge({"Other", {}}, nullptr))};
                   };
                 }},
                {"an old CRL beside a new one", kGood, "",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     CrlRecipe old;
                     old.until = -1;
                     old.from = -5;
                     b.crls = {forge_crl(old, b.middle), forge_crl({}, b.middle)};
                   };
                 }},
                {"a CRL for leaves", kGood, "",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     CrlRecipe scoped;
                     scoped.extensions = {"issuingDistributionPoint=critical,onlyuser:TRUE"};
                     b.crls = {forge_crl(scoped, b.middle)};
                   };
                 }},
                {"a CRL of the leaf's distribution point", kGood, "",
                 [](Scene& s) {
                   s.question.revocation = Revocation::Soft;
                   s.leaf.set("crlDistributionPoints=URI:http://crl.example/1");
                   s.then = [](Built& b) {
                     CrlRecipe scoped;
                     scoped.extensions = {
                         "issuingDistributionPoint=critical,fullname:URI:http://crl.example/1"};
                     b.crls = {forge_crl(scoped, b.middle)};
                   };
                 }},
                {"nothing is known, soft", kGood, "",
                 [](Scene& s) { s.then = [](Built& b) { b.crls.clear(); }; }},
                {"nothing is known, hard", Rule::RevocationUnknown,
                 "the certificate for www.example.com may be revoked: no CRL and no OCSP response speaks of "
                 "it",
                 [](Scene& s) {
                   s.question.revocation = Revocation::Hard;
                   s.then = [](Built& b) { b.crls.clear(); };
                 }},
                {"nothing is known of the intermediate, hard", Rule::RevocationUnknown,
                 "certificate 2 (CN=Middle) may be revoked",
                 [](Scene& s) {
                   s.question.revocation = Revocation::Hard;
                   s.then = [](Built& b) { b.crls = {forge_crl({}, b.middle)}; };
                 }},
                {"a CRL for authorities only, hard", Rule::RevocationUnknown,
                 "the certificate for www.example.com may be revoked",
                 [](Scene& s) {
                   s.question.revocation = Revocation::Hard;
                   s.then = [](Built& b) {
                     CrlRecipe scoped;
                     scoped.extensions = {"issuingDistributionPoint=critical,onlyCA:TRUE"};
                     b.crls = {forge_crl(scoped, b.middle)};
                   };
                 }},
                {"a CRL of another distribution point, hard", Rule::RevocationUnknown,
                 "the certificate for www.example.com may be revoked",
                 [](Scene& s) {
                   s.question.revocation = Revocation::Hard;
                   s.leaf.set("crlDistributionPoints=URI:http://crl.example/1");
                   s.then = [](Built& b) {
                     CrlRecipe scoped;
                     scoped.extensions = {
                         "issuingDistributionPoint=critical,fullname:URI:http://crl.example/2"};
                     b.crls = {forge_crl(scoped, b.middle)};
                   };
                 }},
                {"a leaf revoked by CRL", Rule::Revoked,
                 "the certificate for www.example.com was revoked by its authority on 2026-09-20T14:13Z "
                 "(CRL)",
                 [](Scene& s) {
                   s.then = [](Built& b) { b.crls = {forge_crl({{"0x99", "0x4711"}}, b.middle)}; };
                 }},
                {"an intermediate revoked by CRL", Rule::Revoked,
                 "certificate 2 (CN=Middle) was revoked by its authority",
                 [](Scene& s) { s.then = [](Built& b) { b.crls = {forge_crl({{"0x4711"}}, b.root)}; }; }},
                {"revoked by an old CRL", Rule::Revoked,
                 "the certificate for www.example.com was revoked by its authority",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     CrlRecipe old;
                     old.serials = {"0x4711"};
                     old.from = -5;
                     old.until = -1;
                     b.crls = {forge_crl(old, b.middle)};
                   };
                 }},
                {"an engineer revoked by CRL", Rule::Revoked,
                 "the certificate of CN=www.example.com was revoked by its authority",
                 [](Scene& s) {
                   s.for_client();
                   s.then = [](Built& b) { b.crls = {forge_crl({{"0x4711"}}, b.middle)}; };
                 }},
                {"a CRL that is over", Rule::CrlStale,
                 "the certificate for www.example.com is under a CRL (of CN=Middle) that was good until "
                 "2026-09-20T14:13Z",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     CrlRecipe old;
                     old.from = -5;
                     old.until = -1;
                     b.crls = {forge_crl(old, b.middle)};
                   };
                 }},
                {"a CRL of the future", Rule::CrlStale,
                 "the certificate for www.example.com is under a CRL (of CN=Middle) that begins on "
                 "2026-09-22T14:13Z",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     CrlRecipe early;
                     early.from = 1;
                     b.crls = {forge_crl(early, b.middle)};
                   };
                 }},
                {"a CRL without an end", Rule::CrlStale,
                 "the certificate for www.example.com is under a CRL (of CN=Middle) that does not say until "
                 "when it is good",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     CrlRecipe endless;
                     endless.until = 0;
                     b.crls = {forge_crl(endless, b.middle)};
                   };
                 }},
                {"a forged CRL", Rule::CrlSignature,
                 "the certificate for www.example.com is under a CRL (of CN=Middle) that was not signed by "
                 "the authority",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     b.crls = {forge_crl({}, forge({"Middle", {}, "", "P-384"}, nullptr))};
                   };
                 }},
                {"a CRL of who must not sign one", Rule::CrlSignature,
                 "the certificate for www.example.com is under a CRL (of CN=Middle) that its authority's key "
                 "must not sign",
                 [](Scene& s) {
                   s.middle.set("keyUsage=critical,keyCertSign");
                   s.then = [](Built& b) { b.crls = {forge_crl({}, b.middle)}; };
                 }},
                {"a CRL signed with SHA-1", Rule::CrlSignature,
                 "the certificate for www.example.com is under a CRL (of CN=Middle) that is signed in a way "
                 "that is not accepted",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     CrlRecipe weak;
                     weak.digest = "SHA1";
                     b.crls = {forge_crl(weak, b.middle)};
                   };
                 }},
                {"a delta CRL", Rule::CrlForm,
                 "the certificate for www.example.com is under a CRL (of CN=Middle) that holds changes to "
                 "another one only (a delta CRL)",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     CrlRecipe delta;
                     delta.extensions = {"2.5.29.27=critical,ASN1:INTEGER:1"};
                     b.crls = {forge_crl(delta, b.middle)};
                   };
                 }},
                {"an indirect CRL", Rule::CrlForm,
                 "the certificate for www.example.com is under a CRL (of CN=Middle) that speaks for other "
                 "authorities (an indirect CRL)",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     CrlRecipe indirect;
                     indirect.extensions = {"issuingDistributionPoint=critical,indirectCRL:TRUE"};
                     b.crls = {forge_crl(indirect, b.middle)};
                   };
                 }},
                {"a CRL for some reasons", Rule::CrlForm,
                 "the certificate for www.example.com is under a CRL (of CN=Middle) that knows some reasons "
                 "only",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     CrlRecipe some;
                     some.extensions = {"issuingDistributionPoint=critical,onlysomereasons:keyCompromise"};
                     b.crls = {forge_crl(some, b.middle)};
                   };
                 }},
                {"a CRL with an unknown critical extension", Rule::CrlForm,
                 "the certificate for www.example.com is under a CRL (of CN=Middle) that has a critical "
                 "extension that is not judged here",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     CrlRecipe strange;
                     strange.extensions = {"1.2.3.4=critical,ASN1:NULL"};
                     b.crls = {forge_crl(strange, b.middle)};
                   };
                 }},
                {"a CRL with a critical extension in an entry", Rule::CrlForm,
                 "the certificate for www.example.com is under a CRL (of CN=Middle) that has an entry with a "
                 "critical extension",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     CrlRecipe strange;
                     strange.serials = {"0x99"};
                     strange.critical_entry = true;
                     b.crls = {forge_crl(strange, b.middle)};
                   };
                 }},
                {"an OCSP response that says good", kGood, "",
                 [](Scene& s) { s.then = [](Built& b) { b.staple = forge_ocsp({}, b.leaf, b.middle); }; }},
                {"an OCSP response by whom the authority appointed", kGood, "",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     const Forged delegate =
                         forge({"Responder", {"extendedKeyUsage=OCSPSigning", "noCheck=ignored"}}, &b.middle);
                     OcspRecipe by;
                     by.delegate = &delegate;
                     b.staple = forge_ocsp(by, b.leaf, b.middle);
                   };
                 }},
                {"a staple that was demanded", kGood, "",
                 [](Scene& s) {
                   s.leaf.set("tlsfeature=status_request");
                   s.then = [](Built& b) { b.staple = forge_ocsp({}, b.leaf, b.middle); };
                 }},
                {"a staple and a CRL, hard", kGood, "",
                 [](Scene& s) {
                   s.question.revocation = Revocation::Hard;
                   s.then = [](Built& b) {
                     b.staple = forge_ocsp({}, b.leaf, b.middle);
                     b.crls = {forge_crl({}, b.root)};
                   };
                 }},
                {"no staple that was demanded", Rule::MustStaple,
                 "the certificate for www.example.com demands an OCSP response with it, and none came",
                 [](Scene& s) {
                   s.leaf.set("tlsfeature=status_request");
                   s.then = [](Built& b) { b.staple.clear(); };
                 }},
                {"a feature that the authority demands", Rule::TlsFeature,
                 "the certificate for www.example.com lacks a TLS feature that its authority demands",
                 [](Scene& s) {
                   s.middle.set("tlsfeature=status_request");
                   s.then = [](Built& b) { b.staple.clear(); };
                 }},
                {"a leaf revoked by OCSP", Rule::Revoked,
                 "the certificate for www.example.com was revoked by its authority on 2026-09-20T14:13Z "
                 "(OCSP)",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     OcspRecipe bad;
                     bad.status = 1;
                     b.staple = forge_ocsp(bad, b.leaf, b.middle);
                   };
                 }},
                {"revoked by OCSP and good by CRL", Rule::Revoked,
                 "the certificate for www.example.com was revoked by its authority",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     OcspRecipe bad;
                     bad.status = 1;
                     b.staple = forge_ocsp(bad, b.leaf, b.middle);
                     b.crls = {forge_crl({}, b.middle)};
                   };
                 }},
                {"revoked by CRL and good by OCSP", Rule::Revoked,
                 "the certificate for www.example.com was revoked by its authority",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     b.staple = forge_ocsp({}, b.leaf, b.middle);
                     b.crls = {forge_crl({{"0x4711"}}, b.middle)};
                   };
                 }},
                {"an OCSP response that does not know", Rule::OcspUnknown,
                 "the certificate for www.example.com comes with an OCSP response that does not know the "
                 "certificate",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     OcspRecipe lost;
                     lost.status = 2;
                     b.staple = forge_ocsp(lost, b.leaf, b.middle);
                   };
                 }},
                {"an OCSP response about another certificate", Rule::OcspUnknown,
                 "the certificate for www.example.com comes with an OCSP response that is about another "
                 "certificate",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     Recipe other{"other", {}};
                     other.serial = "0x99";
                     b.staple = forge_ocsp({}, forge(other, &b.middle), b.middle);
                   };
                 }},
                {"an OCSP response that is over", Rule::OcspStale,
                 "the certificate for www.example.com comes with an OCSP response that was good until "
                 "2026-09-20T14:13Z",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     OcspRecipe old;
                     old.from = -5;
                     old.until = -1;
                     b.staple = forge_ocsp(old, b.leaf, b.middle);
                   };
                 }},
                {"an OCSP response of the future", Rule::OcspStale,
                 "the certificate for www.example.com comes with an OCSP response that begins on",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     OcspRecipe early;
                     early.from = 1;
                     b.staple = forge_ocsp(early, b.leaf, b.middle);
                   };
                 }},
                {"an OCSP response without an end", Rule::OcspStale,
                 "the certificate for www.example.com comes with an OCSP response that does not say until "
                 "when it is good",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     OcspRecipe endless;
                     endless.until = 0;
                     b.staple = forge_ocsp(endless, b.leaf, b.middle);
                   };
                 }},
                {"an OCSP response of eleven days ago", Rule::OcspStale,
                 "the certificate for www.example.com comes with an OCSP response that is of "
                 "2026-09-10T14:13Z, more than 10 days old",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     OcspRecipe old;
                     old.from = -11;
                     b.staple = forge_ocsp(old, b.leaf, b.middle);
                   };
                 }},
                {"a forged OCSP response", Rule::OcspSigner,
                 "the certificate for www.example.com comes with an OCSP response that was not signed by the "
                 "authority",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     b.staple = forge_ocsp({}, b.leaf, b.middle);
                     b.staple.back() = static_cast<char>(b.staple.back() ^ 1);
                   };
                 }},
                {"an OCSP response by who was not appointed", Rule::OcspSigner,
                 "the certificate for www.example.com comes with an OCSP response that was signed with a "
                 "certificate that was not issued for this (extended key usage OCSPSigning)",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     const Forged delegate =
                         forge({"Responder", {"extendedKeyUsage=serverAuth", "noCheck=ignored"}}, &b.middle);
                     OcspRecipe by;
                     by.delegate = &delegate;
                     b.staple = forge_ocsp(by, b.leaf, b.middle);
                   };
                 }},
                {"an OCSP response by a stranger's responder", Rule::OcspSigner,
                 "the certificate for www.example.com comes with an OCSP response that was signed with a "
                 "certificate that was not issued by the authority",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     const Forged stranger =
                         forge({"Stranger", {"basicConstraints=critical,CA:TRUE"}}, nullptr);
                     const Forged delegate =
                         forge({"Responder", {"extendedKeyUsage=OCSPSigning", "noCheck=ignored"}}, &stranger);
                     OcspRecipe by;
                     by.delegate = &delegate;
                     b.staple = forge_ocsp(by, b.leaf, b.middle);
                   };
                 }},
                {"an OCSP response by a responder of a stranger of the same name", Rule::OcspSigner,
                 "the certificate for www.example.com comes with an OCSP response that was not signed by the "
                 "authority",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     const Forged stranger = forge({"Middle", {}, "", "P-384"}, nullptr);
                     const Forged delegate =
                         forge({"Responder", {"extendedKeyUsage=OCSPSigning", "noCheck=ignored"}}, &stranger);
                     OcspRecipe by;
                     by.delegate = &delegate;
                     b.staple = forge_ocsp(by, b.leaf, b.middle);
                   };
                 }},
                {"an OCSP response by a responder that may be revoked", Rule::OcspSigner,
                 "the certificate for www.example.com comes with an OCSP response that was signed with a "
                 "certificate that may itself be revoked",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     const Forged delegate =
                         forge({"Responder", {"extendedKeyUsage=OCSPSigning"}}, &b.middle);
                     OcspRecipe by;
                     by.delegate = &delegate;
                     b.staple = forge_ocsp(by, b.leaf, b.middle);
                   };
                 }},
                {"an OCSP response by a responder that is over", Rule::OcspStale,
                 "the certificate for www.example.com comes with an OCSP response that was signed with a "
                 "certificate that is outside its time",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     Recipe over{"Responder", {"extendedKeyUsage=OCSPSigning", "noCheck=ignored"}};
                     over.until = -1;
                     const Forged delegate = forge(over, &b.middle);
                     OcspRecipe by;
                     by.delegate = &delegate;
                     b.staple = forge_ocsp(by, b.leaf, b.middle);
                   };
                 }},
                {"an OCSP response signed with SHA-1", Rule::OcspSigner,
                 "the certificate for www.example.com comes with an OCSP response that is signed in a way "
                 "that is not accepted",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     OcspRecipe weak;
                     weak.digest = "SHA1";
                     b.staple = forge_ocsp(weak, b.leaf, b.middle);
                   };
                 }},
                {"an OCSP responder that is busy", Rule::OcspForm,
                 "the certificate for www.example.com comes with an OCSP response that is no answer: "
                 "trylater",
                 [](Scene& s) {
                   s.then = [](Built& b) {
                     OcspRecipe busy;
                     busy.response = 3;
                     b.staple = forge_ocsp(busy, b.leaf, b.middle);
                   };
                 }},
                {"what is no OCSP response", Rule::OcspForm,
                 "the certificate for www.example.com comes with an OCSP response that cannot be read",
                 [](Scene& s) { s.then = [](Built& b) { b.staple = "garbage"; }; }},
                {"an OCSP response with bytes behind it", Rule::OcspForm,
                 "the certificate for www.example.com comes with an OCSP response that cannot be read",
                 [](Scene& s) {
                   s.then = [](Built& b) { b.staple = forge_ocsp({}, b.leaf, b.middle) + "x"; };
                 }},
            });

}  // namespace

std::span<const Case> revocation_cases() { return kRevocationCases; }

}  // namespace postern::certs
