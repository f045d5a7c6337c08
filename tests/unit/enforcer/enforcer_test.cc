// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/enforcer.h"

#include "gateway/http/date.h"
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

base::Json toggle(const char* name, const char* to) {
  return {{"what", "capability"}, {"name", name}, {"new", to}};
}

TEST_F(EnforcerScene, IsClosedByDefault) {
  EXPECT_EQ(code(get("/api/v1/admin")), "operation_not_listed");
  send_message(Type::ConnectionOpened, 2, ipc::ConnectionOpened{"192.0.2.8:1", "", false, {}});
  ipc::RequestHead stranger = head("GET", "/api/v1/query", "");
  stranger.connection = 2;
  send_message(Type::RequestHead, ++last, stranger);
  EXPECT_EQ(code(last), "no_session");
  EXPECT_EQ(connects, 0);
  ASSERT_TRUE(until([&] { return ledger->events("exchange.refused").size() == 2; }));
}

TEST_F(EnforcerScene, AnAllowedReadIsRecordedBeforeItLeavesAndAnsweredAndSummedUp) {
  const std::uint64_t id = get("/api/v1/query?query=up");
  ASSERT_TRUE(accept());
  ASSERT_TRUE(was_asked());
  ASSERT_EQ(ledger->events("exchange.forwarded").size(), 1U);  // no byte reached the component before
  EXPECT_FALSE(ledger->wants_durable);
  EXPECT_TRUE(asked.starts_with("GET /api/v1/query?query=up HTTP/1.1\r\nhost: prom:9090\r\n")) << asked;
  EXPECT_EQ(asked.find("cookie"), std::string::npos);
  say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\nLocation: http://prom:9090/x\r\n\r\nok");
  ASSERT_EQ(status(id), 200);
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
  EXPECT_EQ(body(id), "ok");
  const Frame& response = *std::find_if(frames.begin(), frames.end(),
                                        [](const Frame& f) { return f.type == Type::ResponseHead; });
  EXPECT_EQ(response.payload.find("set-cookie"), std::string::npos);
  EXPECT_EQ(response.payload.find("prom:9090"), std::string::npos);
  EXPECT_NE(response.payload.find(ledger->events("exchange.forwarded")[0]["id"].get<std::string>()),
            std::string::npos);
  done(id);
  ASSERT_TRUE(until([&] { return ledger->events("exchange.completed").size() == 1; }));
  EXPECT_EQ(ledger->events("exchange.completed")[0]["outcome"], "completed");
}

