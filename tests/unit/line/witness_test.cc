// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "line/witness.h"

#include <gmock/gmock.h>

#include "base/json.h"

namespace postern::line {
namespace {

using ::testing::HasSubstr;

TEST(LineWitness, CarriesTheTextAsItIs) {
  const std::string text = "old 3\naGFzaA==\n\norigin\n5\ncm9vdA==\n\n\u2014 origin c2ln\n";
  EXPECT_EQ(parse_checkpoint_request(format_checkpoint_request(text)).value(), text);
  const auto answer = parse_checkpoint_answer(format(CheckpointAnswer{200, "\u2014 witness c2ln\n"}));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "\u2014 witness c2ln\n");
}

TEST(LineWitness, WhatIsNoSuchDocumentIsRefusedWithASentence) {
  const auto why_request = [](std::string_view text) {
    return parse_checkpoint_request(text).error().message;
  };
  EXPECT_THAT(why_request("{"), HasSubstr("not JSON"));
  EXPECT_THAT(why_request("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(why_request("{}"), HasSubstr("no request"));
  EXPECT_THAT(why_request(R"({"request":7})"), HasSubstr("no request"));
  EXPECT_THAT(why_request(format_checkpoint_request(std::string(kCheckpointRequest + 1, 'a'))),
              HasSubstr("more than"));
  EXPECT_THAT(why_request(std::string(3 * kCheckpointRequest, ' ')), HasSubstr("too long"));
  const auto why_answer = [](std::string_view text) { return parse_checkpoint_answer(text).error().message; };
  for (const char* status : {"199", "600", "-1", "\"200\"", "200.5", "99999999999"})
    EXPECT_THAT(why_answer("{\"body\":\"\",\"status\":" + std::string(status) + "}"),
                HasSubstr("status is not"));
  EXPECT_THAT(why_answer(R"({"status":200})"), HasSubstr("no body"));
}

}  // namespace
}  // namespace postern::line
