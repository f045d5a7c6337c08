// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The ledger's channel to the keeper: it has passes and checkpoints signed and learns the keys that verify them.
// Asks without waiting, unlike a terminator: the ledger must not stand still for a pass.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/loop/loop.h"

namespace postern::ledger {

class KeeperLink {
 public:
  using OnAnswer = std::function<void(base::Result<std::string> text)>;

  KeeperLink(loop::Loop& loop, const base::Clock& clock) : loop_(loop), clock_(clock) {}
  KeeperLink(const KeeperLink&) = delete;
  KeeperLink& operator=(const KeeperLink&) = delete;

  // A connected SEQPACKET socket; again whenever the keeper was restarted. Asks for the public keys.
  void replace(base::UniqueFd socket);
  const std::string& public_key() const {
    return public_key_;
  }  // 32 bytes; empty until known, kept when the keeper is gone
  const std::string& log_key() const { return log_key_; }  // a verifier key (certs/note.h); as public_key()
  // The log's next key, as log_key(); empty also if there is none.
  const std::string& successor_key() const { return successor_key_; }
  bool told() const { return told_; }  // the keys are those of the present keeper
  // How often replace() was called: a keeper with another number may know nothing of what an earlier one signed.
  std::uint64_t number() const { return number_; }

  const std::string& witness_key() const { return witness_key_; }  // likewise; empty if there is none

  // answer is called exactly once, never from inside sign(): the signature, or why there is none
  // (Unavailable, Timeout, Denied).
  void sign(std::string_view payload, OnAnswer answer);
  void sign_checkpoint(std::string_view text, OnAnswer answer);  // the note's signature line
  void cosign(std::string_view note, OnAnswer answer);         // another log's checkpoint; the signature line
  void sign_handover(std::string_view text, OnAnswer answer);  // both lines
  void sign_webhook(std::string_view target, std::string_view payload, OnAnswer answer);
  void give_up();  // on those asked more than kKeeperTimeout ago; the owner calls it now and then

  static constexpr base::Nanos kKeeperTimeout = 2 * base::kSecond;

 private:
  struct Asked {
    OnAnswer answer;
    base::Nanos at = 0;
  };
  void ask(std::uint32_t tag, const std::string& request, OnAnswer answer);
  void receive();
  void fail_all(const base::Error& why);

  loop::Loop& loop_;
  const base::Clock& clock_;
  base::UniqueFd socket_;
  std::unique_ptr<loop::Poller> poller_;
  std::map<std::uint32_t, Asked> asked_;
  std::string public_key_, log_key_, witness_key_, successor_key_;
  std::uint64_t number_ = 0;
  bool told_ = false;
  std::uint32_t last_tag_ = 0;
};

}  // namespace postern::ledger
