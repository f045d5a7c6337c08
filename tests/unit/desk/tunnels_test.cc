// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/tunnels.h"

#include <gtest/gtest.h>

#include "tests/unit/desk/rig.h"

namespace postern::mission {
namespace {

class TunnelsTest : public DeskRig {
 protected:
  TunnelsTest() : who(enrolled()) {}
  // Of a source, what there is; how it stands is in state.
  std::string read(answer::Source& source) {
    std::string out;
    do state = source.read(out, 1000);
    while (state == answer::Source::State::More);
    return out;
  }
  static std::shared_ptr<answer::Call> asking(const std::string& client, const std::string& name) {
    auto call = std::make_shared<answer::Call>();
    call->client = client;
    http::TargetRules rules;
    EXPECT_TRUE(http::canonicalise("/join?name=" + name, rules, call->target).ok());
    return call;
  }
  answer::Response join(const std::string& name) {
    answer::Response out;
    out.status = 0;
    tunnels.join(asking("192.0.2.7:50123", name),
                 [&out](answer::Response answer) { out = std::move(answer); });
    return out;
  }
  std::string name_of_it() {
    std::string name = who.id;
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return name + ".reach.example";
  }
  std::vector<std::string> noted() {
    std::vector<std::string> out;
    const auto events = store->events(who.id, 0, 100);
    EXPECT_TRUE(events.ok());
    for (const StoredEvent& one : *events)
      if (one.type.starts_with("tunnel.")) out.push_back(one.type);
    return out;
  }

