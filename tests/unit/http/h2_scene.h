// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A session, a client that is written by hand, and what both say.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/http/h2_frames.h"

namespace postern::http::h2 {

// Writes down what a session tells.
class Told final : public Http2Session::Listener {
 public:
  void on_request(std::uint32_t stream, const RequestHead& head) override {
    log += "request " + std::to_string(stream) + " " + std::string(to_text(head.method)) + " " + head.target +
           "\n";
    last = head;
  }
  void on_refused(std::uint32_t stream, Verdict verdict, std::string_view first_line) override {
    log += "refused " + std::to_string(stream) + " " + std::string(base::text_of(verdict.refusal).code) +
           " " + std::string(first_line) + "\n";
    why = verdict;
  }
  void on_body(std::uint32_t stream, std::string_view piece) override {
    log += "body " + std::to_string(stream) + "\n";
    body += piece;
  }
  void on_end(std::uint32_t stream, const Fields& trailers) override {
    log += "end " + std::to_string(stream) + "\n";
    last_trailers = trailers;
  }
  void on_gone(std::uint32_t stream) override { log += "gone " + std::to_string(stream) + "\n"; }
  void on_framed(std::uint32_t stream, std::size_t bytes, bool ended) override {
    framed += bytes;
    if (ended) log += "finished " + std::to_string(stream) + "\n";
  }

  std::string log, body;
  std::size_t framed = 0;
  RequestHead last;
  Fields last_trailers;
  Verdict why;
};

class Http2Scene : public ::testing::Test {
 protected:
  Http2Scene() { start({}); }
  void start(const Http2Limits& limits, const std::string& ack = frame(kSettings, kAck, 0, "")) {
    told = {};
    session = std::make_unique<Http2Session>(limits, told);
    reader = std::make_unique<Reader>();
    send(std::string(kPreface) + settings() + ack);
    frames.clear();
  }
  // What the session answers to that is in frames.
  void send(std::string_view bytes) {
    session->take(bytes, now);
    produce();
  }
  void produce(std::size_t most = 1U << 30U) {
    std::string out;
    session->produce(out, most);
    frames = reader->read(out);
  }
  const Sent* find(std::uint8_t type, std::uint32_t stream = 0) const {
    const auto it = std::find_if(frames.begin(), frames.end(),
                                 [&](const Sent& s) { return s.type == type && s.stream == stream; });
    return it == frames.end() ? nullptr : &*it;
  }
  // The connection was ended with that code, for that reason.
  void expect_fault(std::uint32_t code, base::Refusal refusal) {
    const Sent* goaway = find(kGoaway);
    ASSERT_NE(goaway, nullptr) << told.log;
    EXPECT_EQ(goaway->code(), code);
    EXPECT_EQ(session->fault().refusal, refusal) << session->fault().sentence;
    EXPECT_TRUE(session->done());
  }
  void expect_broken(std::uint32_t code = NGHTTP2_PROTOCOL_ERROR) {
    expect_fault(code, base::Refusal::Http2ProtocolError);
  }
  void expect_flood() { expect_fault(NGHTTP2_ENHANCE_YOUR_CALM, base::Refusal::Http2Flood); }
  // Those fields of a request without a body are refused, for that reason, on its stream alone.
  void expect_refused(const List& fields, base::Refusal refusal, unsigned flags = kEndStream) {
    start({});
    send(headers(1, fields, flags));
    EXPECT_EQ(told.why.refusal, refusal) << told.log << (fields.empty() ? "" : fields.back().first);
    EXPECT_TRUE(session->fault().ok());
    EXPECT_EQ(told.log.find("request"), std::string::npos);
    send(get(3));
    EXPECT_NE(told.log.find("request 3 GET /a"), std::string::npos);
  }
  void respond(std::uint32_t stream, int status, std::string_view body) {
    Fields fields;
    fields.put("x-from", "us");
    session->respond(stream, status, std::move(fields), body.empty());
    if (body.empty()) return;
    session->body(stream, body);
    session->end(stream, {});
  }

  base::Nanos now = base::kSecond;
  Told told;
  std::unique_ptr<Http2Session> session;
  std::unique_ptr<Reader> reader;
  std::vector<Sent> frames;
};

}  // namespace postern::http::h2
