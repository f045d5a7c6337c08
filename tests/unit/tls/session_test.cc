// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/tls/session.h"

#include "tests/unit/tls/pair.h"

namespace postern::tls {
namespace {

class SessionBytes : public testing::Test {
 protected:
  base::ManualClock clock_{kNow};
  certs::Credentials root_ = authority("Test root");
  Server server_{
      *certs::make_server_certificate(root_, {"gateway.example"}, certs::valid_for(kNow, 30 * kDay)), clock_};
  std::unique_ptr<ClientContext> clients_ = *ClientContext::make({root_.certificate_pem, ""}, clock_);
  Connection connection_{*clients_->start("gateway.example"), server_.context->start()};

  void SetUp() override {
    ASSERT_TRUE(connection_.shake_hands());
    EXPECT_EQ(read_all(*connection_.client, connection_.to_client, connection_.to_server), "");
    connection_.to_client.clear();
  }
};

TEST_F(SessionBytes, CarriesBytesBothWays) {
  EXPECT_EQ(connection_.client->write("GET / HTTP/1.1\r\n\r\n", connection_.to_server), 18U);
  EXPECT_EQ(read_all(*connection_.server, connection_.to_server, connection_.to_client),
            "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(connection_.server->write("HTTP/1.1 200 OK\r\n\r\n", connection_.to_client), 19U);
  EXPECT_EQ(read_all(*connection_.client, connection_.to_client, connection_.to_server),
            "HTTP/1.1 200 OK\r\n\r\n");
}

TEST_F(SessionBytes, ASmallAnswerIsOneRecordAndALargeOneIsFullRecords) {
  connection_.server->write(std::string(1200, 'a'), connection_.to_client);
  EXPECT_EQ(connection_.to_client.size(), 1200U + 22U);  // header 5, type 1, tag 16
  EXPECT_EQ(read_all(*connection_.client, connection_.to_client, connection_.to_server).size(), 1200U);
  connection_.server->write(std::string(3 * kRecordLimit, 'b'), connection_.to_client);
  EXPECT_EQ(connection_.to_client.size(), 3 * (kRecordLimit + 22U));
}

TEST_F(SessionBytes, ReadingInSmallPiecesLosesNothing) {
  const std::string text = base::random_bytes(50'000);
  ASSERT_EQ(connection_.server->write(text, connection_.to_client), text.size());
  EXPECT_EQ(read_all(*connection_.client, connection_.to_client, connection_.to_server, 1), text);
}

TEST_F(SessionBytes, AReaderThatStopsLeavesTheRestWithTheCaller) {
  connection_.server->write(std::string(4 * kRecordLimit, 'x'), connection_.to_client);
  std::string_view in = connection_.to_client.view();
  std::string plain(100, '\0');
  EXPECT_EQ(connection_.client->read(in, plain, connection_.to_server).size, 100U);
  EXPECT_EQ(in.size(), 3 * (kRecordLimit + 22));  // one record was taken, not more
}

TEST_F(SessionBytes, WritesAsMuchAsThereIsRoomFor) {
  base::Buffer small(2000);
  const std::string text = base::random_bytes(60'000);
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t taken = connection_.server->write(rest, small);
    ASSERT_GT(taken, 0U);
    EXPECT_EQ(connection_.server->write(rest.substr(taken), small), 0U);  // full: not a byte more
    rest.remove_prefix(taken);
    ASSERT_TRUE(connection_.to_client.write(small.view()));
    small.clear();
  }
  EXPECT_EQ(read_all(*connection_.client, connection_.to_client, connection_.to_server), text);
}

TEST_F(SessionBytes, ACleanEndIsToldFromACutOne) {
  EXPECT_FALSE(connection_.client->on_end().ok());
  EXPECT_EQ(connection_.client->on_end().error().side, base::Side::Component);
  connection_.server->close(connection_.to_client);
  char plain[16];
  std::string_view in = connection_.to_client.view();
  EXPECT_EQ(connection_.client->read(in, plain, connection_.to_server).progress, Progress::Closed);
  EXPECT_TRUE(connection_.client->on_end().ok());
  // Half closed: the other way still works.
  EXPECT_EQ(connection_.client->write("rest", connection_.to_server), 4U);
  EXPECT_EQ(read_all(*connection_.server, connection_.to_server, connection_.to_client), "rest");
  EXPECT_FALSE(connection_.server->on_end().ok());
}

TEST_F(SessionBytes, ATruncatedRecordIsACut) {
  connection_.server->write("an answer", connection_.to_client);
  std::string_view in = connection_.to_client.view();
  in.remove_suffix(1);
  char plain[64];
  EXPECT_EQ(connection_.client->read(in, plain, connection_.to_server).progress, Progress::WantMore);
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(connection_.client->on_end().error().code, base::Code::Closed);
}

TEST_F(SessionBytes, AFlippedBitEndsTheConnectionWithAnAlert) {
  connection_.client->write("GET /", connection_.to_server);
  std::string bytes(connection_.to_server.view());
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  std::string_view in = bytes;
  char plain[64];
  EXPECT_EQ(connection_.server->read(in, plain, connection_.to_client).progress, Progress::Failed);
  EXPECT_EQ(connection_.server->alert(), 20);  // bad_record_mac
  EXPECT_EQ(connection_.server->error().side, base::Side::Client);
  EXPECT_FALSE(connection_.to_client.empty());
  EXPECT_EQ(connection_.server->write("more", connection_.to_client), 0U);
}

TEST_F(SessionBytes, AReplayedRecordIsRefused) {
  connection_.client->write("GET /", connection_.to_server);
  const std::string bytes(connection_.to_server.view());
  EXPECT_EQ(read_all(*connection_.server, connection_.to_server, connection_.to_client), "GET /");
  std::string_view again = bytes;
  char plain[64];
  EXPECT_EQ(connection_.server->read(again, plain, connection_.to_client).progress, Progress::Failed);
}

TEST_F(SessionBytes, OutlivesItsContext) {
  server_.context.reset();
  clients_.reset();
  EXPECT_EQ(connection_.server->write("late", connection_.to_client), 4U);
  EXPECT_EQ(read_all(*connection_.client, connection_.to_client, connection_.to_server), "late");
}

}  // namespace
}  // namespace postern::tls
