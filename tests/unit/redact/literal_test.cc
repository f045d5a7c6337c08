// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Texts that are known to be secret: what the component is shown.
#include "tests/unit/redact/fixture.h"

namespace postern::redact {
namespace {

const std::string kLong = "correct-Horse/Battery+staple", kOther = "aaaaaaab";

std::shared_ptr<const Rules> with(std::initializer_list<std::string_view> literals,
                                  std::initializer_list<std::string_view> paths = {}) {
  EXPECT_TRUE(base::init_crypto().ok());
  Rules::Literals all;
  for (const std::string_view one : literals) all.push_back(std::make_shared<const base::Secret>(one));
  return rules_of(paths)->with(all);
}
std::string token(std::string_view value) {
  return "[redacted:" + base::to_hex(base::keyed_hash(kKey, value).substr(0, 6)) + "]";
}

TEST(Literal, IsReplacedWhereverItStandsAndHoweverTheTextIsCut) {
  const auto rules = with({kLong, kOther});
  for (const Form form : {Form::Text, Form::Code, Form::Yaml, Form::Json}) {
    const auto out = redact_everywhere(form, rules, "x" + kLong + "y " + kLong + kLong + "\n" + kOther);
    EXPECT_EQ(out.text, "x" + token(kLong) + "y " + token(kLong) + token(kLong) + "\n" + token(kOther));
    EXPECT_EQ(out.counts.total, 4U);
    EXPECT_EQ(to_text(out.counts.places.at(0).kind), "literal");
  }
}

TEST(Literal, IsReplacedAsTheUserOfAUrlToo) {
  const auto rules = with({kOther, "x:hunter2@h/tail"});
  EXPECT_EQ(redact_everywhere(Form::Text, rules, "a://" + kOther + ":hunter2@h ").text,
            "a://" + token(kOther + ":hunter2") + "@h ");
  EXPECT_EQ(redact_everywhere(Form::Text, rules, "a://x:hunter2@h/other").text,
            "a://x:" + token("hunter2") + "@h/other");
  EXPECT_EQ(redact_everywhere(Form::Text, rules, "a://x:hunter2@h/tail").text,
            "a://" + token("x:hunter2@h/tail"));
}

TEST(Literal, InAStringOfJsonItIsFoundBehindEscapes) {
  const std::string body =
      R"({"echo":"a correct-Horse\/Battery\u002bstaple","correct-Horse/Battery+staple":1})";
  const auto out = redact_everywhere(Form::Json, with({kLong}), body);
  EXPECT_EQ(out.text, "{\"echo\":\"a " + token(kLong) + "\",\"" + token(kLong) + "\":1}");
}

TEST(Literal, OfWhichOnlyAPartStandsThereIsNone) {
  const auto rules = with({kLong, kOther});
  for (const std::string& text : {kLong.substr(1), kLong.substr(0, kLong.size() - 1), std::string("AAAAAAAB"),
                                  kLong.substr(0, 10) + "x" + kLong.substr(10)}) {
    EXPECT_EQ(redact_everywhere(Form::Text, rules, text).text, text);
  }
  EXPECT_EQ(redact_everywhere(Form::Text, rules, "aaaaa" + kOther + "b").text, "aaaaa" + token(kOther) + "b");
  EXPECT_EQ(redact_everywhere(Form::Text, rules, kLong.substr(0, 20) + kLong).text,
            kLong.substr(0, 20) + token(kLong));
}

TEST(Literal, OfLessThanEightBytesIsLeftAlone) {
  EXPECT_EQ(redact_everywhere(Form::Text, with({"sevenby", ""}), "sevenby").text, "sevenby");
  EXPECT_EQ(redact_everywhere(Form::Text, with({"eightbyt"}), "eightbyt").text, token("eightbyt"));
}

TEST(Literal, BesideNamesAndDetectorsLeavesNothingOfEither) {
  const auto rules = with({kLong}, {"$..password"});
  const std::string said = "password=" + kLong + " authorization: Bearer " + kLong + "0 ghp_" + kLong + "\n";
  EXPECT_EQ(redact_everywhere(Form::Text, rules, said).text.find("Horse"), std::string::npos);
}

TEST(Literal, InAFieldIsReplaced) {
  Counts counts;
  EXPECT_EQ(redact_header("x-echo", "key=" + kLong, *with({kLong}), kKey, counts), "key=" + token(kLong));
  EXPECT_EQ(counts.places.at(0).where, "header x-echo");
}

// As many as a configuration may have: each is found, and the rules that they were added to know none of them.
TEST(Literal, ManyAreAllFound) {
  Rules::Literals all;
  std::string text;
  ASSERT_TRUE(base::init_crypto().ok());
  const auto plain = rules_of({});
  for (int i = 0; i < 300; ++i) {
    const std::string one = base::to_hex(base::keyed_hash(kKey, std::to_string(i)).substr(0, 8));
    all.push_back(std::make_shared<const base::Secret>(one));
    text += one + ' ';
  }
  EXPECT_EQ(redact_in_pieces(Form::Text, plain->with(all), text, {}, 7).counts.total, 300U);
  EXPECT_EQ(redact_in_pieces(Form::Text, plain, text, {}).counts.total, 0U);
}

}  // namespace
}  // namespace postern::redact
