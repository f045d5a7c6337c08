// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/keeper_channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace postern::certs {
namespace {

using base::Code;
using base::fail;
using base::Ok;

// Answers that came after their asker had given up: a socket's buffer holds no more.
constexpr int kLateAnswersLimit = 1000;

base::Nanos now() { return base::SystemClock().monotonic(); }

}  // namespace

KeeperChannel::KeeperChannel(base::UniqueFd socket, int timeout_millis)
    : socket_(std::move(socket)), timeout_millis_(timeout_millis) {}

void KeeperChannel::replace(base::UniqueFd socket) { socket_ = std::move(socket); }

base::Error KeeperChannel::broken(base::Error why) {
  socket_.reset();
  return why;
}

base::Status KeeperChannel::send(const std::string& request) {
  const std::size_t limit = request_limit(static_cast<KeeperRequest>(request.front()));
  if (request.size() > limit) {
    return fail(Code::Limit,
                "a request to the keeper is longer than " + std::to_string(limit >> 10U) + " KiB");
  }
  if (!socket_.valid()) return fail(Code::Unavailable, "the keeper is not connected");
  ssize_t sent = 0;
  do {
    sent = ::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent == static_cast<ssize_t>(request.size())) return Ok{};
  // A full socket is a keeper that has answered none of many requests: the next one would not fare better.
  return broken(fail(Code::Unavailable, base::fail_errno("the keeper cannot be asked", errno).message));
}

base::Result<std::string> KeeperChannel::await(std::uint32_t tag) {
  const base::Nanos deadline = now() + timeout_millis_ * base::kMillisecond;
  std::array<char, kKeeperMessageLimit + 1> message{};
  for (int dropped = 0; dropped <= kLateAnswersLimit;) {
    const base::Nanos left = std::max<base::Nanos>((deadline - now()) / base::kMillisecond, 0);
    pollfd waiting{socket_.get(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    // What has come counts, however late we got to look.
    if (ready == 0 && left == 0) return fail(Code::Timeout, "the keeper did not answer in time");
    if (ready <= 0) continue;
    const ssize_t size = ::recv(socket_.get(), message.data(), message.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size <= 0) return broken(fail(Code::Unavailable, "the keeper closed its connection"));
    auto answer = decode_answer({message.data(), static_cast<std::size_t>(size)});
    if (!answer) return broken(answer.error());
    if (answer->tag != tag) {
      ++dropped;
      continue;
    }
    if (!answer->done) return fail(Code::Denied, "the keeper refused: " + answer->payload);
    return std::move(answer->payload);
  }
  return broken(fail(Code::Corrupt, "the keeper answers what it was not asked"));
}

base::Result<std::string> KeeperChannel::ask(const std::string& request) {
  if (auto sent = send(request); !sent) return sent.error();
  return await(tag_);
}

base::Result<std::string> KeeperChannel::sign_tls(std::string_view key_id, Scheme scheme,
                                                  std::string_view to_be_signed) {
  auto payload = ask(encode_sign_tls(++tag_, key_id, scheme, to_be_signed));
  return payload ? decode_text_payload(*payload) : payload;
}

base::Result<std::string> KeeperChannel::sign_tls_client(std::string_view key_id, Scheme scheme,
                                                         std::string_view to_be_signed) {
  auto payload = ask(encode_sign_tls_client(++tag_, key_id, scheme, to_be_signed));
  return payload ? decode_text_payload(*payload) : payload;
}

base::Result<std::vector<TicketKey>> KeeperChannel::ticket_keys() {
  auto payload = ask(encode_ticket_keys(++tag_));
  if (!payload) return payload.error();
  return decode_ticket_payload(*payload);
}

base::Result<std::string> KeeperChannel::sign_pass(std::string_view payload) {
  auto answer = ask(encode_sign_pass(++tag_, payload));
  return answer ? decode_text_payload(*answer) : answer;
}

base::Result<std::string> KeeperChannel::sign_acme(std::string_view step, std::string_view url,
                                                   std::string_view nonce, std::string_view account) {
  auto answer = ask(encode_sign_acme(++tag_, step, url, nonce, account));
  return answer ? decode_text_payload(*answer) : answer;
}

base::Result<std::string> KeeperChannel::acme_thumbprint() {
  auto answer = ask(encode_acme_thumbprint(++tag_));
  return answer ? decode_text_payload(*answer) : answer;
}

base::Result<std::string> KeeperChannel::sign_assertion() {
  auto answer = ask(encode_sign_assertion(++tag_));
  return answer ? decode_text_payload(*answer) : answer;
}

base::Status KeeperChannel::begin_challenge(std::string_view name, std::string_view token) {
  auto answer = ask(encode_begin_challenge(++tag_, name, token));
  return answer ? base::Status(base::Ok{}) : base::Status(answer.error());
}

base::Status KeeperChannel::end_challenge() {
  auto answer = ask(encode_end_challenge(++tag_));
  return answer ? base::Status(base::Ok{}) : base::Status(answer.error());
}

base::Result<std::string> KeeperChannel::challenge_certificate(std::string_view name) {
  auto payload = ask(encode_challenge_certificate(++tag_, name));
  return payload ? decode_text_payload(*payload) : payload;
}

base::Result<std::string> KeeperChannel::issue_installation(std::string_view id, std::string_view key) {
  auto payload = ask(encode_issue_installation(++tag_, id, key));
  return payload ? decode_text_payload(*payload) : payload;
}

base::Result<std::string> KeeperChannel::cosign_for(std::string_view note, std::string_view log) {
  auto payload = ask(encode_cosign_for(++tag_, note, log));
  return payload ? decode_text_payload(*payload) : payload;
}

base::Result<std::string> KeeperChannel::witness_key() {
  auto payload = ask(encode_witness_key(++tag_));
  return payload ? decode_text_payload(*payload) : payload;
}

base::Result<std::string> KeeperChannel::sign_checkpoint(std::string_view text) {
  auto payload = ask(encode_sign_checkpoint(++tag_, text));
  return payload ? decode_text_payload(*payload) : payload;
}

base::Result<std::string> KeeperChannel::log_verifier_key() {
  auto payload = ask(encode_log_verifier_key(++tag_));
  return payload ? decode_text_payload(*payload) : payload;
}

base::Result<std::string> KeeperChannel::pass_public_key() {
  auto payload = ask(encode_pass_public_key(++tag_));
  return payload ? decode_text_payload(*payload) : payload;
}

}  // namespace postern::certs
