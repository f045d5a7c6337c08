// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An engineer with a client certificate signs in by calling. The terminator has checked the certificate in
// the handshake; it is judged again here.
#include "certs/authority.h"
#include "certs/certificate.h"
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

class CertificateSignIn : public EnforcerScene {
 protected:
  CertificateSignIn() {
    Settings with = settings();
    with.engineers.roots_pem = authority.certificate_pem;
    EXPECT_TRUE(enforcer->configure(std::move(with)).ok());
    open_connection(2, alices);
  }
  static certs::Validity validity(base::Micros duration) {
    return certs::valid_for(base::SystemClock().wall(), duration);
  }
  static std::vector<std::string> chain(const certs::Credentials& by) {
    return *certs::pem_to_der(certs::make_client_certificate(by, "Alice", "alice@vendor.example",
                                                             validity(86'400 * base::kWallSecond))
                                  ->certificate_pem);
  }
  std::uint64_t ask(std::string_view target, std::uint64_t connection = 2) {
    ipc::RequestHead request = head("GET", target, "");
    request.connection = connection;
    send_message(Type::RequestHead, ++last, request);
    return last;
  }
  base::Json command(std::size_t which) {
    EXPECT_TRUE(until([&] { return ledger->commands.size() > which; }));
    return *base::parse_json(ledger->commands.at(which).second);
  }
  // The ledger opens the session that the first command asked for.
  void open_session() {
    const base::Json order = command(0);
    change(event("session.opened",
                 {{"engineer", "alice"},
                  {"method", "certificate"},
                  {"certificate", order["fingerprint"]},
                  {"expires", base::format_time(loop.wall() + 3600 * base::kWallSecond)},
                  {"idle_us", 3'600'000'000}},
                 "s2"));
    ledger->reply(ledger->commands[0].first, true, R"({"session":"s2"})");
  }

  certs::Credentials authority =
      *certs::make_authority("Support", validity(365 * 86'400 * base::kWallSecond));
  std::vector<std::string> alices = chain(authority);
};

TEST_F(CertificateSignIn, TheFirstRequestOpensTheSessionAndIsThenServed) {
  const std::uint64_t id = ask("/api/v1/query");
  const base::Json order = command(0);
  EXPECT_EQ(order["command"], "certificate.open");
  EXPECT_EQ(order["emails"], base::Json::array({"alice@vendor.example"}));
  EXPECT_EQ(connects, 0);
  open_session();
  ASSERT_TRUE(accept() && was_asked());
  ASSERT_TRUE(until([&] { return ledger->events("exchange.forwarded").size() == 1; }));
  EXPECT_EQ(ledger->events("exchange.forwarded")[0]["session"], "s2");
  say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(status(id), 200);
}

TEST_F(CertificateSignIn, LaterRequestsFindItOnAnyConnection) {
  const std::uint64_t first = ask("/api/v1/query");
  open_session();
  ASSERT_TRUE(accept() && was_asked());
  say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, first); }));
  done(first);
  EXPECT_EQ(code(ask("/api/v1/admin")), "operation_not_listed");
  EXPECT_EQ(refused_event(last)["session"], "s2");
  done(last);
  open_connection(3, alices);
  EXPECT_EQ(code(ask("/api/v1/admin", 3)), "operation_not_listed");
  EXPECT_EQ(refused_event(last)["session"], "s2");
  EXPECT_EQ(ledger->commands.size(), 1U);
}

TEST_F(CertificateSignIn, ARequestThatIsRefusedAtOnceFindsASessionButOpensNone) {
  const std::uint64_t early = ask("/a/../b");
  EXPECT_FALSE(refused_event(early).contains("session"));
  done(early);
  EXPECT_TRUE(ledger->commands.empty());
  const std::uint64_t opening = ask("/api/v1/admin");
  open_session();
  status(opening);
  done(opening);
  EXPECT_EQ(refused_event(ask("/a/../b"))["session"], "s2");
  EXPECT_EQ(ledger->commands.size(), 1U);
}

TEST_F(CertificateSignIn, ASignInThatTheLedgerRefusesIsSaidWithItsReason) {
  const std::uint64_t id = ask("/api/v1/query");
  command(0);
  ledger->reply(ledger->commands[0].first, false,
                R"({"status":403,"code":"sign_in_refused","message":"this engineer is not approved"})");
  EXPECT_EQ(code(id), "sign_in_refused");
  EXPECT_EQ(base::json_text_or(*base::parse_json(body(id)), "detail", ""), "this engineer is not approved");
  EXPECT_EQ(connects, 0);
}

TEST_F(CertificateSignIn, ACertificateOfAnotherAuthorityIsNobodysAndTheReasonIsSaid) {
  const certs::Credentials other =
      *certs::make_authority("Other", validity(365 * 86'400 * base::kWallSecond));
  open_connection(3, chain(other));
  const std::uint64_t id = ask("/api/v1/query", 3);
  EXPECT_EQ(code(id), "no_session");
  EXPECT_NE(base::json_text_or(*base::parse_json(body(id)), "detail", ""), "");
  EXPECT_TRUE(ledger->commands.empty());
}

TEST_F(CertificateSignIn, ANewListIsHeldAgainstWhoIsConnectedAndAgainstSessionsThatRest) {
  const std::uint64_t first = ask("/api/v1/query");
  open_session();
  ASSERT_TRUE(accept() && was_asked());
  Settings with = settings();
  with.engineers.roots_pem = authority.certificate_pem;
  with.engineers.demands.identities = {"*@other.example"};
  ASSERT_TRUE(enforcer->configure(std::move(with)).ok());
  const base::Json order = command(1);
  EXPECT_EQ(order["command"], "certificate.end");
  EXPECT_EQ(order["fingerprint"], command(0)["fingerprint"]);
  EXPECT_EQ(order["revoked"], false);
  EXPECT_EQ(
      order["why"],
      "the certificate of CN=Alice is for alice@vendor.example, and only names like *@other.example count");
  change(event("session.ended", {{"reason", "certificate_refused"}}, "s2"));
  EXPECT_EQ(code(first), "session_ended") << "the component has not answered yet";
  done(first);
  EXPECT_EQ(code(ask("/api/v1/query")), "no_session");
}

TEST_F(CertificateSignIn, AChainThatIsNotWholeEndsNothing) {
  ask("/api/v1/admin");
  open_session();
  ASSERT_TRUE(until([&] { return has(Type::ResponseHead, last); }));
  std::string torn = alices.front();
  open_connection(3, {torn, "more"});
  EXPECT_EQ(code(ask("/api/v1/query", 3)), "no_session");
  EXPECT_EQ(ledger->commands.size(), 1U) << "a terminator could claim this of anybody";
}

TEST_F(CertificateSignIn, WithoutASupportAuthorityNoCertificateCounts) {
  ASSERT_TRUE(enforcer->configure(settings()).ok());
  EXPECT_EQ(code(ask("/api/v1/query")), "no_session");
  EXPECT_TRUE(ledger->commands.empty());
}

}  // namespace
}  // namespace postern::enforcer
