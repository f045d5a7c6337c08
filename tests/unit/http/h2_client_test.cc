// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// RFC 9113 as a client meets it: a server written by hand, which says what no server would.
#include "gateway/http/h2_client.h"

#include <algorithm>
#include <memory>

#include "tests/unit/http/h2_frames.h"

namespace postern::http::h2 {
namespace {

class Http2ClientScene : public ::testing::Test, public Http2Client::Listener {
 protected:
  Http2ClientScene() { start({}); }
  void start(const Http2ClientLimits& limits,
             const std::string& first = settings() + frame(kSettings, kAck, 0, "")) {
    log.clear();
    body.clear();
    client = std::make_unique<Http2Client>(limits, *this);
    reader = std::make_unique<Reader>();
    std::string out;
    client->produce(out, 1U << 30U);
    ASSERT_TRUE(out.starts_with(kPreface));
    frames = reader->read(std::string_view(out).substr(kPreface.size()));
    if (!first.empty()) say(first);
  }
  // The server says so; what the client answers is in frames.
  void say(std::string_view bytes) {
    client->take(bytes, now);
    produce();
  }
  void produce(std::size_t most = 1U << 30U) {
    std::string out;
    client->produce(out, most);
    frames = reader->read(out);
  }
  std::uint32_t ask(Method method = Method::Get, Framing framing = {},
                    std::span<const AddedField> added = {}) {
    Fields fields;
    fields.put("accept", "text/plain");
    fields.put("te", "trailers");
    fields.put("connection", "close");
    const std::uint32_t number = client->begin({method, "https", "h:1", "/a?b", framing}, fields, added);
    produce();
    return number;
  }
  // An answer to the next request, on the stream that it will have.
  std::string answer(const std::string& status = "200", const List& more = {}, unsigned flags = 0) {
    List list{{":status", status}};
    list.insert(list.end(), more.begin(), more.end());
    return headers(stream, list, flags);
  }
  const Sent* find(std::uint8_t type, std::uint32_t of = 0) const {
    const auto it = std::find_if(frames.begin(), frames.end(),
                                 [&](const Sent& s) { return s.type == type && s.stream == of; });
    return it == frames.end() ? nullptr : &*it;
  }
  // The connection was ended with that code.
  void expect_fault(std::uint32_t code) {
    const Sent* goaway = find(kGoaway);
    ASSERT_NE(goaway, nullptr) << log;
    EXPECT_EQ(goaway->code(), code) << client->fault().sentence;
    EXPECT_EQ(client->fault().refusal, base::Refusal::ComponentMalformed);
    EXPECT_TRUE(client->done());
    EXPECT_EQ(client->room(), 0U);
  }

  void on_settled() override { log += "settled "; }
  void on_head(std::uint32_t, const ResponseHead& head) override {
    log += std::to_string(head.status) + " ";
    last = head;
  }
  void on_body(std::uint32_t request, std::string_view piece) override {
    body += piece;
    if (consumes) client->consumed(request, piece.size());
  }
  void on_end(std::uint32_t, const Fields& trailers) override {
    log += "end ";
    trailers.for_each([&](const Field& field) { log += std::string(field.name) + " "; });
  }
  void on_lost(std::uint32_t, Verdict why, bool unprocessed) override {
    log += std::string(base::text_of(why.refusal).code) + (unprocessed ? " unprocessed " : " ");
    sentence = why.sentence;
  }
  void on_drained(std::uint32_t) override { log += "drained "; }

