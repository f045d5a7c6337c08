// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/keeper_link.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/check.h"
#include "base/crypto.h"
#include "base/log.h"
#include "certs/keeper_protocol.h"

namespace postern::ledger {

using base::Code;

void KeeperLink::replace(base::UniqueFd socket) {
  poller_.reset();
  socket_ = std::move(socket);
  fail_all(base::fail(Code::Unavailable, "the keeper was restarted; try again"));
  poller_ = std::make_unique<loop::Poller>(loop_, socket_.get(), [this](unsigned) { receive(); });
  poller_->want(loop::kReadable);
  ++number_;
  told_ = false;
  const std::uint32_t tag = ++last_tag_;
  ask(tag, certs::encode_pass_public_key(tag), [this](base::Result<std::string> key) {
    if (key.ok() && key->size() == base::kEd25519PublicSize) {
      public_key_ = std::move(*key);
    } else {
      base::log_warning("the keeper did not tell the key of passes: sign-in by pass is refused");
    }
  });
  const std::uint32_t next = ++last_tag_;
  ask(next, certs::encode_log_verifier_key(next), [this](base::Result<std::string> key) {
    if (key.ok()) log_key_ = std::move(*key);  // the publisher says what it means if there is none
  });
  const std::uint32_t last = ++last_tag_;
  ask(last, certs::encode_witness_key(last),
      [this](base::Result<std::string> key) { witness_key_ = key.ok() ? std::move(*key) : std::string(); });
  const std::uint32_t successor = ++last_tag_;
  ask(successor, certs::encode_successor_key(successor), [this](base::Result<std::string> key) {
    if (!key.ok()) return;
    successor_key_ = std::move(*key);
    told_ = true;  // the answers come in the order of the questions
  });
}

void KeeperLink::sign(std::string_view payload, OnAnswer answer) {
  const std::uint32_t tag = ++last_tag_;
  ask(tag, certs::encode_sign_pass(tag, payload), std::move(answer));
}

void KeeperLink::sign_checkpoint(std::string_view text, OnAnswer answer) {
  const std::uint32_t tag = ++last_tag_;
  ask(tag, certs::encode_sign_checkpoint(tag, text), std::move(answer));
}

void KeeperLink::cosign(std::string_view note, OnAnswer answer) {
  const std::uint32_t tag = ++last_tag_;
  ask(tag, certs::encode_cosign(tag, note), std::move(answer));
}

void KeeperLink::sign_webhook(std::string_view target, std::string_view payload, OnAnswer answer) {
  const std::uint32_t tag = ++last_tag_;
  ask(tag, certs::encode_sign_webhook(tag, target, payload), std::move(answer));
}

void KeeperLink::sign_handover(std::string_view text, OnAnswer answer) {
  const std::uint32_t tag = ++last_tag_;
  ask(tag, certs::encode_sign_handover(tag, text), std::move(answer));
}

// What cannot be sent is answered by give_up(), like what is never answered.
void KeeperLink::ask(std::uint32_t tag, const std::string& request, OnAnswer answer) {
  const bool fresh = asked_.emplace(tag, Asked{std::move(answer), clock_.monotonic()}).second;
  POSTERN_CHECK(fresh);  // two questions with one tag would get each other's answers
  if (!socket_.valid()) return;
  if (::send(socket_.get(), request.data(), request.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    base::log_warning("the keeper's channel does not take a request");
  }
}

void KeeperLink::receive() {
  std::array<char, certs::kKeeperMessageLimit> message;
  const ssize_t size = ::recv(socket_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_TRUNC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  auto answer =
      size <= 0 || static_cast<std::size_t>(size) > message.size()
          ? base::Result<certs::KeeperAnswer>(base::fail(Code::Closed, "the keeper's channel has ended"))
          : certs::decode_answer({message.data(), static_cast<std::size_t>(size)});
  if (!answer.ok()) {
    poller_->want(0);
    fail_all(base::fail(Code::Unavailable, "the keeper is gone for now; try again"));
    return;
  }
  const auto it = asked_.find(answer->tag);
  if (it == asked_.end()) return;  // late
  const OnAnswer done = std::move(it->second.answer);
  asked_.erase(it);
  done(answer->done
           ? certs::decode_text_payload(answer->payload)
           : base::Result<std::string>(base::fail(Code::Denied, "the keeper refused: " + answer->payload)));
}

void KeeperLink::give_up() {
  const base::Nanos now = clock_.monotonic();
  while (!asked_.empty() && asked_.begin()->second.at + kKeeperTimeout <= now) {
    const OnAnswer done = std::move(asked_.begin()->second.answer);
    asked_.erase(asked_.begin());
    done(base::fail(Code::Timeout, "the keeper does not answer; try again"));
  }
}

void KeeperLink::fail_all(const base::Error& why) {
  auto asked = std::move(asked_);
  asked_.clear();
  for (auto& [tag, waiting] : asked) waiting.answer(why);
}

}  // namespace postern::ledger
