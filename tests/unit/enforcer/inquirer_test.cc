// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/inquirer.h"

#include <gtest/gtest.h>

#include "tests/unit/enforcer/fakes.h"

namespace postern::enforcer {
namespace {

class InquirerScene : public testing::Test {
 protected:
  loop::Loop loop_;
  std::vector<base::Json> questions_;
  std::vector<std::function<void(const base::Json&)>> answers_;
  std::unique_ptr<Inquirer> inquirer_ = std::make_unique<Inquirer>(
      loop_, [this](const base::Json& question, std::function<void(const base::Json&)> done) {
        questions_.push_back(question);
        answers_.push_back(std::move(done));
      });
  int released_ = 0;
  bool wait(const std::vector<std::string>& chain) {
    return inquirer_->wait("engineers", chain, [this] { ++released_; });
  }
};

TEST_F(InquirerScene, AsksOncePerCertificateHoweverManyWait) {
  EXPECT_TRUE(wait({"leaf", "middle"}));
  EXPECT_TRUE(wait({"leaf"}));
  ASSERT_EQ(questions_.size(), 1U);
  EXPECT_EQ(questions_[0]["whose"], "engineers");
  EXPECT_EQ(questions_[0]["chain"], base::Json::array({"bGVhZg==", "bWlkZGxl"}));
  EXPECT_EQ(released_, 0);
  answers_[0]({{"ok", true}});
  EXPECT_EQ(released_, 2);
  answers_[0]({{"ok", true}});
  EXPECT_EQ(released_, 2);
}

TEST_F(InquirerScene, DoesNotAskAgainSoonNorHaveAnybodyWaitForNothing) {
  wait({"leaf"});
  answers_[0]({{"ok", false}, {"why", "it names nobody"}});
  EXPECT_EQ(released_, 1);
  EXPECT_FALSE(wait({"leaf"}));
  EXPECT_TRUE(wait({"other"}));
  EXPECT_EQ(questions_.size(), 2U);
}

TEST_F(InquirerScene, WhatWasAskedForOneServiceIsAskedForAnotherToo) {
  inquirer_->ask("service a", "node.example", {"leaf"});
  inquirer_->ask("service b", "node.example", {"leaf"});
  inquirer_->ask("service a", "node.example", {"leaf"});
  ASSERT_EQ(questions_.size(), 2U);
  EXPECT_EQ(questions_[1]["whose"], "service b");
  EXPECT_TRUE(wait({"leaf"}));
  answers_[0]({{"ok", true}});
  EXPECT_EQ(released_, 0) << "that was the other's";
  answers_[2]({{"ok", true}});
  EXPECT_EQ(released_, 1);
}

TEST_F(InquirerScene, NobodyWaitsLongerThanTheyMay) {
  inquirer_->set_wait(1000);
  wait({"leaf"});
  EXPECT_TRUE(turn_until(loop_, [&] { return released_ == 1; }));
  answers_[0]({{"ok", true}});
  EXPECT_EQ(released_, 1) << "the answer came late";
}

TEST_F(InquirerScene, AnAnswerThatComesLateFindsNobody) {
  wait({"leaf"});
  inquirer_.reset();
  answers_[0]({{"ok", true}});
  EXPECT_EQ(released_, 0);
}

TEST_F(InquirerScene, WithoutACertificateThereIsNothingToAsk) {
  EXPECT_FALSE(wait({}));
  EXPECT_TRUE(questions_.empty());
}

}  // namespace
}  // namespace postern::enforcer