TEST_F(EnforcerScene, AnAnswerHasADate) {  // RFC 9110 6.6.1: who passes one on without it adds when it came
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(accept());
  ASSERT_TRUE(was_asked());
  say(kOk);
  const auto date = http::parse_date(field(id, "date"));
  ASSERT_TRUE(date.has_value());
  EXPECT_LE(std::abs(*date - loop.wall()), 60 * base::kWallSecond);
  done(id);
  const std::uint64_t dated = get("/api/v1/query");
  ASSERT_TRUE(until([&] { return heard().find("GET", 1) != std::string::npos; }));
  say("HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(field(dated, "date"), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_F(EnforcerScene, ThatAFileOfOursHasNotChangedIsSaidWithoutALengthAndWithWhatItDependsOn) {
  const std::uint64_t whole = get("/.postern/assets/banner.js");
  ASSERT_EQ(status(whole), 200);
  const std::string with = cookie(), tag = field(whole, "etag");
  ipc::RequestHead again = head("GET", "/.postern/assets/banner.js", with);
  again.fields.push_back({"if-none-match", tag});
  send_message(Type::RequestHead, ++last, again);
  ASSERT_EQ(status(last), 304);
  EXPECT_EQ(field(last, "vary"), field(whole, "vary"));  // RFC 9110 15.4.5
  ipc::ResponseHead read;
  EXPECT_TRUE(std::any_of(frames.begin(), frames.end(), [&](const Frame& f) {
    return f.type == Type::ResponseHead && f.id == last && ipc::decode(f.payload, read);
  }));
  EXPECT_EQ(read.body, ipc::BodyKind::None);  // 8.6: 0 would be the length of the file
}

TEST_F(EnforcerScene, WhoWaitsToBeAskedForABodyIsAskedForOneOfOurPagesToo) {  // RFC 9110 10.1.1
  const std::string with = cookie();
  ipc::RequestHead wire = head("POST", "/.postern/sign-in", with);
  wire.body = ipc::BodyKind::Sized;
  wire.length = 2;
  wire.expects_continue = true;
  wire.fields.push_back({"content-length", "2"});
  wire.fields.push_back({"expect", "100-continue"});
  send_message(Type::RequestHead, ++last, wire);
  ASSERT_TRUE(until([&] { return has(Type::InformationalHead, last); }, 200));
  send(Type::RequestBody, last, "no");
  end_request(last);
  EXPECT_GE(status(last), 400);
}

TEST_F(EnforcerScene, WhileTheRecordHasNotLeftUsNothingReachesTheComponent) {
  // The ledger does not read: its socket fills, and the next record stays in our memory.
  ledger->channel.reset();
  auto sockets = *ipc::make_socket_pair();
  const base::UniqueFd unread = std::move(sockets.second);
  const std::string junk(1U << 20U, 'x');
  while (::send(sockets.first.get(), junk.data(), junk.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
  }
  turn(5);
  enforcer->set_ledger(std::move(sockets.first));
  base::BinaryWriter frame, out;
  ipc::encode(ipc::LogStatus{true, ""}, out);
  frame.u32(static_cast<std::uint32_t>(out.bytes().size()));
  frame.u16(static_cast<std::uint16_t>(ipc::FromLedger::LogStatus));
  frame.u16(0);
  frame.raw(out.bytes());
  ASSERT_GT(::send(unread.get(), frame.bytes().data(), frame.bytes().size(), MSG_NOSIGNAL), 0);
  turn(5);
  get("/api/v1/query");
  ASSERT_TRUE(accept());
  turn(50);
  EXPECT_EQ(heard(), "");
  std::vector<char> away(1U << 20U);
  while (::recv(unread.get(), away.data(), away.size(), MSG_DONTWAIT) > 0) {
  }
  EXPECT_TRUE(was_asked());
}

TEST_F(EnforcerScene, AWriteLeavesOnlyWhenItsRecordIsDurable) {
  const std::uint64_t id = post("/api/v2/silences", 5);
  send(Type::RequestBody, id, "hello");
  end_request(id);
  ASSERT_TRUE(until([&] { return ledger->events("exchange.forwarded").size() == 1; }));
  EXPECT_TRUE(ledger->wants_durable);
  turn(20);
  EXPECT_EQ(connects, 0);
  ledger->acked(1);
  ASSERT_TRUE(accept());
  ASSERT_TRUE(until([&] { return heard().ends_with("\r\n\r\nhello"); }));
  say(kOk);
  EXPECT_EQ(status(id), 200);
}

TEST_F(EnforcerScene, WhatThePolicyCallsAChangeIsNoneOfAnotherSitesAlsoWithGet) {
  ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, R"(version: 1
capabilities:
  metrics.read: {title: Read metrics, class: read, operations: [GET /api/v1/query]}
  silences.write: {title: Change, class: write, operations: [GET /restart, POST /restart]}
)"});
  turn(10);
  const auto ask = [this](std::string_view target, std::vector<ipc::WireField> fields) {
    const std::string with = cookie();
    ipc::RequestHead request = head("GET", target, with);
    for (const ipc::WireField& field : fields) request.fields.push_back(field);
    send_message(Type::RequestHead, ++last, request);
    return last;
  };
  for (const char* site : {"cross-site", "same-site"})
    EXPECT_EQ(code(ask("/restart", {{"sec-fetch-site", site}, {"sec-fetch-mode", "navigate"}})),
              "cross_site");
  EXPECT_EQ(code(ask("/restart", {{"origin", "https://evil.example"}})), "cross_site");
  EXPECT_TRUE(ledger->events("exchange.forwarded").empty());
  EXPECT_EQ(refused_event(last)["detail"]["code"], "cross_site");
  ask("/restart", {{"sec-fetch-site", "same-origin"}});
  ask("/restart", {});  // no browser
  ask("/api/v1/query", {{"sec-fetch-site", "cross-site"}});
  EXPECT_TRUE(until([&] { return ledger->events("exchange.forwarded").size() == 3; }));
}

TEST_F(EnforcerScene, AWriteWhoseRecordIsNotDurableInTimeIsRefusedForTheLog) {
  Settings impatient = settings();
  impatient.connect = 200 * base::kMillisecond;
  ASSERT_TRUE(enforcer->configure(std::move(impatient)).ok());
  const std::uint64_t id = post("/api/v2/silences", 1);
  ASSERT_TRUE(until([&] { return has(Type::ResponseHead, id); }, 20'000'000));
  EXPECT_EQ(code(id), "log_unavailable");
  ledger->acked(1);
  turn(20);
  EXPECT_EQ(connects, 0);
  done(id);
  const base::Json completed = completed_event(0);
  EXPECT_EQ(completed["outcome"], "not_forwarded");
  EXPECT_EQ(completed["detail"]["code"], "log_unavailable");
}

TEST_F(EnforcerScene, ABodyThatTurnsOutToBeWrongIsRefusedAndItsEndSaysWhyAndHowFarItCame) {
  const auto refuse = [&](std::uint64_t id) {
    send_message(Type::RequestRefused, id,
                 ipc::RequestRefused{1, base::Refusal::Malformed, "a chunk is wrong", ""});
    EXPECT_EQ(code(id), "malformed");
    done(id);
  };
  const std::uint64_t waiting = post("/api/v2/silences", 5);
  refuse(waiting);
  EXPECT_EQ(completed_event(0)["outcome"], "not_forwarded");
  EXPECT_EQ(completed_event(0)["detail"]["code"], "malformed");
  const std::uint64_t forwarded = post("/api/v2/silences", 5);
  ASSERT_TRUE(until([&] { return ledger->events("exchange.forwarded").size() == 2; }));
  ledger->acked(ledger->lines.size());
  ASSERT_TRUE(accept() && was_asked());
  refuse(forwarded);
  EXPECT_EQ(completed_event(1)["outcome"], "refused");
  EXPECT_EQ(completed_event(1)["detail"]["code"], "malformed");
}

TEST_F(EnforcerScene, WhatAServiceKeepsToItselfPassesNeitherInHeadsNorInTrailers) {
  Settings quiet = settings();
  quiet.services[0].strip_request = {"x-internal-token"};
  quiet.services[0].strip_response = {"x-internal-build"};
  ASSERT_TRUE(enforcer->configure(std::move(quiet)).ok());
  const std::string with = cookie();
  ipc::RequestHead request = head("POST", "/api/v2/silences", with);
  request.body = ipc::BodyKind::Streamed;
  for (const ipc::WireField& field :
       {ipc::WireField{"transfer-encoding", "chunked"}, {"x-internal-token", "t"}, {"x-other", "o"}})
    request.fields.push_back(field);
  send_message(Type::RequestHead, ++last, request);
  base::BinaryWriter trailers;
  ipc::encode_trailers({{"x-internal-token", "t"}, {"x-end", "e"}}, trailers);
  send(Type::RequestEnd, last, trailers.bytes());
  ASSERT_TRUE(until([&] { return ledger->events("exchange.forwarded").size() == 1; }));
  ledger->acked(1);
  ASSERT_TRUE(accept());
  ASSERT_TRUE(until([&] { return heard().ends_with("\r\n\r\n0\r\nx-end: e\r\n\r\n"); })) << asked;
  EXPECT_EQ(asked.find("x-internal-token"), std::string::npos);
  EXPECT_NE(asked.find("x-other: o"), std::string::npos);
  say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Internal-Build: 1\r\nX-Other: o\r\n\r\n"
      "0\r\nX-Internal-Build: 1\r\nX-End: e\r\n\r\n");
  EXPECT_EQ(field(last, "x-other"), "o");
  EXPECT_EQ(field(last, "x-internal-build"), "");
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, last); }));
  const auto end =
      std::find_if(frames.begin(), frames.end(), [](const Frame& f) { return f.type == Type::ResponseEnd; });
  EXPECT_EQ(end->payload.find("x-internal-build"), std::string::npos);
  EXPECT_NE(end->payload.find("x-end"), std::string::npos);
}

