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

const auto kPathsCases = std::to_array<Case>({
    {"root, intermediate, leaf", kGood, "", [](Scene& s) { s.question.now = kNow; }},
    {"leaf below the root", kGood, "",
     [](Scene& s) {
       s.then = [](Built& b) {
         b.leaf = forge({"www.example.com", {"subjectAltName=DNS:www.example.com"}}, &b.root);
         b.chain = {b.leaf.der()};
       };
     }},
    {"the root is sent along", kGood, "",
     [](Scene& s) { s.then = [](Built& b) { b.chain.push_back(b.root.der()); }; }},
    {"intermediates in any order, with one that is not needed", kGood, "",
     [](Scene& s) {
       s.then = [](Built& b) {
         const Forged other = forge({"Other", {"basicConstraints=critical,CA:TRUE"}}, nullptr);
         b.chain = {b.leaf.der(), other.der(), b.root.der(), b.middle.der()};
       };
     }},
    {"the intermediate is pinned, the root unknown", kGood, "",
     [](Scene& s) {
       s.then = [](Built& b) {
         b.anchors = {b.middle.der()};
         b.chain = {b.leaf.der()};
       };
     }},
    {"the leaf itself is pinned", kGood, "",
     [](Scene& s) {
       s.then = [](Built& b) {
         b.anchors = {b.leaf.der()};
         b.chain = {b.leaf.der()};
       };
     }},
    {"a self-signed leaf is pinned, an authority by its own word", kGood, "",
     [](Scene& s) {
       s.then = [](Built& b) {
         b.leaf =
             forge({"www.example.com", {"basicConstraints=CA:TRUE", "subjectAltName=DNS:www.example.com"}},
                   nullptr);
         b.anchors = {b.leaf.der()};
         b.chain = {b.leaf.der()};
       };
     }},
    {"two authorities of one name, the wrong one first", kGood, "",
     [](Scene& s) {
       s.then = [](Built& b) {
         const Forged other = forge({"Root", {"basicConstraints=critical,CA:TRUE"}, "", "P-384"}, nullptr);
         b.anchors = {other.der(), b.root.der()};
       };
     }},
    {"cross-signed: one of two paths has expired", kGood, "",
     [](Scene& s) {
       s.then = [](Built& b) {
         Recipe old{"Old root", {"basicConstraints=critical,CA:TRUE"}};
         const Forged old_root = forge(old, nullptr);
         Recipe cross{"Root", {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"}};
         cross.until = -1;
         b.chain.push_back(forge(cross, &old_root).der());
         b.anchors = {old_root.der(), b.root.der()};
       };
     }},
    {"cross-signed: only the other root is trusted", kGood, "",
     [](Scene& s) {
       s.then = [](Built& b) {
         const Forged other = forge({"Other root", {"basicConstraints=critical,CA:TRUE"}}, nullptr);
         b.chain.push_back(
             forge({"Root", {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"}}, &other)
                 .der());
         b.anchors = {other.der()};
       };
     }},
    {"key identifiers that do not fit are a hint only", kGood, "",
     [](Scene& s) {
       s.middle.set("subjectKeyIdentifier=hash");
       s.leaf.set("authorityKeyIdentifier=keyid");
       s.then = [](Built& b) {
         Recipe renewed{"Middle", {"basicConstraints=critical,CA:TRUE", "subjectKeyIdentifier=01:02"}};
         b.middle = forge(renewed, &b.root);
         b.chain = {b.leaf.der(), b.middle.der()};
       };
     }},
    {"unknown root", Rule::UnknownIssuer,
     "certificate 2 (CN=Middle) was not issued by a trusted authority (issuer: CN=Root)",
     [](Scene& s) {
       s.then = [](Built& b) {
         b.anchors = {forge({"Stranger", {"basicConstraints=critical,CA:TRUE"}}, nullptr).der()};
       };
     }},
    {"missing intermediate", Rule::UnknownIssuer,
     "the certificate for www.example.com was not issued by a trusted authority (issuer: CN=Middle)",
     [](Scene& s) { s.then = [](Built& b) { b.chain = {b.leaf.der()}; }; }},
    {"self-signed leaf", Rule::SelfSigned,
     "the certificate for www.example.com was not issued by a trusted authority: it signed itself",
     [](Scene& s) {
       s.then = [](Built& b) {
         b.chain = {forge({"www.example.com", {"subjectAltName=DNS:www.example.com"}}, nullptr).der()};
       };
     }},
    {"a leaf named as its unknown authority is", Rule::UnknownIssuer,
     "the certificate for www.example.com was not issued by a trusted authority (issuer: CN=www.example.com)",
     [](Scene& s) {
       s.then = [](Built& b) {
         const Forged twin =
             forge({"www.example.com", {"basicConstraints=critical,CA:TRUE"}, "", "P-384"}, nullptr);
         b.chain = {forge({"www.example.com", {"subjectAltName=DNS:www.example.com"}}, &twin).der()};
       };
     }},
    {"self-signed root that nobody trusts", Rule::SelfSigned,
     "certificate 3 (CN=Root) was not issued by a trusted authority: it signed itself",
     [](Scene& s) {
       s.then = [](Built& b) {
         b.chain.push_back(b.root.der());
         b.anchors = {forge({"Stranger", {"basicConstraints=critical,CA:TRUE"}}, nullptr).der()};
       };
     }},
    {"another root of the same name", Rule::Signature,
     "certificate 2 (CN=Middle) was not signed by the authority that it names (issuer: CN=Root)",
     [](Scene& s) {
       s.then = [](Built& b) {
         b.anchors = {forge({"Root", {"basicConstraints=critical,CA:TRUE"}, "", "P-384"}, nullptr).der()};
       };
     }},
    {"a forged signature", Rule::Signature,
     "the certificate for www.example.com was not signed by the authority that it names",
     [](Scene& s) {
       s.then = [](Built& b) { b.chain[0].back() = static_cast<char>(b.chain[0].back() ^ 1); };
     }},
    {"two authorities that signed each other, and no root", Rule::UnknownIssuer,
     "certificate 3 (CN=B) was not issued by a trusted authority",
     [](Scene& s) {
       s.then = [](Built& b) {
         const Recipe a{"A", {"basicConstraints=critical,CA:TRUE"}},
             other{"B", {"basicConstraints=critical,CA:TRUE"}};
         const Forged own_a = forge(a, nullptr), own_b = forge(other, nullptr);
         b.leaf = forge({"www.example.com", {"subjectAltName=DNS:www.example.com"}}, &own_a);
         b.chain = {b.leaf.der(), forge(a, &own_b).der(), forge(other, &own_a).der()};
       };
     }},
    {"a chain of 10,000 certificates", Rule::Limits, "the chain has 10002 certificates, and 10 are the most",
     [](Scene& s) { s.then = [](Built& b) { b.chain.insert(b.chain.end(), 10'000, b.middle.der()); }; }},
    {"a thousand roots of one name", Rule::Limits, "the chain needs more checks than one chain may cost",
     [](Scene& s) {
       s.then = [](Built& b) {
         b.anchors.assign(999,
                          forge({"Root", {"basicConstraints=critical,CA:TRUE"}, "", "P-384"}, nullptr).der());
         b.anchors.push_back(b.root.der());
       };
     }},
    {"nine authorities of one name, all with the same", kGood, "",
     [](Scene& s) {
       s.then = [](Built& b) {
         for (int i = 0; i < 8; ++i) {
           Recipe twin{"Middle", {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"}};
           twin.serial = std::to_string(i + 1);
           b.chain.insert(b.chain.begin() + 1, forge(twin, &b.root).der());
         }
       };
     }},
    {"a chain of 100 KiB", Rule::Limits, "the chain is longer than 64 KiB",
     [](Scene& s) {
       s.middle.extensions.push_back("nsComment=" + std::string(12'000, 'x'));
       s.then = [](Built& b) {
         b.chain.resize(1);
         b.chain.insert(b.chain.end(), 8, b.middle.der());
       };
     }},
    {"no certificate at all", Rule::Malformed, "there is no certificate",
     [](Scene& s) { s.then = [](Built& b) { b.chain.clear(); }; }},
    {"what is no certificate", Rule::Malformed, "certificate 2 of the chain: not a certificate",
     [](Scene& s) { s.then = [](Built& b) { b.chain[1] = "garbage"; }; }},
    {"a certificate with bytes behind it", Rule::Malformed,
     "certificate 1 of the chain: not a certificate: bytes follow its end",
     [](Scene& s) { s.then = [](Built& b) { b.chain[0] += '\0'; }; }},
    {"the key is pinned", kGood, "",
     [](Scene& s) {
       s.leaf.key = "P-256";
       s.question.pins = {"other", read_certificate(forge(s.root, nullptr).der())->key_id};
       s.then = [](Built& b) { static_cast<void>(b); };
     }},
    {"other keys are pinned", Rule::Pin,
     "the certificate for www.example.com leads over no key that is pinned",
     [](Scene& s) { s.question.pins = {"other"}; }},
    {"a pinned key in a chain that leads nowhere", Rule::UnknownIssuer,
     "the certificate for www.example.com was not issued by a trusted authority",
     [](Scene& s) {
       s.question.pins = {read_certificate(forge(s.leaf, nullptr).der())->key_id};
       s.then = [](Built& b) { b.chain = {b.leaf.der()}; };
     }},
});

}  // namespace

std::span<const Case> path_cases() { return kPathsCases; }

}  // namespace postern::certs
