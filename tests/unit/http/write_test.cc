// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "gateway/http/h1_request.h"
#include "gateway/http/h1_response.h"
#include "gateway/http/h1_write.h"

namespace postern::http {
namespace {

Fields some_fields() {
  Fields fields;
  fields.put("accept", "*/*");
  fields.put("host", "evil.test");  // framing and connection in here must not come through
  fields.put("content-length", "99");
  fields.put("transfer-encoding", "gzip");
  fields.put("connection", "upgrade");
  fields.put("x-b", "c");
  return fields;
}

std::string request(Method method, Framing body, bool keep_alive) {
  std::string out;
  write_request_head(out, {method, "/a?b=c", "component.test:9090"}, some_fields(), body, keep_alive);
  return out;
}

TEST(WriteRequest, SaysHostAndFramingItself) {
  const std::string begin = " /a?b=c HTTP/1.1\r\nhost: component.test:9090\r\naccept: */*\r\nx-b: c\r\n";
  EXPECT_EQ(request(Method::Get, {}, true), "GET" + begin + "\r\n");
  EXPECT_EQ(request(Method::Put, {}, true), "PUT" + begin + "content-length: 0\r\n\r\n");
  EXPECT_EQ(request(Method::Post, {BodyKind::Sized, 12}, true),
            "POST" + begin + "content-length: 12\r\n\r\n");
  EXPECT_EQ(request(Method::Post, {BodyKind::Chunked, 0}, false),
            "POST" + begin + "transfer-encoding: chunked\r\nconnection: close\r\n\r\n");
}

TEST(WriteRequest, WritesWhatTheParserReadsBack) {
  for (const Framing body : {Framing{}, Framing{BodyKind::Sized, 1}, Framing{BodyKind::Chunked, 0}}) {
    RequestParser parser{HeadLimits{}};
    ASSERT_EQ(parser.parse(request(Method::Patch, body, false)).state, HeadState::Complete);
    EXPECT_EQ(parser.head().body, body);
    EXPECT_FALSE(parser.head().keep_alive);
    EXPECT_EQ(parser.head().target, "/a?b=c");
  }
}

TEST(WriteRequestDeath, ATargetOrHostThatCouldBreakALineIsABug) {
  std::string out;
  EXPECT_DEATH(write_request_head(out, {Method::Get, "/a b", "h"}, {}, {}, true), "is_target_text");
  EXPECT_DEATH(write_request_head(out, {Method::Get, "/a\r\n", "h"}, {}, {}, true), "is_target_text");
  EXPECT_DEATH(write_request_head(out, {Method::Get, "/a", "h\r\nx: y"}, {}, {}, true), "is_target_text");
}

std::string response(StatusLine line, Framing body, bool keep_alive = true) {
  std::string out;
  Fields fields;
  fields.put("x", "y");
  fields.put("content-length", "99");
  write_response_head(out, line, fields, body, keep_alive);
  return out;
}

TEST(WriteResponse, SaysFramingAsTheStatusAllows) {
  EXPECT_EQ(response({200, ""}, {BodyKind::Sized, 5}),
            "HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 5\r\n\r\n");
  EXPECT_EQ(response({200, "Fine"}, {BodyKind::Chunked, 0}),
            "HTTP/1.1 200 Fine\r\nx: y\r\ntransfer-encoding: chunked\r\n\r\n");
  EXPECT_EQ(response({200, ""}, {BodyKind::UntilClose, 0}),
            "HTTP/1.1 200 OK\r\nx: y\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(response({404, ""}, {}, false),
            "HTTP/1.1 404 Not Found\r\nx: y\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(response({204, ""}, {}), "HTTP/1.1 204 No Content\r\nx: y\r\n\r\n");
  EXPECT_EQ(response({304, ""}, {}), "HTTP/1.1 304 Not Modified\r\nx: y\r\n\r\n");
  EXPECT_EQ(response({103, ""}, {}, false), "HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n");
  EXPECT_EQ(response({200, "", true}, {}), "HTTP/1.1 200 OK\r\nx: y\r\n\r\n");
  EXPECT_EQ(response({200, "", true}, {BodyKind::Sized, 7}),
            "HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 7\r\n\r\n");
}

TEST(WriteResponse, WritesWhatTheParserReadsBack) {
  for (const int status : {200, 204, 299, 304, 404, 599}) {
    ResponseParser parser{HeadLimits{}};
    ASSERT_EQ(parser.parse(response({status, ""}, {}), Method::Get).state, HeadState::Complete);
    EXPECT_EQ(parser.head().status, status);
    EXPECT_EQ(parser.head().body.kind, BodyKind::None);
  }
}

}  // namespace
}  // namespace postern::http