TEST_F(EnforcerScene, WithoutALogTheDoorIsClosedAndOpensAgainByItself) {
  ledger->log_status(false, "disk full");
  turn(5);
  const std::uint64_t refused = get("/api/v1/query");
  EXPECT_EQ(status(refused), 503);
  EXPECT_EQ(code(refused), "log_unavailable");
  done(refused);
  ledger->log_status(true);
  turn(5);
  get("/api/v1/query");
  EXPECT_TRUE(accept());
}

TEST_F(EnforcerScene, AToggleSwitchedOffCutsWhatStreamsAndSaysHowLongItTook) {
  const std::uint64_t id = get("/api/v1/stream");
  ASSERT_TRUE(accept() && was_asked());
  say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  ASSERT_TRUE(until([&] { return body(id) == "abc"; }));
  change(event("permission.changed", toggle("metrics.read", "off")));
  ASSERT_TRUE(until([&] { return has(Type::Cut, id); }));
  EXPECT_TRUE(ledger->applied.empty());  // not before the terminator says that it is cut
  done(id, false);
  ASSERT_TRUE(until([&] { return ledger->applied.size() == 1; }));
  EXPECT_EQ(ledger->applied[0].version, version);
  EXPECT_EQ(ledger->applied[0].cut, 1U);
  EXPECT_GT(ledger->applied[0].slowest_ns, 0U);
  const auto completed = ledger->events("exchange.completed");
  ASSERT_EQ(completed.size(), 1U);
  EXPECT_EQ(completed[0]["outcome"], "cut");
  EXPECT_EQ(completed[0]["detail"]["cut_reason"], "capability_off");
  EXPECT_EQ(completed[0]["detail"]["bytes_after_cut"], 0);
}

