// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/proxy_greeting.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"

namespace postern::link {
namespace {

constexpr http::HeadLimits kProxyHead{ProxyGreeting::kHeadLimit, ProxyGreeting::kHeadLimit, 100};
constexpr std::size_t kNonceBytes = 18;
constexpr const char* kTooEarly = "it sent something before the TLS connection had begun";
constexpr int kAuthenticationRequired = 407;

}  // namespace

ProxyGreeting::ProxyGreeting(std::string authority, ProxyLogin login, std::shared_ptr<ProxyMemory> memory,
                             std::string agent)
    : authority_(std::move(authority)),
      agent_(std::move(agent)),
      login_(std::move(login)),
      memory_(std::move(memory)),
      parser_(kProxyHead) {}

ProxyGreeting::~ProxyGreeting() { base::wipe(out_); }

ProxyGreeting::State ProxyGreeting::begin() {
  parser_.reset();
  in_.clear();
  base::wipe(out_);
  sent_ = 0;
  interim_ = 0;
  answered_ = false;
  out_ = "CONNECT " + authority_ + " HTTP/1.1\r\nHost: " + authority_ + "\r\nUser-Agent: " + agent_ + "\r\n";
  if (memory_->demand && !login_.user.empty()) {
    const std::string nonce = base::to_base64url(base::random_bytes(kNonceBytes));
    auto value = answer_demand(*memory_->demand, {"CONNECT", authority_, login_.user, login_.password->view(),
                                                  nonce, ++memory_->uses});
    if (!value.ok()) return fail(std::move(value).error().message);
    out_ += "Proxy-Authorization: " + *value + "\r\n";
    base::wipe(*value);
    answered_ = true;
  }
  out_ += "\r\n";
  return state_ = State::More;
}

void ProxyGreeting::sent(std::size_t size) {
  sent_ += size;
  if (sent_ == out_.size()) base::wipe(out_), sent_ = 0;
}

// The same comes of it however the bytes are cut: what is behind a head is looked at in one place.
ProxyGreeting::State ProxyGreeting::feed(std::string_view bytes) {
  if (state_ == State::Done && !bytes.empty()) return fail(kTooEarly);
  while (state_ == State::More && !bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kHeadLimit + 1 - std::min(in_.size(), kHeadLimit));
    in_ += piece;
    bytes.remove_prefix(piece.size());
    // Head: no body follows a CONNECT that is granted, and of another answer none is read.
    const http::HeadStep step = parser_.parse(in_, http::Method::Head);
    if (step.state == http::HeadState::Refused)
      return fail("its answer is not sound HTTP: " + std::string(step.verdict.sentence));
    if (step.state == http::HeadState::NeedMore) {
      if (in_.size() > kHeadLimit) return fail("its answer's head is too long");
      continue;
    }
    in_.erase(0, step.consumed);
    const std::string behind = std::exchange(in_, {}) + std::string(bytes);
    if (!parser_.head().interim()) return take_head(behind);
    if (++interim_ > kMostInterim) return fail("it sends interim answers without end");
    parser_.reset();
    return feed(behind);
  }
  return state_;
}

ProxyGreeting::State ProxyGreeting::take_head(std::string_view behind) {
  const int status = parser_.head().status;
  if (status == kAuthenticationRequired) return take_demand();
  if (status >= 200 && status < 300) {
    if (!behind.empty()) return fail(kTooEarly);
    return state_ = State::Done;
  }
  const std::string_view reason = http::reason_of(status);
  return fail("it does not let us through to " + authority_ + ": it answered CONNECT with " +
              std::to_string(status) + (reason.empty() ? "" : " (" + std::string(reason) + ")"));
}

ProxyGreeting::State ProxyGreeting::take_demand() {
  const auto challenges = parse_challenges(parser_.head().fields);
  if (!challenges.ok()) return fail(challenges.error().message);
  const auto demand = choose_demand(*challenges);
  if (!demand.ok()) return fail(demand.error().message);
  if (login_.user.empty()) return fail("it demands a user and a password, and none is configured for it");
  // What was remembered from another day may have gone stale without the proxy saying so.
  if (answered_ && fresh_ && !demand->stale) {
    memory_->demand.reset();
    denied_ = true;
    return fail("it does not accept the user " + base::printable(login_.user) +
                " with the configured password");
  }
  if (++demands_ > kMostDemands) return fail("it demands authentication again and again");
  memory_->demand = *demand;
  memory_->uses = 0;
  fresh_ = true;
  return state_ = State::Again;
}

ProxyGreeting::State ProxyGreeting::end() {
  if (state_ != State::More) return state_;
  return fail(in_.empty() ? "it closed the connection without an answer"
                          : "it closed the connection within its answer");
}

ProxyGreeting::State ProxyGreeting::fail(std::string why) {
  why_ = std::move(why);
  return state_ = State::Failed;
}

}  // namespace postern::link
