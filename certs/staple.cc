// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/staple.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/safestack.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "certs/candidate.h"
#include "certs/certificate.h"
#include "certs/revocation.h"
#include "certs/work.h"

namespace postern::certs {
namespace {

using base::Code;
using base::fail;

constexpr std::size_t kUrlLimit = 1024;

struct QuestionFree {
  void operator()(OCSP_REQUEST* request) const noexcept { OCSP_REQUEST_free(request); }
  void operator()(STACK_OF(OPENSSL_STRING) * list) const noexcept { X509_email_free(list); }
};

struct Pair {
  Candidate leaf, issuer;
};

base::Result<Pair> leaf_and_issuer(std::string_view chain_pem) {
  auto chain = pem_to_der(chain_pem);
  if (!chain) return chain.error();
  if (chain->size() < 2) return fail(Code::Invalid, "its issuer is not in its file");
  auto leaf = take_apart((*chain)[0]);
  if (!leaf) return leaf.error();
  auto issuer = take_apart((*chain)[1]);
  if (!issuer) return issuer.error();
  if (!is_issuer_name_of(*issuer, *leaf)) return fail(Code::Invalid, "its issuer is not in its file");
  return Pair{*std::move(leaf), *std::move(issuer)};
}

std::string first_responder(X509* leaf) {
  const std::unique_ptr<STACK_OF(OPENSSL_STRING), QuestionFree> all(X509_get1_ocsp(leaf));
  if (all == nullptr || sk_OPENSSL_STRING_num(all.get()) < 1) return {};
  return sk_OPENSSL_STRING_value(all.get(), 0);
}

}  // namespace

base::Result<StapleQuestion> question_of_staple(std::string_view chain_pem) {
  auto pair = leaf_and_issuer(chain_pem);
  if (!pair) return pair.error();
  X509* leaf = pair->leaf.certificate.get();
  StapleQuestion out{first_responder(leaf), {}};
  if (out.url.empty()) return fail(Code::NotFound, "it names no OCSP responder");
  if (out.url.size() > kUrlLimit) return fail(Code::Invalid, "the address of its OCSP responder is too long");
  ERR_clear_error();
  const std::unique_ptr<OCSP_REQUEST, QuestionFree> request(OCSP_REQUEST_new());
  // SHA-1 names the certificate here, and proves nothing: every responder knows it, not every one knows others.
  OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), leaf, pair->issuer.certificate.get());
  if (request == nullptr || id == nullptr || OCSP_request_add0_id(request.get(), id) == nullptr) {
    OCSP_CERTID_free(id);
    return fail(Code::Internal, "no OCSP request can be made: " + openssl_reason());
  }
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_REQUEST(request.get(), &der);
  if (size <= 0) return fail(Code::Internal, "no OCSP request can be made: " + openssl_reason());
  out.request.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

bool demands_staple(std::string_view chain_pem) {
  const auto chain = pem_to_der(chain_pem);
  if (!chain.ok()) return false;
  const auto leaf = take_apart(chain->front());
  return leaf.ok() &&
         std::find(leaf->features.begin(), leaf->features.end(), kStatusRequest) != leaf->features.end();
}

base::Status judge_answer(std::string_view chain_pem, std::string_view response, base::Micros now,
                          Finding& finding) {
  auto pair = leaf_and_issuer(chain_pem);
  if (!pair) return pair.error();
  Work work;
  finding = judge_ocsp(pair->leaf, pair->issuer, response, now, work);
  return base::Ok{};
}

base::Result<StapleTimes> judge_staple(std::string_view chain_pem, std::string_view response,
                                       base::Micros now) {
  Finding finding;
  if (base::Status read = judge_answer(chain_pem, response, now, finding); !read.ok()) return read.error();
  if (finding.fault) return fail(Code::Denied, "it " + finding.fault->what);
  return StapleTimes{finding.from, finding.until};
}

}  // namespace postern::certs
