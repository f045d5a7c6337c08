// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/certificate_watch.h"

#include "base/crypto.h"
#include "base/log.h"

namespace postern::enforcer {

CertificateWatch::CertificateWatch(loop::Loop& loop, LedgerClient& ledger, const Access& access,
                                   const std::optional<certs::ClientVerifier>& verifier)
    : loop_(loop), ledger_(ledger), access_(access), verifier_(verifier), timer_(loop, [this] {
        judge_portion();
      }) {}

void CertificateWatch::keep(const certs::ClientIdentity& identity, const std::vector<std::string>& chain) {
  if (kept_.contains(identity.fingerprint)) return;
  Kept one{chain, 0, identity.until};
  for (const std::string& der : chain) one.bytes += der.size();
  if (bytes_ + one.bytes > kMostBytes) return;
  bytes_ += one.bytes;
  kept_.emplace(identity.fingerprint, std::move(one));
}

void CertificateWatch::refused(const std::string& leaf, const certs::Failure& failure) {
  if (failure.rule == certs::Rule::Revoked) end(base::sha256_hex(leaf), failure);
}

void CertificateWatch::judge_all() {
  waiting_.clear();
  for (const auto& [fingerprint, one] : kept_) waiting_.push_back(fingerprint);
  judge_portion();
}

void CertificateWatch::look() {
  const base::Micros now = loop_.wall();
  for (auto it = kept_.begin(); it != kept_.end();) {
    const auto here = it++;
    if (access_.find_by_certificate(here->first) == nullptr)
      forget(here);
    else if (here->second.until <= now)
      waiting_.push_back(here->first);
  }
  judge_portion();
}

void CertificateWatch::forget(std::map<std::string, Kept, std::less<>>::iterator it) {
  bytes_ -= it->second.bytes;
  kept_.erase(it);
}

void CertificateWatch::judge_portion() {
  for (std::size_t i = 0; i < kPortion && !waiting_.empty(); ++i) {
    const std::string fingerprint = std::move(waiting_.front());
    waiting_.pop_front();
    const auto it = kept_.find(fingerprint);
    if (it == kept_.end()) continue;
    if (!verifier_) {
      end(fingerprint, {certs::Rule::UnknownIssuer, 1, "client certificates are no longer asked for"});
      it->second.until = 0;
      continue;
    }
    const certs::ClientAnswer answer = verifier_->judge(it->second.chain, loop_.wall());
    // What is not good any more is judged at each look, until its session has ended.
    it->second.until = answer.identity ? answer.identity->until : 0;
    if (answer.failure) end(fingerprint, *answer.failure);
  }
  if (!waiting_.empty()) timer_.start(0);
}

void CertificateWatch::end(std::string_view fingerprint, const certs::Failure& failure) {
  if (access_.find_by_certificate(fingerprint) == nullptr) return;
  base::log_info("a session's certificate is no longer believed: " + failure.sentence);
  ledger_.command({{"command", "certificate.end"},
                   {"fingerprint", fingerprint},
                   {"revoked", failure.rule == certs::Rule::Revoked},
                   {"why", failure.sentence}},
                  [](const LedgerAnswer& answer) {
                    if (!answer.reply.ok())
                      base::log_warning("the ledger did not end the session of a certificate: " +
                                        answer.reply.error().message);
                  });
}

}  // namespace postern::enforcer
