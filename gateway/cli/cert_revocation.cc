// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/cert_revocation.h"

#include <set>

#include "certs/certificate.h"
#include "gateway/cli/cert_fetch.h"

namespace postern::cli {
namespace {

constexpr std::size_t kListLimit = 16U << 20U;

std::string fetch_list(const std::string& url, const certs::ListTrust& trust, base::Micros now,
                       std::vector<certs::CrlPtr>& out) {
  const auto body = fetch_document(url, {}, kListLimit);
  if (!body.ok()) return body.error().message;
  if (const auto read = certs::read_lists(trust, *body, now); !read.ok()) return read.error().message;
  auto lists = certs::read_crls(*body);
  if (!lists.ok()) return lists.error().message;
  for (certs::CrlPtr& list : *lists) {
    if (out.size() < certs::kCrlsLimit) out.push_back(std::move(list));
  }
  return {};
}

std::string fetch_answer(const certs::Askable& about, base::Micros now, certs::Answers& out) {
  const auto question = certs::question_of_staple(about.pair_pem);
  if (!question.ok()) return question.error().message;
  const auto body = fetch_document(about.where.responder, question->request, certs::kOcspSizeLimit);
  if (!body.ok()) return body.error().message;
  if (const auto read = certs::read_answer(about.pair_pem, *body, now); !read.ok())
    return read.error().message;
  out[about.fingerprint] = *body;
  return {};
}

}  // namespace

FetchedEvidence fetch_evidence(const std::string& roots_pem, const certs::Verifier& verifier,
                               const std::vector<std::string>& chain, const certs::Question& question) {
  FetchedEvidence out;
  const auto all = certs::askable(verifier, chain, question);
  if (!all.ok()) return out;
  std::set<std::string> tried;
  for (const certs::Askable& one : *all) {
    for (const std::string& url : one.where.lists) {
      if (!tried.insert(url).second) continue;
      out.tried.push_back({"crl", url, fetch_list(url, {roots_pem, one.pair_pem}, question.now, out.crls)});
    }
    if (!one.where.responder.empty())
      out.tried.push_back({"ocsp", one.where.responder, fetch_answer(one, question.now, out.answers)});
  }
  return out;
}

}  // namespace postern::cli
