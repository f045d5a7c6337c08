// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>

#include "gateway/answer/exchange_face.h"
#include "gateway/ipc/exchange_protocol.h"
#include "gateway/ipc/ring.h"

namespace postern::answer {
namespace {

using Frame = ipc::ExchangeFrame;

// Keeps every call, and answers none of them.
class Patient final : public Answerer {
 public:
  void answer(std::shared_ptr<Call> call, Reply reply) override {
    calls.push_back(std::move(call));
    replies.push_back(std::move(reply));
  }
  Response refuse(const Call&, base::Refusal refusal, std::string_view why) override {
    return problem(refusal, why);
  }
  std::string_view place() const override { return "a test"; }
  std::size_t body_limit(const Call& call) const override { return call.certificates->empty() ? 10 : 100; }

  std::vector<std::shared_ptr<Call>> calls;
  std::vector<Reply> replies;
};

// The test is the terminator.
class FaceLimitsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto pair = ipc::make_ring_pair();
    ASSERT_TRUE(pair.ok());
    auto opened = ipc::ExchangeChannel::open(
        loop, std::move(pair->first), 0,
        [this](Frame type, std::uint64_t id, std::string_view payload) {
          ipc::ResponseHead head;
          if (type == Frame::ResponseHead && decode(payload, head)) status[id] = head.status;
        },
        [](const base::Error&) {});
    ASSERT_TRUE(opened.ok());
    face.on_breach([this](const std::string&) { ++breaches; });
    channel = std::move(*opened);
    ASSERT_TRUE(face.connect(std::move(pair->second)).ok());
    open(1, {});
    open(2, {"a leaf", "its issuer"});
  }
  void open(std::uint64_t connection, std::vector<std::string_view> certificates) {
    base::BinaryWriter out;
    encode(ipc::ConnectionOpened{"192.0.2.7:50123", "TLSv1.3", false, std::move(certificates)}, out);
    channel->send(Frame::ConnectionOpened, connection, out.bytes());
  }
  void ask(std::uint64_t id, std::uint64_t connection, std::uint64_t length = 0) {
    ipc::RequestHead head;
    head.connection = connection;
    head.method = length > 0 ? "POST" : "GET";
    head.target = "/";
    const std::string size = std::to_string(length);
    head.fields = {{"host", "localhost"}};
    if (length > 0) {
      head.fields.push_back({"content-length", size});
      head.body = ipc::BodyKind::Sized;
      head.length = length;
    }
    base::BinaryWriter out;
    encode(head, out);
    channel->send(Frame::RequestHead, id, out.bytes());
  }
  void done(std::uint64_t id) {
    base::BinaryWriter out;
    encode(ipc::ExchangeDone{}, out);
    channel->send(Frame::ExchangeDone, id, out.bytes());
  }
  void turn() {
    for (int i = 0; i < 50; ++i) loop.turn();
  }

  loop::Loop loop;
  Patient patient;
  const std::vector<http::Authority> names{{"localhost", 0}};
  ExchangeFace face{loop, patient, names, ExchangeFace::Most{4, 2}};
  std::unique_ptr<ipc::ExchangeChannel> channel;
  std::map<std::uint64_t, int> status;
  int breaches = 0;
};

TEST_F(FaceLimitsTest, ACallHasTheCertificatesOfItsConnection) {
  ask(1, 1);
  ask(2, 2);
  turn();
  ASSERT_EQ(patient.calls.size(), 2U);
  EXPECT_TRUE(patient.calls[0]->certificates->empty());
  EXPECT_EQ(*patient.calls[1]->certificates, (std::vector<std::string>{"a leaf", "its issuer"}));
}

// It is who is named in events: "uid 0" is an admin at the machine itself.
TEST_F(FaceLimitsTest, AClientIsAnAddress) {
  for (const std::string_view client : {"uid 0", "", "192.0.2.7", "192.0.2.7:x", "2001:db8::1:443"}) {
    SetUp();
    const int before = breaches;
    base::BinaryWriter out;
    encode(ipc::ConnectionOpened{client, "TLSv1.3", false, {}}, out);
    channel->send(Frame::ConnectionOpened, 3, out.bytes());
    turn();
    EXPECT_EQ(breaches, before + 1) << client;
  }
  SetUp();
  base::BinaryWriter out;
  encode(ipc::ConnectionOpened{"[2001:db8::1]:443", "TLSv1.3", false, {}}, out);
  channel->send(Frame::ConnectionOpened, 3, out.bytes());
  ask(1, 3);
  turn();
  ASSERT_EQ(patient.calls.size(), 1U);
  EXPECT_EQ(patient.calls[0]->client, "[2001:db8::1]:443");
}

