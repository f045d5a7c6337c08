// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/constraints.h"

#include <openssl/asn1.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "certs/names.h"

namespace postern::certs {
namespace {

struct DirectoryFree {
  void operator()(X509_NAME* name) const noexcept { X509_NAME_free(name); }
};
using DirectoryPtr = std::unique_ptr<X509_NAME, DirectoryFree>;

std::string_view text_of_string(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && base::equals_ignoring_case(text.substr(text.size() - end.size()), end);
}

// RFC 5280 knows no leading dot here, authorities write it all the same: it is read as the narrower of its two
// meanings when it permits, and as the wider when it excludes.
bool dns_within(std::string_view name, std::string_view base, bool excluding) {
  if (base.empty()) return true;
  if (base.front() == '.')
    return ends_with_ignoring_case(name, base) || (excluding && dns_within(name, base.substr(1), true));
  if (base::equals_ignoring_case(name, base)) return true;
  if (ends_with_ignoring_case(name, "." + std::string(base))) return true;
  // *.example.com is also www.example.com.
  const std::size_t dot = base.find('.');
  return excluding && name.starts_with("*.") && dot != std::string_view::npos &&
         base::equals_ignoring_case(name.substr(2), base.substr(dot + 1));
}

// Of mail and URIs: a host exactly, or with a leading dot whatever lies below it.
bool host_within(std::string_view host, std::string_view base) {
  if (base.empty()) return true;
  return base.front() == '.' ? ends_with_ignoring_case(host, base) : base::equals_ignoring_case(host, base);
}

bool email_within(std::string_view address, std::string_view base, bool excluding) {
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos) return excluding;
  const std::size_t base_at = base.rfind('@');
  if (base_at == std::string_view::npos) return host_within(address.substr(at + 1), base);
  return address.substr(0, at) == base.substr(0, base_at) &&
         base::equals_ignoring_case(address.substr(at + 1), base.substr(base_at + 1));
}

// Empty: it has none, or one that is not a DNS name, and then nothing may be said about it.
std::string_view host_of_uri(std::string_view uri) {
  const std::size_t begin = uri.find("://");
  if (begin == std::string_view::npos) return {};
  std::string_view host = uri.substr(begin + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const std::size_t at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  host = host.substr(0, host.find(':'));
  return is_dns_name(host) ? host : std::string_view();
}

bool uri_within(std::string_view uri, std::string_view base, bool excluding) {
  const std::string_view host = host_of_uri(uri);
  return host.empty() ? excluding : host_within(host, base);
}

bool address_within(std::string_view address, std::string_view base) {
  if (base.size() != address.size() * 2) return false;
  for (std::size_t i = 0; i < address.size(); ++i) {
    const char mask = base[address.size() + i];
    if ((address[i] & mask) != (base[i] & mask)) return false;
  }
  return true;
}

bool is_network(std::string_view base) {
  if (base.size() != 8 && base.size() != 32) return false;
  bool ended = false;
  for (const char c : base.substr(base.size() / 2)) {
    for (unsigned bit = 0x80; bit != 0; bit >>= 1U) {
      const bool set = (static_cast<unsigned char>(c) & bit) != 0;
      if (set && ended) return false;
      ended = ended || !set;
    }
  }
  return true;
}

DirectoryPtr read_directory(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  return DirectoryPtr(d2i_X509_NAME(nullptr, &at, static_cast<long>(der.size())));
}

// The base's parts are the first parts of the name.
bool directory_within(std::string_view name, const X509_NAME* base) {
  const DirectoryPtr whole = read_directory(name);
  if (whole == nullptr) return false;
  const int parts = X509_NAME_entry_count(base);
  if (parts == 0) return true;
  while (X509_NAME_entry_count(whole.get()) > parts)
    X509_NAME_ENTRY_free(X509_NAME_delete_entry(whole.get(), X509_NAME_entry_count(whole.get()) - 1));
  return X509_NAME_cmp(whole.get(), base) == 0;
}

bool within(const Name& name, const GENERAL_NAME* base, bool excluding) {
  int type = 0;
  const void* value = GENERAL_NAME_get0_value(base, &type);
  if (name.form == Form::Other) return excluding;
  if (name.form == Form::Directory) return directory_within(name.text, static_cast<const X509_NAME*>(value));
  const std::string_view text = text_of_string(static_cast<const ASN1_STRING*>(value));
  switch (name.form) {
    case Form::Dns:
      return dns_within(name.text, text, excluding);
    case Form::Address:
      return address_within(name.text, text);
    case Form::Email:
      return email_within(name.text, text, excluding);
    default:
      return uri_within(name.text, text, excluding);
  }
}

// subjectAltName, the subject, and mail addresses in the subject of a certificate that has none elsewhere.
std::vector<Name> constrained_names(const Candidate& of) {
  std::vector<Name> names = of.names;
  X509_NAME* subject = X509_get_subject_name(of.certificate.get());
  if (X509_NAME_entry_count(subject) > 0)
    names.push_back({Form::Directory, GEN_DIRNAME, directory_der(subject)});
  if (std::any_of(of.names.begin(), of.names.end(),
                  [](const Name& name) { return name.form == Form::Email; }))
    return names;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_pkcs9_emailAddress, at)) >= 0;) {
    const ASN1_STRING* mail = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    names.push_back({Form::Email, GEN_EMAIL, std::string(text_of_string(mail))});
  }
  return names;
}