TEST_F(EnforcerScene, AToggleSwitchedOffRefusesWhatHasNotBegunToAnswer) {
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  change(event("permission.changed", toggle("metrics.read", "off")));
  EXPECT_EQ(code(id), "capability_off");
  EXPECT_FALSE(has(Type::Cut, id));
  done(id);
  ASSERT_TRUE(until([&] { return ledger->applied.size() == 1; }));
  EXPECT_EQ(ledger->applied[0].cut, 1U);
}

TEST_F(EnforcerScene, WhatWasHandedOverButHasNotReachedTheClientIsCutToo) {
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  say(kOk);
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
  change(event("permission.changed", toggle("metrics.read", "off")));
  ASSERT_TRUE(until([&] { return has(Type::Cut, id); }));
  done(id, true);  // it had all left when the cut came
  ASSERT_TRUE(until([&] { return ledger->events("exchange.completed").size() == 1; }));
  EXPECT_EQ(ledger->events("exchange.completed")[0]["outcome"], "completed");
  EXPECT_TRUE(until([&] { return ledger->applied.size() == 1; }));
}

TEST_F(EnforcerScene, AChangeThatConcernsNothingThatRunsIsAppliedAtOnce) {
  get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  change(event("permission.changed", toggle("silences.write", "off")));
  ASSERT_TRUE(until([&] { return ledger->applied.size() == 1; }));
  EXPECT_EQ(ledger->applied[0].cut, 0U);
  EXPECT_FALSE(has(Type::Cut, last));
}

TEST_F(EnforcerScene, ATerminatorThatGoesAwayDoesNotKeepAChangeWaiting) {
  get("/api/v1/stream");
  ASSERT_TRUE(accept() && was_asked());
  say("HTTP/1.1 200 OK\r\n\r\nabc");
  ASSERT_TRUE(until([&] { return has(Type::ResponseBody, last); }));
  change(event("permission.changed", toggle("metrics.read", "off")));
  ASSERT_TRUE(until([&] { return has(Type::Cut, last); }));
  join_terminator();
  EXPECT_TRUE(until([&] { return ledger->applied.size() == 1; }));
}

TEST_F(EnforcerScene, WhatAnOldTerminatorLeftInItsRingDoesNotHurtTheNewOne) {
  get("/api/v1/query");  // nobody has read it yet
  join_terminator();
  turn(10);
  EXPECT_FALSE(broken);
  open_connection(1);
  last = 0;
  get("/api/v1/query");
  EXPECT_TRUE(accept());
}

