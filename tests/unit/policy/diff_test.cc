// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/diff.h"

#include "tests/unit/policy/fixture.h"

namespace postern::policy {
namespace {

std::string difference(const std::string& before, const std::string& now) {
  return to_text(diff(*policy_of(before), *policy_of(now)));
}

TEST(Diff, SeesNoDifferenceInSpelling) {
  EXPECT_EQ(difference(text_with({"GET /a/{x}", "GET /b"}), text_with({"GET /b", "call: GET /a/{other}"})),
            "no difference");
}

TEST(Diff, ListsWhatIsNewAndWhatIsGone) {
  EXPECT_EQ(difference(text_with({"GET /a"}), text_with({"GET /b"})),
            "newly allowed:\n  c: GET /b\nno longer allowed:\n  c: GET /a");
}

TEST(Diff, SeesThatANarrowerOperationAllowsNothingNew) {
  const Difference found = diff(*policy_of(text_with({"GET /a/**"})), *policy_of(text_with({"GET /a/{x}"})));
  EXPECT_TRUE(found.newly_allowed.empty());
  ASSERT_EQ(found.changed.size(), 1U);
  EXPECT_EQ(found.changed[0].detail, "was part of GET /a/** before");
  ASSERT_EQ(found.no_longer_allowed.size(), 1U);
  EXPECT_EQ(found.no_longer_allowed[0].what, "GET /a/**");
}

TEST(Diff, CallsAWiderOperationNewlyAllowed) {
  const Difference found = diff(*policy_of(text_with({"GET /a/b"})), *policy_of(text_with({"GET /a/{x}"})));
  ASSERT_EQ(found.newly_allowed.size(), 1U);
  EXPECT_TRUE(found.no_longer_allowed.empty());
}

TEST(Diff, TellsLooserFromStricterConstraints) {
  const std::string few = text_with({"{ call: GET /a, parameters: { query: { k: { one_of: [x] } } } }"});
  const std::string more = text_with({"{ call: GET /a, parameters: { query: { k: { one_of: [x, y] } } } }"});
  const std::string free = text_with({"GET /a"});
  EXPECT_EQ(difference(few, more),
            "newly allowed:\n  c: GET /a (looser constraints; was: query parameter \"k\" must be one of "
            "\"x\"; is: query parameter \"k\" "
            "must be one of \"x\", \"y\")");
  EXPECT_EQ(diff(*policy_of(more), *policy_of(few)).newly_allowed.size(), 0U);
  EXPECT_EQ(diff(*policy_of(more), *policy_of(few)).no_longer_allowed.size(), 1U);
  EXPECT_EQ(diff(*policy_of(few), *policy_of(free)).newly_allowed.size(), 1U);
  EXPECT_EQ(diff(*policy_of(free), *policy_of(few)).newly_allowed.size(), 0U);
}

TEST(Diff, CallsWhatItCannotCompareNewlyAllowed) {
  const std::string one = text_with({"{ call: GET /a, parameters: { query: { k: { matches: '[a-z]' } } } }"});
  const std::string two = text_with({"{ call: GET /a, parameters: { query: { k: { matches: '[a-y]' } } } }"});
  EXPECT_EQ(diff(*policy_of(one), *policy_of(two)).newly_allowed.size(), 1U);
  EXPECT_EQ(diff(*policy_of(two), *policy_of(one)).newly_allowed.size(), 1U);
}

TEST(Diff, SaysThatARequestTakesFewerOrMoreApprovals) {
  const std::string head = "version: 1\ncapabilities:\n  c: {title: T, class: write, operations: [GET /a]";
  const std::string one = head + "}\n", two = head + ", approvals: 2}\n";
  EXPECT_EQ(
      difference(two, one),
      "newly allowed:\n  c: all its operations (a request for it took 2 of the administrators' approvals and "
      "takes 1)");
  EXPECT_EQ(diff(*policy_of(one), *policy_of(two)).no_longer_allowed.size(), 1U);
}

TEST(Diff, ComparesBodies) {
  const std::string json =
      text_with({"{ call: POST /a, body: { content_types: [application/json], max_size: 10 } }"});
  const std::string none = text_with({"{ call: POST /a, body: none }"});
  EXPECT_EQ(diff(*policy_of(json), *policy_of(none)).newly_allowed.size(), 0U);
  EXPECT_EQ(diff(*policy_of(none), *policy_of(json)).newly_allowed.size(), 1U);
  EXPECT_EQ(diff(*policy_of(json), *policy_of(text_with({"POST /a"}))).newly_allowed.size(), 1U);
}

TEST(Diff, SaysThatAnOperationMovedToAnotherCapability) {
  const std::string moved =
      "version: 1\ncapabilities:\n  d: { title: T, class: write, operations: [GET /a] }\n";
  EXPECT_EQ(difference(text_with({"GET /a"}), moved),
            "newly allowed:\n  d: GET /a (capability c listed it before, as GET /a)\n"
            "no longer allowed:\n  c: GET /a (capability d lists it now, as GET /a)");
}

TEST(Diff, SaysWhatAChangedClassMeans) {
  const std::string read =
      "version: 1\ncapabilities:\n  c: { title: T, class: read, operations: [GET /a] }\n";
  EXPECT_EQ(diff(*policy_of(text_with({"GET /a"})), *policy_of(read)).newly_allowed.size(), 1U);
  EXPECT_EQ(diff(*policy_of(read), *policy_of(text_with({"GET /a"}))).no_longer_allowed.size(), 1U);
}

TEST(Diff, NamesTheOperationsThatANeverRuleConcerns) {
  const std::string open = text_with({"GET /a/{x}", "POST /b"});
  const std::string closed = text_with({"GET /a/{x}", "POST /b"}, {"ANY /a/admin"});
  EXPECT_EQ(difference(closed, open),
            "newly allowed:\n  c: GET /a/{x} (refused before by never \"ANY /a/admin\" (line 10), wholly or "
            "in part)\n"
            "never, removed:\n  ANY /a/admin");
  EXPECT_EQ(difference(open, closed),
            "no longer allowed:\n  c: GET /a/{x} (now refused by never \"ANY /a/admin\" (line 10), wholly or "
            "in part)\n"
            "never, new:\n  ANY /a/admin");
}

TEST(Diff, SeesThatAWiderNeverRuleStaysInPlace) {
  const Difference found = diff(*policy_of(text_with({"GET /a/{x}"}, {"ANY /a/admin"})),
                                *policy_of(text_with({"GET /a/{x}"}, {"ANY /a/admin/**"})));
  EXPECT_TRUE(found.newly_allowed.empty());
  EXPECT_EQ(found.never_removed.size(), 1U);
  EXPECT_EQ(found.never_added.size(), 1U);
}

TEST(Diff, ComparesRoles) {
  const std::string two =
      "version: 1\ncapabilities:\n  c: { title: T, class: write, operations: [GET /a] }\n  d: { title: T, "
      "class: write, operations: [GET /b] }\n";
  EXPECT_EQ(difference(two + "roles: { viewer: [c] }\n", two + "roles: { viewer: [d] }\n"),
            "roles:\n  d: viewer (gains it)\n  c: viewer (loses it)");
}

TEST(Diff, ACallThatDoesNotWaitForAnAdminAnyMoreIsNewlyAllowed) {
  const auto held = policy_of(text_with({"{ call: POST /a, hold: true }"}));
  const auto open = policy_of(text_with({"POST /a"}));
  ASSERT_EQ(diff(*held, *open).newly_allowed.size(), 1U);
  EXPECT_EQ(diff(*held, *open).newly_allowed[0].detail, "no administrator has to let it pass any more");
  ASSERT_EQ(diff(*open, *held).no_longer_allowed.size(), 1U);
  EXPECT_TRUE(diff(*held, *held).empty());
}

}  // namespace
}  // namespace postern::policy
