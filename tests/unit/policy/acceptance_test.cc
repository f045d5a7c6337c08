// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/acceptance.h"

#include "policy/diff.h"
#include "redact/rules.h"
#include "tests/unit/policy/fixture.h"

namespace postern::policy {
namespace {

using base::Refusal;

// Two policies, of which the second waits.
struct Pair {
  Pair(const std::string& before, const std::string& now)
      : accepted(policy_of(before)), in_force(policy_of(now)), acceptance(in_force, accepted) {}

  Decision ask(const Asked& asked, Refusal all = Refusal::None) const {
    std::vector<Refusal> now(in_force->capabilities().size(), all);
    std::vector<Refusal> then(accepted->capabilities().size(), all);
    acceptance.combine(now, then);
    std::vector<QueryParameter> query;
    for (const auto& [name, value] : asked.query) query.push_back({name, value});
    const Question question{asked.method, asked.path, query, asked.content_type, asked.has_body};
    return acceptance.tighten(decide(*in_force, question, now), question, then);
  }
  Refusal code(const Asked& asked) const { return ask(asked).refusal; }

  std::shared_ptr<const Policy> accepted, in_force;
  Acceptance acceptance;
};

std::string two(const std::string& first, const std::string& second) {
  return "version: 1\ncapabilities:\n  c: { title: T, class: write, operations: [" + first +
         "] }\n  d: { title: T, class: write, operations: [" + second + "] }\n";
}

TEST(Acceptance, LetsPassWhatBothLetPass) {
  const Pair pair(text_with({"GET /a", "GET /old"}), text_with({"GET /a", "GET /new"}));
  EXPECT_EQ(pair.code({.path = "/a"}), Refusal::None);
  EXPECT_EQ(pair.code({.path = "/new"}), Refusal::OperationNotAccepted);
  EXPECT_EQ(pair.code({.path = "/old"}), Refusal::OperationNotListed) << "what is gone is gone at once";
}

TEST(Acceptance, NeverRulesOfBothCount) {
  const Pair added(text_with({"GET /a/{x}"}), text_with({"GET /a/{x}", "GET /b"}, {"ANY /a/admin"}));
  EXPECT_EQ(added.code({.path = "/a/admin"}), Refusal::Never);
  const Pair removed(text_with({"GET /a/{x}"}, {"ANY /a/admin"}), text_with({"GET /a/{x}"}));
  EXPECT_EQ(removed.code({.path = "/a/admin"}), Refusal::OperationNotAccepted);
  EXPECT_EQ(removed.code({.path = "/a/other"}), Refusal::None);
}

TEST(Acceptance, ConstraintsOfBothCount) {
  const std::string few =
      "{ call: POST /a, parameters: { query: { k: { one_of: [x] } } }, body: { max_size: 10 } }";
  const std::string more = "{ call: POST /a, parameters: { query: { k: { one_of: [x, y] } } } }";
  const Pair looser(text_with({few}), text_with({more}));
  EXPECT_EQ(looser.code({.method = "POST", .path = "/a", .query = {{"k", "y"}}}),
            Refusal::OperationNotAccepted);
  EXPECT_EQ(looser.ask({.method = "POST", .path = "/a", .query = {{"k", "x"}}}).body_limit, 10U);
  const Pair stricter(text_with({more}), text_with({few}));
  EXPECT_EQ(stricter.code({.method = "POST", .path = "/a", .query = {{"k", "y"}}}),
            Refusal::ParameterNotAllowed);
  EXPECT_EQ(stricter.ask({.method = "POST", .path = "/a"}).body_limit, 10U);
}

TEST(Acceptance, AnAdminLetsPassWhatEitherHolds) {
  const Pair loosened(text_with({"{ call: POST /a, hold: true }"}), text_with({"POST /a"}));
  const Decision decision = loosened.ask({.method = "POST", .path = "/a"});
  EXPECT_TRUE(decision.allowed());
  EXPECT_TRUE(loosened.acceptance.holds(decision));
  const Pair open(text_with({"POST /a"}), text_with({"POST /a", "POST /b"}));
  EXPECT_FALSE(open.acceptance.holds(open.ask({.method = "POST", .path = "/a"})));
}

TEST(Acceptance, TheStricterClassCounts) {
  const std::string read =
      "version: 1\ncapabilities:\n  c: { title: T, class: read, operations: [GET /a] }\n";
  const Pair pair(text_with({"GET /a"}), read);
  EXPECT_EQ(pair.ask({.path = "/a"}).klass, Class::Write);
  std::vector<Refusal> now{Refusal::None}, then{Refusal::ReadOnly};
  pair.acceptance.combine(now, then);
  EXPECT_EQ(now[0], Refusal::OperationNotAccepted) << "read-only access is not widened by a class";
}

TEST(Acceptance, ACapabilityThatOnlyOneHasIsUsableInNeither) {
  const Pair pair(two("GET /a", "GET /b"), text_with({"GET /a", "GET /b"}));
  EXPECT_EQ(pair.code({.path = "/a"}), Refusal::None);
  EXPECT_EQ(pair.code({.path = "/b"}), Refusal::OperationNotAccepted) << "d is gone, and c did not list it";
  const Pair added(text_with({"GET /a"}), two("GET /a", "GET /b"));
  EXPECT_EQ(added.code({.path = "/b"}), Refusal::OperationNotAccepted);
  EXPECT_EQ(added.ask({.path = "/a"}, Refusal::CapabilityOff).refusal, Refusal::CapabilityOff)
      << "what is refused anyway says why";
}

TEST(Acceptance, TakesOutOfResponsesWhatEitherNames) {
  const Pair pair(text_with({"GET /a"}) + "redact: [ { json: $..password }, { header: X-Old } ]\n",
                  text_with({"GET /a"}) + "redact: [ { json: $..token }, { header: X-New } ]\n");
  const Redaction& both = pair.acceptance.redaction();
  EXPECT_EQ(both.paths.size(), 2U);
  EXPECT_EQ(both.headers, (std::vector<std::string>{"x-new", "x-old"}));
  EXPECT_TRUE(both.rules->names("password"));
  EXPECT_TRUE(both.rules->names("token"));
}

TEST(Acceptance, NobodyWorksAsAGreaterRoleThanWasAccepted) {
  const std::string base = two("GET /a", "GET /b");
  const std::vector<Refusal> both{Refusal::None, Refusal::None};
  const Pair raised(base + "roles: { viewer: [c, d] }\n", base + "roles: { viewer: [c], admin: [c, d] }\n");
  EXPECT_EQ(raised.acceptance.role_of(both, both), "viewer");
  const Pair lowered(base + "roles: { admin: [c, d] }\n", base + "roles: { viewer: [c, d] }\n");
  EXPECT_EQ(lowered.acceptance.role_of(both, both), "viewer");
  const Pair dropped(base + "roles: { user: [c, d] }\n", base);
  EXPECT_EQ(dropped.acceptance.role_of(both, both), "user");
}

TEST(Acceptance, NothingPassesWhenWhatWasAcceptedCannotBeRead) {
  const auto in_force = policy_of(text_with({"GET /a"}));
  const Acceptance acceptance(in_force, nullptr);
  EXPECT_TRUE(acceptance.closed());
  std::vector<Refusal> now{Refusal::None}, then;
  acceptance.combine(now, then);
  EXPECT_EQ(now[0], Refusal::OperationNotAccepted);
  Decision allowed;
  allowed.refusal = Refusal::None;
  EXPECT_EQ(acceptance.tighten(allowed, {}, then).refusal, Refusal::OperationNotAccepted);
}

TEST(Acceptance, NothingPassesWhenBothNameMoreThanCanBeLookedFor) {
  const auto with_paths = [](const std::string& name) {
    std::string text = text_with({"GET /a"}) + "redact:\n";
    for (int i = 0; i < 60; ++i) text += "  - json: $.x." + name + std::to_string(i) + "\n";
    return text;
  };
  const Pair pair(with_paths("a"), with_paths("b"));
  EXPECT_TRUE(pair.acceptance.closed());
  EXPECT_EQ(pair.code({.path = "/a"}), Refusal::OperationNotAccepted);
}

bool opens(const std::string& before, const std::string& now) {
  return diff(*policy_of(before), *policy_of(now)).opens();
}

TEST(DifferenceOpens, OnlyForWhatIsNewOrLooser) {
  EXPECT_FALSE(opens(text_with({"GET /a", "GET /b"}), text_with({"GET /b"})));
  EXPECT_FALSE(opens(text_with({"GET /a/**"}), text_with({"GET /a/{x}"}, {"ANY /a/x"})));
  EXPECT_FALSE(opens(text_with({"POST /a"}), text_with({"{ call: POST /a, hold: true }"})));
  EXPECT_FALSE(opens(two("GET /a", "GET /b") + "roles: { viewer: [c, d] }\n",
                     text_with({"GET /a"}) + "roles: { viewer: [c] }\n"))
      << "a role that loses what is gone";
  EXPECT_TRUE(opens(text_with({"GET /a"}), text_with({"GET /a", "GET /b"})));
  EXPECT_TRUE(opens(text_with({"GET /a"}, {"ANY /x"}), text_with({"GET /a"}))) << "a never rule that is gone";
  EXPECT_TRUE(opens(two("GET /a", "GET /b") + "roles: { viewer: [c, d] }\n",
                    two("GET /a", "GET /b") + "roles: { viewer: [c] }\n"))
      << "whoever may use d works as no viewer any more";
}

TEST(DifferenceOpens, WhenARequestTakesFewerApprovals) {
  const auto taking = [](const char* approvals) {
    return std::string("version: 1\ncapabilities:\n  c: { title: T, class: write, approvals: ") + approvals +
           ", operations: [GET /a] }\n";
  };
  EXPECT_TRUE(opens(taking("2"), taking("1")));
  EXPECT_FALSE(opens(taking("1"), taking("2")));
}

TEST(DifferenceOpens, ForWhatIsNoLongerTakenOutOfResponses) {
  const std::string some = text_with({"GET /a"}) + "redact: [ { json: $..password } ]\n";
  EXPECT_TRUE(opens(some, text_with({"GET /a"})));
  EXPECT_FALSE(opens(text_with({"GET /a"}), some));
}

TEST(DifferenceOpens, WhereAMoreSpecificOperationTakesAwayTheAdminWhoLetItPass) {
  EXPECT_TRUE(opens(text_with({"{ call: POST /a/**, hold: true }"}),
                    text_with({"{ call: POST /a/**, hold: true }", "POST /a/b"})));
  EXPECT_TRUE(opens(text_with({"POST /a/**", "{ call: POST /a/b, hold: true }"}), text_with({"POST /a/**"})));
  EXPECT_TRUE(opens(text_with({"POST /a/**", "{ call: 'POST /a/{x}/c', hold: true }"}),
                    text_with({"POST /a/**", "{ call: 'POST /a/{x}/c', hold: true }", "'POST /a/b/{y}'"})));
  EXPECT_FALSE(opens(text_with({"POST /a/**", "{ call: POST /a/b, hold: true }"}),
                     text_with({"{ call: POST /a/b, hold: true }", "POST /a/**"})))
      << "as it was";
}

TEST(DifferenceOpens, WhereWhatACallChangesIsNotRecordedAnyMore) {
  const std::string recorded = text_with({"{ call: POST /a, before: GET /b }", "GET /b"});
  EXPECT_TRUE(opens(recorded, text_with({"POST /a", "GET /b"})));
  EXPECT_FALSE(opens(text_with({"POST /a", "GET /b"}), recorded));
}

}  // namespace
}  // namespace postern::policy