  base::Nanos now = base::kSecond;
  std::uint32_t stream = 1;
  bool consumes = true;
  std::string log, body, sentence;
  ResponseHead last;
  std::unique_ptr<Http2Client> client;
  std::unique_ptr<Reader> reader;
  std::vector<Sent> frames;
};

TEST_F(Http2ClientScene, BeginsWithItsSettingsAndWantsNoPush) {  // 3.4, 6.5.2
  start({}, "");
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames[0].type, kSettings);
  EXPECT_NE(frames[0].payload.find(number(NGHTTP2_SETTINGS_ENABLE_PUSH, 2) + number(0, 4)),
            std::string::npos);
}

TEST_F(Http2ClientScene, ARequestSaysWhatHttp11WouldHaveSaid) {  // 8.3.1, 8.2.2
  ask();
  const Sent* head = find(kHeaders, 1);
  ASSERT_NE(head, nullptr);
  EXPECT_EQ(head->fields, (List{{":method", "GET"},
                                {":scheme", "https"},
                                {":authority", "h:1"},
                                {":path", "/a?b"},
                                {"accept", "text/plain"}}));
  EXPECT_EQ(head->flags & kEndStream, kEndStream);
  say(answer("200", {{"content-length", "2"}}) + data(1, "hi", kEndStream));
  EXPECT_EQ(log, "settled 200 end ");
  EXPECT_EQ(body, "hi");
  EXPECT_EQ(last.body, (Framing{BodyKind::Sized, 2}));
  EXPECT_EQ(client->open(), 0U);
}

TEST_F(Http2ClientScene, WhatIsShownIsInNoTable) {  // RFC 7541 section 7.1.3
  const AddedField shown{"x-key", "a secret that is long enough"};
  for (int i = 0; i < 2; ++i) {
    ask(Method::Get, {}, std::span(&shown, 1));
    const Sent* head = find(kHeaders, stream);
    ASSERT_NE(head, nullptr);
    EXPECT_EQ(head->value("x-key"), "a secret that is long enough");
    stream += 2;
  }
  // The second one would be a byte long had the first taught the table; a request without it is as short as it can be.
  ask(Method::Get, {}, std::span(&shown, 1));
  const std::size_t with = find(kHeaders, 5)->payload.size();
  ask();
  EXPECT_GT(with, find(kHeaders, 7)->payload.size() + 16);
}

TEST_F(Http2ClientScene, BodiesAreSentWithinTheServersWindowAndEndWithTrailers) {  // 6.9
  start({}, settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10}}));
  const std::uint32_t request = ask(Method::Put, {BodyKind::Sized, 26});
  EXPECT_EQ(find(kHeaders, 1)->value("content-length"), "26");
  client->body(request, "abcdefghijklmnopqrstuvwxyz");
  produce();
  EXPECT_EQ(find(kData, 1)->payload, "abcdefghij");
  EXPECT_EQ(client->pending(request), 16U);
  say(window(1, 100));
  EXPECT_EQ(find(kData, 1)->payload, "klmnopqrstuvwxyz");
  EXPECT_EQ(client->pending(request), 0U);
  EXPECT_EQ(log, "settled drained ");
  Fields trailers;
  trailers.put("x-sum", "1");
  client->end(request, trailers);
  produce();
  ASSERT_NE(find(kHeaders, 1), nullptr);
  EXPECT_EQ(find(kHeaders, 1)->value("x-sum"), "1");
  EXPECT_EQ(find(kHeaders, 1)->flags & kEndStream, kEndStream);
}

TEST_F(Http2ClientScene, MethodsThatCarryContentSayThatTheyHaveNone) {
  ask(Method::Post);
  EXPECT_EQ(find(kHeaders, 1)->value("content-length"), "0");
}

TEST_F(Http2ClientScene, InterimAnswersAndTrailersComeThrough) {
  ask();
  say(answer("103", {{"link", "</x>"}}) + answer() + data(1, "x") +
      headers(1, {{"x-t", "1"}, {"x-forwarded-for", "dropped, as in HTTP/1.1"}}, kEndStream));
  EXPECT_EQ(log, "settled 103 200 end x-t ");
  EXPECT_EQ(last.body.kind, BodyKind::Chunked);
}

struct AnswerCase {
  const char* name;
  std::string said;
  std::string log;
  Method method = Method::Get;
};

