// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Promise 5: a terminator that somebody has taken over. It says whatever it likes over the exchange protocol: other
// identities, targets that are not canonical, what is never allowed, frames out of order, floods, broken bytes. It
// knows the cookie of one session that really passes through it, and that is all it can use.
//
// POSTERN_FRAMES says how many frames (60,000); POSTERN_SEED repeats a run.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <random>
#include <set>

#include "gateway/http/h1_body.h"
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

using base::Json;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// All that the policy lists and the session may use, and how it may reach the component.
const std::set<std::string, std::less<>> kListed{"GET /api/v1/query", "GET /api/v1/stream",
                                                 "HEAD /api/v1/query", "HEAD /api/v1/stream",
                                                 "POST /api/v2/silences"};

constexpr std::array<std::string_view, 12> kHostileMethods{
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "CONNECT", "get", "G\rET", ""};
constexpr std::array<std::string_view, 26> kHostileTargets{"/api/v1/query",
                                                           "/api/v1/query?x=1",
                                                           "/api/v1/stream",
                                                           "/api/v2/silences",
                                                           "/api/v1/../v1/query",
                                                           "/api/v1/./query",
                                                           "//api/v1/query",
                                                           "/api//v1/query",
                                                           "/api/v1/query/",
                                                           "/api/v1/%71uery",
                                                           "/api%2fv1/query",
                                                           "/api/v1/query;x=1",
                                                           "/api/v1\\query",
                                                           "/api/v1/query%00",
                                                           "/API/V1/QUERY",
                                                           "/api/v1/admin/tsdb/delete_series",
                                                           "/debug/pprof/heap",
                                                           "/-/quit",
                                                           "/",
                                                           "*",
                                                           "http://prom:9090/api/v1/query",
                                                           "http://support.example/api/v1/query",
                                                           "/api/v1/query HTTP/1.1\r\nX: y",
                                                           "/api/v1/\xc0\xafquery",
                                                           "/.postern/api/session",
                                                           "/api/v1/query#f"};
constexpr std::array<std::string_view, 5> kMethods{"GET", "HEAD", "PUT", "DELETE", "PATCH"};
constexpr std::array<std::string_view, 12> kForbiddenTargets{
    "/api/v1/query",       "/api/v1/query?x=1",
    "/api/v1/stream",      "/api/v2/silences",
    "/api/v1/../v1/query", "//api/v1/query",
    "/api%2fv1/query",     "/api/v1/query;x=1",
    "/API/V1/QUERY",       "/api/v1/admin/tsdb/delete_series",
    "/debug/pprof/heap",   "/"};
constexpr std::array<std::string_view, 8> kHosts{
    "support.example", "prom:9090",           "evil.example", "",
    "SUPPORT.EXAMPLE", "support.example:443", "a b",          "support.example\r\nX: y"};

// What would be a request for whoever takes it for the end of a body.
constexpr std::string_view kSmuggled =
    "0\r\n\r\nGET /api/v1/admin/tsdb/delete_series HTTP/1.1\r\nhost: prom\r\n\r\n";
constexpr std::uint64_t kEndless = UINT64_MAX;

class HostileTerminator : public EnforcerScene {
 protected:
  HostileTerminator() {
    seed_ = from_environment("POSTERN_SEED", std::random_device{}());
    random_.seed(seed_);
    RecordProperty("seed", std::to_string(seed_));
    enforcer->on_breach([this](const std::string&) { ++breaches_; });
  }

  std::size_t pick(std::size_t below) { return random_() % below; }
  template <typename List>
  std::string one_of(const List& list) {
    return std::string(list[pick(list.size())]);
  }
  std::string junk(std::size_t most) {
    std::string out(pick(most), '\0');
    for (char& c : out) c = static_cast<char>(random_());
    return out;
  }

  std::string some_cookie() {
    switch (pick(6)) {
      case 0:
        return "";
      case 1:
        return "__Host-postern=" + base::to_base64url(junk(48));
      case 2:
        return "__Host-postern=s1";
      case 3:
        return "a=b; __Host-postern=" + junk(20);
      default:
        return knows_cookie_
                   ? cookie()
                   : "__Host-postern=" + base::to_base64url(std::string(kToken.rbegin(), kToken.rend()));
    }
  }

