// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/answer_reader.h"

#include <algorithm>

namespace postern::link {
namespace {

constexpr http::HeadLimits kLimits{AnswerReader::kHeadLimit, AnswerReader::kHeadLimit, 100};
// What may be held unread: a head, or what a step over the body needs.
constexpr std::size_t kHeld = AnswerReader::kHeadLimit + http::BodyDecoder::kMaxTrailerBytes;

}  // namespace

AnswerReader::AnswerReader(http::Method method, std::size_t body_limit)
    : parser_(kLimits), method_(method), body_limit_(body_limit), in_(kHeld) {}

AnswerReader::State AnswerReader::feed(std::string_view bytes) {
  while (state_ == State::More) {
    const std::string_view piece = bytes.substr(0, in_.room());
    if (!piece.empty() && !in_.write(piece)) break;
    bytes.remove_prefix(piece.size());
    const std::size_t before = in_.size();
    while (state_ == State::More && (body_ ? read_body() : read_head())) {
    }
    if (bytes.empty()) break;
    if (state_ == State::More && in_.size() == before && in_.room() == 0) fail("its answer does not fit");
  }
  return state_;
}

bool AnswerReader::fail(std::string why) {
  state_ = State::Failed;
  why_ = std::move(why);
  return false;
}

// True if it went on.
bool AnswerReader::read_head() {
  if (in_.empty()) return false;
  const http::HeadStep step = parser_.parse(in_.view(), method_);
  if (step.state == http::HeadState::NeedMore) return false;
  if (step.state == http::HeadState::Refused)
    return fail("its answer is not sound HTTP: " + std::string(step.verdict.sentence));
  in_.consume(step.consumed);
  const http::ResponseHead& head = parser_.head();
  if (head.interim()) {
    if (++interim_ > kMostInterim) return fail("it sends interim answers without end");
    parser_.reset();
    return true;
  }
  answer_.status = head.status;
  answer_.nonce = head.fields.find("replay-nonce").value_or("");
  answer_.location = head.fields.find("location").value_or("");
  answer_.retry_after = head.fields.find("retry-after").value_or("");
  body_.emplace(head.body, http::BodySide::Response);
  return true;
}

bool AnswerReader::read_body() {
  const http::BodyStep step = body_->feed(in_.view());
  if (step.state == http::BodyState::Refused)
    return fail("its answer is not sound HTTP: " + std::string(body_->verdict().sentence));
  if (answer_.body.size() + step.piece.size() > body_limit_) {
    return fail("it answered " + std::to_string(answer_.status) + " with more than " +
                std::to_string(body_limit_) + " bytes");
  }
  answer_.body += step.piece;
  in_.consume(step.consumed);
  if (step.state == http::BodyState::Done) state_ = State::Done;
  return state_ == State::More && step.consumed > 0;
}

AnswerReader::State AnswerReader::end(bool in_order) {
  if (state_ != State::More) return state_;
  if (body_ && in_order && body_->close()) return state_ = State::Done;
  fail(answer_.status != 0 || !in_.empty() ? "it closed the connection within its answer"
                                           : "it closed the connection without an answer");
  return state_;
}

}  // namespace postern::link
