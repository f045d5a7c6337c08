// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A session that rests on a client certificate lasts no longer than the certificate is believed. Who comes with one is
// judged at every connection (caller.h); this is for sessions that go on, or rest, meanwhile: their chains are kept here
// and judged again when what is believed changes (a new CRL, other demands), and when an answer is over (the certificate
// has expired, or under revocation: hard its CRL has). The ledger is asked to end what is no longer good, and asked again
// until it has.
//
// Judging is a few signature checks each, so many are judged in portions, between which the loop turns. Memory is
// bounded: chains past kMostBytes are not kept, and their sessions end when they are next used.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "certs/verify.h"
#include "gateway/enforcer/access.h"
#include "gateway/enforcer/ledger_client.h"
#include "gateway/loop/loop.h"

namespace postern::enforcer {

class CertificateWatch {
 public:
  static constexpr std::size_t kMostBytes = 16U << 20U;  // of DER
  static constexpr std::size_t kPortion = 64;            // chains judged in one turn

  // verifier: nobody is believed without one. All of them outlive this.
  CertificateWatch(loop::Loop& loop, LedgerClient& ledger, const Access& access,
                   const std::optional<certs::ClientVerifier>& verifier);

  // A session rests on it. Costs a look-up if that is known.
  void keep(const certs::ClientIdentity& identity, const std::vector<std::string>& chain);
  // Shown at a connection, and refused. Only a revocation ends sessions from here: whether the chain is whole is the word of
  // a terminator, which must not be able to end what runs through another.
  void refused(const std::string& leaf, const certs::Failure& failure);

  void judge_all();  // what is believed has changed
  void look();  // now and then: forgets chains whose sessions have ended, judges those whose answer is over

  std::size_t kept() const { return kept_.size(); }

 private:
  struct Kept {
    std::vector<std::string> chain;
    std::size_t bytes = 0;
    base::Micros until = 0;
  };
  void forget(std::map<std::string, Kept, std::less<>>::iterator it);
  void judge_portion();
  void end(std::string_view fingerprint, const certs::Failure& failure);

  loop::Loop& loop_;
  LedgerClient& ledger_;
  const Access& access_;
  const std::optional<certs::ClientVerifier>& verifier_;
  std::map<std::string, Kept, std::less<>> kept_;  // by the leaf's fingerprint
  std::size_t bytes_ = 0;
  std::deque<std::string> waiting_;  // fingerprints
  loop::Timer timer_;
};

}  // namespace postern::enforcer
