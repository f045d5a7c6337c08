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

const auto kStructureCases = std::to_array<Case>({
    {"version 1", Rule::Version, "the certificate for www.example.com is of version 1",
     [](Scene& s) {
       s.leaf.extensions.clear();
       s.leaf.version = 1;
     }},
    {"version 2 with extensions", Rule::Version, "the certificate for www.example.com is of version 2",
     [](Scene& s) { s.leaf.version = 2; }},
    {"an intermediate of version 1", Rule::NotAnAuthority, "certificate 2 (CN=Middle) is not an authority's",
     [](Scene& s) {
       s.middle.extensions.clear();
       s.middle.version = 1;
     }},
    {"a negative serial number", Rule::Serial,
     "the certificate for www.example.com has a negative serial number",
     [](Scene& s) { s.leaf.serial = "-5"; }},
    {"the serial number 0", Rule::Serial, "the certificate for www.example.com has the serial number 0",
     [](Scene& s) { s.leaf.serial = "0"; }},
    {"a serial number of 20 bytes", kGood, "",
     [](Scene& s) { s.leaf.serial = "0x7f" + std::string(38, 'f'); }},
    {"a serial number of 21 bytes", Rule::Serial,
     "the certificate for www.example.com has a serial number of more than 20 bytes",
     [](Scene& s) { s.leaf.serial = "0x80" + std::string(38, 'f'); }},
    {"the serial number 0 of a root", kGood, "", [](Scene& s) { s.root.serial = "0"; }},
    {"two signature algorithms", Rule::AlgorithmsDiffer,
     "the certificate for www.example.com names two different signature algorithms",
     [](Scene& s) {
       s.then = [](Built& b) {
         replace_bytes(b.chain[0], *base::from_hex("06082a8648ce3d040302"),
                       *base::from_hex("06082a8648ce3d040303"), true);
       };
     }},
    {"the same extension twice", Rule::DuplicateExtension,
     "the certificate for www.example.com has the same extension twice: 2.5.29.37",
     [](Scene& s) { s.leaf.extensions.push_back("extendedKeyUsage=serverAuth"); }},
    {"two subjectAltNames", Rule::DuplicateExtension,
     "the certificate for www.example.com has the same extension twice: 2.5.29.17",
     [](Scene& s) { s.leaf.extensions.push_back("subjectAltName=DNS:mail.example.com"); }},
    {"an unknown extension", kGood, "", [](Scene& s) { s.leaf.extensions.push_back("1.2.3.4=ASN1:NULL"); }},
    {"an unknown critical extension", Rule::UnknownCritical,
     "the certificate for www.example.com has a critical extension that is not judged here: 1.2.3.4",
     [](Scene& s) { s.leaf.extensions.push_back("1.2.3.4=critical,ASN1:NULL"); }},
    {"an unknown critical extension of an intermediate", Rule::UnknownCritical,
     "certificate 2 (CN=Middle) has a critical extension that is not judged here: 1.2.3.4",
     [](Scene& s) { s.middle.extensions.push_back("1.2.3.4=critical,ASN1:NULL"); }},
    {"an unknown critical extension of a root", Rule::UnknownCritical,
     "certificate 3 (CN=Root) has a critical extension",
     [](Scene& s) { s.root.extensions.push_back("1.2.3.4=critical,ASN1:NULL"); }},
    {"the poison of certificate transparency", Rule::UnknownCritical,
     "the certificate for www.example.com has a critical extension that is not judged here: CT "
     "Precertificate Poison",
     [](Scene& s) { s.leaf.extensions.push_back("1.3.6.1.4.1.11129.2.4.3=critical,ASN1:NULL"); }},
    {"an extension that cannot be read", Rule::MalformedExtension,
     "the certificate for www.example.com has an extension that cannot be read: X509v3 Extended Key Usage",
     [](Scene& s) { s.leaf.set("extendedKeyUsage=DER:02:01:01"); }},
    {"an extension with bytes behind it", Rule::MalformedExtension,
     "the certificate for www.example.com has an extension that is not DER: X509v3 Extended Key Usage",
     [](Scene& s) { s.leaf.set("extendedKeyUsage=DER:30:0a:06:08:2b:06:01:05:05:07:03:01:00"); }},
    {"an extended key usage that names nothing", Rule::MalformedExtension,
     "the certificate for www.example.com has an extended key usage that names nothing",
     [](Scene& s) { s.leaf.set("extendedKeyUsage=DER:30:00"); }},
    {"a key usage that allows nothing", Rule::MalformedExtension,
     "the certificate for www.example.com has a key usage that allows nothing",
     [](Scene& s) { s.leaf.set("keyUsage=DER:03:01:00"); }},
    {"a negative path length", Rule::MalformedExtension,
     "certificate 2 (CN=Middle) has a path length that is not a number from 0 up",
     [](Scene& s) { s.middle.set("basicConstraints=critical,DER:30:06:01:01:ff:02:01:ff"); }},
    {"a boolean that is not DER", Rule::MalformedExtension,
     "certificate 2 (CN=Middle) has an extension that is not DER: X509v3 Basic Constraints",
     [](Scene& s) { s.middle.set("basicConstraints=critical,DER:30:03:01:01:01"); }},
    {"a length that is not the shortest", Rule::Malformed, "the certificate for www.example.com is not DER",
     [](Scene& s) {
       s.then = [](Built& b) {
         std::string& der = b.chain[0];
         der.insert(2, 1, '\0');
         der[1] = static_cast<char>(0x83);
       };
     }},
    {"a leaf without a subject and with names that are not critical", Rule::NameEmpty,
     "the certificate for www.example.com has no subject, and its subjectAltName is not critical",
     [](Scene& s) { s.leaf.name.clear(); }},
    {"a leaf without a subject", kGood, "",
     [](Scene& s) {
       s.leaf.name.clear();
       s.leaf.set("subjectAltName=critical,DNS:www.example.com");
     }},
    {"an authority without a name", Rule::NameEmpty,
     "the certificate for www.example.com does not name who issued it",
     [](Scene& s) { s.middle.name.clear(); }},
    {"a time that is not to the second", Rule::ValidityForm,
     "the certificate for www.example.com has times that are not in UTC to the second",
     [](Scene& s) {
       s.leaf.twist = [](X509* one) { ASN1_STRING_set(X509_getm_notBefore(one), "2609110000Z", -1); };
     }},
    {"a time of another zone", Rule::ValidityForm,
     "the certificate for www.example.com has times that are not in UTC to the second",
     [](Scene& s) {
       s.leaf.twist = [](X509* one) { ASN1_STRING_set(X509_getm_notBefore(one), "260911000000+0100", -1); };
     }},
    {"a time after 2049", kGood, "", [](Scene& s) { s.leaf.until = 9000; }},
});

}  // namespace

std::span<const Case> structure_cases() { return kStructureCases; }

}  // namespace postern::certs
