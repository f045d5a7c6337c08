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

const auto kUsagesCases = std::to_array<Case>({
    {"in the last second", kGood, "",
     [](Scene& s) { s.question.now = kNow + 30 * kDay + base::kWallSecond - 1; }},
    {"in the first second", kGood, "",
     [](Scene& s) { s.question.now = kNow - 10 * kDay; }},
    {"expired leaf", Rule::Expired, "the certificate for www.example.com expired on 2026-09-20T14:13Z",
     [](Scene& s) { s.leaf.until = -1; }},
    {"a second after the last", Rule::Expired, "the certificate for www.example.com expired on 2026-10-21T14:13Z",
     [](Scene& s) { s.question.now = kNow + 30 * kDay + base::kWallSecond; }},
    {"expired intermediate", Rule::Expired, "certificate 2 (CN=Middle) expired on 2026-09-20T14:13Z",
     [](Scene& s) { s.middle.until = -1; }},
    {"expired root", Rule::Expired, "certificate 3 (CN=Root) expired on 2026-09-20T14:13Z",
     [](Scene& s) { s.root.until = -1; }},
    {"leaf not yet valid", Rule::NotYetValid, "the certificate for www.example.com is not valid before 2026-09-22T14:13Z",
     [](Scene& s) { s.leaf.from = 1; }},
    {"intermediate not yet valid", Rule::NotYetValid, "certificate 2 (CN=Middle) is not valid before",
     [](Scene& s) { s.middle.from = 1; }},
    {"a leaf that issues", Rule::NotAnAuthority, "certificate 2 (CN=Middle) is not an authority's, and must not issue others",
     [](Scene& s) { s.middle.set("basicConstraints=critical,CA:FALSE").set("keyUsage=critical,digitalSignature"); }},
    {"an intermediate without basic constraints", Rule::NotAnAuthority, "certificate 2 (CN=Middle) is not an authority's",
     [](Scene& s) { s.middle.drop("basicConstraints"); }},
    {"a root without basic constraints", Rule::NotAnAuthority, "certificate 3 (CN=Root) is not an authority's",
     [](Scene& s) { s.root.drop("basicConstraints"); }},
    {"basic constraints that are not critical", Rule::BasicConstraintsForm, "certificate 2 (CN=Middle) is an authority's whose basic constraints are not critical",
     [](Scene& s) { s.middle.set("basicConstraints=CA:TRUE"); }},
    {"those of a root that are not critical", kGood, "",
     [](Scene& s) { s.root.set("basicConstraints=CA:TRUE"); }},
    {"a path length without an authority", Rule::BasicConstraintsForm, "the certificate for www.example.com has a path length and is no authority's",
     [](Scene& s) { s.leaf.set("basicConstraints=critical,CA:FALSE,pathlen:0"); }},
    {"an authority as a leaf", Rule::AuthorityAsLeaf, "the certificate for www.example.com is an authority's, and nobody's own",
     [](Scene& s) { s.leaf.set("basicConstraints=critical,CA:TRUE"); }},
    {"a leaf without basic constraints", kGood, "",
     [](Scene& s) { s.leaf.drop("basicConstraints"); }},
    {"a path length that is kept", kGood, "",
     [](Scene& s) { s.root.set("basicConstraints=critical,CA:TRUE,pathlen:1"); s.middle.set("basicConstraints=critical,CA:TRUE,pathlen:0"); }},
    {"a path length of 0 above an intermediate", Rule::PathLength, "certificate 3 (CN=Root) allows 0 authorities below it, and 1 are",
     [](Scene& s) { s.root.set("basicConstraints=critical,CA:TRUE,pathlen:0"); }},
    {"a path length of 0 above a new key of the same authority", kGood, "",
     [](Scene& s) { s.root.name = "Same"; s.middle.name = "Same"; s.middle.key = "P-384"; s.root.set("basicConstraints=critical,CA:TRUE,pathlen:0"); }},
    {"an authority that must not sign certificates", Rule::AuthorityKeyUsage, "certificate 2 (CN=Middle) must not sign certificates (key usage keyCertSign is missing)",
     [](Scene& s) { s.middle.set("keyUsage=critical,cRLSign,digitalSignature"); }},
    {"a root that must not sign certificates", Rule::AuthorityKeyUsage, "certificate 3 (CN=Root) must not sign certificates",
     [](Scene& s) { s.root.set("keyUsage=critical,cRLSign"); }},
    {"an authority without key usage", kGood, "",
     [](Scene& s) { s.middle.drop("keyUsage"); }},
    {"a leaf without key usage", kGood, "",
     [](Scene& s) { s.leaf.drop("keyUsage"); }},
    {"a leaf that must not sign", Rule::KeyUsage, "the certificate for www.example.com does not allow signatures (key usage)",
     [](Scene& s) { s.leaf.set("keyUsage=critical,keyEncipherment"); }},
    {"a leaf that may sign certificates", Rule::KeyUsage, "the certificate for www.example.com may sign certificates by its key usage, and is no authority's",
     [](Scene& s) { s.leaf.set("keyUsage=critical,digitalSignature,keyCertSign"); }},
    {"a server without extended key usage", kGood, "",
     [](Scene& s) { s.leaf.drop("extendedKeyUsage"); }},
    {"a server that is a client as well", kGood, "",
     [](Scene& s) { s.leaf.set("extendedKeyUsage=serverAuth,clientAuth"); }},
    {"a client as a server", Rule::Purpose, "the certificate for www.example.com was not issued for this use (extended key usage)",
     [](Scene& s) { s.leaf.set("extendedKeyUsage=clientAuth"); }},
    {"a server as a client", Rule::Purpose, "the certificate of CN=www.example.com was not issued for this use (extended key usage)",
     [](Scene& s) { s.for_client(); s.leaf.set("extendedKeyUsage=serverAuth"); }},
    {"a client without extended key usage", Rule::Purpose, "the certificate of CN=www.example.com was not issued for clients (extended key usage clientAuth)",
     [](Scene& s) { s.for_client(); s.leaf.drop("extendedKeyUsage"); }},
    {"any purpose is no purpose", Rule::Purpose, "the certificate for www.example.com was not issued for this use",
     [](Scene& s) { s.leaf.set("extendedKeyUsage=anyExtendedKeyUsage"); }},
    {"a signer of code as a server", Rule::Purpose, "the certificate for www.example.com was not issued for this use",
     [](Scene& s) { s.leaf.set("extendedKeyUsage=codeSigning"); }},
    {"an authority for servers", kGood, "",
     [](Scene& s) { s.middle.set("extendedKeyUsage=serverAuth"); }},
    {"an authority for any purpose", kGood, "",
     [](Scene& s) { s.middle.set("extendedKeyUsage=anyExtendedKeyUsage"); }},
    {"an authority for mail", Rule::AuthorityPurpose, "certificate 2 (CN=Middle) is of an authority that must not issue for servers (extended key usage)",
     [](Scene& s) { s.middle.set("extendedKeyUsage=emailProtection"); }},
    {"an authority for servers, of a client", Rule::AuthorityPurpose, "certificate 2 (CN=Middle) is of an authority that must not issue for clients",
     [](Scene& s) { s.for_client(); s.middle.set("extendedKeyUsage=serverAuth"); }},
    {"a root for mail", Rule::AuthorityPurpose, "certificate 3 (CN=Root) is of an authority that must not issue for servers",
     [](Scene& s) { s.root.set("extendedKeyUsage=emailProtection"); }},
    {"certificate policies, that nobody demands", kGood, "",
     [](Scene& s) { s.leaf.set("certificatePolicies=critical,1.2.3.4"); s.middle.set("inhibitAnyPolicy=critical,0").set("policyConstraints=critical,inhibitPolicyMapping:0"); }},
    {"certificate policies that are demanded", Rule::Policy, "certificate 2 (CN=Middle) is of an authority that demands certificate policies",
     [](Scene& s) { s.middle.set("policyConstraints=critical,requireExplicitPolicy:0"); }},
});

}  // namespace

std::span<const Case> usage_cases() { return kUsagesCases; }

}  // namespace postern::certs