  // A head as an honest terminator would bring it: for what the session may not do, or somebody else's session.
  std::string forbidden_head() {
    ipc::RequestHead head;
    const std::string method = one_of(kMethods), target = one_of(kForbiddenTargets), with = some_cookie();
    head.connection = 1;
    head.method = method;
    head.target = target;
    head.fields.push_back({"host", "support.example"});
    if (!with.empty()) head.fields.push_back({"cookie", with});
    return encoded(head);
  }

  // The head of a body, which the session may send.
  std::string listed_head(bool sized, std::uint64_t size) {
    const std::string with = some_cookie(), length = std::to_string(size);
    ipc::RequestHead head = EnforcerScene::head("POST", "/api/v2/silences", with);
    head.body = sized ? ipc::BodyKind::Sized : ipc::BodyKind::Streamed;
    head.length = sized ? size : 0;
    if (sized)
      head.fields.push_back({"content-length", length});
    else
      head.fields.push_back({"transfer-encoding", "chunked"});
    return encoded(head);
  }

  // A head that is well-formed on the ring, with whatever in it.
  std::string hostile_head(ipc::BodyKind& body) {
    ipc::RequestHead head;
    const std::string method = pick(2) == 0 ? "GET" : one_of(kHostileMethods);
    const std::string target = pick(3) == 0 ? "/api/v1/query" : one_of(kHostileTargets);
    const std::string host = pick(3) != 0 ? "support.example" : one_of(kHosts);
    const std::string with = some_cookie(), odd = junk(16), other = junk(40);
    const std::string length = std::to_string(pick(5000));
    head.connection = pick(200) == 0 ? pick(4) : 1;
    head.minor = static_cast<std::uint8_t>(pick(8) == 0 ? pick(256) : 1);
    head.expects_continue = pick(8) == 0;
    body = head.body = static_cast<ipc::BodyKind>(pick(2) == 0 ? 0 : pick(3));
    head.length = pick(8) == 0 ? random_() : pick(5000);
    head.method = method;
    head.target = target;
    head.fields.push_back({"host", host});
    if (!with.empty()) head.fields.push_back({"cookie", with});
    if (pick(6) == 0) head.fields.push_back({odd, other});
    if (pick(6) == 0) head.fields.push_back({"host", "other.example"});
    if (pick(4) == 0) head.fields.push_back({"content-length", length});
    if (pick(8) == 0) head.fields.push_back({"transfer-encoding", "chunked"});
    if (pick(8) == 0) head.fields.push_back({"authorization", "Bearer stolen"});
    if (pick(8) == 0) head.fields.push_back({"x-forwarded-for", "127.0.0.1"});
    if (pick(8) == 0) head.fields.push_back({"connection", "x-secret, close"});
    base::BinaryWriter out;
    ipc::encode(head, out);
    return std::string(out.bytes());
  }

  template <typename Message>
  std::string encoded(const Message& message) {
    base::BinaryWriter out;
    ipc::encode(message, out);
    return std::string(out.bytes());
  }

  std::string number(std::uint32_t value) {
    base::BinaryWriter out;
    out.u32(value);
    return std::string(out.bytes());
  }

  // Mostly what fits the protocol, so that it is heard for long: heads with whatever in them, their bodies, their
  // ends. Now and then anything at all, which mostly ends the channel.
  void say_something() {
    if (pick(60) == 0) return say_anything();
    if (under_way_.size() > 40 || (!under_way_.empty() && pick(2) == 0))
      return go_on(pick(under_way_.size()));
    ipc::BodyKind body{};
    if (pick(8) == 0) {
      const bool sized = pick(2) == 0;
      const std::uint64_t size = 1 + pick(300);
      send(Type::RequestHead, ++last, listed_head(sized, size));
      under_way_.push_back({last, true, sized ? size : kEndless});
      return;
    }
    const std::string payload = pick(8) == 0 ? hostile_head(body) : forbidden_head();
    send(Type::RequestHead, ++last, payload);
    under_way_.push_back({last, body != ipc::BodyKind::None, kEndless});
  }

