// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/client.h"

#include <gtest/gtest.h>

#include "tests/unit/cli/run.h"

namespace postern::cli {
namespace {

TEST(Client, SendsAChangeAsJson) {
  std::string seen;
  FakeGateway gateway([&](const std::string& request) {
    seen = request;
    return answer_with(200, "{}");
  });
  const base::Json body{{"mode", "all"}};
  const auto answer = Client(gateway.path()).call(http::Method::Put, "/api/v1/remote-access", &body);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_TRUE(seen.starts_with("PUT /api/v1/remote-access HTTP/1.1\r\n"));
  EXPECT_NE(seen.find("content-type: application/json"), std::string::npos);
  EXPECT_TRUE(seen.ends_with("{\"mode\":\"all\"}"));
}

TEST(Client, GivesAStreamPieceByPiece) {
  FakeGateway gateway([](const std::string&) {
    return std::string(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: "
        "close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  });
  std::string whole;
  const auto answer = Client(gateway.path()).stream("/x", [&](std::string_view piece) {
    whole += piece;
    return true;
  });
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(whole, "abcde");
}

TEST(Client, DoesNotTakeAPartForTheWhole) {
  FakeGateway gateway([](const std::string&) {
    return std::string(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\nabc\r\n");
  });
  EXPECT_FALSE(Client(gateway.path()).stream("/x", [](std::string_view) { return true; }).ok());
}

TEST(Client, SaysThatNobodyAnswers) {
  const auto answer = Client(make_folder() + "/none").call(http::Method::Get, "/");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, base::Code::Unavailable);
}

TEST(Client, KeepsAnyTextOneSegment) {
  EXPECT_EQ(path_segment("a/b ?ü"), "a%2Fb%20%3F%C3%BC");
  EXPECT_EQ(query_of({{"a", "1&2"}, {"b", ""}, {"c", "x"}}), "?a=1%262&c=x");
}

}  // namespace
}  // namespace postern::cli
