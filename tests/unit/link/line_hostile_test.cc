// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A Mission Control, a proxy or somebody in between that does not do what it should: each ends in a sentence, and the line
// is tried again.
#include "tests/unit/link/line_scene.h"

namespace postern::link {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class HostileMission : public LineTest {
 protected:
  HostileMission() { hold(own_); }
  // What the line says of a server that answers its wish for orders so.
  std::string after(std::string_view orders, bool with_hello = true) {
    configure(part());
    MissionServer& server = serve();
    const std::uint32_t stream = request(server, 0).stream;
    server.open(stream);
    if (with_hello) server.say(stream, hello());
    server.say(stream, orders);
    return wait_for("waiting");
  }
};

TEST_F(HostileMission, SaysSomethingElseThanAHello) {
  EXPECT_EQ(after(pulse(), false), "its first order is not its hello");
}

TEST_F(HostileMission, SaysWhatIsNoOrder) {
  EXPECT_THAT(after("not json\n"), HasSubstr("one of its orders: the document is not JSON"));
}

TEST_F(HostileMission, SaysAnEmptyLine) { EXPECT_THAT(after("\n"), HasSubstr("one of its orders: ")); }

TEST_F(HostileMission, SaysALineWithoutAnEnd) {
  EXPECT_EQ(after(std::string(line::kOrderLimit + 1, 'x')), "a line of its orders has more than 65536 bytes");
}

TEST_F(HostileMission, FloodsWithOrders) {
  std::string flood;
  for (int i = 0; i < kOrders.at_once + 100; ++i) flood += pulse();
  EXPECT_EQ(after(flood), "it floods us with orders");
}

TEST_F(HostileMission, AnswersReportsWithMoreThanADocument) {
  configure(part());
  MissionServer& server = raise();
  report();
  server.answer(request(server, 1).stream, 200, std::string(line::kDocumentLimit + 1, 'x'));
  EXPECT_EQ(wait_for("waiting"), "an answer of it has more than 262144 bytes");
  EXPECT_EQ(delivered_.at(0).first, 0);
}

TEST_F(HostileMission, AnswersReportsWithSomethingElse) {
  configure(part());
  MissionServer& server = raise();
  report();
  server.answer(request(server, 1).stream, 200, R"({"taken":["../etc"]})");
  EXPECT_THAT(wait_for("waiting"), HasSubstr("its answer to reports: what was taken is not named by ULIDs"));
  EXPECT_EQ(delivered_.at(0).first, 0);
}

TEST_F(HostileMission, ResetsTheOrders) {
  configure(part());
  MissionServer& server = raise();
  server.reset(server.requests[0].stream);
  EXPECT_THAT(wait_for("waiting"), Not(HasSubstr("component")));
}

TEST_F(HostileMission, SpeaksNoHttp2InsideTls) {
  configure(part());
  MissionServer& server = serve();
  server.send_plain("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_THAT(wait_for("waiting"), Not(HasSubstr("component")));
}

TEST_F(HostileMission, TakesNoRequests) {
  configure(part());
  MissionServer& server = serve();
  // SETTINGS_MAX_CONCURRENT_STREAMS: 0
  server.send_plain(std::string_view("\0\0\6\4\0\0\0\0\0\0\3\0\0\0\0", 15));
  EXPECT_EQ(wait_for("waiting"), "it takes no requests");
}

TEST_F(HostileMission, LeavesAtOnce) {
  configure(part());
  MissionServer& server = serve();
  // SETTINGS, and GOAWAY for stream 0.
  server.send_plain(
      std::string_view("\0\0\0\4\0\0\0\0\0"
                       "\0\0\10\7\0\0\0\0\0\0\0\0\0\0\0\0\0",
                       26));
  EXPECT_THAT(wait_for("waiting"), HasSubstr("it takes no"));
}

TEST_F(HostileMission, IsAnotherServerThatSpeaksHttp1) {
  tls::Server web(*certs::make_server_certificate(root_, {"mc.example"}, hour()), clock_);
  configure(part());
  servers_.push_back(std::make_unique<MissionServer>(*web.context, accept()));
  const std::string why = wait_for("waiting");
  EXPECT_TRUE(why.find("does not speak HTTP/2") != std::string::npos ||
              why.find("no application protocol") != std::string::npos)
      << why;
  servers_.clear();
}

TEST_F(HostileMission, IsNotMissionControl) {
  const certs::Credentials stranger = *certs::make_authority("Corporate inspection", hour());
  tls::Server other(*certs::make_server_certificate(stranger, {"mc.example"}, hour()), clock_,
                    root_.certificate_pem, true);
  configure(part());
  servers_.push_back(std::make_unique<MissionServer>(*other.context, accept()));
  const std::string why = wait_for("waiting");
  EXPECT_THAT(why, HasSubstr("was not issued by a trusted authority (issuer: CN=Corporate inspection)"));
  EXPECT_THAT(why, Not(HasSubstr("proxy")));
  EXPECT_FALSE(servers_.back()->named()) << "our certificate is shown to Mission Control alone";
  servers_.clear();
}

TEST_F(HostileMission, DoesNotKnowOurAuthority) {
  const certs::Credentials stranger = *certs::make_authority("Another vendor", hour());
  tls::Server other(*certs::make_server_certificate(root_, {"mc.example"}, hour()), clock_,
                    stranger.certificate_pem, true);
  configure(part());
  servers_.push_back(std::make_unique<MissionServer>(*other.context, accept()));
  EXPECT_THAT(wait_for("waiting"), HasSubstr("it does not accept this installation's certificate"));
  servers_.clear();
}

// Hard: something has to be known of every certificate below the root, by a staple or a list.
TEST_F(HostileMission, SaysNothingOfRevocation) {
  base::Json json = part();
  json.erase("revocation");
  configure(json);
  serve();
  EXPECT_THAT(wait_for("waiting"), HasSubstr("revo"));
}

TEST_F(HostileMission, TheKeeperHasAnotherKey) {
  ring_.adopt(*std::make_unique<keeper::KeyRing>());
  ring_.drop_retired();
  configure(part());
  serve();
  EXPECT_THAT(wait_for("waiting"), HasSubstr("the keeper refused"));
}

// --- through a proxy

class LineProxy : public LineTest {
 protected:
  LineProxy() { hold(own_); }
  base::Json through(const std::string& user = "us") const {
    base::Json json = part();
    json["proxy"] = {{"user", user}};
    if (!user.empty()) json["proxy"]["fd"] = "proxy";
    return json;
  }
  // What the line says to the proxy on a new connection.
  std::string heard(const base::UniqueFd& socket) {
    std::string text;
    EXPECT_TRUE(until([&] {
      char piece[4'096];
      const ssize_t n = ::recv(socket.get(), piece, sizeof piece, MSG_DONTWAIT);
      if (n > 0) text.append(piece, static_cast<std::size_t>(n));
      return text.ends_with("\r\n\r\n");
    }));
    return text;
  }
  static void say(const base::UniqueFd& socket, std::string_view text) {
    EXPECT_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  static constexpr std::string_view kThrough = "HTTP/1.1 200 OK\r\n\r\n";
  static constexpr std::string_view kDigest =
      "HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=\"s\", nonce=\"n\", qop=\"auth\", "
      "algorithm=SHA-256\r\nContent-Length: 3\r\n\r\nno!";
};

TEST_F(LineProxy, LetsTheLineThrough) {
  configure(through(""));
  base::UniqueFd socket = accept();
  EXPECT_THAT(heard(socket), HasSubstr("CONNECT mc.example:443 HTTP/1.1\r\n"));
  say(socket, kThrough);
  MissionServer& server = serve(std::move(socket));
  greet(server);
  EXPECT_EQ(server.requests[0].host, "mc.example");
}

TEST_F(LineProxy, AsksForDigestAndIsAnsweredOnANewConnection) {
  configure(through(), "secret\n");
  base::UniqueFd first = accept();
  EXPECT_THAT(heard(first), Not(HasSubstr("Authorization")));
  say(first, kDigest);
  base::UniqueFd second = accept();
  const std::string answer = heard(second);
  EXPECT_THAT(answer,
              HasSubstr("Proxy-Authorization: Digest username=\"us\", realm=\"s\", uri=\"mc.example:443\""));
  EXPECT_THAT(answer, Not(HasSubstr("secret")));
  say(second, kThrough);
  MissionServer& server = serve(std::move(second));
  greet(server);
  server.hang_up();
  EXPECT_THAT(heard(accept()), HasSubstr("nc=00000002")) << "it is remembered";
}

TEST_F(LineProxy, ThatRefusesThePasswordIsNotAskedAgainSoon) {
  configure(through(), "wrong");
  for (int i = 0; i < 2; ++i) {
    const base::UniqueFd socket = accept();
    heard(socket);
    say(socket, kDigest);
    turns();
  }
  EXPECT_EQ(wait_for("waiting"), "the proxy: it does not accept the user us with the configured password");
  EXPECT_GE(told("state")["next"], clock_.wall() + 290 * base::kWallSecond);
  // Another password is tried at once.
  configure(through(), "right");
  EXPECT_THAT(heard(accept()), Not(HasSubstr("Authorization")));
}

TEST_F(LineProxy, ThatBreaksTlsOpenIsSaidPlainly) {
  const certs::Credentials stranger = *certs::make_authority("Corporate inspection", hour());
  tls::Server other(*certs::make_server_certificate(stranger, {"mc.example"}, hour()), clock_,
                    root_.certificate_pem, true);
  configure(through(""));
  base::UniqueFd socket = accept();
  heard(socket);
  say(socket, kThrough);
  servers_.push_back(std::make_unique<MissionServer>(*other.context, std::move(socket)));
  const std::string why = wait_for("waiting");
  EXPECT_THAT(why, HasSubstr("(issuer: CN=Corporate inspection)"));
  EXPECT_THAT(why, HasSubstr("breaks TLS open: have it let mc.example:443 through untouched"));
  servers_.clear();
}

TEST_F(LineProxy, ThatIsGoneOrTalksNonsenseIsTheProxy) {
  configure(through(""));
  {
    const base::UniqueFd socket = accept();
    heard(socket);
  }
  EXPECT_EQ(wait_for("waiting"), "the proxy: it closed the connection without an answer");
  const base::UniqueFd socket = accept();
  heard(socket);
  say(socket, "SSH-2.0-OpenSSH\r\n\r\n");
  EXPECT_THAT(wait_for("waiting"), HasSubstr("the proxy: its answer is not sound HTTP"));
}

// --- the check

class LineCheck : public LineProxy {
 protected:
  std::vector<std::string> steps(const base::Json& told) {
    std::vector<std::string> out;
    for (const base::Json& step : told["steps"]) {
      EXPECT_GE(step["took_us"], 0);
      EXPECT_FALSE(step["said"].get<std::string>().empty());
      out.push_back((step["ok"].get<bool>() ? "" : "!") + step["step"].get<std::string>());
    }
    return out;
  }
  std::vector<std::string> wait_for_check() {
    EXPECT_TRUE(until([this] { return is_told("checked"); }));
    return steps(told("checked"));
  }
  std::string said_last() { return told("checked")["steps"].back()["said"]; }
  static base::Json checking(base::Json json, int number = 1) {
    json["check"] = number;
    return json;
  }
  using Steps = std::vector<std::string>;
};

TEST_F(LineCheck, OfALineThatIsNotUpTakesItsPlaceAndIsFollowedByIt) {
  configure(part());
  ASSERT_TRUE(until([this] { return !connects_.empty(); }));
  connects_.front()(base::fail(base::Code::Unavailable, "refused"));
  connects_.clear();
  configure(checking(part()));
  MissionServer& server = serve();
  const std::uint32_t stream = request(server, 0).stream;
  server.open(stream);
  server.say(stream, hello());
  EXPECT_EQ(wait_for_check(), (Steps{"connection", "tls", "http2", "identity", "clock"}));
  EXPECT_EQ(told("checked")["check"], 1);
  EXPECT_TRUE(until([&] { return server.gone(); }));
  raise();
}

TEST_F(LineCheck, OfALineThatIsUpLeavesIt) {
  configure(part());
  MissionServer& server = raise(120 * base::kWallSecond);
  configure(checking(part()));
  MissionServer& checked = serve();
  const MissionServer::Request asked = request(checked, 0);
  EXPECT_EQ(asked.target, "/line/v1/reports");
  EXPECT_TRUE(line::parse_reports(asked.body)->known.empty());
  checked.answer(asked.stream, 200, "{\"taken\":[]}");
  EXPECT_EQ(wait_for_check(), (Steps{"connection", "tls", "http2", "identity", "!clock"}));
  EXPECT_THAT(said_last(), HasSubstr("behind Mission Control's"));
  EXPECT_TRUE(line_->up());
  EXPECT_FALSE(server.gone());
}

TEST_F(LineCheck, SaysWhichStepFails) {
  configure(checking(part()));
  connects_.front()(base::fail(base::Code::Unavailable, "mc.example has no address"));
  connects_.clear();
  EXPECT_EQ(wait_for_check(), Steps{"!connection"});
  EXPECT_EQ(said_last(), "mc.example has no address");
}

TEST_F(LineCheck, SaysThatTheProxyIsTheProblem) {
  configure(checking(through("")));
  const base::UniqueFd socket = accept();
  heard(socket);
  say(socket, kDigest);
  EXPECT_EQ(wait_for_check(), (Steps{"connection", "!proxy"}));
  EXPECT_EQ(said_last(), "the proxy: it demands a user and a password, and none is configured for it");
}

TEST_F(LineCheck, SaysThatTheCertificateIsTheProblem) {
  base::Json json = part();
  json["tls_name"] = "other.example";
  configure(checking(json));
  serve();
  EXPECT_EQ(wait_for_check(), (Steps{"connection", "!tls"}));
}

TEST_F(LineCheck, SaysThatNobodyIsEnrolled) {
  base::Json json = part();
  json["certificate"] = "";
  configure(checking(json));
  serve();
  EXPECT_EQ(wait_for_check(), (Steps{"connection", "tls", "http2", "!identity"}));
  EXPECT_THAT(said_last(), HasSubstr("not enrolled"));
}

TEST_F(LineCheck, SaysThatMissionControlDoesNotKnowUs) {
  configure(checking(part()));
  MissionServer& server = serve();
  server.answer(request(server, 0).stream, 403, R"({"code":"installation_unknown"})");
  EXPECT_EQ(wait_for_check(), (Steps{"connection", "tls", "http2", "!identity"}));
  EXPECT_EQ(said_last(), "Mission Control does not know this installation");
}

TEST_F(LineCheck, IsMadeAgainWhenWhatIsCheckedChanges) {
  configure(checking(part()));
  serve();
  base::Json other = part();
  other["host"] = "mc.example:8443";
  configure(checking(other));
  MissionServer& server = serve();
  EXPECT_EQ(request(server, 0).host, "mc.example:8443");
  server.answer(server.requests[0].stream, 403, "{}");
  EXPECT_EQ(wait_for_check().back(), "!identity");
  EXPECT_EQ(std::count_if(told_.begin(), told_.end(), [](const auto& one) { return one["do"] == "checked"; }),
            1);
}

}  // namespace
}  // namespace postern::link
