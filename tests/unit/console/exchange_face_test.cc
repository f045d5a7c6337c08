// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/answer/exchange_face.h"

#include <map>

#include "tests/unit/console/rig.h"

namespace postern::console {
namespace {

using answer::ExchangeFace;

using Frame = ipc::ExchangeFrame;

// The test is the terminator.
class ExchangeFaceTest : public Rig {
 protected:
  struct Seen {
    int status = 0;
    std::uint64_t length = 0;
    std::map<std::string, std::string> fields;
    std::string body;
    bool ended = false, close = false;
    std::uint64_t credit = 0;
    bool continued = false;
  };

  void SetUp() override {
    auto pair = ipc::make_ring_pair();
    ASSERT_TRUE(pair.ok());
    auto opened = ipc::ExchangeChannel::open(
        loop, std::move(pair->first), 0,
        [this](Frame type, std::uint64_t id, std::string_view payload) { take(type, id, payload); },
        [this](const base::Error&) { broken = true; });
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    channel = std::move(*opened);
    ASSERT_TRUE(face.connect(std::move(pair->second)).ok());
    base::BinaryWriter out;
    encode(ipc::ConnectionOpened{"192.0.2.7:50123", "TLSv1.3", false, {}}, out);
    channel->send(Frame::ConnectionOpened, 1, out.bytes());
  }

  void take(Frame type, std::uint64_t id, std::string_view payload) {
    Seen& one = seen[id];
    if (type == Frame::ResponseHead || type == Frame::InformationalHead) {
      ipc::ResponseHead head;
      ASSERT_TRUE(decode(payload, head));
      if (type == Frame::InformationalHead) {
        one.continued = head.status == 100;
        return;
      }
      one.status = head.status;
      one.length = head.length;
      one.close = head.close;
      for (const ipc::WireField& field : head.fields) one.fields[std::string(field.name)] = field.value;
    }
    if (type == Frame::ResponseBody) one.body += payload;
    if (type == Frame::ResponseEnd) one.ended = true;
    if (type == Frame::RequestCredit) {
      base::BinaryReader reader(payload);
      one.credit += reader.u32();
    }
  }

  ipc::RequestHead head_of(std::string_view method, std::string_view target) {
    ipc::RequestHead head;
    head.connection = 1;
    head.method = method;
    head.target = target;
    head.fields = {{"host", "127.0.0.1:9443"}};
    return head;
  }
  void send_head(std::uint64_t id, const ipc::RequestHead& head) {
    base::BinaryWriter out;
    encode(head, out);
    channel->send(Frame::RequestHead, id, out.bytes());
  }
  void send_end(std::uint64_t id) {
    base::BinaryWriter out;
    ipc::encode_trailers({}, out);
    channel->send(Frame::RequestEnd, id, out.bytes());
  }
  const Seen& wait_for(std::uint64_t id) {
    EXPECT_TRUE(turn_until([&] { return seen[id].ended || broken; }));
    return seen[id];
  }

