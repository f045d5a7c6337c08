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

const auto kConstraintsCases = std::to_array<Case>({
    {"a DNS name that is permitted", kGood, "",
     [](Scene& s) { s.middle.set("nameConstraints=critical,permitted;DNS:example.com"); }},
    {"exactly the DNS name that is permitted", kGood, "",
     [](Scene& s) { s.middle.set("nameConstraints=critical,permitted;DNS:www.example.com"); }},
    {"one of two permitted domains", kGood, "",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;DNS:example.org,permitted;DNS:example.com");
     }},
    {"a DNS name that is not permitted", Rule::NotPermitted,
     "the certificate for www.example.com has a name outside of what CN=Middle may vouch for: "
     "www.example.com",
     [](Scene& s) { s.middle.set("nameConstraints=critical,permitted;DNS:example.org"); }},
    {"a DNS name that only ends like the permitted one", Rule::NotPermitted,
     "the certificate for www.badexample.com has a name outside of what CN=Middle may vouch for: "
     "www.badexample.com",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;DNS:example.com");
       s.leaf.set("subjectAltName=DNS:www.badexample.com");
       s.question.host = "www.badexample.com";
     }},
    {"a second DNS name that is not permitted", Rule::NotPermitted,
     "the certificate for www.example.com has a name outside of what CN=Middle may vouch for: "
     "www.example.org",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;DNS:example.com");
       s.leaf.set("subjectAltName=DNS:www.example.com,DNS:www.example.org");
     }},
    {"a DNS name that is excluded", Rule::Excluded,
     "the certificate for www.example.com has a name that no authority below CN=Middle may vouch for: "
     "www.example.com",
     [](Scene& s) { s.middle.set("nameConstraints=critical,excluded;DNS:example.com"); }},
    {"permitted and excluded at once", Rule::Excluded,
     "the certificate for www.example.com has a name that no authority below CN=Middle may vouch for: "
     "www.example.com",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;DNS:example.com,excluded;DNS:www.example.com");
     }},
    {"another domain is excluded", kGood, "",
     [](Scene& s) { s.middle.set("nameConstraints=critical,excluded;DNS:example.org"); }},
    {"all DNS names are excluded", Rule::Excluded,
     "the certificate for www.example.com has a name that no authority below CN=Middle may vouch for: "
     "www.example.com",
     [](Scene& s) { s.middle.set("nameConstraints=critical,DER:30:06:a1:04:30:02:82:00"); }},
    {"a leading dot permits what is below", kGood, "",
     [](Scene& s) { s.middle.set("nameConstraints=critical,permitted;DNS:.example.com"); }},
    {"a leading dot does not permit the domain itself", Rule::NotPermitted,
     "the certificate for example.com has a name outside of what CN=Middle may vouch for: example.com",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;DNS:.example.com");
       s.leaf.set("subjectAltName=DNS:example.com");
       s.question.host = "example.com";
     }},
    {"a leading dot excludes the domain itself", Rule::Excluded,
     "the certificate for example.com has a name that no authority below CN=Middle may vouch for: "
     "example.com",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,excluded;DNS:.example.com");
       s.leaf.set("subjectAltName=DNS:example.com");
       s.question.host = "example.com";
     }},
    {"a wildcard within what is permitted", kGood, "",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;DNS:example.com");
       s.leaf.set("subjectAltName=DNS:*.example.com");
     }},
    {"a wildcard wider than what is permitted", Rule::NotPermitted,
     "the certificate for www.example.com has a name outside of what CN=Middle may vouch for: *.example.com",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;DNS:www.example.com");
       s.leaf.set("subjectAltName=DNS:*.example.com");
     }},
    {"a wildcard that covers what is excluded", Rule::Excluded,
     "the certificate for www.example.com has a name that no authority below CN=Middle may vouch for: "
     "*.example.com",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,excluded;DNS:mail.example.com");
       s.leaf.set("subjectAltName=DNS:*.example.com");
     }},
    {"an IP address that is permitted", kGood, "",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0");
       s.leaf.set("subjectAltName=IP:10.1.2.3");
       s.question.host = "10.1.2.3";
     }},
    {"an IP address that is not permitted", Rule::NotPermitted,
     "the certificate for 192.168.0.1 has a name outside of what CN=Middle may vouch for: 192.168.0.1",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0");
       s.leaf.set("subjectAltName=IP:192.168.0.1");
       s.question.host = "192.168.0.1";
     }},
    {"an IP address that is excluded", Rule::Excluded,
     "the certificate for 10.1.2.3 has a name that no authority below CN=Middle may vouch for: 10.1.2.3",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,excluded;IP:10.0.0.0/255.0.0.0");
       s.leaf.set("subjectAltName=IP:10.1.2.3");
       s.question.host = "10.1.2.3";
     }},
    {"an IPv6 address where an IPv4 network is permitted", Rule::NotPermitted,
     "the certificate for fd00::1 has a name outside of what CN=Middle may vouch for: fd00::1",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0");
       s.leaf.set("subjectAltName=IP:fd00::1");
       s.question.host = "fd00::1";
     }},
    {"an IPv6 network that is permitted", kGood, "",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;IP:fd00::/ff00::");
       s.leaf.set("subjectAltName=IP:fd00::1");
       s.question.host = "fd00::1";
     }},
    {"IP addresses only are constrained", kGood, "",
     [](Scene& s) { s.middle.set("nameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0"); }},
    {"a network with holes", Rule::ConstraintForm,
     "certificate 2 (CN=Middle) has a name constraint that is no network of IP addresses",
     [](Scene& s) { s.middle.set("nameConstraints=critical,permitted;IP:10.0.0.0/255.0.255.0"); }},
    {"a minimum in name constraints", Rule::ConstraintForm,
     "certificate 2 (CN=Middle) has name constraints with a minimum or a maximum",
     [](Scene& s) {
       s.middle.set(
           "nameConstraints=critical,DER:30:14:a0:12:30:10:82:0b:65:78:61:6d:70:6c:65:2e:63:6f:6d:80:01:01");
     }},
    {"name constraints that are not critical count as well", Rule::NotPermitted,
     "the certificate for www.example.com has a name outside of what CN=Middle may vouch for: "
     "www.example.com",
     [](Scene& s) { s.middle.set("nameConstraints=permitted;DNS:example.org"); }},
    {"name constraints of the root count as well", Rule::NotPermitted,
     "the certificate for www.example.com has a name outside of what CN=Root may vouch for: www.example.com",
     [](Scene& s) { s.root.set("nameConstraints=critical,permitted;DNS:example.org"); }},
    {"two authorities, each permitting a part", Rule::NotPermitted,
     "the certificate for www.example.com has a name outside of what CN=Middle may vouch for",
     [](Scene& s) {
       s.root.set("nameConstraints=critical,permitted;DNS:example.com");
       s.middle.set("nameConstraints=critical,permitted;DNS:mail.example.com");
     }},
    {"a subject that is permitted", kGood, "",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;dirName:dn");
       s.middle.sections = "[dn]\nCN = www.example.com\n";
     }},
    {"a subject that is not permitted", Rule::NotPermitted,
     "the certificate for www.example.com has a name outside of what CN=Middle may vouch for: its subject",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;dirName:dn");
       s.middle.sections = "[dn]\nO = Example\n";
     }},
    {"a subject that is excluded", Rule::Excluded,
     "the certificate for www.example.com has a name that no authority below CN=Middle may vouch for: its "
     "subject",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,excluded;dirName:dn");
       s.middle.sections = "[dn]\nCN = www.example.com\n";
     }},
    {"an e-mail address of the permitted host", kGood, "",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;email:vendor.example");
       s.for_client();
     }},
    {"an e-mail address of another host", Rule::NotPermitted,
     "the certificate of CN=www.example.com has a name outside of what CN=Middle may vouch for: "
     "erin@vendor.example",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;email:other.example");
       s.for_client();
     }},
    {"an e-mail address below the permitted domain", kGood, "",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;email:.example");
       s.for_client();
     }},
    {"an e-mail address that is excluded itself", Rule::Excluded,
     "the certificate of CN=www.example.com has a name that no authority below CN=Middle may vouch for: "
     "erin@vendor.example",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,excluded;email:erin@vendor.example");
       s.for_client();
     }},
    {"a URI of the permitted host", kGood, "",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;URI:vendor.example");
       s.for_client();
       s.leaf.set("subjectAltName=URI:spiffe://vendor.example/erin");
     }},
    {"a URI of another host", Rule::NotPermitted,
     "the certificate of CN=www.example.com has a name outside of what CN=Middle may vouch for: "
     "spiffe://other.example/erin",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;URI:vendor.example");
       s.for_client();
       s.leaf.set("subjectAltName=URI:spiffe://other.example/erin");
     }},
    {"a URI without a host where hosts are constrained", Rule::NotPermitted,
     "the certificate of CN=www.example.com has a name outside of what CN=Middle may vouch for: "
     "urn:engineer:erin",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;URI:vendor.example");
       s.for_client();
       s.leaf.set("subjectAltName=URI:urn:engineer:erin");
     }},
    {"a name of a kind that is constrained and cannot be judged", Rule::NotPermitted,
     "the certificate for www.example.com has a name outside of what CN=Middle may vouch for: a name of "
     "another kind",
     [](Scene& s) {
       s.middle.set("nameConstraints=critical,permitted;RID:1.2.3.4");
       s.leaf.set("subjectAltName=DNS:www.example.com,RID:1.2.3.4");
     }},
    {"more names than can be compared", Rule::Limits, "the chain needs more checks than one chain may cost",
     [](Scene& s) {
       std::string constraints = "critical", names = "DNS:www.example.com";
       for (int i = 0; i < 450; ++i) {
         constraints += ",excluded;DNS:h" + std::to_string(i) + ".example";
         names += ",DNS:n" + std::to_string(i) + ".example";
       }
       s.middle.set("nameConstraints=" + constraints);
       s.leaf.set("subjectAltName=" + names);
     }},
    {"name constraints in a leaf", Rule::ConstraintForm,
     "the certificate for www.example.com has name constraints and is no authority's",
     [](Scene& s) { s.leaf.set("nameConstraints=critical,permitted;DNS:example.com"); }},
});

}  // namespace

std::span<const Case> constraint_cases() { return kConstraintsCases; }

}  // namespace postern::certs
