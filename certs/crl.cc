// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/crypto.h"
#include "certs/der.h"
#include "certs/revocation.h"
#include "certs/strength.h"

namespace postern::certs {

void CrlFree::operator()(X509_CRL* crl) const noexcept { X509_CRL_free(crl); }

namespace {

using base::Code;
using base::fail;

struct ScopeFree {
  void operator()(ISSUING_DIST_POINT* scope) const noexcept { ISSUING_DIST_POINT_free(scope); }
};
struct PointsFree {
  void operator()(CRL_DIST_POINTS* points) const noexcept { CRL_DIST_POINTS_free(points); }
};
struct IntegerFree {
  void operator()(ASN1_INTEGER* number) const noexcept { ASN1_INTEGER_free(number); }
};
struct TextFree {
  void operator()(char* text) const noexcept { OPENSSL_free(text); }
};
using IntegerPtr = std::unique_ptr<ASN1_INTEGER, IntegerFree>;
using ScopePtr = std::unique_ptr<ISSUING_DIST_POINT, ScopeFree>;

std::string issuer_of(const X509_CRL* crl) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (out == nullptr || X509_NAME_print_ex(out.get(), X509_CRL_get_issuer(crl), 0, XN_FLAG_RFC2253) < 0)
    return {};
  return base::printable(memory_text(out.get()), 120);
}

// Of the extension as it was written. Empty: there is none.
std::string scope_id_of(const X509_CRL* crl) {
  const X509_EXTENSION* scope =
      X509_CRL_get_ext(crl, X509_CRL_get_ext_by_NID(crl, NID_issuing_distribution_point, -1));
  if (scope == nullptr) return {};
  const ASN1_OCTET_STRING* der = X509_EXTENSION_get_data(const_cast<X509_EXTENSION*>(scope));
  return base::sha256_hex({reinterpret_cast<const char*>(ASN1_STRING_get0_data(der)),
                           static_cast<std::size_t>(ASN1_STRING_length(der))});
}

std::string the_crl(const X509_CRL* crl) { return "is under a CRL (of " + issuer_of(crl) + ") that "; }

base::Micros crl_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return static_cast<base::Micros>(timegm(&parts)) * base::kWallSecond;
}

base::Result<CrlPtr> read_crl(std::string_view der) {
  ERR_clear_error();
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  CrlPtr crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  if (crl == nullptr) return fail(Code::Invalid, "not a CRL: " + openssl_reason());
  if (!is_der(der)) return fail(Code::Invalid, "not a CRL: it is not DER");
  return crl;
}

// What no reader here can judge, in the list or in one of its entries.
const char* unjudged(const X509_CRL* crl) {
  if (X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0)
    return "holds changes to another one only (a delta CRL), which are not judged here";
  for (int i = 0; i < X509_CRL_get_ext_count(crl); ++i) {
    X509_EXTENSION* extension = X509_CRL_get_ext(crl, i);
    const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    if (X509_EXTENSION_get_critical(extension) != 0 && nid != NID_issuing_distribution_point)
      return "has a critical extension that is not judged here";
  }
  const STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(const_cast<X509_CRL*>(crl));
  for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
    const X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
    for (int at = 0; at < X509_REVOKED_get_ext_count(entry); ++at) {
      if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(entry, at)) != 0)
        return "has an entry with a critical extension that is not judged here";
    }
  }
  return nullptr;
}

bool is_point_of(const DIST_POINT_NAME* wanted, const Candidate& of) {
  const std::unique_ptr<CRL_DIST_POINTS, PointsFree> points(static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(of.certificate.get(), NID_crl_distribution_points, nullptr, nullptr)));
  if (wanted->type != 0) return false;  // relative to an issuer's name: nobody writes it
  for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
    const DIST_POINT_NAME* has = sk_DIST_POINT_value(points.get(), i)->distpoint;
    if (has == nullptr || has->type != 0) continue;
    for (int a = 0; a < sk_GENERAL_NAME_num(has->name.fullname); ++a) {
      for (int b = 0; b < sk_GENERAL_NAME_num(wanted->name.fullname); ++b) {
        if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(has->name.fullname, a),
                             sk_GENERAL_NAME_value(wanted->name.fullname, b)) == 0)
          return true;
      }
    }
  }
  return false;
}

enum class Scope : std::uint8_t { Covers, Other, Unjudged };