  std::map<std::uint64_t, Seen> seen;
  bool broken = false;
  std::unique_ptr<ipc::ExchangeChannel> channel;
  ExchangeFace face{loop, site, parts.facts.names};
};

TEST_F(ExchangeFaceTest, AnswersAnExchange) {
  send_head(1, head_of("GET", "/healthz"));
  const Seen& response = wait_for(1);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.length, response.body.size());
  EXPECT_EQ(response.fields.at("cache-control"), "no-store");
  base::BinaryWriter done;
  encode(ipc::ExchangeDone{0, response.body.size(), 0, 1, true}, done);
  channel->send(Frame::ExchangeDone, 1, done.bytes());
  EXPECT_TRUE(turn_until([&] { return face.under_way() == 0; }));
}

TEST_F(ExchangeFaceTest, RefusesWhatIsTooMuchAtATimeAndGoesOn) {
  const std::uint64_t most = ExchangeFace::kMostExchanges;
  for (std::uint64_t id = 1; id <= most; ++id) {
    send_head(id, head_of("GET", "/healthz"));
    if (id % 50 == 0) wait_for(id);
  }
  EXPECT_EQ(wait_for(most).status, 200);
  send_head(most + 1, head_of("GET", "/healthz"));
  EXPECT_EQ(wait_for(most + 1).status, 503);
  EXPECT_NE(seen[most + 1].body.find("overloaded"), std::string::npos);
  EXPECT_FALSE(broken);
  for (std::uint64_t id = 1; id <= 2; ++id) {
    base::BinaryWriter done;
    encode(ipc::ExchangeDone{0, 0, 0, 1, true}, done);
    channel->send(Frame::ExchangeDone, id, done.bytes());
  }
  send_head(most + 2, head_of("GET", "/healthz"));
  EXPECT_EQ(wait_for(most + 2).status, 200);
}

TEST_F(ExchangeFaceTest, AnswersHeadWithoutABody) {
  send_head(1, head_of("HEAD", "/healthz"));
  EXPECT_TRUE(wait_for(1).body.empty());
  EXPECT_GT(seen[1].length, 0U);
}

TEST_F(ExchangeFaceTest, JudgesTheHeadAgain) {
  ipc::RequestHead elsewhere = head_of("GET", "/healthz");
  elsewhere.fields = {{"host", "evil.example"}};
  send_head(1, elsewhere);
  EXPECT_EQ(wait_for(1).status, 400);
  EXPECT_TRUE(seen[1].close);
  send_head(2, head_of("GET", "/api/../healthz"));
  EXPECT_EQ(wait_for(2).status, 400);
  ipc::RequestHead split = head_of("GET", "/healthz");
  split.fields.push_back({"x", "a\r\nb: c"});
  send_head(3, split);
  EXPECT_EQ(wait_for(3).status, 400);
  send_head(4, head_of("TRACE", "/healthz"));
  EXPECT_EQ(wait_for(4).status, 400);
}

TEST_F(ExchangeFaceTest, TakesABodyWithCreditAndContinue) {
  connect_ledger();
  const std::string body = R"({"name":"root"})";
  ipc::RequestHead head = head_of("POST", "/api/v1/sign-in");
  head.fields.push_back({"content-type", "application/json"});
  head.body = ipc::BodyKind::Sized;
  head.length = body.size();
  head.expects_continue = true;
  send_head(1, head);
  channel->send(Frame::RequestBody, 1, body);
  send_end(1);
  EXPECT_EQ(wait_for(1).status, 400);
  EXPECT_TRUE(seen[1].continued);
  EXPECT_EQ(seen[1].credit, body.size());
}

TEST_F(ExchangeFaceTest, RefusesABodyThatIsTooLarge) {
  ipc::RequestHead head = head_of("POST", "/api/v1/sign-in");
  head.body = ipc::BodyKind::Sized;
  head.length = kRequestBodyLimit + 1;
  send_head(1, head);
  EXPECT_EQ(wait_for(1).status, 413);
  EXPECT_TRUE(seen[1].close);
}

TEST_F(ExchangeFaceTest, DoesNotSendMoreThanItsCredit) {
  connect_ledger();
  const std::string cookie = sign_in("root");
  std::string text(kPolicyText);
  text += "# " + std::string(300'000, 'x') + "\n";
  fake.send_policy(text);
  ASSERT_TRUE(turn_until([&] { return ledger.policy_text().size() == text.size(); }));
  ipc::RequestHead head = head_of("GET", "/api/v1/policy");
  head.fields.push_back({"cookie", cookie});
  send_head(1, head);
  ASSERT_TRUE(turn_until([&] { return seen[1].body.size() >= ipc::kInitialCredit; }));
  for (int i = 0; i < 50; ++i) loop.turn();
  EXPECT_EQ(seen[1].body.size(), ipc::kInitialCredit);
  base::BinaryWriter credit;
  credit.u32(1U << 20U);
  channel->send(Frame::ResponseCredit, 1, credit.bytes());
  EXPECT_EQ(wait_for(1).body.size(), seen[1].length);
}

TEST_F(ExchangeFaceTest, ShowsWhatTheTerminatorRefused) {
  base::BinaryWriter out;
  encode(ipc::RequestRefused{1, base::Refusal::AmbiguousFraming, "both lengths", "GET"}, out);
  channel->send(Frame::RequestRefused, 1, out.bytes());
  EXPECT_EQ(wait_for(1).status, 400);
  EXPECT_NE(seen[1].body.find("ambiguous_framing"), std::string::npos);
}

TEST_F(ExchangeFaceTest, AnswersABodyThatTheTerminatorRefusedMidway) {
  ipc::RequestHead head = head_of("POST", "/api/v1/sign-in");
  head.body = ipc::BodyKind::Streamed;
  send_head(1, head);
  base::BinaryWriter out;
  encode(ipc::RequestRefused{1, base::Refusal::Malformed, "a chunk size is not one", {}}, out);
  channel->send(Frame::RequestRefused, 1, out.bytes());
  EXPECT_EQ(wait_for(1).status, 400);
  EXPECT_TRUE(seen[1].close);
}

TEST_F(ExchangeFaceTest, EndsTheChannelOfATerminatorThatBreaksTheProtocol) {
  send_head(1, head_of("GET", "/healthz"));
  wait_for(1);
  channel->send(Frame::RequestEnd, 77);
  EXPECT_TRUE(turn_until([&] { return face.under_way() == 0; }));
}

}  // namespace
}  // namespace postern::console
