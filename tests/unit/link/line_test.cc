// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/line.h"

#include "gateway/link/link.h"
#include "line/updates.h"
#include "line/witness.h"
#include "tests/unit/link/line_scene.h"

namespace postern::link {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class LineStory : public LineTest {
 protected:
  LineStory() { hold(own_); }
};

TEST_F(LineStory, ComesUpWithItsHello) {
  configure(part());
  EXPECT_EQ(state(), "connecting");
  MissionServer& server = serve();
  EXPECT_EQ(places_, std::vector<std::uint32_t>{9});
  const MissionServer::Request asked = request(server, 0);
  EXPECT_EQ(asked.method, http::Method::Get);
  EXPECT_EQ(asked.target, std::string("/line/v1/orders?life=") + kLife);
  EXPECT_EQ(asked.host, "mc.example");
  EXPECT_EQ(asked.agent, "postern/1.2.3");
  EXPECT_EQ(server.protocol(), "h2");
  EXPECT_TRUE(server.named());
  server.open(asked.stream);
  turns();
  EXPECT_FALSE(line_->up()) << "a head is no hello";
  server.say(asked.stream, hello());
  ASSERT_TRUE(until([this] { return line_->up(); }));
  EXPECT_EQ(state(), "up");
  EXPECT_EQ(told("state")["version"], "9.9");
  EXPECT_LT(std::abs(told("state")["skew_us"].get<std::int64_t>()), 5 * base::kWallSecond);
  EXPECT_FALSE(told("state").contains("why"));
}

TEST_F(LineStory, ReadsOrdersHoweverTheyAreCut) {
  configure(part());
  MissionServer& server = serve();
  const std::uint32_t stream = request(server, 0).stream;
  server.open(stream);
  const std::string text = hello() + pulse() +
                           "{\"order\":\"from-the-future\",\"time\":\"2026-11-27T00:00:00Z\"}\n" + pulse() +
                           line::format(line::Order{line::OrderKind::Conflict, clock_.wall(), "192.0.2.7"});
  for (const char c : text) {
    server.say(stream, {&c, 1});
    for (int i = 0; i < 3; ++i) server.turn(), loop_.turn();
  }
  ASSERT_TRUE(until([this] { return is_told("order"); }));
  EXPECT_EQ(told("order")["order"], "conflict");
  EXPECT_EQ(told("order")["client"], "192.0.2.7");
  EXPECT_TRUE(line_->up());
}

TEST_F(LineStory, AConflictIsToldOnceAMinute) {
  configure(part());
  MissionServer& server = raise();
  for (int i = 0; i < 5; ++i)
    server.say(server.requests[0].stream,
               line::format(line::Order{line::OrderKind::Conflict, clock_.wall(), "192.0.2.7"}));
  turns();
  EXPECT_EQ(std::count_if(told_.begin(), told_.end(), [](const auto& one) { return one["do"] == "order"; }),
            1);
  EXPECT_TRUE(line_->up());
}

TEST_F(LineStory, CarriesReportsAndBringsWhatWasTaken) {
  configure(part());
  MissionServer& server = raise();
  const std::string id = "01KB0000000000000000000002";
  const std::string document = line::format(
      {line::Report{id, line::Kind::Event, 1, clock_.wall(), {{"text", std::string(60'000, 'x')}}}});
  report(document);
  const MissionServer::Request asked = request(server, 1);
  EXPECT_EQ(asked.method, http::Method::Post);
  EXPECT_EQ(asked.target, "/line/v1/reports");
  EXPECT_EQ(asked.body, document);
  server.answer(asked.stream, 200, "{\"taken\":[\"" + id + "\"],\"more\":1}");
  ASSERT_TRUE(until([this] { return !delivered_.empty(); }));
  EXPECT_EQ(delivered_[0].first, 200);
  EXPECT_EQ(delivered_[0].second, line::format(line::Taken{{id}}));
  report();
  server.answer(request(server, 2).stream, 429, "{\"code\":\"limit_reached\",\"detail\":\"later\"}");
  ASSERT_TRUE(until([this] { return delivered_.size() == 2; }));
  EXPECT_EQ(delivered_[1].first, 429);
  EXPECT_EQ(base::parse_json(delivered_[1].second)->at("code"), "limit_reached");
  EXPECT_TRUE(line_->up());
}

TEST_F(LineStory, WithoutALineAnErrandIsAnsweredAtOnce) {
  report();
  EXPECT_EQ(delivered_.at(0),
            std::make_pair(0, std::string("there is no line to Mission Control: none is configured")));
  base::Json json = part();
  json["certificate"] = "";
  configure(json);
  report();
  EXPECT_THAT(delivered_.at(1).second, HasSubstr("not enrolled"));
  EXPECT_TRUE(connects_.empty());
  configure(part());
  report();
  EXPECT_EQ(delivered_.at(2).first, 0);
}

TEST_F(LineStory, ANewErrandReplacesTheOneUnderWay) {
  configure(part());
  MissionServer& server = raise();
  report();
  request(server, 1);
  report();
  const std::uint32_t stream = request(server, 2).stream;
  server.answer(stream, 200, "{\"taken\":[]}");
  ASSERT_TRUE(until([this] { return !delivered_.empty(); }));
  server.answer(server.requests[1].stream, 200, "{\"taken\":[]}");
  turns();
  EXPECT_EQ(delivered_.size(), 1U);
  EXPECT_TRUE(line_->up());
}

TEST_F(LineStory, IsLostWithItsConnectionAndComesBack) {
  configure(part());
  MissionServer& server = raise();
  report();
  request(server, 1);
  server.hang_up();
  EXPECT_EQ(wait_for("waiting"), "it closed the connection");
  EXPECT_FALSE(line_->up());
  EXPECT_EQ(told("state")["attempts"], 1);
  EXPECT_GT(told("state")["next"], clock_.wall() - base::kWallSecond);
  ASSERT_EQ(delivered_.size(), 1U);
  EXPECT_EQ(delivered_[0],
            std::make_pair(0, std::string("there is no line to Mission Control: it closed the connection")));
  MissionServer& again = serve();
  EXPECT_EQ(told("state")["state"], "connecting");
  EXPECT_EQ(why(), "it closed the connection");
  greet(again);
  EXPECT_EQ(state(), "up");
}

TEST_F(LineStory, EachFailureIsCountedAndSaid) {
  configure(part());
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(until([this] { return !connects_.empty(); }));
    connects_.front()(base::fail(base::Code::Unavailable, "no connection to mc.example:443: refused"));
    connects_.pop_front();
    EXPECT_EQ(state(), "waiting");
    EXPECT_EQ(why(), "no connection to mc.example:443: refused");
    EXPECT_EQ(told("state")["attempts"], i);
  }
}

TEST_F(LineStory, IsLostWhenNothingIsHeard) {
  LineTimes times;
  times.silence = 200 * base::kMillisecond;
  make_line(times);
  configure(part());
  MissionServer& server = raise();
  const std::uint32_t stream = server.requests[0].stream;
  server.say(stream, "{\"order\":");  // no whole line
  EXPECT_EQ(wait_for("waiting"), "nothing came from it for 200ms");
}

TEST_F(LineStory, IsNotUpWithoutAHello) {
  LineTimes times;
  times.hello = base::kSecond;
  make_line(times);
  configure(part());
  MissionServer& server = serve();
  server.open(request(server, 0).stream);
  EXPECT_EQ(wait_for("waiting"), "it did not greet us within 1s");
}

TEST_F(LineStory, DoesNotWaitForEverForAConnection) {
  LineTimes times;
  times.establish = 100 * base::kMillisecond;
  make_line(times);
  configure(part());
  const base::UniqueFd silent = accept();
  EXPECT_EQ(wait_for("waiting"), "it did not answer within 100ms");
}

TEST_F(LineStory, AnAnswerThatDoesNotComeCostsTheErrandAndNotTheLine) {
  LineTimes times;
  times.answer = base::kSecond;
  make_line(times);
  configure(part());
  MissionServer& server = raise();
  report();
  request(server, 1);
  turns();
  server.say(server.requests[0].stream, pulse());
  ASSERT_TRUE(until([this] { return !delivered_.empty(); }));
  EXPECT_EQ(delivered_[0], std::make_pair(0, std::string("it did not answer within 1s")));
  EXPECT_TRUE(line_->up());
  report();
  server.answer(request(server, 2).stream, 200, "{\"taken\":[]}");
  ASSERT_TRUE(until([this] { return delivered_.size() == 2; }));
  EXPECT_EQ(delivered_[1].first, 200);
}

TEST_F(LineStory, WhereNothingComesAtAllTheLineIsLostWithTheAnswer) {
  LineTimes times;
  times.answer = 200 * base::kMillisecond;
  make_line(times);
  configure(part());
  MissionServer& server = raise();
  report();
  request(server, 1);
  EXPECT_EQ(wait_for("waiting"), "it did not answer within 200ms, and said nothing else");
  EXPECT_EQ(delivered_.at(0).first, 0);
  raise();
}

TEST_F(LineStory, OneThatIsCutAgainAndAgainComesBackAtOnceAsLongAsItCarries) {
  LineTimes times;
  times.longest = base::kWallSecond / 25;  // twice the first pause
  make_line(times);
  configure(part());
  for (int i = 0; i < 5; ++i) {
    MissionServer& server = raise();
    report();
    server.answer(request(server, 1).stream, 200, "{\"taken\":[]}");
    ASSERT_TRUE(until([&] { return delivered_.size() == std::size_t(i) + 1; }));
    server.hang_up();
    wait_for("waiting");
    EXPECT_EQ(told("state")["attempts"], 1) << i;
  }
  for (int i = 1; i <= 3; ++i) {  // up, and gone before anything was taken
    raise().hang_up();
    wait_for("waiting");
    EXPECT_EQ(told("state")["attempts"], i + 1);
  }
}

TEST_F(LineStory, WhatWaitsIsFetchedOnceItIsUp) {
  int fetched = 0;
  line_->on_asks([&] { ++fetched; });
  configure(part());
  raise();
  EXPECT_EQ(fetched, 1);
}

TEST_F(LineStory, IsRefusedByACodeAndWaitsTheLongestPause) {
  for (const std::string_view code : {line::kUnknownInstallation, line::kRetiredInstallation, line::kTwice}) {
    make_line({});
    configure(part());
    MissionServer& server = serve();
    server.answer(request(server, 0).stream, code == line::kTwice ? 409 : 403,
                  R"({"code":")" + std::string(code) + R"(","detail":"no\u001b longer"})");
    EXPECT_THAT(wait_for("refused"), HasSubstr("longer"));
    EXPECT_EQ(told("state")["code"], code);
    const base::Micros wait = told("state")["next"].get<base::Micros>() - clock_.wall();
    EXPECT_GE(wait, (code == line::kTwice ? 70 : 290) * base::kWallSecond);
    EXPECT_LE(wait, (code == line::kTwice ? 83 : 331) * base::kWallSecond);
    connects_.clear();
  }
}

TEST_F(LineStory, IsRefusedWhileItIsUpToo) {
  configure(part());
  MissionServer& server = raise();
  report();
  server.answer(request(server, 1).stream, 403, R"({"code":"installation_retired","detail":""})");
  EXPECT_EQ(wait_for("refused"), "Mission Control has retired this installation");
  EXPECT_EQ(delivered_.at(0).first, 403);
  EXPECT_FALSE(line_->up());
}

TEST_F(LineStory, ABusyServerIsAskedAgainWhenItSays) {
  configure(part());
  MissionServer& server = serve();
  server.answer(request(server, 0).stream, 503, "<html>", "120");
  EXPECT_EQ(wait_for("waiting"), "it answered the wish for orders with 503");
  EXPECT_GE(told("state")["next"], clock_.wall() + 110 * base::kWallSecond);
}

TEST_F(LineStory, ABusyServerIsAskedAgainOverTheSameConnection) {
  configure(part());
  MissionServer& server = serve();
  for (std::size_t i = 0; i < 3; ++i) {
    server.answer(request(server, i).stream, i == 1 ? 429 : 503,
                  R"({"code":"store_unavailable","detail":"later"})");
    EXPECT_THAT(wait_for("waiting"), HasSubstr("later"));
    report();
    EXPECT_EQ(delivered_.back().first, 0) << "it is not up";
    ASSERT_TRUE(until([&] { return state() == "connecting"; }));
  }
  const std::uint32_t stream = request(server, 3).stream;
  server.open(stream);
  server.say(stream, hello());
  ASSERT_TRUE(until([this] { return line_->up(); }));
  EXPECT_EQ(places_.size(), 1U);
}

TEST_F(LineStory, ABusyServerThatGoesMeanwhileIsConnectedToAnew) {
  configure(part());
  MissionServer& server = serve();
  server.answer(request(server, 0).stream, 503, "", "600");
  wait_for("waiting");
  server.hang_up();
  raise();
  EXPECT_EQ(places_.size(), 2U);
}

TEST_F(LineStory, SaysThatTheClocksAreApart) {
  configure(part());
  MissionServer& server = raise(-3601 * base::kWallSecond);
  EXPECT_THAT(why(), HasSubstr("this machine's clock is 1h"));
  EXPECT_THAT(why(), HasSubstr("ahead of Mission Control's"));
  const std::size_t before = told_.size();
  server.say(server.requests[0].stream, pulse());
  ASSERT_TRUE(until([&] { return told_.size() > before; }));
  EXPECT_EQ(state(), "up");
  EXPECT_EQ(why(), "");
}

TEST_F(LineStory, OtherSettingsAreAnotherConnectionAndTheErrandIsAskedAgain) {
  configure(part());
  MissionServer& server = raise();
  report();
  request(server, 1);
  configure(part());
  turns();
  EXPECT_TRUE(line_->up()) << "the same settings";
  EXPECT_TRUE(delivered_.empty());
  base::Json other = part();
  other["host"] = "mc.example:8443";
  configure(other);
  EXPECT_EQ(delivered_.at(0).first, 0);
  EXPECT_TRUE(until([&] { return server.gone(); }));
  MissionServer& next = raise();
  EXPECT_EQ(next.requests[0].host, "mc.example:8443");
  line_->configure(nullptr);
  EXPECT_TRUE(until([&] { return next.gone(); }));
  EXPECT_FALSE(line_->up());
}

TEST_F(LineStory, AServerThatLeavesIsLeft) {
  configure(part());
  MissionServer& server = raise();
  server.shut_down();
  turns();
  report();
  EXPECT_EQ(wait_for("waiting"), "it takes no more requests on this connection");
  EXPECT_EQ(delivered_.at(0).first, 0);
  MissionServer& next = raise();
  next.end(next.requests[0].stream);
  EXPECT_EQ(wait_for("waiting"), "it ended the line");
}

// --- for the ledger

class LineErrands : public LineStory {
 protected:
  LineErrands() { connect_ledger(); }
  void connect_ledger() {
    auto pair = ipc::make_socket_pair();
    link_.set_ledger(std::move(pair->first));
    ledger_ = std::make_unique<ipc::SocketChannel>(
        loop_, std::move(pair->second), ipc::SocketChannelLimits{ipc::kLedgerFrame, 4U << 20U},
        [this](std::uint16_t type, std::string_view payload, ipc::SocketChannel::Fds) {
          ipc::Delivered answer;
          ASSERT_EQ(type, static_cast<std::uint16_t>(ipc::ToLedger::Delivered));
          ASSERT_TRUE(ipc::decode(payload, answer));
          if (answer.id == ipc::kAsksDelivered) return;  // with each hello
          answers_.push_back({answer.id, {answer.status, std::string(answer.body)}});
        },
        [](const base::Error&) {});
  }
  void send(std::uint64_t id, std::string_view body, std::string_view place = kLinePlace) {
    base::BinaryWriter out;
    ipc::encode(ipc::Errand{id, place, body}, out);
    ledger_->send(static_cast<std::uint16_t>(ipc::FromLedger::Errand), out.bytes());
  }
  Link link_{loop_, [](std::uint32_t, const Link::Connected&) { ADD_FAILURE() << "of the line alone"; },
             line_.get()};
  std::unique_ptr<ipc::SocketChannel> ledger_;
  std::vector<std::pair<std::uint64_t, std::pair<int, std::string>>> answers_;
};

TEST_F(LineErrands, ComeFromTheLedgerAndGoBackToIt) {
  configure(part());
  send(4, "{}");
  ASSERT_TRUE(until([this] { return answers_.size() == 1; }));
  EXPECT_EQ(answers_[0].first, 4U);
  EXPECT_EQ(answers_[0].second.first, 0);
  MissionServer& server = raise();
  const std::string largest(ipc::kErrandBody, 'x');
  send(5, largest);
  const MissionServer::Request asked = request(server, 1);
  EXPECT_EQ(asked.body, largest);
  server.answer(asked.stream, 200, "{\"taken\":[]}");
  ASSERT_TRUE(until([this] { return answers_.size() == 2; }));
  EXPECT_EQ(answers_[1].first, 5U);
  EXPECT_EQ(answers_[1].second, std::make_pair(200, std::string("{\"taken\":[]}")));
}

TEST_F(LineErrands, ACheckpointIsBroughtToMissionControlAsAWitness) {
  Settings settings;
  Place witness;
  witness.carriage = Carriage::Line;
  witness.name = "vendor";
  settings.places.push_back(witness);
  link_.configure(std::move(settings));
  configure(part());
  MissionServer& server = raise();
  const std::string checkpoint = "old 0\n\norigin\n1\nAAAA\n\n\u2014 origin AAAA\n";
  send(7, checkpoint, "vendor");
  send(8, "{}");  // reports go on beside it
  const MissionServer::Request asked = request(server, 1);
  EXPECT_EQ(asked.target, line::kCheckpointsPath);
  EXPECT_EQ(line::parse_checkpoint_request(asked.body).value(), checkpoint);
  server.answer(asked.stream, 200, line::format(line::CheckpointAnswer{409, "17\n"}));
  ASSERT_TRUE(until([this] { return answers_.size() == 1; }));
  EXPECT_EQ(answers_[0].first, 7U);
  EXPECT_EQ(answers_[0].second, std::make_pair(409, std::string("17\n")));
  server.answer(request(server, 2).stream, 200, "{\"taken\":[]}");
  ASSERT_TRUE(until([this] { return answers_.size() == 2; }));

  send(9, checkpoint, "vendor");
  server.answer(request(server, 3).stream, 429, "{\"code\":\"limit_reached\",\"detail\":\"later\"}");
  ASSERT_TRUE(until([this] { return answers_.size() == 3; }));
  EXPECT_EQ(answers_[2].second.first, 0) << "a refusal of the line's is no answer of a witness";
  EXPECT_TRUE(line_->up());
  send(10, checkpoint, "vendor");
  server.answer(request(server, 4).stream, 200, "{\"status\":42,\"body\":\"\"}");
  ASSERT_TRUE(until([this] { return answers_.size() == 4; }));
  EXPECT_EQ(answers_[3].second.first, 0);
  EXPECT_FALSE(line_->up());
  send(11, checkpoint, "vendor");
  ASSERT_TRUE(until([this] { return answers_.size() == 5; }));
  EXPECT_THAT(answers_[4].second.second, HasSubstr("there is no line"));
}

TEST_F(LineErrands, AskForUpdatesBesideReportsAndBringWhatCame) {
  configure(part());
  MissionServer& server = raise();
  const std::string ask = line::format(line::UpdateAsk{"timestamp.json", 0});
  send(20, ask, kUpdateFilePlace);
  send(21, "{}");  // a report is not kept waiting
  const MissionServer::Request asked = request(server, 1);
  EXPECT_EQ(asked.target, line::kUpdateFilePath);
  EXPECT_EQ(asked.body, ask);
  server.answer(request(server, 2).stream, 200, "{\"taken\":[]}");
  ASSERT_TRUE(until([this] { return answers_.size() == 1; }));
  EXPECT_EQ(answers_[0].first, 21U);
  const std::string piece(line::kUpdatePiece, '\0');
  server.answer(asked.stream, 200, piece);
  ASSERT_TRUE(until([this] { return answers_.size() == 2; }));
  EXPECT_EQ(answers_[1], std::make_pair(std::uint64_t{20}, std::make_pair(200, piece)));

  send(22, "{}", kUpdateOffersPlace);
  EXPECT_EQ(request(server, 3).target, line::kUpdateOffersPath);
  server.answer(request(server, 3).stream, 404, "{\"code\":\"not_found\",\"detail\":\"none\"}");
  ASSERT_TRUE(until([this] { return answers_.size() == 3; }));
  EXPECT_EQ(answers_[2].second.first, 404);
  EXPECT_THAT(answers_[2].second.second, HasSubstr("none"));
  EXPECT_TRUE(line_->up());
}

TEST_F(LineErrands, AnAnswerAboutUpdatesThatHasNoEndCostsThatAnswerAlone) {
  configure(part());
  MissionServer& server = raise();
  send(23, "{}", kUpdateFilePlace);
  send(24, "{}");
  const std::uint32_t stream = request(server, 1).stream;
  server.open(stream);
  server.say(stream, std::string(4 * line::kUpdatePiece, 'x'));
  ASSERT_TRUE(until([this] { return !answers_.empty(); }));
  EXPECT_EQ(answers_[0].first, 23U);
  EXPECT_EQ(answers_[0].second,
            std::make_pair(int{ipc::kTooLongAnswer}, std::string("its answer has more than 196608 bytes")));
  server.answer(request(server, 2).stream, 200, "{\"taken\":[]}");
  ASSERT_TRUE(until([this] { return answers_.size() == 2; }));
  EXPECT_EQ(answers_[1].second.first, 200);
  EXPECT_TRUE(line_->up());
}

TEST_F(LineErrands, OfALedgerThatIsGoneAreNobodys) {
  configure(part());
  MissionServer& server = raise();
  send(6, "{}");
  const std::uint32_t stream = request(server, 1).stream;
  connect_ledger();
  server.answer(stream, 200, "{\"taken\":[]}");
  send(1, "{}");
  server.answer(request(server, 2).stream, 200, "{\"taken\":[]}");
  ASSERT_TRUE(until([this] { return !answers_.empty(); }));
  turns();
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].first, 1U);
}

// --- the certificate of the installation

class LineRenewal : public LineStory {
 protected:
  // Two thirds of its time are over.
  base::Json due() const {
    base::Json json = part();
    const base::Micros now = clock_.wall();
    json["from"] = now - 900 * base::kWallSecond;
    json["until"] = now + 300 * base::kWallSecond;
    return json;
  }
  static std::string chain() { return "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"; }
  static std::string wish() {
    return "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n";
  }
};

TEST_F(LineRenewal, HappensOverTheLine) {
  configure(due());
  MissionServer& server = raise();
  ASSERT_TRUE(until([this] { return is_told("renew"); }));
  answer_last({{"ok", true}, {"request", wish()}});
  const MissionServer::Request asked = request(server, 1);
  EXPECT_EQ(asked.target, "/line/v1/renew");
  EXPECT_EQ(line::parse_renew_request(asked.body)->request, wish());
  server.answer(asked.stream, 200, line::format(line::Renewed{chain()}));
  ASSERT_TRUE(until([this] { return is_told("renewed"); }));
  EXPECT_EQ(told("renewed")["chain"], chain());
  answer_last({{"ok", true}});
  turns();
  EXPECT_TRUE(line_->up());
  EXPECT_EQ(server.requests.size(), 2U);
}

TEST_F(LineRenewal, ThatFailsIsTriedAgainLaterAndTheLineStays) {
  configure(due());
  MissionServer& server = raise();
  ASSERT_TRUE(until([this] { return is_told("renew"); }));
  answer_last({{"ok", true}, {"request", wish()}});
  server.answer(request(server, 1).stream, 403, R"({"code":"x","detail":"not now"})");
  turns();
  EXPECT_FALSE(is_told("renewed"));
  EXPECT_TRUE(line_->up());
  EXPECT_EQ(std::count_if(told_.begin(), told_.end(), [](const auto& one) { return one["do"] == "renew"; }),
            1);
}

TEST_F(LineRenewal, ByOneThatIsOldAlreadyIsNotRenewedAtOnce) {
  configure(due());
  MissionServer& server = raise();
  ASSERT_TRUE(until([this] { return is_told("renew"); }));
  answer_last({{"ok", true}, {"request", wish()}});
  server.answer(request(server, 1).stream, 200, line::format(line::Renewed{chain()}));
  ASSERT_TRUE(until([this] { return is_told("renewed"); }));
  base::Json again = due();
  again["from"] = 1;
  configure(again);
  raise();
  turns();
  EXPECT_EQ(std::count_if(told_.begin(), told_.end(), [](const auto& one) { return one["do"] == "renew"; }),
            1);
}

TEST_F(LineRenewal, WaitsUntilItIsTime) {
  base::Json json = due();
  json["until"] = clock_.wall() + 3'600 * base::kWallSecond;
  configure(json);
  raise();
  turns();
  EXPECT_FALSE(is_told("renew"));
}

// --- enrolment

class LineEnrolling : public LineStory {
 protected:
  base::Json wish() const {
    base::Json json = part();
    json["certificate"] = "";
    json["enrol"] = {
        {"asked", 3},
        {"code", "7H2KQ7H2KQ7H2KQ7H2KQ"},
        {"request", "-----BEGIN CERTIFICATE REQUEST-----\nAA\n-----END CERTIFICATE REQUEST-----\n"}};
    return json;
  }
};

TEST_F(LineEnrolling, IsACodeAndARequestWithoutAName) {
  configure(wish());
  MissionServer& server = serve();
  const MissionServer::Request asked = request(server, 0);
  EXPECT_FALSE(server.named());
  EXPECT_EQ(asked.target, "/line/v1/enrol");
  const auto document = line::parse_enrol_request(asked.body);
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->code, "7H2KQ7H2KQ7H2KQ7H2KQ");
  EXPECT_EQ(document->version, "1.2.3");
  const std::string chain = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n";
  server.answer(asked.stream, 200, line::format(line::Enrolled{"01KB0000000000000000000001", "Acme", chain}));
  ASSERT_TRUE(until([this] { return is_told("enrolled"); }));
  EXPECT_EQ(told("enrolled")["asked"], 3);
  EXPECT_EQ(told("enrolled")["customer"], "Acme");
  EXPECT_EQ(told("enrolled")["chain"], chain);
  EXPECT_TRUE(until([&] { return server.gone(); }));
  configure(wish());
  turns();
  EXPECT_TRUE(connects_.empty()) << "it was asked for once";
  // The supervisor has taken the certificate: the line begins.
  configure(part());
  raise();
}

TEST_F(LineEnrolling, ThatIsRefusedSaysWhy) {
  configure(wish());
  MissionServer& server = serve();
  server.answer(request(server, 0).stream, 403, R"({"code":"enrolment_code_expired","title":"x"})");
  ASSERT_TRUE(until([this] { return is_told("enrol_failed"); }));
  EXPECT_EQ(told("enrol_failed")["asked"], 3);
  EXPECT_EQ(told("enrol_failed")["code"], "enrolment_code_expired");
  EXPECT_EQ(told("enrol_failed")["why"], "the code has expired: ask for another one");
}

TEST_F(LineEnrolling, ThatDoesNotGetThereSaysWhy) {
  configure(wish());
  ASSERT_TRUE(until([this] { return !connects_.empty(); }));
  connects_.front()(base::fail(base::Code::Unavailable, "no connection to mc.example:443: refused"));
  ASSERT_TRUE(until([this] { return is_told("enrol_failed"); }));
  EXPECT_EQ(told("enrol_failed")["why"], "no connection to mc.example:443: refused");
}

TEST_F(LineEnrolling, ThatIsAnsweredWithSomethingElseFailed) {
  configure(wish());
  MissionServer& server = serve();
  server.answer(request(server, 0).stream, 200, R"({"installation":"x"})");
  ASSERT_TRUE(until([this] { return is_told("enrol_failed"); }));
  EXPECT_THAT(told("enrol_failed")["why"].get<std::string>(), StartsWith("its answer to the enrolment: "));
}

}  // namespace
}  // namespace postern::link
