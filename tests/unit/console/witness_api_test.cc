// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// POST /witness/add-checkpoint: what the ledger judged, in the words of C2SP tlog-witness.
#include "tests/unit/console/rig.h"

namespace postern::console {
namespace {

class WitnessApi : public Rig {
 protected:
  void be_witness() {
    connect_ledger();
    fake.send_witnessing(R"({"witnesses":[],"witness":{"verifier_key":"w","logs":[]}})");
    ASSERT_TRUE(turn_until([&] { return ledger.witnessing().contains("witness"); }));
    fake.answer = [this](const base::Json&) { return judged; };
  }
  Response ask(const std::string& body = "old 0\n\nnote\n") {
    return answer({http::Method::Post, "/witness/add-checkpoint", body});
  }
  base::Json judged{{"status", 200}, {"cosignature", "\u2014 w line\n"}};
};

TEST_F(WitnessApi, NeedsNoSignInAndPassesTheRequestOnAsItCame) {
  be_witness();
  const Response response = ask();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "\u2014 w line\n");
  ASSERT_EQ(fake.commands.size(), 1U);
  EXPECT_EQ(fake.commands[0].json["command"], "witness.add_checkpoint");
  EXPECT_EQ(fake.commands[0].json["request"], "old 0\n\nnote\n");
  EXPECT_EQ(fake.commands[0].json["from"], "192.0.2.7:50123");
  EXPECT_TRUE(fake.events.empty());
}

TEST_F(WitnessApi, AnswersInTheWordsOfTheSpecification) {
  be_witness();
  judged = {{"status", 409}, {"size", 20852014}};
  const Response conflict = ask();
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(conflict.content_type, "text/x.tlog.size");
  EXPECT_EQ(conflict.body, "20852014\n");
  for (const int status : {400, 403, 404, 422, 429}) {
    judged = {{"status", status}, {"message", "because"}};
    const Response response = ask();
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(json_of(response)["detail"], "because");
    EXPECT_EQ(field_of(response, "retry-after").empty(), status != 429);
  }
}

TEST_F(WitnessApi, IsNotThereWhereNoLogIsWitnessed) {
  connect_ledger();
  fake.send_witnessing(R"({"witnesses":[],"witness":null})");
  ASSERT_TRUE(turn_until([&] { return ledger.witnessing().contains("witness"); }));
  EXPECT_EQ(ask().status, 404);
  EXPECT_TRUE(fake.commands.empty());
}

TEST_F(WitnessApi, RefusesWhatCannotBeARequest) {
  be_witness();
  EXPECT_EQ(ask("old 0\n\n\xff\n").status, 400);
  EXPECT_EQ(ask(std::string(100'000, 'x')).status, 400);
  EXPECT_EQ(answer({http::Method::Get, "/witness/add-checkpoint"}).status, 405);
  EXPECT_EQ(answer({http::Method::Post, "/witness/other"}).status, 404);
  EXPECT_TRUE(fake.commands.empty());
}

TEST_F(WitnessApi, AFloodNeverKeepsAnAdminFromTheLedger) {
  be_witness();
  fake.answer = nullptr;  // the ledger is slow
  int refused = 0;
  for (int i = 0; i < 500; ++i) {
    site.answer(make_call({http::Method::Post, "/witness/add-checkpoint", "old 0\n\nnote\n"}),
                [&](const Response& response) { refused += response.status == 429 ? 1 : 0; });
  }
  EXPECT_EQ(refused, 500 - WitnessPace::kUnderWay);
  ASSERT_TRUE(turn_until([&] { return fake.commands.size() == WitnessPace::kUnderWay; }));
  fake.answer = [](const base::Json&) { return base::Json{{"status", 200}}; };
  for (const auto& command : fake.commands) fake.reply(command.id, true, {{"status", 404}});
  ASSERT_TRUE(turn_until([&] { return parts.witness_pace.under_way == 0; }));
  for (int i = 0; i < WitnessPace::kPerSecond; ++i) ask();
  EXPECT_EQ(ask().status, 429) << "nor does one that is fast";
}

TEST_F(WitnessApi, StatusTellsWitnessesOnBothSides) {
  connect_ledger();
  fake.send_witnessing(
      R"({"witnesses":[{"name":"north","state":"cosigned","size":7}],"witness":{"verifier_key":"w","logs":[{"origin":"o"}]}})");
  ASSERT_TRUE(turn_until([&] { return ledger.witnessing().contains("witness"); }));
  const base::Json status = json_of(answer({http::Method::Get, "/api/v1/status", {}, {}, {}, true}));
  EXPECT_EQ(status["log"]["witnesses"][0]["name"], "north");
  EXPECT_EQ(status["witness"]["logs"][0]["origin"], "o");
}

}  // namespace
}  // namespace postern::console