TEST_F(EnforcerScene, AnAnswerForAnOldTerminatorsClientNeverReachesANewOnes) {
  ipc::RequestHead sign_in = head("POST", "/.postern/sign-in", "");
  sign_in.body = ipc::BodyKind::Sized;
  sign_in.length = 12;
  sign_in.fields.push_back({"content-type", "application/json"});
  sign_in.fields.push_back({"content-length", "12"});
  const auto ask = [&] {
    send_message(Type::RequestHead, 1, sign_in);
    send(Type::RequestBody, 1, R"({"pass":"x"})");
    end_request(1);
  };
  ask();
  ASSERT_TRUE(until([&] { return ledger->commands.size() == 1; }));
  join_terminator();
  open_connection(1);
  ask();
  ASSERT_TRUE(until([&] { return ledger->commands.size() == 2; }));
  ledger->reply(ledger->commands[0].first, true, R"({"token":"of-the-first"})");
  turn(20);
  EXPECT_TRUE(frames.empty());
  ledger->reply(ledger->commands[1].first, true, R"({"token":"of-the-second"})");
  EXPECT_EQ(status(1), 200);
}

TEST_F(EnforcerScene, OnlyWhatIsSafeIsSentAgainOnAConnectionThatHadRested) {
  const auto first = [&] {
    const std::uint64_t id = get("/api/v1/query");
    EXPECT_TRUE(accept() && was_asked());
    say(kOk);
    EXPECT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
    done(id);
    turn(5);
    asked.clear();
  };
  first();
  const std::uint64_t again = get("/api/v1/query");
  ASSERT_TRUE(was_asked());
  EXPECT_EQ(connects, 1);
  accepted.reset();
  asked.clear();
  ASSERT_TRUE(accept() && was_asked());
  say(kOk);
  EXPECT_EQ(status(again), 200);
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, again); }));
  done(again);
  asked.clear();
  turn(5);
  const std::uint64_t write = post("/api/v2/silences", 2);
  send(Type::RequestBody, write, "hi");
  end_request(write);
  ASSERT_TRUE(until([&] { return ledger->events("exchange.forwarded").size() == 3; }));
  ledger->acked(ledger->lines.size());
  ASSERT_TRUE(was_asked());
  const int before = connects;
  accepted.reset();
  EXPECT_EQ(status(write), 502);
  EXPECT_EQ(connects, before);
}

TEST_F(EnforcerScene, AComponentThatIsDownOrSilentOrLyingIsSaidSo) {
  refuses = true;
  const std::uint64_t down = get("/api/v1/query");
  EXPECT_EQ(code(down), "component_unreachable");
  done(down);
  refuses = false;
  const std::uint64_t garbage = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  say("nonsense\r\n\r\n");
  EXPECT_EQ(code(garbage), "component_malformed");
  done(garbage);
  asked.clear();
  const std::uint64_t lying = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
  ASSERT_TRUE(until([&] { return body(lying) == "only this"; }));
  accepted.reset();
  ASSERT_TRUE(until([&] { return has(Type::Cut, lying); }));
  done(lying, false);
  ASSERT_TRUE(until([&] { return ledger->events("exchange.completed").size() == 3; }));
  const char* codes[] = {"component_unreachable", "component_malformed", "component_closed"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(completed_event(i)["outcome"], "component_failed");
    EXPECT_EQ(completed_event(i)["detail"]["code"], codes[i]);
  }
}

TEST_F(EnforcerScene, AComponentThatDoesNotAnswerInTimeGetsA504) {
  Settings impatient = settings();
  impatient.response_head = base::kMillisecond;
  ASSERT_TRUE(enforcer->configure(std::move(impatient)).ok());
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  ASSERT_TRUE(until([&] { return has(Type::ResponseHead, id); }, 20'000'000));
  EXPECT_EQ(status(id), 504);
}

TEST_F(EnforcerScene, AReloadLeavesExchangesUnderWayTheirSettings) {
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  Settings other = settings();
  other.services[0].strip_response = {"x-new"};
  ASSERT_TRUE(enforcer->configure(std::move(other)).ok());
  say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-New: 1\r\n\r\nok");
  ASSERT_EQ(status(id), 200);
  const auto head =
      std::find_if(frames.begin(), frames.end(), [](const Frame& f) { return f.type == Type::ResponseHead; });
  EXPECT_NE(head->payload.find("x-new"), std::string::npos);
}

