// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/candidate.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "certs/der.h"

namespace postern::certs {

void ConstraintsFree::operator()(NAME_CONSTRAINTS* constraints) const noexcept {
  NAME_CONSTRAINTS_free(constraints);
}

namespace {

template <typename T, void (*Free)(T*)>
struct FreeBy {
  void operator()(T* value) const noexcept { Free(value); }
};
template <typename T, void (*Free)(T*)>
using Extension = std::unique_ptr<T, FreeBy<T, Free>>;

std::string_view bytes_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

void keep_fault(Candidate& out, Rule rule, std::string what) {
  if (!out.fault) out.fault = Fault{rule, std::move(what)};
}

std::string name_of_extension(X509_EXTENSION* extension) {
  const ASN1_OBJECT* object = X509_EXTENSION_get_object(extension);
  const int nid = OBJ_obj2nid(object);
  return nid == NID_undef ? dotted(object) : std::string(OBJ_nid2ln(nid));
}

constexpr std::array kJudged = {NID_basic_constraints, NID_key_usage,          NID_ext_key_usage,
                                NID_subject_alt_name,  NID_name_constraints,   NID_certificate_policies,
                                NID_policy_mappings,   NID_policy_constraints, NID_inhibit_any_policy,
                                NID_tlsfeature};

// The outside of each extension: whether it stands once, is DER, and is known where it is critical.
void look_at_extensions(Candidate& out) {
  const X509* certificate = out.certificate.get();
  const int count = X509_get_ext_count(certificate);
  std::vector<std::string> seen;
  for (int i = 0; i < count; ++i) {
    X509_EXTENSION* extension = X509_get_ext(certificate, i);
    seen.push_back(dotted(X509_EXTENSION_get_object(extension)));
    const bool judged = std::find(kJudged.begin(), kJudged.end(),
                                  OBJ_obj2nid(X509_EXTENSION_get_object(extension))) != kJudged.end();
    if (X509_EXTENSION_get_critical(extension) != 0 && !judged) {
      keep_fault(out, Rule::UnknownCritical,
                 "has a critical extension that is not judged here: " + name_of_extension(extension));
    }
    if (judged && !is_der(bytes_of(X509_EXTENSION_get_data(extension))))
      keep_fault(out, Rule::MalformedExtension,
                 "has an extension that is not DER: " + name_of_extension(extension));
  }
  std::sort(seen.begin(), seen.end());
  const auto twice = std::adjacent_find(seen.begin(), seen.end());
  if (twice != seen.end())
    out.fault = Fault{Rule::DuplicateExtension, "has the same extension twice: " + *twice};
}

// The inside of one that stands once; nullptr if it does not stand there, or not in a form that can be read.
template <typename T, void (*Free)(T*)>
Extension<T, Free> inside(Candidate& out, int nid, bool* critical = nullptr) {
  int found = 0;
  Extension<T, Free> value(static_cast<T*>(X509_get_ext_d2i(out.certificate.get(), nid, &found, nullptr)));
  if (critical != nullptr) *critical = found == 1;
  if (value == nullptr && found >= 0)
    keep_fault(out, Rule::MalformedExtension,
               std::string("has an extension that cannot be read: ") + OBJ_nid2ln(nid));
  return value;
}

void read_basic(Candidate& out) {
  const auto basic =
      inside<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free>(out, NID_basic_constraints, &out.basic_critical);
  if (basic == nullptr) return;
  out.basic_present = true;
  out.authority = basic->ca != 0;
  if (basic->pathlen == nullptr) return;
  const long length = ASN1_INTEGER_get(basic->pathlen);
  if (length < 0)
    keep_fault(out, Rule::MalformedExtension, "has a path length that is not a number from 0 up");
  else
    out.path_length = length;
}

void read_usages(Candidate& out) {
  if (const auto usage = inside<ASN1_BIT_STRING, ASN1_BIT_STRING_free>(out, NID_key_usage)) {
    std::uint32_t bits = 0;
    const std::string_view bytes = bytes_of(usage.get());
    if (!bytes.empty()) bits = static_cast<std::uint8_t>(bytes[0]);
    if (bytes.size() > 1) bits |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[1])) << 8U;
    if (bits == 0) keep_fault(out, Rule::MalformedExtension, "has a key usage that allows nothing");
    out.key_usage = bits;
  }
  if (const auto usage = inside<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>(out, NID_ext_key_usage)) {
    out.purposes.emplace();
    for (int i = 0; i < sk_ASN1_OBJECT_num(usage.get()); ++i)
      out.purposes->push_back(dotted(sk_ASN1_OBJECT_value(usage.get(), i)));
    if (out.purposes->empty())
      keep_fault(out, Rule::MalformedExtension, "has an extended key usage that names nothing");
  }
}

Form form_of(int type) {
  switch (type) {
    case GEN_DNS:
      return Form::Dns;
    case GEN_IPADD:
      return Form::Address;
    case GEN_EMAIL:
      return Form::Email;
    case GEN_URI:
      return Form::Uri;
    case GEN_DIRNAME:
      return Form::Directory;
    default:
      return Form::Other;
  }
}

