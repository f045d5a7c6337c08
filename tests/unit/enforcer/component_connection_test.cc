// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/component_connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "gateway/ipc/socket_channel.h"
#include "tests/unit/enforcer/fakes.h"

namespace postern::enforcer {
namespace {

// The user, the owner and the component in one: everything that happens becomes a word of story.
class Component : public ::testing::Test, public ComponentUser, public ComponentOwner {
 protected:
  Component() {
    auto sockets = *ipc::make_socket_pair();
    theirs = std::move(sockets.second);
    connection = std::make_unique<ComponentConnection>(loop, *this, ComponentConnection::Place{},
                                                       std::move(sockets.first), nullptr, http::HeadLimits{});
  }
  // Asks, and has the question leave.
  void ask(http::Method method = http::Method::Get) {
    connection->begin(*this, method);
    connection->send("GET / HTTP/1.1\r\nhost: h\r\n\r\n");
    connection->send_end({});
    connection->flush();
  }
  void say(std::string_view text) {
    ASSERT_EQ(::send(theirs.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  bool reads(std::string_view expected) {
    return turn_until(
        loop, [&] { return story == expected; }, 2000);
  }

  void on_component_head(const http::ResponseHead& head) override {
    story += std::to_string(head.status) + " ";
  }
  std::size_t component_room() const override { return room; }
  void on_component_body(std::string_view piece) override {
    EXPECT_LE(piece.size(), room);
    room -= piece.size();
    body += piece;
  }
  void on_component_end(const http::Fields& trailers) override {
    story += "end";
    trailers.for_each([&](const http::Field& f) { story += " " + std::string(f.name); });
  }
  void on_component_failed(base::Refusal refusal, std::string_view, Loss loss) override {
    story += std::string(base::text_of(refusal).code) + (loss == Loss::Unanswered ? " untouched" : "");
  }
  void on_component_drained() override { ++drained; }
  void touch(PooledConnection&) override {}
  void rest(ComponentConnection&) override { story += "rest "; }
  void retire(ComponentConnection&) override {
    retired = true;
    loop.dispose(std::move(connection));
  }
  std::span<char> scratch() override { return buffer; }

  loop::Loop loop;
  std::vector<char> buffer = std::vector<char>(65536);
  base::UniqueFd theirs;
  std::unique_ptr<ComponentConnection> connection;
  std::string story, body;
  std::size_t room = 1U << 20U;
  int drained = 0;
  bool retired = false;
};

TEST_F(Component, ACompleteAnswerLeavesTheConnectionForTheNext) {
  for (int i = 0; i < 2; ++i) {
    story.clear();
    ask();
    say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    ASSERT_TRUE(reads("200 rest end")) << story;
  }
  EXPECT_EQ(body, "hihi");
  EXPECT_FALSE(connection->fresh());
  EXPECT_EQ(drained, 2);
}

struct Case {
  const char* name;
  std::string said;
  bool closes;
  std::string story;
  http::Method method = http::Method::Get;
};

TEST_F(Component, WhatItMakesOfEachAnswer) {
  const std::vector<Case> cases = {
      {"garbage", "\x16\x03\x01nonsense\r\n\r\n", false, "component_malformed"},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", false,
       "component_malformed"},
      {"less than it promised", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", true,
       "200 component_closed"},
      {"more than it promised", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nhi", false, "200 end"},
      {"closes without a word", "", true, "component_closed untouched"},
      {"closes within the head", "HTTP/1.1 200 OK\r\nCont", true, "component_closed"},
      {"closes when it is done", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", true,
       "200 end"},
      {"ends by closing", "HTTP/1.1 200 OK\r\n\r\nuntil the end", true, "200 end"},
      {"interim heads", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false,
       "103 200 rest end"},
      {"chunks and trailers",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-T: 1\r\n\r\n", false,
       "200 rest end x-t"},
      {"a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false,
       "200 component_malformed"},
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", false, "200 rest end", http::Method::Head},
      {"204", "HTTP/1.1 204 No Content\r\n\r\n", false, "204 rest end"},
  };
  for (const Case& one : cases) {
    auto sockets = *ipc::make_socket_pair();
    theirs = std::move(sockets.second);
    connection = std::make_unique<ComponentConnection>(loop, *this, ComponentConnection::Place{},
                                                       std::move(sockets.first), nullptr, http::HeadLimits{});
    story.clear();
    ask(one.method);
    say(one.said);
    if (one.closes) ::shutdown(theirs.get(), SHUT_WR);
    EXPECT_TRUE(reads(one.story)) << one.name << ": " << story;
    loop.turn();
    EXPECT_EQ(one.story.find("rest") == std::string::npos, connection == nullptr) << one.name;
  }
}

TEST_F(Component, InterimAnswersWithoutEndAreNotPassedOn) {
  ask();
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "HTTP/1.1 103 Early Hints\r\n\r\n";
  say(many);
  ASSERT_TRUE(turn_until(loop, [&] { return retired; }));
  EXPECT_TRUE(story.ends_with("component_malformed"));
  EXPECT_LT(story.size(), 200U);
}

TEST_F(Component, BytesOnARestingConnectionEndIt) {
  say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(turn_until(loop, [&] { return retired; }));
  EXPECT_EQ(story, "");
}

TEST_F(Component, WhatRestsIsLookedAtBeforeItIsUsedAgain) {
  const auto rests = [&](std::string_view said, bool closes) {
    auto sockets = *ipc::make_socket_pair();
    theirs = std::move(sockets.second);
    retired = false;
    connection = std::make_unique<ComponentConnection>(loop, *this, ComponentConnection::Place{},
                                                       std::move(sockets.first), nullptr, http::HeadLimits{});
    story.clear();
    ask();
    say("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_TRUE(reads("204 rest end")) << story;
    if (!said.empty()) say(said);
    if (closes) theirs.reset();
    const bool still = connection->still_rests();  // without a turn of the loop in between
    EXPECT_EQ(retired, !still);
    loop.turn();
    return still;
  };
  EXPECT_TRUE(rests("", false));
  EXPECT_FALSE(rests("", true));
  EXPECT_FALSE(rests("HTTP/1.1 200 OK\r\n", false));
  EXPECT_EQ(body, "");
}

TEST_F(Component, AnAnswerThatCameBeforeTheQuestionIsNotItsAnswer) {
  say("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold");
  connection->begin(*this, http::Method::Get);
  connection->send("GET / HTTP/1.1\r\nhost: h\r\n\r\n");  // still waiting for its record
  ASSERT_TRUE(turn_until(loop, [&] { return retired; }));
  EXPECT_EQ(story, "component_malformed untouched");
  EXPECT_EQ(body, "");
}

TEST_F(Component, AResetIsNotTheEndOfABodyThatEndsByClosing) {
  // A socket that is closed with unread bytes in it resets its peer.
  connection->begin(*this, http::Method::Get);
  connection->send("GET / HTTP/1.1\r\nhost: h\r\n\r\n");
  connection->flush();
  say("HTTP/1.1 200 OK\r\n\r\nhalf of it");
  theirs.reset();
  ASSERT_TRUE(turn_until(loop, [&] { return retired; }));
  EXPECT_EQ(story, "200 component_closed");
}

TEST_F(Component, StopsReadingWhenThereIsNoRoomAndGoesOnAtResume) {
  room = 10'000;
  ask();
  say("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + std::string(60'000, 'x'));
  ::shutdown(theirs.get(), SHUT_WR);
  for (int i = 0; i < 50; ++i) loop.turn();
  EXPECT_EQ(story, "200 ");
  EXPECT_LE(body.size(), 10'000U);
  while (story == "200 " && body.size() < 60'000) {
    room += 10'000;
    connection->resume();
    for (int i = 0; i < 5; ++i) loop.turn();
  }
  EXPECT_TRUE(turn_until(loop, [&] { return story.ends_with("end"); })) << story;
  EXPECT_EQ(body.size(), 60'000U);
}

TEST_F(Component, AUserThatAbandonsHearsNoMore) {
  ask();
  say("HTTP/1.1 200 OK\r\n\r\n");
  connection->abandon();
  for (int i = 0; i < 5; ++i) loop.turn();
  EXPECT_EQ(story, "");
  EXPECT_TRUE(retired);
}

}  // namespace
}  // namespace postern::enforcer
