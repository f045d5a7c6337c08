// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/answer_reader.h"

#include <gmock/gmock.h>

namespace postern::link {
namespace {

using ::testing::HasSubstr;
using State = AnswerReader::State;

constexpr std::size_t kBody = 64;

Answer read(std::string_view bytes, std::size_t piece = 1'000'000) {
  AnswerReader reader(http::Method::Post, kBody);
  for (std::size_t at = 0; at < bytes.size(); at += piece) reader.feed(bytes.substr(at, piece));
  EXPECT_EQ(reader.state(), State::Done) << reader.why();
  return reader.answer();
}
std::string fault(std::string_view bytes, bool in_order = true) {
  AnswerReader reader(http::Method::Post, kBody);
  reader.feed(bytes);
  reader.end(in_order);
  EXPECT_EQ(reader.state(), State::Failed);
  return reader.why();
}

TEST(AnswerReader, ReadsAnAnswerHoweverItIsCut) {
  const std::string text =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: "
      "text/plain\r\n\r\nhello";
  for (std::size_t piece = 1; piece < text.size(); ++piece)
    EXPECT_EQ(read(text, piece), (Answer{200, "hello"}));
  EXPECT_EQ(read("HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n10\n\r\n0\r\n\r\n"),
            (Answer{409, "10\n"}));
  EXPECT_EQ(read("HTTP/1.1 204 No Content\r\n\r\n"), (Answer{204, ""}));
}

TEST(AnswerReader, BelievesAnEndOnlyWhereNobodyCanHaveCutItShort) {
  const std::string open = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello";
  AnswerReader reader(http::Method::Post, kBody);
  EXPECT_EQ(reader.feed(open), State::More);
  EXPECT_EQ(reader.end(true), State::Done);
  EXPECT_EQ(reader.answer(), (Answer{200, "hello"}));
  EXPECT_THAT(fault(open, false), HasSubstr("within its answer"));
  EXPECT_THAT(fault("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), HasSubstr("within its answer"));
  EXPECT_THAT(fault(""), HasSubstr("without an answer"));
}

TEST(AnswerReader, TakesNoMoreThanItWasToldTo) {
  const std::string head = "HTTP/1.1 500 Oops\r\nContent-Length: 65\r\n\r\n";
  EXPECT_EQ(fault(head + std::string(65, 'x')), "it answered 500 with more than 64 bytes");
  EXPECT_THAT(fault("HTTP/1.1 200 OK\r\n" + std::string(AnswerReader::kHeadLimit, 'x')),
              HasSubstr("not sound HTTP"));
  std::string interim;
  for (int i = 0; i < 9; ++i) interim += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_THAT(fault(interim), HasSubstr("without end"));
}

TEST(AnswerReader, RefusesWhatIsNotHttp) {
  for (const char* text :
       {"SSH-2.0-x\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    EXPECT_THAT(fault(text), HasSubstr("not sound HTTP")) << text;
  }
}

}  // namespace
}  // namespace postern::link