TEST_F(FaceLimitsTest, ACallKnowsThatItsClientLeft) {
  ask(1, 1);
  ask(2, 2);
  turn();
  ASSERT_EQ(patient.calls.size(), 2U);
  channel->send(Frame::ClientGone, 1, {});
  done(1);
  turn();
  EXPECT_TRUE(patient.calls[0]->left);
  EXPECT_FALSE(patient.calls[1]->left);
}

TEST_F(FaceLimitsTest, StrangersTakeNoPlaceOfOthers) {
  for (std::uint64_t id = 1; id <= 3; ++id) ask(id, 1);
  ask(4, 2);
  turn();
  EXPECT_EQ(patient.calls.size(), 3U);
  EXPECT_EQ(status[3], 503);
  EXPECT_EQ(status.count(4), 0U) << "it waits for its answer";
  done(1);
  done(3);
  ask(5, 1);
  turn();
  EXPECT_EQ(patient.calls.size(), 4U) << "there is room again";
  ask(6, 2);
  ask(7, 2);
  turn();
  EXPECT_EQ(status[7], 503) << "more than four at all";
}

TEST_F(FaceLimitsTest, TheAnswererSaysHowLongABodyMayBe) {
  ask(1, 1, 11);
  ask(2, 2, 11);
  ask(3, 2, 101);
  turn();
  EXPECT_EQ(status[1], 413);
  EXPECT_EQ(status.count(2), 0U);
  EXPECT_EQ(status[3], 413);
}

// The bytes of the first answer may wait for the client: the second refusal is no news, and no breach.
TEST_F(FaceLimitsTest, ARequestMayBeRefusedTwice) {
  const auto refuse = [this](std::uint64_t id, base::Refusal why) {
    base::BinaryWriter out;
    encode(ipc::RequestRefused{2, why, "why", ""}, out);
    channel->send(Frame::RequestRefused, id, out.bytes());
  };
  ask(1, 2, 10);
  refuse(1, base::Refusal::RequestTimeout);
  refuse(1, base::Refusal::AmbiguousFraming);
  turn();
  EXPECT_EQ(status[1], 408);
  ask(2, 2);
  turn();
  EXPECT_EQ(patient.calls.size(), 1U) << "and others are heard";
  EXPECT_EQ(breaches, 0);
  channel->send(Frame::RequestBody, 1, "x");
  turn();
  EXPECT_EQ(breaches, 1) << "what comes behind a refusal is one";
}

// Each within its credit, all together would break the channel to a terminator that does other things.
TEST(Face, GivesBodiesAsTheTerminatorTakesThem) {
  constexpr std::size_t kAnswers = 150;
  const std::string body(120'000, 'x');
  loop::Loop loop, elsewhere;
  Patient patient;
  const std::vector<http::Authority> names{{"localhost", 0}};
  ExchangeFace face{loop, patient, names, ExchangeFace::Most{kAnswers, kAnswers}};
  auto pair = ipc::make_ring_pair();
  std::size_t bytes = 0, ended = 0;
  auto opened = ipc::ExchangeChannel::open(
      elsewhere, std::move(pair->first), 0,
      [&](Frame type, std::uint64_t, std::string_view payload) {
        if (type == Frame::ResponseBody) bytes += payload.size();
        if (type == Frame::ResponseEnd) ++ended;
      },
      [](const base::Error& why) { ADD_FAILURE() << why.message; });
  const std::unique_ptr<ipc::ExchangeChannel> channel = *std::move(opened);
  ASSERT_TRUE(face.connect(std::move(pair->second)).ok());
  const auto turn = [&](bool both) {
    for (int i = 0; i < 500; ++i) {
      loop.turn();
      if (both) elsewhere.turn();
    }
  };
  base::BinaryWriter out;
  encode(ipc::ConnectionOpened{"192.0.2.7:50123", "TLSv1.3", false, {}}, out);
  channel->send(Frame::ConnectionOpened, 1, out.bytes());
  ipc::RequestHead head;
  head.connection = 1;
  head.method = "GET";
  head.target = "/";
  head.fields = {{"host", "localhost"}};
  encode(head, out);
  for (std::uint64_t id = 1; id <= kAnswers; ++id) channel->send(Frame::RequestHead, id, out.bytes());
  turn(true);
  ASSERT_EQ(patient.replies.size(), kAnswers);
  for (const Reply& reply : patient.replies) {
    Response response;
    response.body = body;
    reply(std::move(response));
  }
  turn(false);
  EXPECT_GT(face.waiting(), 0U);
  EXPECT_LE(face.waiting(), ExchangeFace::kMuchWaiting + kAnswers * 1024) << "heads come on top";
  turn(true);
  EXPECT_EQ(ended, kAnswers);
  EXPECT_EQ(bytes, kAnswers * body.size());
}

}  // namespace
}  // namespace postern::answer