  void go_on(std::size_t which) {
    auto& [id, wants_body, left] = under_way_[which];
    const bool breaks = pick(30) == 0;  // what the head said
    if (wants_body && (left == kEndless ? pick(2) == 0 : breaks || left > 0)) {
      std::string piece = pick(2) == 0 ? std::string(kSmuggled) : junk(500);
      if (!breaks) piece.resize(std::min<std::uint64_t>(piece.size(), left));
      if (left != kEndless) left -= std::min<std::uint64_t>(left, piece.size());
      return send(Type::RequestBody, id, piece);
    }
    if (wants_body) {
      wants_body = false;
      return end_request(id);
    }
    done(id, pick(2) == 0);
    under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(which));
  }

  void say_anything() {
    // A number that is new, one that is under way, or one that cannot be.
    std::uint64_t id = pick(3) == 0 ? 1 + pick(last + 3) : last;
    if (pick(50) == 0) id = random_();
    std::string payload;
    ipc::BodyKind ignored{};
    Type type = Type::RequestHead;
    switch (pick(16)) {
      case 0: {
        type = Type::ConnectionOpened;
        id = pick(4) == 0 ? pick(6) : 2 + ++opened_;
        const std::string certificate = junk(400);
        ipc::ConnectionOpened opened_frame{"192.0.2.9:1", "TLSv1.3", pick(2) == 0, {}};
        for (std::size_t i = pick(6); i > 0; --i) opened_frame.certificates.push_back(certificate);
        payload = encoded(opened_frame);
        break;
      }
      case 1:
        type = Type::ConnectionClosed;
        id = 2 + pick(opened_ + 2);
        break;
      case 2:
        type = Type::RequestBody;
        payload = junk(pick(20) == 0 ? ipc::kBodyPiece + 2 : 3000);
        break;
      case 3:
      case 4: {
        type = Type::RequestEnd;
        base::BinaryWriter out;
        const std::string value = junk(20);
        ipc::encode_trailers(
            pick(4) == 0 ? std::vector<ipc::WireField>{{"x-trailer", value}} : std::vector<ipc::WireField>{},
            out);
        payload = std::string(out.bytes());
        break;
      }
      case 5: {
        type = Type::RequestRefused;
        id = ++last;
        ipc::RequestRefused refused;
        const std::string why = junk(60), excerpt = junk(512);
        refused.connection = 1;
        refused.refusal = static_cast<base::Refusal>(pick(12));
        refused.why = why;
        refused.excerpt = excerpt;
        payload = encoded(refused);
        break;
      }
      case 6:
        type = Type::ResponseCredit;
        payload = number(static_cast<std::uint32_t>(pick(4) == 0 ? random_() : pick(4000)));
        break;
      case 7:
        type = Type::ClientGone;
        break;
      case 8:
      case 9: {
        type = Type::ExchangeDone;
        ipc::ExchangeDone done_frame;
        done_frame.request_bytes = pick(2) == 0 ? random_() : 0;
        done_frame.response_bytes = pick(2) == 0 ? random_() : 0;
        done_frame.complete = pick(2) == 0;
        done_frame.ended = static_cast<std::int64_t>(random_());
        payload = encoded(done_frame);
        break;
      }
      case 10:
        type = static_cast<Type>(pick(64));
        payload = junk(200);
        break;
      default:
        id = ++last;
        payload = hostile_head(ignored);
        if (pick(16) == 0) id = 1 + pick(last);
    }
    if (!payload.empty() && pick(40) == 0) payload[pick(payload.size())] ^= static_cast<char>(1U << pick(8));
    if (!payload.empty() && pick(60) == 0) payload.resize(pick(payload.size()));
    send(type, id, payload);
  }

  // The component: takes every connection and answers every request, and keeps what it was asked.
  void play_component() {
    for (;;) {
      const int fd = ::accept4(component.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) break;
      peers_.emplace_back(base::UniqueFd(fd), std::string());
    }
    std::array<char, 65536> piece{};
    for (auto& [fd, text] : peers_) {
      const ssize_t n = ::recv(fd.get(), piece.data(), piece.size(), MSG_DONTWAIT);
      if (n == 0) fd.reset();
      if (n <= 0) continue;
      text.append(piece.data(), static_cast<std::size_t>(n));
      for (std::size_t end = 0; (end = text.find("\r\n\r\n")) != std::string::npos;) {
        const std::string head = text.substr(0, end + 2);
        if (!take_request(head, text, end + 4)) break;
        constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        if (::send(fd.get(), kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) < 0) fd.reset();
        if (!fd.valid()) break;
      }
    }
    std::erase_if(peers_, [](const auto& peer) { return !peer.first.valid(); });
  }

  // False: its body is not whole yet.
  bool take_request(const std::string& head, std::string& text, std::size_t body) {
    http::Framing framing;
    if (const auto at = head.find("\r\ncontent-length: "); at != std::string::npos)
      framing = {http::BodyKind::Sized, std::strtoull(head.c_str() + at + 18, nullptr, 10)};
    if (head.find("\r\ntransfer-encoding: chunked") != std::string::npos)
      framing = {http::BodyKind::Chunked, 0};
    http::BodyDecoder decoder(framing, http::BodySide::Request);
    for (std::size_t consumed = 1; !decoder.done(); body += consumed) {
      if (consumed == 0) return false;
      const http::BodyStep step = decoder.feed(std::string_view(text).substr(body));
      EXPECT_NE(step.state, http::BodyState::Refused) << head << " seed " << seed_;
      consumed = step.consumed;
    }
    text.erase(0, body);
    const std::string line = head.substr(0, head.find("\r\n"));
    reached_.push_back(line);
    const std::string call = line.substr(0, line.rfind(' '));
    EXPECT_TRUE(kListed.contains(call.substr(0, call.find('?')))) << line << " seed " << seed_;
    EXPECT_EQ(head.find("stolen"), std::string::npos) << head;
    return true;
  }

  void attack(std::uint64_t frames_to_say) {
    for (std::uint64_t said = 0; said < frames_to_say; ++said) {
      if (terminator == nullptr || breaches_ > joined_) {  // cut off: the supervisor starts another one
        ++joined_;
        join_terminator();
        last = 0;
        opened_ = 0;
        under_way_.clear();
        open_connection(1);
      }
      say_something();
      if (said % 8 != 0) continue;
      loop.turn();
      play_component();
      if (frames.size() > 10'000) frames.clear();
      forget_old_events();
    }
    for (int i = 0; i < 200; ++i) {
      loop.turn();
      play_component();
    }
    forget_old_events();
  }

  // Counts events by type, so that millions of them take no memory.
  void forget_old_events() {
    for (const std::string& line : ledger->lines) {
      for (const std::string_view type : {"exchange.forwarded", "exchange.refused"}) {
        if (line.find("\"type\":\"" + std::string(type)) != std::string::npos) ++events_[std::string(type)];
      }
    }
    acknowledged_ += ledger->lines.size();
    if (!ledger->lines.empty()) ledger->acked(acknowledged_);
    ledger->lines.clear();
    ledger->commands.clear();
  }

  const std::uint64_t frames_ = from_environment("POSTERN_FRAMES", 60'000);
  std::uint64_t seed_ = 0;
  std::mt19937_64 random_;
  bool knows_cookie_ = false;
  struct UnderWay {
    std::uint64_t id;
    bool wants_body;
    std::uint64_t left;  // of a body whose length was said
  };
  std::vector<UnderWay> under_way_;
  std::uint64_t opened_ = 0, acknowledged_ = 0;
  int breaches_ = 0, joined_ = 0;
  std::vector<std::pair<base::UniqueFd, std::string>> peers_;
  std::vector<std::string> reached_;
  std::map<std::string, std::uint64_t> events_;
};

TEST_F(HostileTerminator, ReachesNothingWithoutASessionThatPassesThroughIt) {
  attack(frames_);
  EXPECT_TRUE(reached_.empty()) << reached_.front() << " seed " << seed_;
  EXPECT_EQ(connects, 0);
  EXPECT_GE(events_["exchange.refused"],
            std::min<std::uint64_t>(frames_ / 10, static_cast<std::uint64_t>(Admission::kRecorded.at_once)))
      << "what it tried stands in the log, as far as one address fills it";
  EXPECT_GT(breaches_, 0) << "it was cut off";
}

TEST_F(HostileTerminator, ReachesNoMoreThanTheSessionMayAndNothingUnrecorded) {
  knows_cookie_ = true;
  attack(frames_);
  EXPECT_GT(reached_.size(), 0U) << "the session's own exchanges pass";
  EXPECT_TRUE(std::any_of(reached_.begin(), reached_.end(), [](const std::string& line) {
    return line.starts_with("POST ");
  })) << "those with a body too";
  EXPECT_GE(events_["exchange.forwarded"], reached_.size());
  EXPECT_GT(events_["exchange.refused"], frames_ / 10);
  EXPECT_GT(breaches_, 0);
}

// --- what it can make us keep

class GreedyTerminator : public EnforcerScene {
 protected:
  GreedyTerminator() {
    enforcer->on_breach([this](const std::string&) { ++breaches; });
  }
  static std::size_t in_use() {
    const struct mallinfo2 heap = ::mallinfo2();
    return heap.uordblks + heap.hblkhd;
  }
  int breaches = 0;
};

TEST_F(GreedyTerminator, CertificatesWithoutEndAreNotKept) {
  constexpr std::size_t kConnections = 2'000;
  const std::string most(30'000, 'c');  // two of them are as many as one connection tells of
  const std::size_t before = in_use();
  for (std::uint64_t id = 2; id <= kConnections; ++id) {
    open_connection(id, {std::to_string(id) + most, most});
    if (id % 8 == 0) turn(5);
  }
  turn(50);
  EXPECT_LT(in_use() - before, ipc::ShownChains::kMostBytes + (16U << 20U)) << "of 114 MiB";
  EXPECT_EQ(breaches, 0) << "an honest one may have clients that show too much";
  for (std::uint64_t id = 2; id <= kConnections; ++id) send(Type::ConnectionClosed, id);
  turn(50);
  EXPECT_LT(in_use(), before + (16U << 20U));
}

// Nothing but its word ends an exchange.
TEST_F(GreedyTerminator, WhatIsRefusedAndNeverDoneIsForgottenButForItsEnd) {
  Settings none = settings();
  none.admission.exchanges = 0;
  ASSERT_TRUE(enforcer->configure(std::move(none)).ok());
  const std::string large(60'000, 'x');
  ipc::RequestHead wanted = head("GET", "/api/v1/query", "");
  wanted.fields.push_back({"x-large", large});
  const std::size_t before = in_use();
  constexpr std::size_t kExchanges = 2'000;
  for (std::uint64_t id = 1; id <= kExchanges; ++id) {
    if (id % ipc::kMostConcurrent == 1) open_connection(wanted.connection = 1 + id);
    send_message(Type::RequestHead, id, wanted);
    if (id % 8 == 0) turn(5);
  }
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, kExchanges); }));
  frames.clear();
  EXPECT_LT(in_use() - before, kExchanges * (8U << 10U)) << "of 114 MiB";
}

