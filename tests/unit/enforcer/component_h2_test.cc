// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Nodes that speak HTTP/2, and how the pool shares their connections: a component written by hand, frame by frame.
#include "gateway/enforcer/component_h2.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "gateway/enforcer/component_pool.h"
#include "gateway/ipc/socket_channel.h"
#include "tests/unit/enforcer/fakes.h"
#include "tests/unit/http/h2_frames.h"
#include "tests/unit/tls/pair.h"

namespace postern::enforcer {
namespace {

namespace h2 = http::h2;

// One end of a connection, the component's.
struct H2Peer {
  explicit H2Peer(base::UniqueFd fd) : socket(std::move(fd)) {}
  void say(std::string_view text) {
    ASSERT_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  void settle(const std::vector<std::pair<int, std::uint32_t>>& list = {}) {
    say(h2::settings(list) + h2::frame(h2::kSettings, h2::kAck, 0, ""));
  }
  void answer(std::uint32_t stream, std::string_view body, bool ended = true) {
    say(h2::headers(stream, {{":status", "200"}}, 0) + h2::data(stream, body, ended ? h2::kEndStream : 0));
  }
  void pump() {
    std::array<char, 65536> piece{};
    const ssize_t n = ::recv(socket.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    closed = closed || n == 0;
    if (n <= 0) return;
    held.append(piece.data(), static_cast<std::size_t>(n));
    if (!begun && held.size() < h2::kPreface.size()) return;
    if (!std::exchange(begun, true)) held.erase(0, h2::kPreface.size());
    std::size_t whole = 0;
    const auto size_at = [&](std::size_t i) {
      const auto byte = [&](std::size_t k) { return std::size_t{static_cast<unsigned char>(held[k])}; };
      return byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    };
    while (held.size() >= whole + 9 && held.size() >= whole + 9 + size_at(whole)) whole += 9 + size_at(whole);
    for (h2::Sent& sent : reader.read(std::string_view(held).substr(0, whole)))
      frames.push_back(std::move(sent));
    held.erase(0, whole);
  }
  std::size_t count(std::uint8_t type) const {
    return static_cast<std::size_t>(
        std::count_if(frames.begin(), frames.end(), [&](const h2::Sent& sent) { return sent.type == type; }));
  }

  base::UniqueFd socket;
  h2::Reader reader;
  std::string held;
  bool begun = false, closed = false;
  std::vector<h2::Sent> frames;
};

// An exchange; what happens to it becomes a word of story.
struct Asking final : ComponentUser {
  void on_component_head(const http::ResponseHead& head) override {
    story += std::to_string(head.status) + " ";
  }
  std::size_t component_room() const override { return room; }
  void on_component_body(std::string_view piece) override {
    EXPECT_LE(piece.size(), room);
    room -= piece.size();
    body += piece;
  }
  void on_component_end(const http::Fields&) override {
    story += "end";
    carrier = nullptr;
  }
  void on_component_failed(base::Refusal refusal, std::string_view, Loss loss) override {
    story += base::text_of(refusal).code;
    story += loss == Loss::Unprocessed ? " unprocessed" : loss == Loss::Unanswered ? " unanswered" : "";
    carrier = nullptr;
  }
  void on_component_drained() override {}

  ComponentCarrier* carrier = nullptr;
  std::string story, body;
  std::size_t room = 1U << 20U;
};

class SharedConnections : public ::testing::Test {
 protected:
  SharedConnections() {
    Service service;
    service.name = "little";
    Node node;
    node.service = "little";
    node.authority = "h:1";
    node.http2 = Http2::PriorKnowledge;
    service.nodes.push_back(node);
    EXPECT_TRUE(pool.set_services({service}, {}).ok());
  }
  Asking& ask(Need need = Need::Any, bool keep_alive = true) {
    Asking& asking = *asked.emplace_back(std::make_unique<Asking>());
    pool.acquire(0, nullptr, need, asked.size(), [&, keep_alive](base::Result<ComponentCarrier*> got) {
      if (!got.ok()) {
        asking.story += "not connected";
        return;
      }
      asking.carrier = *got;
      asking.carrier->begin(asking, http::Method::Get);
      send_head(*asking.carrier, {http::Method::Get, "/", "h:1"}, {}, {}, {}, keep_alive);
      if (asking.carrier != nullptr) asking.carrier->send_end({});
    });
    return asking;
  }
  template <typename Condition>
  bool until(Condition condition) {
    return turn_until(loop, [&] {
      for (const auto& peer : peers) peer->pump();
      return condition();
    });
  }
  bool heads(std::size_t peer, std::size_t count) {
    return until([&] { return peers.size() > peer && peers[peer]->count(h2::kHeaders) == count; });
  }

  bool may_send = true;
  loop::Loop loop;
  base::SystemClock clock;
  keeper::KeyRing keys;
  tls::RingSigner signer{keys};
  std::vector<std::unique_ptr<H2Peer>> peers;
  std::vector<std::unique_ptr<Asking>> asked;
  ComponentPool pool{loop, clock,
                     [this](std::uint32_t, const std::function<void(base::Result<base::UniqueFd>)>& then) {
                       auto sockets = *ipc::make_socket_pair();
                       peers.push_back(std::make_unique<H2Peer>(std::move(sockets.second)));
                       then(std::move(sockets.first));
                     },
                     signer, [this] { return may_send; }};
};

TEST_F(SharedConnections, CarryAllWhoWaitedForTheFirst) {
  for (int i = 0; i < 5; ++i) ask();
  ASSERT_TRUE(heads(0, 1)) << "until it is known how many more it takes";
  peers[0]->settle();
  ASSERT_TRUE(heads(0, 5));
  EXPECT_EQ(peers.size(), 1U);
  for (const std::uint32_t stream : {9U, 1U, 5U, 3U, 7U})
    peers[0]->answer(stream, "body " + std::to_string(stream));
  ASSERT_TRUE(until([&] { return asked[4]->story == "200 end" && asked[3]->story == "200 end"; }));
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(asked[i]->body, "body " + std::to_string(2 * i + 1));
}

TEST_F(SharedConnections, SendNothingBeforeItsRecordHasLeft) {
  ask();
  ASSERT_TRUE(heads(0, 1));
  peers[0]->settle();
  ASSERT_TRUE(until([&] { return peers[0]->count(h2::kSettings) == 2; }));
  may_send = false;
  ask();
  peers[0]->answer(1, "something to react to");
  ASSERT_TRUE(until([&] { return asked[0]->story == "200 end"; }));
  for (int i = 0; i < 20; ++i) loop.turn();
  peers[0]->pump();
  EXPECT_EQ(peers[0]->count(h2::kHeaders), 1U);
  may_send = true;
  EXPECT_TRUE(heads(0, 2));
}

TEST_F(SharedConnections, CarryNoMoreThanTheNodeAllows) {
  for (int i = 0; i < 5; ++i) ask();
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(heads(i, 1));
    peers[i]->settle({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2}});
  }
  EXPECT_TRUE(heads(0, 2) && heads(1, 2) && heads(2, 1));
  EXPECT_EQ(peers.size(), 3U);
  // A place that becomes free is used again.
  peers[0]->answer(1, "x");
  ASSERT_TRUE(until([&] { return asked[0]->story == "200 end"; }));
  ask();
  EXPECT_TRUE(heads(0, 3));
}

TEST_F(SharedConnections, AreNotSharedWithWhoNeedsAFreshOne) {
  Asking& first = ask();
  ASSERT_TRUE(heads(0, 1));
  peers[0]->settle();
  Asking& fresh = ask(Need::Fresh, false);
  ASSERT_TRUE(heads(1, 1));
  EXPECT_TRUE(fresh.carrier->fresh());
  peers[1]->settle();
  peers[1]->answer(1, "well");
  EXPECT_TRUE(until([&] { return fresh.story == "200 end" && peers[1]->closed; })) << "it was not to be kept";
  EXPECT_EQ(first.story, "");
}

TEST_F(SharedConnections, LoseOneExchangeAndKeepTheOthers) {
  Asking &left = ask(), &stays = ask();
  ASSERT_TRUE(heads(0, 1));
  peers[0]->settle();
  ASSERT_TRUE(heads(0, 2));
  peers[0]->answer(1, "begun", false);
  ASSERT_TRUE(until([&] { return left.body == "begun"; }));
  left.carrier->abandon();
  ASSERT_TRUE(until([&] { return peers[0]->count(h2::kReset) == 1; }));
  EXPECT_EQ(peers[0]->frames.back().code(), static_cast<std::uint32_t>(NGHTTP2_CANCEL));
  peers[0]->say(h2::data(1, "late"));
  peers[0]->answer(3, "whole");
  ASSERT_TRUE(until([&] { return stays.story == "200 end"; }));
  EXPECT_EQ(left.body, "begun");
  ask();
  EXPECT_TRUE(heads(0, 3)) << "it is used again";
}

TEST_F(SharedConnections, ThatSayNothingAreNotUsedAgain) {
  Asking& first = ask();
  ASSERT_TRUE(heads(0, 1));
  peers[0]->settle();
  ASSERT_TRUE(until([&] { return peers[0]->count(h2::kSettings) == 2; }));
  peers[0]->answer(1, "x");
  ASSERT_TRUE(until([&] { return first.story == "200 end"; }));
  Asking& second = ask();
  ASSERT_TRUE(heads(0, 2));
  second.carrier->abandon();  // in the end
  EXPECT_TRUE(until([&] { return peers[0]->closed; }));
  ask();
  EXPECT_TRUE(heads(1, 1));
}

TEST_F(SharedConnections, HoldWhatAnExchangeCannotTakeYet) {
  Asking& slow = ask();
  slow.room = 3;
  ASSERT_TRUE(heads(0, 1));
  peers[0]->settle();
  peers[0]->answer(1, "abcdefgh");
  ASSERT_TRUE(until([&] { return slow.body == "abc"; }));
  // All of it is here: the end of the connection takes nothing away.
  ::shutdown(peers[0]->socket.get(), SHUT_RDWR);
  for (int i = 0; i < 20; ++i) loop.turn();
  EXPECT_EQ(slow.story, "200 ");
  slow.room = 2;
  slow.carrier->resume();
  EXPECT_EQ(slow.body, "abcde");
  slow.room = 100;
  slow.carrier->resume();
  EXPECT_EQ(slow.body, "abcdefgh");
  EXPECT_EQ(slow.story, "200 end");
}

TEST_F(SharedConnections, SayWhatIsKnownOfARequestThatFailed) {
  for (int i = 0; i < 3; ++i) ask();
  ASSERT_TRUE(heads(0, 1));
  peers[0]->settle();
  ASSERT_TRUE(heads(0, 3));
  peers[0]->say(h2::reset(3, NGHTTP2_REFUSED_STREAM));
  peers[0]->answer(1, "begun", false);
  ASSERT_TRUE(until([&] { return asked[0]->body == "begun"; }));
  EXPECT_EQ(asked[1]->story, "component_closed unprocessed");
  peers[0]->socket.reset();
  ASSERT_TRUE(turn_until(loop, [&] { return !asked[2]->story.empty(); }));
  EXPECT_EQ(asked[0]->story, "200 component_closed");
  EXPECT_EQ(asked[2]->story, "component_closed unanswered");
}

TEST_F(SharedConnections, ThatBreakTheRulesAreEndedWithAllThatTheyCarry) {
  for (int i = 0; i < 2; ++i) ask();
  ASSERT_TRUE(heads(0, 1));
  peers[0]->settle();
  ASSERT_TRUE(heads(0, 2));
  peers[0]->say(h2::headers(2, {{":status", "200"}}, h2::kEndStream));
  ASSERT_TRUE(until([&] { return peers[0]->closed; }));
  EXPECT_EQ(peers[0]->count(h2::kGoaway), 1U);
  for (const auto& one : asked) EXPECT_EQ(one->story, "component_malformed unanswered");
}

TEST_F(SharedConnections, FailThoseWhoWaitedForOneThatNeverSpoke) {
  for (int i = 0; i < 3; ++i) ask();
  ASSERT_TRUE(heads(0, 1));
  pool.cancel(3);
  peers[0]->socket.reset();
  ASSERT_TRUE(turn_until(loop, [&] { return !asked[1]->story.empty(); }));
  EXPECT_EQ(asked[0]->story, "component_closed unanswered");
  EXPECT_EQ(asked[1]->story, "not connected");
  EXPECT_EQ(asked[2]->story, "");
  ask();
  EXPECT_TRUE(until([&] { return peers.size() == 2 && peers[1]->begun; }));
}

}  // namespace
}  // namespace postern::enforcer
