// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/keeper_channel.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>

namespace postern::certs {
namespace {

// The keeper's end is written to beforehand where the answer is known: tags count from 1.
class Channel : public testing::Test {
 protected:
  base::UniqueFd keeper_;
  std::unique_ptr<KeeperChannel> channel_;

  void connect(int timeout_millis) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    keeper_.reset(ends[0]);
    channel_ = std::make_unique<KeeperChannel>(base::UniqueFd(ends[1]), timeout_millis);
  }
  void answer(const std::string& message) {
    ASSERT_EQ(send(keeper_.get(), message.data(), message.size(), 0), static_cast<ssize_t>(message.size()));
  }
};

TEST_F(Channel, AsksAndIsAnswered) {
  connect(2000);
  answer(encode_done(1, encode_text_payload("signature")));
  EXPECT_EQ(*channel_->sign_pass("postern-pass-v1\nx"), "signature");
  char request[64];
  const ssize_t size = recv(keeper_.get(), request, sizeof request, 0);
  EXPECT_EQ(std::string(request, static_cast<std::size_t>(size)), encode_sign_pass(1, "postern-pass-v1\nx"));
}

TEST_F(Channel, ARefusalIsPassedOn) {
  connect(2000);
  answer(encode_refused(1, "no such key"));
  const auto refused = channel_->ticket_keys();
  EXPECT_EQ(refused.error().code, base::Code::Denied);
  EXPECT_EQ(refused.error().message, "the keeper refused: no such key");
}

TEST_F(Channel, ALateAnswerIsNotTakenForAnother) {
  connect(1);
  EXPECT_EQ(channel_->pass_public_key().error().code, base::Code::Timeout);
  answer(encode_done(1, encode_text_payload("late")));
  answer(encode_done(2, encode_text_payload("right")));
  EXPECT_EQ(*channel_->pass_public_key(), "right");
}

TEST_F(Channel, AClosedOrBrokenKeeperIsGoneUntilReplaced) {
  connect(2000);
  keeper_.reset();
  EXPECT_EQ(channel_->pass_public_key().error().code, base::Code::Unavailable);
  EXPECT_EQ(channel_->pass_public_key().error().code, base::Code::Unavailable);
  connect(2000);
  answer("no answer");
  EXPECT_EQ(channel_->pass_public_key().error().code, base::Code::Corrupt);
  EXPECT_EQ(channel_->pass_public_key().error().code, base::Code::Unavailable);
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  keeper_.reset(ends[0]);
  channel_->replace(base::UniqueFd(ends[1]));
  answer(encode_done(3, encode_text_payload("key")));
  EXPECT_EQ(*channel_->pass_public_key(), "key");
}

TEST_F(Channel, ALongRequestIsRefusedHere) {
  connect(2000);
  EXPECT_EQ(channel_->sign_pass(std::string(kKeeperMessageLimit, 'x')).error().code, base::Code::Limit);
}

}  // namespace
}  // namespace postern::certs