// Of a session every refusal is an event, as often as its limits let it ask. What is refused before they are looked at is counted.
TEST_F(GreedyTerminator, FillsNoLogInTheNameOfASession) {
  const std::uint64_t first = get("/none");
  ASSERT_EQ(status(first), 403);
  done(first);
  const std::size_t before = ledger->lines.size();
  constexpr int kRefused = 6'000;
  for (int i = 0; i < kRefused; ++i) {
    send_message(Type::RequestRefused, ++last,
                 ipc::RequestRefused{1, base::Refusal::Malformed, "not valid", "GET"});
    if (i % 50 == 0) turn(3);
    if (i % 50 == 0) frames.clear();
    done(last);
  }
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, last); }));
  turn(20);
  EXPECT_EQ(breaches, 0);
  const std::size_t recorded = ledger->lines.size() - before;
  EXPECT_GT(recorded, 1'000U);
  EXPECT_LT(recorded, 4'500U) << "of " << kRefused;
  EXPECT_EQ(ledger->events("exchange.refused").back()["session"], "s1");
}

TEST_F(GreedyTerminator, HasNoMoreExchangesThanAnHonestOneCould) {
  Settings none = settings();
  none.admission.exchanges = 0;
  ASSERT_TRUE(enforcer->configure(std::move(none)).ok());
  ipc::RequestHead wanted = head("GET", "/", "");
  std::uint64_t begun = 0;
  while (breaches == 0 && begun < 2 * Enforcer::kMostExchanges) {
    open_connection(wanted.connection = 2 + begun);
    for (std::uint32_t i = 0; i < ipc::kMostConcurrent; ++i) send_message(Type::RequestHead, ++begun, wanted);
    turn(3);
    frames.clear();
  }
  ASSERT_TRUE(until([&] { return breaches == 1; }));
  EXPECT_GE(begun, Enforcer::kMostExchanges);
}

}  // namespace
}  // namespace postern::enforcer