// Those of HTTP/1.1 and those of section 8.
TEST_F(Http2ClientScene, WhatItMakesOfEachAnswer) {
  const std::string bad = "settled component_malformed ", late = "settled 200 component_malformed ";
  const std::vector<AnswerCase> cases = {
      {"no status", headers(1, {{"x", "y"}}, kEndStream), bad},
      {"two", headers(1, {{":status", "200"}, {":status", "200"}}, kEndStream), bad},
      {"behind a field", headers(1, {{"x", "y"}, {":status", "200"}}, kEndStream), bad},
      {"another pseudo-header field", answer("200", {{":path", "/"}}, kEndStream), bad},
      {"no number", answer("2xx", {}, kEndStream), bad},
      {"too large a number", answer("600", {}, kEndStream), bad},
      {"a name in upper case", answer("200", {{"X-A", "1"}}, kEndStream), bad},
      {"white space before a value", answer("200", {{"x", " y"}}, kEndStream), bad},
      {"a line end in a value", answer("200", {{"x", "y\r\nz: a"}}, kEndStream), bad},
      {"Connection", answer("200", {{"connection", "x"}}, kEndStream), bad},
      {"Transfer-Encoding", answer("200", {{"transfer-encoding", "chunked"}}), bad},
      {"Upgrade", answer("200", {{"upgrade", "h2c"}}, kEndStream), bad},
      {"TE", answer("200", {{"te", "trailers"}}, kEndStream), bad},
      {"two lengths",
       answer("200", {{"content-length", "1"}, {"content-length", "1"}}) + data(1, "x", kEndStream), bad},
      {"no length", answer("200", {{"content-length", "+1"}}) + data(1, "x", kEndStream), bad},
      {"two types", answer("200", {{"content-type", "a/b"}, {"content-type", "c/d"}}, kEndStream), bad},
      {"switching protocols", answer("101"), bad},
      {"an interim answer that ends", answer("103", {}, kEndStream), bad},
      {"a length and no body", answer("200", {{"content-length", "1"}}, kEndStream), bad},
      {"less than it promised", answer("200", {{"content-length", "3"}}) + data(1, "hi", kEndStream), late},
      {"less, then trailers",
       answer("200", {{"content-length", "3"}}) + data(1, "hi") + headers(1, {{"x", "y"}}, kEndStream), late},
      {"more than it promised", answer("200", {{"content-length", "1"}}) + data(1, "hi"), late},
      {"a body behind 204", "" + answer("204") + data(1, "hi"), "settled 204 component_malformed "},
      {"a second head", answer() + answer(), late},
      {"a pseudo-header field in the trailers", answer() + headers(1, {{":status", "200"}}, kEndStream),
       late},
      {"a connection's field in the trailers", answer() + headers(1, {{"connection", "x"}}, kEndStream),
       late},
      {"a body before the answer", answer("103") + data(1, "x"), "settled 103 component_malformed "},
      {"HEAD with a body", answer() + data(1, "x"), late, Method::Head},
      {"HEAD", answer("200", {{"content-length", "500"}}, kEndStream), "settled 200 end ", Method::Head},
      {"HEAD that ends later", answer() + data(1, "", kEndStream), "settled 200 end ", Method::Head},
      {"304", answer("304", {{"content-length", "500"}}, kEndStream), "settled 304 end "},
      {"bytes outside ASCII", answer("200", {{"x", "\xE9"}}, kEndStream), "settled 200 end "},
      {"refused", reset(1, NGHTTP2_REFUSED_STREAM), "settled component_closed unprocessed "},
      {"refused after a word", answer("103") + reset(1, NGHTTP2_REFUSED_STREAM),
       "settled 103 component_closed "},
      {"broken off", answer() + data(1, "x") + reset(1, NGHTTP2_INTERNAL_ERROR),
       "settled 200 component_closed "},
      {"reset", reset(1, NGHTTP2_CANCEL), "settled component_closed "},
  };
  for (const AnswerCase& one : cases) {
    start({});
    ask(one.method);
    say(one.said);
    EXPECT_EQ(log, one.log) << one.name << ": " << sentence;
    EXPECT_TRUE(client->fault().ok()) << one.name << ": " << client->fault().sentence;
    EXPECT_EQ(client->open(), 0U) << one.name;
    // The others on the connection are none the worse.
    log.clear();
    ask();
    say(headers(3, {{":status", "204"}}, kEndStream));
    EXPECT_EQ(log, "204 end ") << one.name;
  }
}