// More of them than the ring to the terminator holds: what does not fit is left to the component, and taken when there is room.
TEST_F(EnforcerScene, ManyLargeAnswersAtOnceArriveWhole) {
  constexpr std::size_t kAnswers = 30, kSize = 100'000;
  std::vector<std::uint64_t> ids;
  std::vector<base::UniqueFd> sockets;
  std::vector<std::string> rest;
  for (std::size_t i = 0; i < kAnswers; ++i) {
    ids.push_back(get("/api/v1/query"));
    ASSERT_TRUE(accept() && was_asked());
    sockets.push_back(std::move(accepted));
    asked.clear();
    rest.push_back("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" +
                   std::string(kSize, static_cast<char>('a' + i % 26)));
  }
  ASSERT_TRUE(until([&] {
    for (std::size_t i = 0; i < kAnswers; ++i) {
      const ssize_t n = ::send(sockets[i].get(), rest[i].data(), rest[i].size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n > 0) rest[i].erase(0, static_cast<std::size_t>(n));
    }
    return std::all_of(ids.begin(), ids.end(), [&](std::uint64_t id) { return has(Type::ResponseEnd, id); });
  }));
  for (std::size_t i = 0; i < kAnswers; ++i)
    EXPECT_EQ(body(ids[i]), std::string(kSize, static_cast<char>('a' + i % 26)));
}

