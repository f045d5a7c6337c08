// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/repeats.h"

#include "tests/unit/console/rig.h"

namespace postern::console {

using face::kRepeatBytes;
using face::kRepeatKeyLimit;
using face::kRepeatLife;
using face::kRepeats;
using face::Repeats;

namespace {

using enum http::Method;

class RepeatedChange : public Rig {
 protected:
  RepeatedChange() { connect_ledger(); }
  Ask add_engineer(const std::string& key, const std::string& name = "mia") {
    if (cookie.empty()) cookie = sign_in("root");
    Ask ask = change(Post, "/api/v1/engineers",
                     R"({"name":")" + name + R"(","email":")" + name + R"(@vendor.example"})", cookie);
    ask.fields.emplace_back("idempotency-key", key);
    return ask;
  }
  void answer_all() {
    fake.answer = [this](const base::Json&) { return base::Json{{"added", ++answers}}; };
  }
  static std::string code_of(const Response& response) {
    return base::json_text_or(json_of(response), "code", "");
  }
  std::string cookie;
  int answers = 0;
};

TEST_F(RepeatedChange, IsMadeOnceAndAnsweredAsBefore) {
  answer_all();
  const Response first = answer(add_engineer("\"k1\""));
  const Response again = answer(add_engineer("k1"));
  EXPECT_EQ(fake.commands.size(), 1U);
  EXPECT_EQ(again.status, first.status);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.content_type, first.content_type);
  EXPECT_EQ(field_of(first, "idempotency-replayed"), "");
  EXPECT_EQ(field_of(again, "idempotency-replayed"), "true");
  EXPECT_EQ(field_of(again, "cache-control"), "no-store");
  answer(add_engineer("k2"));
  EXPECT_EQ(fake.commands.size(), 2U);
}

TEST_F(RepeatedChange, IsNotAnotherRequestUnderTheSameKey) {
  answer_all();
  answer(add_engineer("k1"));
  const Response other = answer(add_engineer("k1", "eve"));
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(code_of(other), "key_reused");
  EXPECT_EQ(fake.commands.size(), 1U);
}

TEST_F(RepeatedChange, WaitsWhileTheFirstIsUnderWay) {
  const Ask ask = add_engineer("k1");
  std::optional<Response> first;
  site.answer(make_call(ask), [&](Response response) { first = std::move(response); });
  ASSERT_TRUE(turn_until([&] { return fake.commands.size() == 1; }));
  EXPECT_EQ(code_of(answer(ask)), "in_progress");
  fake.reply(fake.commands[0].id, false, {{"code", "conflict"}, {"message", "known"}, {"status", 409}});
  ASSERT_TRUE(turn_until([&] { return first.has_value(); }));
  const Response again = answer(ask);
  EXPECT_EQ(again.status, 409) << "an error is an answer too";
  EXPECT_EQ(code_of(again), "conflict");
  EXPECT_EQ(fake.commands.size(), 1U);
}

TEST_F(RepeatedChange, BelongsToOneSignIn) {
  answer_all();
  answer(add_engineer("k1"));
  cookie = sign_in("root");
  EXPECT_EQ(field_of(answer(add_engineer("k1")), "idempotency-replayed"), "");
  EXPECT_EQ(fake.commands.size(), 2U);
}

TEST_F(RepeatedChange, NeedsAKeyThatCanBeRead) {
  for (const std::string& key : {std::string(), std::string("\"\""), std::string("two words"),
                                 std::string(kRepeatKeyLimit + 1, 'k'), std::string("a\"b")}) {
    EXPECT_EQ(code_of(answer(add_engineer(key))), "invalid") << key;
  }
  EXPECT_TRUE(fake.commands.empty());
}

class KeptAnswers : public RepeatedChange {
 protected:
  Repeats repeats;
  // Sends it at that time; the body of the answer, which is made of bytes if it is made now.
  std::string send(const std::string& key, base::Nanos now, std::size_t bytes = 1) {
    const auto call = make_call(add_engineer(key));
    std::string got;
    const Reply reply = [&got](const Response& response) { got = response.body; };
    if (const auto make = repeats.begin(*call, reply, now)) {
      Response response;
      response.body = std::string(bytes, 'n') + std::to_string(++made_);
      (*make)(std::move(response));
    }
    return got;
  }

 private:
  int made_ = 0;
};

TEST_F(KeptAnswers, LiveForADay) {
  const std::string first = send("k", 0);
  EXPECT_EQ(send("k", kRepeatLife - 1), first);
  EXPECT_NE(send("k", kRepeatLife), first);
}

TEST_F(KeptAnswers, AreBoundedInNumberAndBytes) {
  const std::string first = send("first", 0);
  for (std::size_t i = 0; i < kRepeats + 10; ++i) send(std::to_string(i), 1);
  EXPECT_EQ(repeats.size(), kRepeats);
  EXPECT_NE(send("first", 1), first);
  for (int i = 0; i < 10; ++i) send("large" + std::to_string(i), 1, kRepeatBytes / 4);
  EXPECT_LE(repeats.size(), 6U);
}

TEST_F(KeptAnswers, TakeNoMoreThanThatManyUnderWay) {
  const Reply nobody = [](const Response&) {};
  std::vector<Reply> under_way;
  for (std::size_t i = 0; i < kRepeats; ++i)
    under_way.push_back(*repeats.begin(*make_call(add_engineer(std::to_string(i))), nobody, 0));
  EXPECT_FALSE(repeats.begin(*make_call(add_engineer("one more")), nobody, 0).has_value());
  EXPECT_FALSE(repeats.begin(*make_call(add_engineer("more")), nobody, 0).has_value());
  under_way.front()(Response());
  EXPECT_TRUE(repeats.begin(*make_call(add_engineer("more")), nobody, 0).has_value());
}

}  // namespace
}  // namespace postern::console