TEST_F(Http2ClientScene, AnAnswerThatIsNoneIsResetOnItsStream) {
  ask();
  say(answer("2xx"));
  ASSERT_NE(find(kReset, 1), nullptr);
  EXPECT_EQ(find(kReset, 1)->code(), static_cast<std::uint32_t>(NGHTTP2_PROTOCOL_ERROR));
  say(data(1, "late") + headers(1, {{"x", "y"}}, kEndStream));  // it had not seen the reset yet
  EXPECT_EQ(log, "settled component_malformed ");
  EXPECT_TRUE(client->fault().ok());
}

struct FaultCase {
  const char* name;
  std::string said;
  std::uint32_t code;
};

TEST_F(Http2ClientScene, WhatEndsTheConnection) {
  std::string continued = frame(kHeaders, 0, 1, block({{":status", "200"}}));
  for (int i = 0; i < 9; ++i) continued += frame(kContinuation, 0, 1, block({{"x", "y"}}));
  std::string bomb = frame(kHeaders, 0, 1, '\x40' + text("a") + text(std::string(4000, 'x')));
  bomb += frame(kContinuation, kEndHeaders, 1,
                std::string(200, '\xBE'));  // the table's newest entry, again and again
  const std::vector<FaultCase> cases = {
      {"a push", frame(kPush, kEndHeaders, 1, number(2, 4) + block(request())), NGHTTP2_PROTOCOL_ERROR},
      {"a stream of the server's", headers(2, {{":status", "200"}}, kEndStream), NGHTTP2_PROTOCOL_ERROR},
      {"a stream that was never opened", headers(3, {{":status", "200"}}, kEndStream),
       NGHTTP2_PROTOCOL_ERROR},
      {"a body on one", data(5, "x"), NGHTTP2_PROTOCOL_ERROR},
      {"a body on none", data(0, "x"), NGHTTP2_PROTOCOL_ERROR},
      {"a body before any answer", data(1, "x"), NGHTTP2_PROTOCOL_ERROR},
      {"a stream that is closed",
       answer("204", {}, kEndStream) + headers(1, {{":status", "200"}}, kEndStream), NGHTTP2_STREAM_CLOSED},
      {"a body on one that is closed", answer("204", {}, kEndStream) + data(1, "x"), NGHTTP2_STREAM_CLOSED},
      {"a head that cannot be unpacked", frame(kHeaders, kEndHeaders, 1, "\xFF\xFF\xFF\xFF\xFF"),
       NGHTTP2_COMPRESSION_ERROR},
      {"a head in too many pieces", continued, NGHTTP2_ENHANCE_YOUR_CALM},
      {"a head that unpacks to far too much", bomb, NGHTTP2_ENHANCE_YOUR_CALM},
      {"a continuation of nothing", frame(kContinuation, kEndHeaders, 1, ""), NGHTTP2_PROTOCOL_ERROR},
      {"settings of five bytes", frame(kSettings, 0, 0, "12345"), NGHTTP2_FRAME_SIZE_ERROR},
      {"a window that is too large", window(0, 0x7FFFFFFF), NGHTTP2_FLOW_CONTROL_ERROR},
      {"settings that make one too large",
       window(1, 0x7FFFFFFF - 65535) + settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65536}}),
       NGHTTP2_FLOW_CONTROL_ERROR},
      {"an initial window that is too large", settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x80000000U}}),
       NGHTTP2_FLOW_CONTROL_ERROR},
      {"a window that grows by nothing", window(1, 0), NGHTTP2_PROTOCOL_ERROR},
      {"a window of a stream that was never opened", window(3, 1), NGHTTP2_PROTOCOL_ERROR},
      {"a reset of one", reset(3), NGHTTP2_PROTOCOL_ERROR},
      {"a push that is offered", settings({{NGHTTP2_SETTINGS_ENABLE_PUSH, 1}}), NGHTTP2_PROTOCOL_ERROR},
      {"a last stream that rises",
       frame(kGoaway, 0, 0, number(1, 4) + number(0, 4)) + frame(kGoaway, 0, 0, number(3, 4) + number(0, 4)),
       NGHTTP2_PROTOCOL_ERROR},
      {"a frame that is too long", frame(kData, 0, 1, std::string(17000, 'x')), NGHTTP2_FRAME_SIZE_ERROR},
      {"no HTTP/2 at all", "HTTP/1.1 400 Bad Request\r\n\r\n", NGHTTP2_FRAME_SIZE_ERROR},
  };
  for (const FaultCase& one : cases) {
    SCOPED_TRACE(one.name);
    start({.head = {.head = 32U << 10U}});
    ask();
    say(one.said);
    expect_fault(one.code);
  }
}