  Enrolled who;
  answer::Source::State state = answer::Source::State::Waiting;
  Tunnels tunnels{*parts, "reach.example", "mission.example"};
};

TEST_F(TunnelsTest, JoinsAnEngineerWithARequestThatWaitsAndCarriesBothHalfCloses) {
  answer::Response up = tunnels.wait(who.id);
  ASSERT_EQ(up.status, 200);
  EXPECT_EQ(read(*up.source), "");
  answer::Response down = join(name_of_it());
  ASSERT_EQ(down.status, 200);
  down.sink->take("hello");
  const std::string said = read(*up.source);
  const std::size_t line = said.find('\n');
  const auto head = line::parse_tunnel_head(std::string_view(said).substr(0, line));
  ASSERT_TRUE(head.ok()) << said;
  EXPECT_EQ(head->client, "192.0.2.7:50123");
  EXPECT_EQ(said.substr(line + 1), line::tunnel_chunk(5) + "hello");
  std::size_t given = 0;
  up.sink->on_begun([&](std::size_t bytes) { given += bytes; });
  up.sink->take("answer");
  EXPECT_EQ(read(*down.source), "answer");
  EXPECT_EQ(given, 6U);
  down.sink->end();
  EXPECT_EQ(read(*up.source), line::tunnel_chunk(0));
  EXPECT_EQ(state, answer::Source::State::Waiting) << "the installation may still speak";
  up.sink->take(", and more");
  up.sink->end();
  EXPECT_EQ(read(*down.source), ", and more");
  EXPECT_EQ(state, answer::Source::State::Done);
  EXPECT_EQ(read(*up.source), "");
  EXPECT_EQ(state, answer::Source::State::Done);
  EXPECT_EQ(noted(), (std::vector<std::string>{"tunnel.ended", "tunnel.relayed"}));
  EXPECT_EQ(tunnels.status()["connected"], 0);
}

TEST_F(TunnelsTest, BreaksOffOneSideWhenTheOtherIsGone) {
  answer::Response up = tunnels.wait(who.id);
  answer::Response down = join(name_of_it());
  up.sink->take("half an answ");
  up.sink.reset();  // the installation reset its stream
  EXPECT_EQ(read(*down.source), "");
  EXPECT_EQ(state, answer::Source::State::Failed) << "not a byte after a cut";
  EXPECT_EQ(read(*up.source), "");
  EXPECT_EQ(state, answer::Source::State::Failed);
}

TEST_F(TunnelsTest, SaysWhyNobodyIsRelayed) {
  for (const char* nobody :
       {"other.reach.example", "reach.example", "x.y.reach.example", "other.example", ""})
    EXPECT_EQ(join(nobody).status, 404) << nobody;
  EXPECT_EQ(join(name_of_it()).status, 403);
  ASSERT_EQ(*store->set_name(who.id, "acme"), true);
  EXPECT_EQ(join("acme.reach.example").status, 403);
  const Enrolled other = enrolled();
  EXPECT_EQ(*store->set_name(other.id, "acme"), false) << "another one has it";
  answer::Response up = tunnels.wait(who.id);
  EXPECT_EQ(join("acme.reach.example").status, 200);
  ASSERT_TRUE(store->set_standing(who.id, Standing::Retired, kTestTime).ok());
  EXPECT_EQ(join("acme.reach.example").status, 404);
}

TEST_F(TunnelsTest, LetsAnEngineerWaitForAnotherRequestButNotForLong) {
  answer::Response first = tunnels.wait(who.id);
  answer::Response one = join(name_of_it());
  ASSERT_EQ(one.status, 200);
  int waited = 0, late = 0;
  tunnels.join(asking("192.0.2.8:1", name_of_it()),
               [&](const answer::Response& answer) { waited = answer.status; });
  EXPECT_EQ(waited, 0);
  answer::Response second = tunnels.wait(who.id);
  EXPECT_EQ(waited, 200);
  tunnels.join(asking("192.0.2.9:1", name_of_it()),
               [&](const answer::Response& answer) { late = answer.status; });
  clock.advance(Tunnels::kPatience + base::kSecond);
  tunnels.look();
  EXPECT_EQ(late, 503);
}

TEST_F(TunnelsTest, WhoLeavesWhileTheyWaitKeepNoPlaceAndAreJoinedWithNothing) {
  answer::Response first = tunnels.wait(who.id);
  answer::Response one = join(name_of_it());
  int next = 0;
  const auto gone = asking("192.0.2.8:1", name_of_it());
  tunnels.join(gone, [](const answer::Response&) { ADD_FAILURE() << "nobody hears it"; });
  tunnels.join(asking("192.0.2.9:1", name_of_it()), [&](const answer::Response& got) { next = got.status; });
  gone->left = true;
  answer::Response second = tunnels.wait(who.id);
  EXPECT_EQ(next, 200) << "the request is for whoever is still there";
  const std::vector<std::string> events = noted();
  EXPECT_EQ(std::count(events.begin(), events.end(), "tunnel.relayed"), 2);
}

TEST_F(TunnelsTest, AHostileInstallationHarmsItselfAlone) {
  std::vector<answer::Response> all;
  for (std::size_t i = 0; i < line::kMostTunnels; ++i) all.push_back(tunnels.wait(who.id));
  EXPECT_EQ(all.back().status, 200);
  EXPECT_EQ(tunnels.wait(who.id).status, 429);
  all.front().sink->take("nobody asked");
  EXPECT_EQ(read(*all.front().source), "");
  EXPECT_EQ(state, answer::Source::State::Failed);
  const Enrolled other = enrolled();
  EXPECT_EQ(tunnels.wait(other.id).status, 200);
  all.clear();
  EXPECT_EQ(join(name_of_it()).status, 403) << "its requests are gone";
}

TEST_F(TunnelsTest, OneAddressHasAShareOfAnInstallationAndNotMore) {
  std::vector<answer::Response> up, down;
  for (std::size_t i = 0; i < 40; ++i) up.push_back(tunnels.wait(who.id));
  for (int i = 0; i < Tunnels::kAtOnceOfAddress; ++i) {
    down.push_back(join(name_of_it()));
    EXPECT_EQ(down.back().status, 200) << i;
  }
  EXPECT_EQ(join(name_of_it()).status, 503) << "faster than two a second";
  while (down.size() < Tunnels::kMostOfAddress) {
    clock.advance(base::kSecond);
    down.push_back(join(name_of_it()));
    ASSERT_EQ(down.back().status, 200) << down.size();
  }
  clock.advance(10 * base::kSecond);
  EXPECT_EQ(join(name_of_it()).status, 503) << "all of its share is in use";
  int other = 0;
  tunnels.join(asking("198.51.100.1:1", name_of_it()),
               [&](const answer::Response& got) { other = got.status; });
  EXPECT_EQ(other, 200);
}

TEST_F(TunnelsTest, ThoseWhoWaitForOneInstallationLeaveRoomForAnother) {
  answer::Response up = tunnels.wait(who.id);
  answer::Response down = join(name_of_it());
  std::vector<int> said(Tunnels::kMostEngineersOfOne + 1);
  for (std::size_t i = 0; i < said.size(); ++i)
    tunnels.join(asking("198.51.100." + std::to_string(i) + ":1", name_of_it()),
                 [&said, i](const answer::Response& got) { said[i] = got.status; });
  EXPECT_EQ(said.front(), 0);
  EXPECT_EQ(said.back(), 503);
  tunnels.end_all();
}

TEST_F(TunnelsTest, EndsAllOfAnInstallationThatIsRetired) {
  answer::Response up = tunnels.wait(who.id), idle = tunnels.wait(who.id);
  answer::Response down = join(name_of_it());
  tunnels.end(who.id);
  for (answer::Response* each : {&up, &idle, &down}) {
    read(*each->source);
    EXPECT_EQ(state, answer::Source::State::Failed);
  }
}

}  // namespace
}  // namespace postern::mission