// nullptr with no reason why: it is about all that its issuer issued.
ScopePtr read_scope(const X509_CRL* crl, const char*& why) {
  int critical = 0;
  ScopePtr scope(static_cast<ISSUING_DIST_POINT*>(
      X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &critical, nullptr)));
  if (scope == nullptr && critical != -1) {
    why = "says in a way that cannot be read what it is about";
  } else if (scope != nullptr && scope->indirectCRL > 0) {
    why = "speaks for other authorities (an indirect CRL), which is not judged here";
  } else if (scope != nullptr && scope->onlysomereasons != nullptr) {
    why = "knows some reasons only, which is not judged here";
  }
  return scope;
}

// RFC 5280 6.3.3 (b) (2).
Scope scope_of(const X509_CRL* crl, const Candidate& of, const char*& why) {
  const ScopePtr scope = read_scope(crl, why);
  if (why != nullptr) return Scope::Unjudged;
  if (scope == nullptr) return Scope::Covers;
  if (scope->onlyattr > 0 || (scope->onlyuser > 0 && of.authority) || (scope->onlyCA > 0 && !of.authority))
    return Scope::Other;
  return scope->distpoint == nullptr || is_point_of(scope->distpoint, of) ? Scope::Covers : Scope::Other;
}

std::optional<Fault> judge_crl_signature(X509_CRL* crl, const Candidate& issuer, Work& work) {
  const X509_ALGOR* algorithm = nullptr;
  X509_CRL_get0_signature(crl, nullptr, &algorithm);
  if (auto fault = judge_algorithm(algorithm)) return Fault{Rule::CrlSignature, the_crl(crl) + fault->what};
  if (issuer.key_usage && (*issuer.key_usage & KU_CRL_SIGN) == 0)
    return Fault{Rule::CrlSignature,
                 the_crl(crl) + "its authority's key must not sign (key usage cRLSign is missing)"};
  if (!work.may_check()) return Fault{Rule::Limits, "needs more checks than one chain may cost"};
  const bool good = X509_CRL_verify(crl, X509_get0_pubkey(issuer.certificate.get())) == 1;
  ERR_clear_error();
  if (good) return std::nullopt;
  return Fault{Rule::CrlSignature, the_crl(crl) + "was not signed by the authority"};
}

std::optional<Fault> judge_crl_time(const X509_CRL* crl, base::Micros now) {
  const base::Micros begin = crl_time(X509_CRL_get0_lastUpdate(crl)),
                     end = crl_time(X509_CRL_get0_nextUpdate(crl));
  if (end == 0) return Fault{Rule::CrlStale, the_crl(crl) + "does not say until when it is good"};
  if (now < begin)
    return Fault{Rule::CrlStale, the_crl(crl) + "begins on " + base::format_time(begin).substr(0, 16) + "Z"};
  if (now >= end + base::kWallSecond)
    return Fault{Rule::CrlStale,
                 the_crl(crl) + "was good until " + base::format_time(end).substr(0, 16) + "Z"};
  return std::nullopt;
}

std::optional<Fault> find_revoked(X509_CRL* crl, const Candidate& of) {
  X509_REVOKED* entry = nullptr;
  if (X509_CRL_get0_by_cert(crl, &entry, of.certificate.get()) == 0) return std::nullopt;
  const base::Micros since = crl_time(X509_REVOKED_get0_revocationDate(entry));
  return Fault{Rule::Revoked,
               "was revoked by its authority on " + base::format_time(since).substr(0, 16) + "Z (CRL)"};
}

// One that is about the certificate. Signature first: what is not the authority's says nothing.
std::optional<Fault> judge_crl(X509_CRL* crl, const Candidate& of, const Candidate& issuer, base::Micros now,
                               Work& work) {
  if (auto fault = judge_crl_signature(crl, issuer, work)) return fault;
  if (const char* why = unjudged(crl)) return Fault{Rule::CrlForm, the_crl(crl) + why};
  if (auto fault = find_revoked(crl, of)) return fault;
  return judge_crl_time(crl, now);
}

}  // namespace

base::Result<std::vector<CrlPtr>> read_crls(std::string_view text) {
  if (text.size() > kCrlSizeLimit) return fail(Code::Limit, "the CRLs are longer than 64 MiB");
  std::vector<CrlPtr> out;
  if (text.find("-----BEGIN ") == std::string_view::npos) {
    auto crl = read_crl(text);
    if (!crl) return crl.error();
    out.push_back(*std::move(crl));
    return out;
  }
  auto blocks = pem_blocks(text, "X509 CRL", kCrlsLimit);
  if (!blocks) return blocks.error();
  if (blocks->empty()) return fail(Code::Invalid, "the text has no CRL (\"-----BEGIN X509 CRL-----\")");
  for (const std::string& der : *blocks) {
    auto crl = read_crl(der);
    if (!crl) return crl.error();
    out.push_back(*std::move(crl));
  }
  return out;
}

