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

const auto kNamesCases = std::to_array<Case>({
    {"the name, in another case", kGood, "",
     [](Scene& s) { s.question.host = "WWW.Example.COM"; }},
    {"one of several names", kGood, "",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:a.example,IP:10.0.0.1,DNS:www.example.com"); }},
    {"another host", Rule::WrongName, "the certificate is for www.example.com, not for mail.example.com",
     [](Scene& s) { s.question.host = "mail.example.com"; }},
    {"a host below the name", Rule::WrongName, "the certificate is for www.example.com, not for a.www.example.com",
     [](Scene& s) { s.question.host = "a.www.example.com"; }},
    {"a wildcard", kGood, "",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:*.example.com"); }},
    {"a wildcard for an A-label", kGood, "",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:*.example.com"); s.question.host = "xn--bcher-kva.example.com"; }},
    {"an internationalised name as A-labels", kGood, "",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:xn--bcher-kva.example"); s.question.host = "xn--bcher-kva.example"; }},
    {"a wildcard for the domain itself", Rule::WrongName, "the certificate is for *.example.com, not for example.com",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:*.example.com"); s.question.host = "example.com"; }},
    {"a wildcard for two labels", Rule::WrongName, "the certificate is for *.example.com, not for a.b.example.com",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:*.example.com"); s.question.host = "a.b.example.com"; }},
    {"a wildcard at the front of a label", Rule::WrongName, "the certificate is for w*.example.com, not for www.example.com",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:w*.example.com"); s.question.host = "www.example.com"; }},
    {"a wildcard at the end of a label", Rule::WrongName, "the certificate is for *w.example.com, not for www.example.com",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:*w.example.com"); s.question.host = "www.example.com"; }},
    {"a wildcard in a label", Rule::WrongName, "the certificate is for w*w.example.com, not for www.example.com",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:w*w.example.com"); s.question.host = "www.example.com"; }},
    {"a wildcard that is not the left-most label", Rule::WrongName, "the certificate is for www.*.com, not for www.example.com",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:www.*.com"); s.question.host = "www.example.com"; }},
    {"a wildcard below the top", Rule::WrongName, "the certificate is for *.com, not for example.com",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:*.com"); s.question.host = "example.com"; }},
    {"a wildcard alone", Rule::WrongName, "the certificate is for *, not for www.example.com",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:*"); s.question.host = "www.example.com"; }},
    {"a wildcard twice", Rule::WrongName, "the certificate is for *.*.com, not for www.example.com",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:*.*.com"); s.question.host = "www.example.com"; }},
    {"a common name alone", Rule::NoName, "the certificate names no host in subjectAltName (its common name does not count), so it is not for www.example.com",
     [](Scene& s) { s.leaf.drop("subjectAltName"); }},
    {"a common name beside an e-mail address", Rule::NoName, "the certificate names no host in subjectAltName",
     [](Scene& s) { s.leaf.set("subjectAltName=email:www@example.com"); }},
    {"a common name beside another name", Rule::WrongName, "the certificate is for mail.example.com, not for www.example.com",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:mail.example.com"); }},
    {"an IP address", kGood, "",
     [](Scene& s) { s.leaf.set("subjectAltName=IP:10.0.0.1"); s.question.host = "10.0.0.1"; }},
    {"an IPv6 address, written otherwise", kGood, "",
     [](Scene& s) { s.leaf.set("subjectAltName=IP:fd00::1"); s.question.host = "fd00:0:0::1"; }},
    {"another IP address", Rule::WrongName, "the certificate is for 10.0.0.1, not for 10.0.0.2",
     [](Scene& s) { s.leaf.set("subjectAltName=IP:10.0.0.1"); s.question.host = "10.0.0.2"; }},
    {"an IP address as a DNS name", Rule::WrongName, "the certificate is for 10.0.0.1, not for 10.0.0.1",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:10.0.0.1"); s.question.host = "10.0.0.1"; }},
    {"an IPv4 address for the IPv6 one that means it", Rule::WrongName, "the certificate is for 10.0.0.1, not for ::ffff:10.0.0.1",
     [](Scene& s) { s.leaf.set("subjectAltName=IP:10.0.0.1"); s.question.host = "::ffff:10.0.0.1"; }},
    {"a wildcard for an IP address", Rule::WrongName, "the certificate is for *.0.0.1, not for 10.0.0.1",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:*.0.0.1"); s.question.host = "10.0.0.1"; }},
    {"a URI does not name a host", Rule::NoName, "the certificate names no host",
     [](Scene& s) { s.leaf.set("subjectAltName=URI:https://www.example.com/"); }},
    {"a host that is none", Rule::WrongName, "\"www example com\" is neither a host name nor an IP address",
     [](Scene& s) { s.question.host = "www example com"; }},
    {"a host with a final dot", Rule::WrongName, "\"www.example.com.\" is neither",
     [](Scene& s) { s.question.host = "www.example.com."; }},
    {"a number that is no IP address", Rule::WrongName, "\"10.1\" is neither",
     [](Scene& s) { s.question.host = "10.1"; }},
    {"a name with a NUL in it", Rule::NameForm, "the certificate for www.example.com has a name that is empty or not printable ASCII",
     [](Scene& s) { s.leaf.set("subjectAltName=DER:30:14:82:12:77:77:77:2e:65:78:61:6d:70:6c:65:2e:63:6f:6d:00:2e:78");  }},
    {"a name with a space", Rule::NameForm, "the certificate for www.example.com has a name that is empty or not printable ASCII",
     [](Scene& s) { s.leaf.set("subjectAltName=DNS:www.example.com,DNS:a b"); }},
    {"an empty name", Rule::NameForm, "the certificate for www.example.com has a name that is empty",
     [](Scene& s) { s.leaf.set("subjectAltName=DER:30:02:82:00"); }},
    {"an IP address of five bytes", Rule::NameForm, "the certificate for www.example.com has an IP address that is not 4 or 16 bytes long",
     [](Scene& s) { s.leaf.set("subjectAltName=DER:30:07:87:05:0a:00:00:01:01"); }},
    {"a subjectAltName without a name", Rule::NameForm, "the certificate for www.example.com has a subjectAltName without a name",
     [](Scene& s) { s.leaf.set("subjectAltName=DER:30:00"); }},
    {"an engineer by e-mail address", kGood, "",
     [](Scene& s) { s.for_client(); }},
    {"an engineer by URI", kGood, "",
     [](Scene& s) { s.for_client(); s.leaf.set("subjectAltName=URI:spiffe://vendor.example/erin"); }},
    {"an engineer of the address that is demanded", kGood, "",
     [](Scene& s) { s.for_client(); s.question.demands.identities = {"*@other.example", "*@vendor.example"}; }},
    {"an engineer's address in capitals", kGood, "",
     [](Scene& s) { s.for_client(); s.leaf.set("subjectAltName=email:Erin@Vendor.example"); s.question.demands.identities = {"erin@vendor.example"}; }},
    {"an engineer with one of two names that is demanded", kGood, "",
     [](Scene& s) { s.for_client(); s.leaf.set("subjectAltName=email:erin@home.example,URI:spiffe://vendor.example/support/erin");
                    s.question.demands.identities = {"spiffe://vendor.example/support/*"}; }},
    {"an engineer of another address than is demanded", Rule::IdentityNotDemanded,
     "the certificate of CN=www.example.com is for erin@vendor.example, and only names like *@other.example, spiffe://vendor.example/* count",
     [](Scene& s) { s.for_client(); s.question.demands.identities = {"*@other.example", "spiffe://vendor.example/*"}; }},
    {"an engineer whose address has one part more", Rule::IdentityNotDemanded, "the certificate of CN=www.example.com is for ",
     [](Scene& s) { s.for_client(); s.leaf.set("subjectAltName=email:erin@vendor.example.org"); s.question.demands.identities = {"*@vendor.example"}; }},
    {"a URI below the one that is demanded", Rule::IdentityNotDemanded, "the certificate of CN=www.example.com is for ",
     [](Scene& s) { s.for_client(); s.leaf.set("subjectAltName=URI:spiffe://vendor.example/support/erin/laptop");
                    s.question.demands.identities = {"spiffe://vendor.example/support/*"}; }},
    {"a URI in capitals", Rule::IdentityNotDemanded, "the certificate of CN=www.example.com is for ",
     [](Scene& s) { s.for_client(); s.leaf.set("subjectAltName=URI:spiffe://vendor.example/Support/erin");
                    s.question.demands.identities = {"spiffe://vendor.example/support/*"}; }},
    {"an engineer with the usage that is demanded", kGood, "",
     [](Scene& s) { s.for_client(); s.leaf.set("extendedKeyUsage=clientAuth,1.3.6.1.4.1.55555.1"); s.question.demands.purposes = {"1.3.6.1.4.1.55555.1"}; }},
    {"an engineer without the usage that is demanded", Rule::PurposeDemanded,
     "the certificate of CN=www.example.com lacks the extended key usage 1.3.6.1.4.1.55555.1, which is demanded here",
     [](Scene& s) { s.for_client(); s.question.demands.purposes = {"1.3.6.1.4.1.55555.1"}; }},
    {"an engineer for as long as is allowed", kGood, "",
     [](Scene& s) { s.for_client(); s.question.demands.longest_life = 40 * kDay; }},
    {"an engineer for forty days where thirty are allowed", Rule::LifeTooLong,
     "the certificate of CN=www.example.com was issued for 40d, and 30d is the most here",
     [](Scene& s) { s.for_client(); s.question.demands.longest_life = 30 * kDay; }},
    {"an engineer by common name alone", Rule::NoIdentity, "the certificate of CN=www.example.com names nobody: it needs an e-mail address or a URI in subjectAltName",
     [](Scene& s) { s.for_client(); s.leaf.drop("subjectAltName"); }},
    {"an engineer by DNS name", Rule::NoIdentity, "the certificate of CN=www.example.com names nobody",
     [](Scene& s) { s.for_client(); s.leaf.set("subjectAltName=DNS:www.example.com"); }},
});

}  // namespace

std::span<const Case> name_cases() { return kNamesCases; }

}  // namespace postern::certs
