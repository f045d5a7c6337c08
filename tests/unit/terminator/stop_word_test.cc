// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The stop word: from the moment it is raised nothing leaves, until whoever answers has looked; what is cut then has ended
// when it stopped.
#include "gateway/ipc/stop_word.h"

#include <sys/eventfd.h>

#include "tests/unit/terminator/scene.h"

namespace postern::terminator {
namespace {

class StoppedTerminator : public TerminatorScene {
 protected:
  StoppedTerminator() {
    auto page = *ipc::SharedPage::make("the stop word");
    base::UniqueFd bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    std::vector<base::UniqueFd> bells;
    bells.emplace_back(::dup(bell.get()));
    word = *ipc::StopRaiser::attach(*page.share(ipc::SharedPage::Use::Write), std::move(bells));
    start();
    terminator->set_stop_word(*ipc::StopReader::attach(*page.share(ipc::SharedPage::Use::Read)),
                              std::move(bell));
  }
  void reviewed(std::uint64_t number) {
    base::BinaryWriter out;
    out.u64(number);
    answerer->send(Type::Reviewed, 0, out.bytes());
  }
  std::uint64_t stream(Client& client) {
    const std::uint64_t id = request(client, "GET /s HTTP/1.1\r\nHost: gateway.example\r\n\r\n");
    respond_head(id, 200, ipc::BodyKind::Streamed);
    answerer->send(Type::ResponseBody, id, "first");
    EXPECT_TRUE(turn_until([&] { return client.has("first"); }));
    return id;
  }
  // Whether what is sent now stays here while everything else gets its turns.
  bool stays_here(Client& client, std::uint64_t id) {
    answerer->send(Type::ResponseBody, id, "second");
    return !turn_until([&] { return client.has("second"); }, 300);
  }

  ipc::StopRaiser word;
};

TEST_F(StoppedTerminator, SendsNothingUntilAllWasLookedAt) {
  Client& client = connect();
  const std::uint64_t id = stream(client);
  const std::uint64_t number = word.raise(true);
  EXPECT_TRUE(stays_here(client, id));
  reviewed(number - 1);
  EXPECT_FALSE(turn_until([&] { return client.has("second"); }, 300));
  reviewed(number);
  EXPECT_TRUE(turn_until([&] { return client.has("second"); }));
}

TEST_F(StoppedTerminator, WhatIsCutHasEndedWhenItStopped) {
  Client& client = connect();
  const std::uint64_t id = stream(client);
  const std::uint64_t number = word.raise(true);
  EXPECT_TRUE(stays_here(client, id));
  const base::Nanos looked = loop.now();
  answerer->send(Type::Cut, id, std::string_view("\1", 1));
  reviewed(number);
  EXPECT_LE(done().ended, looked);
  EXPECT_TRUE(turn_until([&] { return client.reset; }));
  EXPECT_FALSE(client.has("second"));
}

// Nobody has anything to send, and the terminator sleeps: it looks all the same.
TEST_F(StoppedTerminator, ItIsWokenToLook) {
  Client& client = connect();
  const std::uint64_t id = stream(client);
  const std::uint64_t number = word.raise(true);
  for (int i = 0; i < 10; ++i) loop.turn();
  const base::Nanos looked = loop.now();
  answerer->send(Type::Cut, id, std::string_view("\1", 1));
  reviewed(number);
  EXPECT_LE(done().ended, looked);
}

TEST_F(StoppedTerminator, WhatNobodyLooksAtIsBrokenOff) {
  Client& client = connect();
  const std::uint64_t id = stream(client);
  word.raise(true);
  EXPECT_TRUE(stays_here(client, id));
  EXPECT_TRUE(turn_until([&] { return client.reset; }, 10'000'000));
  EXPECT_FALSE(client.has("second"));
  Client& next = connect();
  stream(next);
}

TEST_F(StoppedTerminator, WhatWasStoppedDoesNotLeaveWhenWhoeverAnswersIsGone) {
  Client& client = connect();
  const std::uint64_t id = stream(client);
  word.raise(true);
  EXPECT_TRUE(stays_here(client, id));
  join();
  EXPECT_TRUE(turn_until([&] { return client.reset; }));
  EXPECT_FALSE(client.has("second"));
}

TEST_F(StoppedTerminator, ANumberThatWasNeverRaisedCountsForNothing) {
  Client& client = connect();
  const std::uint64_t id = stream(client);
  reviewed(~std::uint64_t{0});
  EXPECT_FALSE(turn_until([] { return false; }, 300));
  word.raise(true);
  EXPECT_TRUE(stays_here(client, id));
}

// What the kernel had and the client did not take could still leave, until the connection was reset.
TEST_F(StoppedTerminator, WhatTheKernelHeldBackHasEndedWhenItWasCut) {
  Client& client = connect();
  const std::uint64_t id = stream(client);
  client.reads = false;
  const std::string piece(ipc::kBodyPiece, 'x');
  std::size_t credits = count(Type::ResponseCredit);
  answerer->send(Type::ResponseBody, id, piece);
  // As long as the kernel takes what is sent, credit comes back.
  while (turn_until([&] { return count(Type::ResponseCredit) > credits; }, 3'000)) {
    credits = count(Type::ResponseCredit);
    answerer->send(Type::ResponseBody, id, piece);
  }
  const std::uint64_t number = word.raise(true);
  EXPECT_TRUE(stays_here(client, id));
  const base::Nanos before = loop.now();
  answerer->send(Type::Cut, id, std::string_view("\1", 1));
  reviewed(number);
  EXPECT_GE(done().ended, before);
}

TEST_F(StoppedTerminator, WhoeverAnswersAnewHasLookedAtAllThatWasStoppedBefore) {
  Client& client = connect();
  stream(client);
  word.raise(true);
  join();
  EXPECT_TRUE(turn_until([&] { return client.reset; }));
  Client& next = connect();
  stream(next);
}

TEST(StopWord, IsReadOnlyForThoseWhoRead) {
  auto page = *ipc::SharedPage::make("the stop word");
  EXPECT_FALSE(ipc::StopRaiser::attach(*page.share(ipc::SharedPage::Use::Read)).ok());
  EXPECT_FALSE(ipc::StopReader::attach(base::UniqueFd(::dup(0))).ok());
}

TEST(StopWord, OutlivesWhoeverRaisesIt) {
  auto page = *ipc::SharedPage::make("the stop word");
  const auto reader = *ipc::StopReader::attach(*page.share(ipc::SharedPage::Use::Read));
  EXPECT_EQ(reader.number(), 0U);
  {
    auto first = *ipc::StopRaiser::attach(*page.share(ipc::SharedPage::Use::Write));
    EXPECT_EQ(first.raise(true), 1U);
  }
  auto second = *ipc::StopRaiser::attach(*page.share(ipc::SharedPage::Use::Write));
  EXPECT_EQ(second.number(), 1U);
  EXPECT_EQ(second.raise(true), 2U);
  EXPECT_EQ(reader.number(), 2U);
}

}  // namespace
}  // namespace postern::terminator