std::string shown(const Name& name) {
  if (name.form == Form::Address) return address_text(name.text);
  if (name.form == Form::Directory) return "its subject";
  if (name.form == Form::Other) return "a name of another kind";
  return base::printable(name.text, 100);
}

const char* form_fault(const GENERAL_SUBTREE* tree) {
  if ((tree->minimum != nullptr && ASN1_INTEGER_get(tree->minimum) != 0) || tree->maximum != nullptr)
    return "has name constraints with a minimum or a maximum";
  int type = 0;
  const void* value = GENERAL_NAME_get0_value(tree->base, &type);
  if (type == GEN_IPADD && !is_network(text_of_string(static_cast<const ASN1_STRING*>(value))))
    return "has a name constraint that is no network of IP addresses";
  return nullptr;
}

using Trees = STACK_OF(GENERAL_SUBTREE);

std::optional<Fault> judge_forms(const Trees* trees, Work& work) {
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees) && work.may_compare(); ++i) {
    if (const char* what = form_fault(sk_GENERAL_SUBTREE_value(trees, i)))
      return Fault{Rule::ConstraintForm, what};
  }
  return std::nullopt;
}

struct Answer {
  bool any_of_form = false;
  bool within_one = false;
};

Answer look_up(const Trees* trees, const Name& name, bool excluding, Work& work) {
  Answer answer;
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees) && !answer.within_one && work.may_compare(); ++i) {
    const GENERAL_NAME* base = sk_GENERAL_SUBTREE_value(trees, i)->base;
    if (base->type != name.type) continue;
    answer.any_of_form = true;
    answer.within_one = within(name, base, excluding);
  }
  return answer;
}

}  // namespace

std::optional<Fault> judge_constraints(const Candidate& authority, const Candidate& of, Work& work) {
  const NAME_CONSTRAINTS* constraints = authority.constraints.get();
  if (constraints == nullptr) return std::nullopt;
  for (const Trees* trees : {constraints->permittedSubtrees, constraints->excludedSubtrees}) {
    if (auto fault = judge_forms(trees, work)) return fault;
  }
  for (const Name& name : constrained_names(of)) {
    if (work.exhausted) break;
    if (look_up(constraints->excludedSubtrees, name, true, work).within_one)
      return Fault{Rule::Excluded, "has a name that no authority below " +
                                       base::printable(authority.facts.subject) +
                                       " may vouch for: " + shown(name)};
    const Answer permitted = look_up(constraints->permittedSubtrees, name, false, work);
    if (permitted.any_of_form && !permitted.within_one)
      return Fault{Rule::NotPermitted, "has a name outside of what " +
                                           base::printable(authority.facts.subject) +
                                           " may vouch for: " + shown(name)};
  }
  return std::nullopt;
}

}  // namespace postern::certs
