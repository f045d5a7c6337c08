// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/inquiry.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>

#include "base/bytes.h"
#include "base/crypto.h"
#include "certs/certificate.h"

namespace postern::certs {
namespace {

using base::Code;
using base::fail;

constexpr std::string_view kStapled = "comes with an OCSP response that ";

struct WhereFree {
  void operator()(CRL_DIST_POINTS* points) const noexcept { CRL_DIST_POINTS_free(points); }
  void operator()(AUTHORITY_INFO_ACCESS* access) const noexcept { AUTHORITY_INFO_ACCESS_free(access); }
};

std::string uri_of(const GENERAL_NAME* name) {
  if (name == nullptr || name->type != GEN_URI) return {};
  const ASN1_IA5STRING* text = name->d.uniformResourceIdentifier;
  const int size = ASN1_STRING_length(text);
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(size)};
}

bool is_of_the_web(const std::string& uri) {
  const std::string scheme = base::to_lower(uri.substr(0, uri.find(':')));
  return scheme == "http" || scheme == "https";
}

// Points of indirect lists and of lists for some reasons are passed over (RFC 5280 4.2.1.13).
void add_points(X509* certificate, std::vector<std::string>& out) {
  const std::unique_ptr<CRL_DIST_POINTS, WhereFree> points(static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(certificate, NID_crl_distribution_points, nullptr, nullptr)));
  for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
    const DIST_POINT* point = sk_DIST_POINT_value(points.get(), i);
    if (point->CRLissuer != nullptr || point->reasons != nullptr || point->distpoint == nullptr ||
        point->distpoint->type != 0)
      continue;
    for (int at = 0; at < sk_GENERAL_NAME_num(point->distpoint->name.fullname); ++at) {
      std::string uri = uri_of(sk_GENERAL_NAME_value(point->distpoint->name.fullname, at));
      if (!is_of_the_web(uri) || out.size() == kListAddressesLimit) continue;
      out.push_back(std::move(uri));
      break;  // the others lead to the same list
    }
  }
}

std::string responder_in(X509* certificate) {
  const std::unique_ptr<AUTHORITY_INFO_ACCESS, WhereFree> access(
      static_cast<AUTHORITY_INFO_ACCESS*>(X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr)));
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access.get()); ++i) {
    const ACCESS_DESCRIPTION* one = sk_ACCESS_DESCRIPTION_value(access.get(), i);
    if (OBJ_obj2nid(one->method) == NID_ad_OCSP) return uri_of(one->location);
  }
  return {};
}

using ByFingerprint = std::map<std::string, const Candidate*>;

base::Result<Askable> one_askable(const ByFingerprint& known, const CertificateFacts& of,
                                  const CertificateFacts& issuer) {
  const auto own = known.find(of.fingerprint), above = known.find(issuer.fingerprint);
  if (own == known.end() || above == known.end()) return fail(Code::Internal, "the path has strangers");
  return Askable{of.fingerprint, of.subject, of.not_after,
                 der_to_pem(own->second->der) + der_to_pem(above->second->der), whereabouts_of(*own->second)};
}

// The trusted ones, and who issued the certificate.
std::string authorities_of(const ListTrust& trust) {
  std::string out(trust.authorities_pem);
  const auto pair = pem_to_der(trust.pair_pem);
  if (pair.ok() && pair->size() > 1) out += "\n" + der_to_pem((*pair)[1]);
  return out;
}

bool any_about(std::string_view pair_pem, const std::vector<CrlPtr>& lists) {
  const auto pair = pem_to_der(pair_pem);
  if (!pair.ok() || pair->size() < 2) return false;
  const auto of = take_apart((*pair)[0]), issuer = take_apart((*pair)[1]);
  return of.ok() && issuer.ok() && std::any_of(lists.begin(), lists.end(), [&](const CrlPtr& list) {
           return is_about(list.get(), *of, *issuer);
         });
}

std::string issuers_in(const std::vector<CrlFacts>& lists) {
  std::string out;
  for (const CrlFacts& one : lists) out += (out.empty() ? "one of " : ", one of ") + one.issuer;
  return out;
}