TEST_F(Http2ClientScene, TheFirstFrameIsSettings) {  // 3.4
  for (const std::string& first : {ping(), frame(kSettings, kAck, 0, ""), answer("200", {}, kEndStream)}) {
    start({}, "");
    ask();
    say(first);
    expect_fault(NGHTTP2_PROTOCOL_ERROR);
  }
}

TEST_F(Http2ClientScene, AWindowThatGrowsTooFarEndsItsStream) {  // 6.9.1
  ask();
  say(window(1, 0x7FFFFFFF));
  EXPECT_EQ(log, "settled component_malformed ");
  ASSERT_NE(find(kReset, 1), nullptr);
  EXPECT_EQ(find(kReset, 1)->code(), std::uint32_t{NGHTTP2_FLOW_CONTROL_ERROR});
  EXPECT_TRUE(client->fault().ok());
}

TEST_F(Http2ClientScene, FloodsEndTheConnection) {
  const auto repeat = [](const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  const std::vector<std::pair<const char*, std::string>> floods = {
      {"settings", repeat(settings(), 1100)},
      {"pings", repeat(ping(), 1100)},
      {"windows", repeat(window(0, 1), 1100)},
      {"empty bodies", answer() + repeat(data(1, ""), 1100)},
      {"frames of an unknown type", repeat(frame(0xEE, 0, 0, "x"), 1100)},
      {"resets of what is closed", answer("204", {}, kEndStream) + repeat(reset(1), 1100)},
  };
  for (const auto& [name, said] : floods) {
    SCOPED_TRACE(name);
    start({});
    ask();
    say(said);
    expect_fault(NGHTTP2_ENHANCE_YOUR_CALM);
  }
  start({});
  ask();
  say(repeat(answer("103"), 17));
  EXPECT_TRUE(log.ends_with("component_malformed ")) << log;
}

TEST_F(Http2ClientScene, AnAnswerBeyondTheLimitIsNotPassedOn) {
  start({.head = {.head = 200, .target = 100, .fields = 2}});
  ask();
  say(answer("200", {{"x", std::string(300, 'y')}}, kEndStream));
  EXPECT_EQ(log, "settled component_malformed ");
  start({.head = {.head = 2000, .target = 100, .fields = 2}});
  ask();
  say(answer("200", {{"a", "1"}, {"b", "2"}, {"c", "3"}}, kEndStream));
  EXPECT_EQ(log, "settled component_malformed ");
}

TEST_F(Http2ClientScene, ABodyComesAsFastAsItIsTaken) {  // 6.9
  start({.head = {}, .window = 65'536});
  consumes = false;
  const std::uint32_t request = ask();
  std::string said = answer();
  for (int i = 0; i < 4; ++i) said += data(1, std::string(16'384, 'x'));
  say(said);
  EXPECT_EQ(body.size(), 65'536U);
  EXPECT_EQ(find(kWindow, 1), nullptr);
  client->consumed(request, 40'000);
  produce();
  ASSERT_NE(find(kWindow, 1), nullptr);
  say(data(1, std::string(16'384, 'x')) + data(1, std::string(16'384, 'x')));
  EXPECT_EQ(log, "settled 200 ");
  say(data(1, std::string(16'384, 'x')));  // more than the window
  EXPECT_TRUE(log.ends_with("component_malformed ")) << log;
  EXPECT_LE(body.size(), 105'536U);
}

TEST_F(Http2ClientScene, OneRequestAtATimeUntilTheServerSaysHowMany) {  // 5.1.2
  start({}, "");
  EXPECT_EQ(client->room(), 1U);
  ask();
  EXPECT_EQ(client->room(), 0U);
  say(settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 3}}));
  EXPECT_EQ(client->room(), 2U);
  start({.head = {}, .streams = 10});
  EXPECT_EQ(client->room(), 10U);
}

TEST_F(Http2ClientScene, WhatIsBeyondALimitThatFellIsNeverSent) {
  client->begin({Method::Get, "https", "h", "/1", {}}, {}, {});
  client->begin({Method::Get, "https", "h", "/2", {}}, {}, {});
  client->take(settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}}), now);
  produce();
  EXPECT_NE(find(kHeaders, 1), nullptr);
  EXPECT_EQ(find(kHeaders, 3), nullptr);
  EXPECT_EQ(log, "settled component_closed unprocessed ");
}

TEST_F(Http2ClientScene, AGoawaySaysWhatWasNotLookedAt) {  // 6.8
  ask();
  ask();
  client->begin({Method::Get, "https", "h", "/3", {}}, {}, {});
  say(frame(kGoaway, 0, 0, number(1, 4) + number(NGHTTP2_NO_ERROR, 4)));
  EXPECT_EQ(log, "settled component_closed unprocessed component_closed unprocessed ");
  EXPECT_EQ(client->room(), 0U);
  EXPECT_FALSE(client->done());
  log.clear();
  say(answer("204", {}, kEndStream));
  EXPECT_EQ(log, "204 end ");
  EXPECT_TRUE(client->done());
  EXPECT_TRUE(client->fault().ok());
}

TEST_F(Http2ClientScene, ACancelledRequestIsResetAndNotOneByteMoreLeaves) {
  start({}, settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 4}}));
  const std::uint32_t request = ask(Method::Put, {BodyKind::Chunked, 0});
  client->body(request, "abcdefgh");
  produce();
  client->body(request, "more");
  client->cancel(request);
  say(window(1, 100));
  ASSERT_NE(find(kReset, 1), nullptr);
  EXPECT_EQ(find(kReset, 1)->code(), static_cast<std::uint32_t>(NGHTTP2_CANCEL));
  EXPECT_EQ(find(kData, 1), nullptr);
  say(answer() + data(1, "late"));
  EXPECT_EQ(log, "settled ");
  EXPECT_EQ(client->open(), 0U);
}

TEST_F(Http2ClientScene, ARequestThatIsCancelledBeforeItLeftLeavesNoTrace) {
  const std::uint32_t request = client->begin({Method::Get, "https", "h", "/1", {}}, {}, {});
  client->cancel(request);
  produce();
  EXPECT_TRUE(frames.empty());
  EXPECT_EQ(client->open(), 0U);
}

TEST_F(Http2ClientScene, AnAnswerBeforeTheRequestIsCompleteEndsTheUpload) {  // 8.1
  const std::uint32_t request = ask(Method::Put, {BodyKind::Chunked, 0});
  client->body(request, "begun");
  produce();
  say(answer("413", {}, kEndStream));
  EXPECT_EQ(log, "settled drained 413 end ");
  ASSERT_NE(find(kReset, 1), nullptr);
  client->body(request, "more");
  produce();
  EXPECT_EQ(find(kData, 1), nullptr);
}

TEST_F(Http2ClientScene, WhoLeavesFinishesWhatRuns) {
  ask();
  client->leave();
  produce();
  ASSERT_NE(find(kGoaway), nullptr);
  EXPECT_EQ(find(kGoaway)->code(), static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
  EXPECT_EQ(client->room(), 0U);
  EXPECT_FALSE(client->done());
  say(answer("204", {}, kEndStream));
  EXPECT_TRUE(log.ends_with("204 end "));
  EXPECT_TRUE(client->done());
}

TEST_F(Http2ClientScene, TheAnswerDoesNotDependOnTheCuts) {
  const std::string said = answer("103") + answer("200", {{"content-length", "5"}}) + ping() + data(1, "he") +
                           data(1, "llo", kEndStream);
  ask();
  for (const char byte : said) say({&byte, 1});
  EXPECT_EQ(log, "settled 103 200 end ");
  EXPECT_EQ(body, "hello");
}

}  // namespace
}  // namespace postern::http::h2