Name read_name(const GENERAL_NAME* general) {
  int type = 0;
  const void* value = GENERAL_NAME_get0_value(general, &type);
  Name name{form_of(type), type, {}};
  if (name.form == Form::Directory)
    name.text = directory_der(static_cast<const X509_NAME*>(value));
  else if (name.form != Form::Other)
    name.text = bytes_of(static_cast<const ASN1_STRING*>(value));
  return name;
}

bool is_well_formed(const Name& name) {
  if (name.form == Form::Address) return name.text.size() == 4 || name.text.size() == 16;
  if (name.form == Form::Directory || name.form == Form::Other) return true;
  return !name.text.empty() &&
         std::all_of(name.text.begin(), name.text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void read_names(Candidate& out) {
  const auto names =
      inside<GENERAL_NAMES, GENERAL_NAMES_free>(out, NID_subject_alt_name, &out.names_critical);
  if (names == nullptr) return;
  out.names_present = true;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    Name name = read_name(sk_GENERAL_NAME_value(names.get(), i));
    if (!is_well_formed(name))
      keep_fault(out, Rule::NameForm,
                 name.form == Form::Address ? "has an IP address that is not 4 or 16 bytes long"
                                            : "has a name that is empty or not printable ASCII");
    else
      out.names.push_back(std::move(name));
  }
  if (sk_GENERAL_NAME_num(names.get()) == 0)
    keep_fault(out, Rule::NameForm, "has a subjectAltName without a name");
}

void free_features(TLS_FEATURE* features) { sk_ASN1_INTEGER_pop_free(features, ASN1_INTEGER_free); }

void read_others(Candidate& out) {
  out.constraints.reset(inside<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>(out, NID_name_constraints).release());
  if (const auto features = inside<TLS_FEATURE, free_features>(out, NID_tlsfeature)) {
    for (int i = 0; i < sk_ASN1_INTEGER_num(features.get()); ++i)
      out.features.push_back(ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)));
  }
  if (const auto policy = inside<POLICY_CONSTRAINTS, POLICY_CONSTRAINTS_free>(out, NID_policy_constraints))
    out.demands_policy = policy->requireExplicitPolicy != nullptr;
  if (const auto id = inside<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>(out, NID_subject_key_identifier))
    out.key_identifier = bytes_of(id.get());
  const auto by = inside<AUTHORITY_KEYID, AUTHORITY_KEYID_free>(out, NID_authority_key_identifier);
  if (by != nullptr && by->keyid != nullptr) out.authority_key_identifier = bytes_of(by->keyid);
}

}  // namespace

base::Result<Candidate> take_apart(std::string_view der) {
  auto parsed = parse_der(der);
  if (!parsed) return parsed.error();
  Candidate out;
  out.certificate = *std::move(parsed);
  out.der = der;
  X509* certificate = out.certificate.get();
  out.facts = facts_of(certificate);
  out.self_issued = X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
  if (!is_der(der)) keep_fault(out, Rule::Malformed, "is not DER: it can be read in more than one way");
  const X509_ALGOR* outer = nullptr;
  X509_get0_signature(nullptr, &outer, certificate);
  if (X509_ALGOR_cmp(outer, X509_get0_tbs_sigalg(certificate)) != 0)
    keep_fault(out, Rule::AlgorithmsDiffer,
               "names two different signature algorithms, one signed and one not");
  look_at_extensions(out);
  read_basic(out);
  read_usages(out);
  read_names(out);
  read_others(out);
  ERR_clear_error();
  return out;
}

bool has_purpose(const Candidate& candidate, std::string_view purpose) {
  return candidate.purposes && std::find(candidate.purposes->begin(), candidate.purposes->end(), purpose) !=
                                   candidate.purposes->end();
}

bool same_subject_and_key(const Candidate& a, const Candidate& b) {
  return a.facts.key_id == b.facts.key_id && X509_NAME_cmp(X509_get_subject_name(a.certificate.get()),
                                                           X509_get_subject_name(b.certificate.get())) == 0;
}

bool is_issuer_name_of(const Candidate& issuer, const Candidate& of) {
  return X509_NAME_cmp(X509_get_issuer_name(of.certificate.get()),
                       X509_get_subject_name(issuer.certificate.get())) == 0;
}

bool is_signed_by(const Candidate& of, const Candidate& issuer) {
  ERR_clear_error();
  const bool good = X509_verify(of.certificate.get(), X509_get0_pubkey(issuer.certificate.get())) == 1;
  ERR_clear_error();
  return good;
}

std::string dotted(const ASN1_OBJECT* object) {
  std::array<char, 128> out{};
  if (OBJ_obj2txt(out.data(), out.size(), object, 1) <= 0) return {};
  return out.data();
}

std::string directory_der(const X509_NAME* name) {
  const unsigned char* der = nullptr;
  std::size_t size = 0;
  // X509_NAME_get0_der does not change what it is given; it brings its cache up to date.
  if (X509_NAME_get0_der(name, &der, &size) != 1) return {};
  return {reinterpret_cast<const char*>(der), size};
}

}  // namespace postern::certs