// Numbers as of CrlFacts: decimal, and from 2^128 on hexadecimal. One without is below all that have one.
bool is_lower(const std::string& a, const std::string& b) {
  const auto order = [](const std::string& one) {
    return std::tuple(one.starts_with("0x"), one.size(), std::string_view(one));
  };
  return order(a) < order(b);
}

}  // namespace

Whereabouts whereabouts_of(const Candidate& certificate) {
  Whereabouts out;
  add_points(certificate.certificate.get(), out.lists);
  out.responder = responder_in(certificate.certificate.get());
  return out;
}

std::vector<Whereabouts> whereabouts_in(std::string_view pem) {
  std::vector<Whereabouts> out;
  const auto all = pem_to_der(pem, kRootsLimit);
  if (!all.ok()) return out;
  for (const std::string& der : *all) {
    const auto one = take_apart(der);
    if (one.ok()) out.push_back(whereabouts_of(*one));
  }
  return out;
}

base::Result<std::vector<Askable>> askable(const Verifier& verifier, const std::vector<std::string>& chain,
                                           Question question) {
  question.revocation = Revocation::Soft;
  Evidence evidence;
  evidence.staple_follows = true;  // that it was stapled is not ours to demand
  const Verdict verdict = verifier.judge(chain, question, evidence);
  if (!verdict.good()) return fail(Code::Denied, verdict.failure->sentence);
  std::vector<Candidate> presented;
  for (const std::string& der : chain) {
    auto one = take_apart(der);
    if (one.ok()) presented.push_back(*std::move(one));
  }
  ByFingerprint known;
  for (const Candidate& one : presented) known[one.facts.fingerprint] = &one;
  for (const Candidate& one : verifier.anchors()) known[one.facts.fingerprint] = &one;
  std::vector<Askable> out;
  for (std::size_t at = 0; at + 1 < verdict.path.size(); ++at) {
    auto one = one_askable(known, verdict.path[at].facts, verdict.path[at + 1].facts);
    if (!one.ok()) return one.error();
    out.push_back(*std::move(one));
  }
  return out;
}

base::Result<OcspReading> read_answer(std::string_view pair_pem, std::string_view response,
                                      base::Micros now) {
  Finding finding;
  if (base::Status read = judge_answer(pair_pem, response, now, finding); !read.ok()) return read.error();
  OcspReading out{{finding.from, finding.until}, {}};
  if (!finding.fault) return out;
  if (finding.fault->rule == Rule::Revoked) {
    out.revoked = finding.fault->what;
    return out;
  }
  std::string_view what = finding.fault->what;
  if (what.starts_with(kStapled)) what.remove_prefix(kStapled.size());
  return fail(Code::Denied, "it gave an OCSP response that " + std::string(what));
}

base::Result<ListReading> read_lists(const ListTrust& trust, std::string_view text,
                                     std::optional<base::Micros> now) {
  const auto lists = read_crls(text);
  if (!lists.ok())
    return fail(Code::Denied, "it gave no list of revoked certificates: " + lists.error().message);
  const auto issuers = Verifier::make(authorities_of(trust));
  if (!issuers.ok()) return fail(Code::Invalid, issuers.error().message);
  ListReading out;
  for (const CrlPtr& list : *lists) {
    if (base::Status sound = check_fetched_crl(list.get(), issuers->anchors(), now); !sound.ok())
      return fail(Code::Denied, "it gave a list that cannot be used: " + sound.error().message);
    const CrlFacts facts = facts_of(list.get());
    out.pem += to_pem(list.get());
    out.times.from = std::max(out.times.from, facts.from);
    out.times.until = out.lists.empty() ? facts.until : std::min(out.times.until, facts.until);
    out.lists.push_back(facts);
  }
  if (!trust.pair_pem.empty() && !any_about(trust.pair_pem, *lists))
    return fail(Code::Denied,
                "it gave no list that is about the certificate that names it, but " + issuers_in(out.lists));
  return out;
}

bool replaces(const CrlFacts& fresh, const CrlFacts& held) {
  if (fresh.issuer_id != held.issuer_id) return false;
  if (!fresh.scope_id.empty() && fresh.scope_id != held.scope_id) return false;
  if (fresh.from != held.from) return fresh.from > held.from;
  return !is_lower(fresh.number, held.number);
}

}  // namespace postern::certs
