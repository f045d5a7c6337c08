// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How long a response may last, in a policy: what may be written, and what a change to it opens.
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/compare.h"
#include "policy/diff.h"
#include "tests/unit/policy/fixture.h"

namespace postern::policy {
namespace {

std::string lasting_call(const std::string& response, const std::string& more = "") {
  return "{ call: GET /events" + more + ", response: " + response + " }";
}
std::string first_fault(const std::string& operation) {
  const ParsedPolicy parsed = parse_policy(text_with({operation}));
  return parsed.faults.empty() ? "" : parsed.faults.front().message;
}
bool lets_last(const std::string& before, const std::string& after) {
  return diff(*policy_of(text_with({before})), *policy_of(text_with({after}))).opens();
}

TEST(ResponseRule, IsReadWithItsDefaults) {
  const auto none = policy_of(text_with({"GET /events", "{ call: GET /b, response: {} }"}));
  for (const Operation& operation : none->operations()) EXPECT_EQ(operation.constraints.response, Lasting{});
  const auto full = policy_of(text_with({lasting_call("{ max_idle: 90s, max_time: 8h }")}));
  const Lasting expected{90 * base::kWallSecond, 8 * 3600 * base::kWallSecond};
  EXPECT_EQ(full->operations()[0].constraints.response, expected);
}

TEST(ResponseRule, SaysWhatWouldBeRight) {
  EXPECT_NE(first_fault(lasting_call("8h")).find("response must be a map"), std::string::npos);
  EXPECT_NE(first_fault(lasting_call("{ max_idl: 1m }")).find("max_idl"), std::string::npos);
  for (const char* time : {"0s", "999ms", "31d", "soon", "10", "[]"})
    EXPECT_NE(first_fault(lasting_call(std::string("{ max_time: ") + time + " }")).find("from 1s to 30d"),
              std::string::npos)
        << time;
  EXPECT_NE(first_fault(lasting_call("{}", ", safe: true, websocket: {}")).find("stands in websocket"),
            std::string::npos);
}

TEST(ResponseRule, IsHeldAgainstTheOneBefore) {
  EXPECT_FALSE(lets_last("GET /events", lasting_call("{ max_time: 1h }")));
  EXPECT_TRUE(lets_last(lasting_call("{ max_time: 1h }"), "GET /events"));
  EXPECT_TRUE(lets_last(lasting_call("{ max_time: 1h }"), lasting_call("{ max_time: 2h }")));
  EXPECT_FALSE(lets_last(lasting_call("{ max_time: 2h }"), lasting_call("{ max_time: 1h }")));
  EXPECT_TRUE(lets_last(lasting_call("{ max_idle: 1m }"), lasting_call("{ max_idle: 2m }")));
  const Lasting one{5, 0}, other{7, 9};
  EXPECT_EQ(one.both(other), (Lasting{5, 9}));
  EXPECT_EQ(other.both(one), (Lasting{5, 9}));
}

TEST(ResponseRule, IsSaidInWords) {
  const auto policy = policy_of(text_with({lasting_call("{ max_idle: 90s, max_time: 8h }")}));
  const std::vector<std::string> words = in_words(policy->operations()[0].constraints);
  const auto says = [&](const char* text) {
    return std::find(words.begin(), words.end(), text) != words.end();
  };
  EXPECT_TRUE(says("a response idle for at most 1m30s"));
  EXPECT_TRUE(says("a response open for at most 8h"));
}

}  // namespace
}  // namespace postern::policy