TEST_F(EnforcerScene, AResponseLeavesOnlyWithinItsCredit) {
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + std::string(300'000, 'x');
  const auto feed = [&] {
    const ssize_t n = ::send(accepted.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) text.erase(0, static_cast<std::size_t>(n));
    loop.turn();
  };
  for (int i = 0; i < 300; ++i) feed();
  const std::size_t had = body(id).size();
  EXPECT_LE(had, ipc::kInitialCredit);
  EXPECT_GT(had, ipc::kInitialCredit / 2);
  // What the client took is given back: the rest follows.
  std::size_t credited = 0;
  for (int i = 0; i < 3000 && !has(Type::ResponseEnd, id); ++i) {
    feed();
    base::BinaryWriter out;
    out.u32(static_cast<std::uint32_t>(body(id).size() - credited));
    credited = body(id).size();
    send(Type::ResponseCredit, id, out.bytes());
  }
  EXPECT_EQ(body(id), std::string(300'000, 'x'));
  EXPECT_FALSE(broken);
}

// A terminator that was taken over: whatever it says that cannot be ends its channel.
// Promise 5: behind the second door a body is as long as its head says, or the component would read the rest as a request that nobody
// judged.
TEST_F(EnforcerScene, NoTerminatorPutsAnotherRequestBehindABody) {
  const std::uint64_t id = post("/api/v2/silences", 5);
  send(Type::RequestBody, id, "hel");
  ASSERT_TRUE(until([&] { return ledger->events("exchange.forwarded").size() == 1; }));
  ledger->acked(1);
  ASSERT_TRUE(accept());
  ASSERT_TRUE(until([&] { return heard().ends_with("hel"); }));
  send(Type::RequestBody, id, "loGET /api/v1/admin HTTP/1.1\r\nhost: prom:9090\r\n\r\n");
  turn(20);
  EXPECT_TRUE(heard().ends_with("hel")) << asked;
  EXPECT_EQ(status(get("/none")), -1);  // the channel is closed
}

// What a session may receive is bounded, and the terminator alone knows what left: what was handed over to it counts.
TEST_F(EnforcerScene, WhatASessionReceivesCountsWhateverTheTerminatorSays) {
  for (const bool complete : {true, false}) {
    const std::uint64_t id = get("/api/v1/query");
    ASSERT_TRUE(!complete || accept());
    asked.clear();
    ASSERT_TRUE(was_asked());
    say(kOk);
    ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
    done(id, complete);  // as if not one byte had left
    ASSERT_TRUE(until([&] { return ledger->response_bytes.size() == (complete ? 1U : 2U); }));
    EXPECT_EQ(ledger->response_bytes.back(), 2U);
    const base::Json detail = ledger->events("exchange.completed").back()["detail"];
    EXPECT_EQ(detail["response_bytes"], 0);
    EXPECT_EQ(detail["handed_bytes"], 2);
  }
}

TEST_F(EnforcerScene, FramesThatATerminatorCannotSendBreakTheChannel) {
  struct Breach {
    const char* name;
    std::function<void()> make;
  };
  const std::string with = cookie();
  const auto announce = [&](std::string_view client, std::string_view tls, std::string_view relay = {}) {
    send_message(Type::ConnectionOpened, 2, ipc::ConnectionOpened{client, tls, false, {}, relay});
  };
  const auto end_with = [&](const ipc::WireField& trailer) {
    ipc::RequestHead request = head("POST", "/api/v2/silences", with);
    request.body = ipc::BodyKind::Streamed;
    request.fields.push_back({"transfer-encoding", "chunked"});
    send_message(Type::RequestHead, 1, request);
    base::BinaryWriter out;
    ipc::encode_trailers({trailer}, out);
    send(Type::RequestEnd, 1, out.bytes());
  };
  const std::vector<Breach> breaches = {
      {"a request on a connection that was not announced",
       [&] {
         ipc::RequestHead request = head("GET", "/", with);
         request.connection = 9;
         send_message(Type::RequestHead, 1, request);
       }},
      {"an id that was used",
       [&] {
         send_message(Type::RequestHead, 5, head("GET", "/x", with));
         done(5);
         send_message(Type::RequestHead, 5, head("GET", "/x", with));
       }},
      {"an id under which the enforcer asks the component for itself",
       [&] { send_message(Type::RequestHead, std::uint64_t{1} << 60U, head("GET", "/x", with)); }},
      {"a connection with such an id", [&] { open_connection(std::uint64_t{1} << 62U); }},
      {"more requests at once on a connection than one can have",
       [&] {
         for (std::uint32_t i = 0; i <= ipc::kMostConcurrent; ++i) get("/none");
       }},
      {"a connection announced twice", [&] { open_connection(1); }},
      {"a client of many words", [&] { announce(std::string(200, '1') + ":1", "TLSv1.3"); }},
      {"a client that no field can name", [&] { announce("192.0.2.7\r\nX: y:1", "TLSv1.3"); }},
      {"a client that is no address", [&] { announce("mission-control", "TLSv1.3"); }},
      {"connections that nobody in particular made",
       [&] {
         send_message(Type::ConnectionsRefused, 0, ipc::ConnectionsRefused{true, 1, "an admin\n"});
       }},
      {"a refusal that is not the parser's to make",
       [&] {
         send_message(Type::RequestRefused, 1,
                      ipc::RequestRefused{1, base::Refusal::Never, "ruled out", "GET /api/v1/admin"});
       }},
      {"a client without a name", [&] { announce("", "TLSv1.3"); }},
      {"TLS of many words", [&] { announce("192.0.2.7:1", std::string(200, 'T')); }},
      {"TLS that breaks a line", [&] { announce("192.0.2.7:1", "TLS\nv1.3"); }},
      {"a relay of many words", [&] { announce("192.0.2.7:1", "TLSv1.3", std::string(300, 'r')); }},
      {"the end of a connection that never was", [&] { send(Type::ConnectionClosed, 9); }},
      {"a body for no exchange", [&] { send(Type::RequestBody, 1, "x"); }},
      {"a body where the head has none", [&] { send(Type::RequestBody, get("/api/v1/query"), "x"); }},
      {"more body than its credit",
       [&] {
         const std::uint64_t id = post("/api/v2/silences", 1'000'000);
         for (int i = 0; i < 5; ++i) send(Type::RequestBody, id, std::string(ipc::kBodyPiece, 'x'));
       }},
      {"more body than its head says",
       [&] { send(Type::RequestBody, post("/api/v2/silences", 5), "hello!"); }},
      {"the end of a body that is not whole",
       [&] {
         const std::uint64_t id = post("/api/v2/silences", 5);
         send(Type::RequestBody, id, "hell");
         end_request(id);
       }},
      {"a trailer that says who the client is",
       [&] {
         end_with({"x-forwarded-for", "127.0.0.1"});
       }},
      {"a trailer that says how long the body is",
       [&] {
         end_with({"content-length", "5"});
       }},
      {"a trailer in no known characters",
       [&] {
         end_with({"x-t", "\xFF"});
       }},
      {"more credit than was used",
       [&] {
         base::BinaryWriter out;
         out.u32(1);
         send(Type::ResponseCredit, get("/api/v1/query"), out.bytes());
       }},
      {"a head that contradicts its fields",
       [&] {
         ipc::RequestHead request = head("GET", "/", with);
         request.body = ipc::BodyKind::Sized;
         request.length = 5;
         send_message(Type::RequestHead, 1, request);
       }},
      {"a field that no parser lets pass",
       [&] {
         ipc::RequestHead request = head("GET", "/", with);
         request.fields.push_back({"x", "a\r\nb"});
         send_message(Type::RequestHead, 1, request);
       }},
      {"figures that cannot be",
       [&] {
         ipc::ExchangeDone out;
         out.ended = -1;
         send_message(Type::ExchangeDone, get("/api/v1/query"), out);
       }},
      {"the end of an answer that has none",
       [&] {
         ipc::ExchangeDone out;
         out.complete = true;
         send_message(Type::ExchangeDone, get("/api/v1/query"), out);
       }},
      {"more bytes of an answer than were handed over",
       [&] {
         ipc::ExchangeDone out;
         out.response_bytes = 1;
         send_message(Type::ExchangeDone, get("/api/v1/query"), out);
       }},
      {"more bytes of a request than a piece that was too much",
       [&] {
         ipc::ExchangeDone out;
         out.request_bytes = ipc::kBodyPiece + 1;
         send_message(Type::ExchangeDone, get("/api/v1/query"), out);
       }},
      {"more bytes after a cut than at all",
       [&] {
         ipc::ExchangeDone out;
         out.after_cut = 1;
         send_message(Type::ExchangeDone, get("/api/v1/query"), out);
       }},
      {"an answerer's frame", [&] { send(Type::ResponseHead, get("/api/v1/query")); }},
      {"garbage", [&] { send(Type::RequestHead, 1, "garbage"); }},
      {"no such frame", [&] { send(static_cast<Type>(999), 1); }},
  };
  for (const Breach& breach : breaches) {
    join_terminator();
    last = 0;
    open_connection(1);
    turn(5);
    breach.make();
    turn(10);
    // The enforcer listens no more: what comes now is not answered.
    frames.clear();
    open_connection(77);
    ipc::RequestHead after = head("GET", "/.postern/sign-in", "");
    after.connection = 77;
    send_message(Type::RequestHead, 2000, after);
    turn(10);
    EXPECT_TRUE(frames.empty()) << breach.name;
  }
}

TEST_F(EnforcerScene, AConnectionHasAsManyExchangesAtATimeAsHttp2HasStreams) {
  for (std::uint32_t i = 1; i < ipc::kMostConcurrent; ++i) get("/none");  // refused, but not yet over
  EXPECT_EQ(status(get("/none")), 403);
  EXPECT_EQ(status(get("/none")), -1);  // the channel is closed
}

TEST_F(EnforcerScene, AConnectionClosedUnderARunningExchangeLeavesNothingDangling) {
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  send(Type::ConnectionClosed, 1);
  turn(10);
  say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nLocation: http://prom:9090/\r\n\r\nok");
  EXPECT_EQ(status(id), 200);
  done(id);
  EXPECT_TRUE(until([&] { return ledger->events("exchange.completed").size() == 1; }));
}

TEST_F(EnforcerScene, DrainIsToldOnceWhenTheLastExchangeEnds) {
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  int drained = 0;
  enforcer->drain([&] { ++drained; });
  EXPECT_EQ(drained, 0);
  say(kOk);
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
  done(id);
  ASSERT_TRUE(until([&] { return drained == 1; }));
  done(get("/api/v1/admin"));
  turn(10);
  EXPECT_EQ(drained, 1);
}

TEST_F(EnforcerScene, AConnectionWithoutASessionCannotUseAnothersByGuessing) {
  const std::string guess = "__Host-postern=" + base::to_base64url(std::string(32, 'g'));
  send_message(Type::RequestHead, ++last, head("GET", "/api/v1/query", guess));
  EXPECT_EQ(code(last), "session_ended");
  done(last);
  const std::string doubled = cookie() + "; " + guess;
  send_message(Type::RequestHead, ++last, head("GET", "/api/v1/query", doubled));
  EXPECT_EQ(code(last), "session_ended");
}

}  // namespace
}  // namespace postern::enforcer