CrlFacts facts_of(X509_CRL* crl) {
  CrlFacts facts;
  facts.issuer = issuer_of(crl);
  facts.from = crl_time(X509_CRL_get0_lastUpdate(crl));
  facts.until = crl_time(X509_CRL_get0_nextUpdate(crl));
  facts.revoked = static_cast<std::size_t>(std::max(0, sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl))));
  const IntegerPtr number(
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, NID_crl_number, nullptr, nullptr)));
  const std::unique_ptr<char, TextFree> text(number == nullptr ? nullptr
                                                               : i2s_ASN1_INTEGER(nullptr, number.get()));
  if (text != nullptr) facts.number = base::printable(text.get(), 60);
  facts.issuer_id = base::sha256_hex(directory_der(X509_CRL_get_issuer(crl)));
  facts.scope_id = scope_id_of(crl);
  return facts;
}

std::string to_pem(X509_CRL* crl) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (out == nullptr || PEM_write_bio_X509_CRL(out.get(), crl) != 1) return {};
  return memory_text(out.get());
}

base::Status check_crl(X509_CRL* crl, const std::vector<Candidate>& authorities) {
  const std::string name = "the CRL of " + issuer_of(crl);
  if (const char* why = unjudged(crl)) return fail(Code::Invalid, name + " " + why);
  if (crl_time(X509_CRL_get0_nextUpdate(crl)) == 0)
    return fail(Code::Invalid, name + " does not say until when it is good");
  bool named = false;
  for (const Candidate& one : authorities) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(one.certificate.get())) != 0) continue;
    named = true;
    Work work;
    if (!judge_crl_signature(crl, one, work)) return base::Ok{};
  }
  if (!named) return base::Ok{};
  return fail(Code::Invalid,
              name + " was not signed by the authority of that name, or with a key that may not");
}

base::Status check_fetched_crl(X509_CRL* crl, const std::vector<Candidate>& authorities,
                               std::optional<base::Micros> now) {
  if (base::Status sound = check_crl(crl, authorities); !sound.ok()) return sound;
  const std::string issuer = issuer_of(crl), name = "the CRL of " + issuer;
  const bool known = std::any_of(authorities.begin(), authorities.end(), [&](const Candidate& one) {
    return X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(one.certificate.get())) == 0;
  });
  if (!known) return fail(Code::Invalid, name + " is of an authority that is not known here");
  const char* why = nullptr;
  read_scope(crl, why);
  if (why != nullptr) return fail(Code::Invalid, name + " " + why);
  if (auto fault = now ? judge_crl_time(crl, *now) : std::nullopt) {
    const std::string prefix = the_crl(crl);
    return fail(Code::Invalid, name + " " + fault->what.substr(prefix.size()));
  }
  return base::Ok{};
}

bool is_about(X509_CRL* crl, const Candidate& of, const Candidate& issuer) {
  const char* why = nullptr;
  Work work;
  return X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(of.certificate.get())) == 0 &&
         scope_of(crl, of, why) == Scope::Covers && !judge_crl_signature(crl, issuer, work);
}

Finding judge_crls(const Candidate& of, const Candidate& issuer, const std::vector<CrlPtr>& crls,
                   base::Micros now, Work& work) {
  Finding finding;
  std::optional<Fault> unsound;
  for (const CrlPtr& crl : crls) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl.get()), X509_get_issuer_name(of.certificate.get())) != 0)
      continue;
    const char* why = nullptr;
    const Scope scope = scope_of(crl.get(), of, why);
    if (scope == Scope::Other) continue;
    auto fault = scope == Scope::Unjudged ? Fault{Rule::CrlForm, the_crl(crl.get()) + why}
                                          : judge_crl(crl.get(), of, issuer, now, work);
    if (!fault) {
      finding.standing = Standing::GoodByCrl;
      finding.until = std::max(finding.until, crl_time(X509_CRL_get0_nextUpdate(crl.get())));
    }
    if (fault && fault->rule == Rule::Revoked) return {Standing::Unknown, 0, std::move(fault)};
    if (fault && !unsound) unsound = std::move(fault);
  }
  // An old list beside a new one does no harm.
  if (finding.standing == Standing::Unknown) finding.fault = std::move(unsound);
  return finding;
}

}  // namespace postern::certs
