// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Promise 6: the component's credentials are added behind the second door, by role, and nothing of them comes
// back.
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

constexpr std::string_view kRoles = R"(version: 1
capabilities:
  metrics.read:
    title: Read metrics
    class: read
    operations: [GET /api/v1/query, GET /api/v1/stream]
  silences.write:
    title: Create silences
    class: write
    operations: [POST /api/v2/silences]
roles:
  viewer: [metrics.read]
  admin: [metrics.read, silences.write]
)";

class CredentialScene : public EnforcerScene {
 protected:
  CredentialScene() { EXPECT_TRUE(base::init_crypto().ok()); }
  static std::shared_ptr<const Credential> credential(const char* role, const char* field,
                                                      const char* value) {
    auto out = std::make_shared<Credential>();
    out->role = role;
    out->field = field;
    out->value = base::Secret(value);
    const std::string_view text(value);
    out->literals.push_back(std::make_shared<const base::Secret>(text.substr(text.rfind(' ') + 1)));
    return out;
  }
  void use(std::vector<std::shared_ptr<const Credential>> credentials) {
    Settings changed = settings();
    changed.services[0].credentials = std::move(credentials);
    ASSERT_TRUE(enforcer->configure(std::move(changed)).ok());
    ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, kRoles});
    turn(10);
  }
  // The head that the component is sent for a GET, which it then answers with that status.
  std::string asked_for(int status_of_answer = 200) {
    asked.clear();
    const std::uint64_t id = get("/api/v1/query");
    if (!accepted.valid()) {
      EXPECT_TRUE(accept());
    }
    EXPECT_TRUE(was_asked());
    say("HTTP/1.1 " + std::to_string(status_of_answer) +
        " x\r\nContent-Length: 2\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\nok");
    last_status = status(id);
    if (last_status == 502) accepted.reset();
    done(id);
    turn(5);
    return asked;
  }
  int last_status = 0;
};

TEST_F(CredentialScene, TheRoleChoosesTheCredential) {
  use({credential("", "authorization", "Bearer everybody"),
       credential("viewer", "authorization", "Basic dmlld2Vy"),
       credential("admin", "authorization", "Bearer mighty")});
  EXPECT_NE(asked_for().find("\r\nauthorization: Bearer mighty\r\n"), std::string::npos);
  change(event("permission.changed", {{"what", "capability"}, {"name", "silences.write"}, {"new", "off"}}));
  turn(10);
  EXPECT_NE(asked_for().find("\r\nauthorization: Basic dmlld2Vy\r\n"), std::string::npos);
  const auto forwarded = ledger->events("exchange.forwarded");
  ASSERT_EQ(forwarded.size(), 2U);
  EXPECT_EQ(forwarded[0]["detail"]["credential"], "admin");
  EXPECT_EQ(forwarded[1]["detail"]["credential"], "viewer");
  for (const std::string& line : ledger->lines) {
    EXPECT_EQ(line.find("mighty"), std::string::npos) << line;
    EXPECT_EQ(line.find("dmlld2Vy"), std::string::npos) << line;
  }
}

TEST_F(CredentialScene, WithoutOneOfItsOwnARoleUsesTheServices) {
  use({credential("", "x-api-key", "for-all"), credential("viewer", "x-api-key", "for-viewers")});
  EXPECT_NE(asked_for().find("\r\nx-api-key: for-all\r\n"), std::string::npos);
  EXPECT_EQ(ledger->events("exchange.forwarded")[0]["detail"]["credential"], "service");
}

TEST_F(CredentialScene, AReloadReplacesItForTheNextExchange) {
  use({credential("", "authorization", "Bearer old")});
  EXPECT_NE(asked_for().find("Bearer old"), std::string::npos);
  use({credential("", "authorization", "Bearer new")});
  accepted.reset();
  const std::string head = asked_for();
  EXPECT_NE(head.find("Bearer new"), std::string::npos);
  EXPECT_EQ(head.find("Bearer old"), std::string::npos);
}

TEST_F(CredentialScene, A401IsTheComponentsFaultAndToldOnce) {
  use({credential("", "authorization", "Bearer stale")});
  asked_for(401);
  EXPECT_EQ(last_status, 502);
  EXPECT_EQ(code(last), "component_credential");
  EXPECT_EQ(field(last, "www-authenticate"), "");
  EXPECT_EQ(completed_event(0)["outcome"], "component_failed");
  EXPECT_EQ(completed_event(0)["detail"]["code"], "component_credential");
  asked_for(401);
  ASSERT_EQ(ledger->events("node.credential_refused").size(), 1U);
  EXPECT_EQ(ledger->events("node.credential_refused")[0]["detail"]["node"], "http://prom:9090");
  asked_for(200);
  EXPECT_EQ(last_status, 200);
  ASSERT_TRUE(until([&] { return ledger->events("node.credential_accepted").size() == 1; }));
}

// Many components show the request that they got: in a page for testing, in an error.
TEST_F(CredentialScene, AComponentThatEchoesItShowsItToNobody) {
  use({credential("", "x-api-key", "s3cret-of-the-component"),
       credential("viewer", "x-api-key", "another-secret-key")});
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  EXPECT_NE(asked.find("s3cret-of-the-component"), std::string::npos);
  say("HTTP/1.1 200 OK\r\nX-Echo: k=s3cret-of-the-component\r\nContent-Length: 65\r\nContent-Type: "
      "text/html\r\n\r\n"
      "<p>s3cret-of-the");
  turn(10);
  EXPECT_EQ(body(id).find("s3cret"), std::string::npos) << body(id);
  say("-component, not s3cret-of-the; another-secret-key");
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
  const std::string shown = body(id);
  EXPECT_EQ(shown.find("-component"), std::string::npos) << shown;
  EXPECT_NE(shown.find("not s3cret-of-the"), std::string::npos) << "a part of it is not it: " << shown;
  EXPECT_EQ(shown.find("another-secret-key"), std::string::npos) << "those of other roles neither";
  EXPECT_TRUE(field(id, "x-echo").starts_with("k=[redacted:")) << field(id, "x-echo");
  done(id);
  const base::Json detail = completed_event(0)["detail"];
  EXPECT_EQ(detail["redacted"], 3);
  EXPECT_EQ(detail["redactions"], base::Json::array({"literal header x-echo 1", "literal text 2"}));
}

TEST_F(CredentialScene, Without401OfOursAComponentsOwnAnswerPassesButNoBrowserIsAskedForAPassword) {
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  say("HTTP/1.1 401 x\r\nContent-Length: 2\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\nno");
  EXPECT_EQ(status(id), 401);
  EXPECT_EQ(field(id, "www-authenticate"), "");
}

// The component's cookies (cookie_jar.h has their rules).
class CookieScene : public EnforcerScene {
 protected:
  std::string exchange(std::string_view answer) {
    asked.clear();
    const std::uint64_t id = get("/api/v1/query");
    if (!accepted.valid()) {
      EXPECT_TRUE(accept());
    }
    EXPECT_TRUE(was_asked());
    say(answer);
    EXPECT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
    EXPECT_EQ(field(id, "set-cookie"), "");
    done(id);
    turn(5);
    return asked;
  }
  void safe_way() {
    Settings changed = settings();
    changed.services[0].nodes[0].private_way = true;
    changed.services[0].nodes[0].host = "prom";
    ASSERT_TRUE(enforcer->configure(std::move(changed)).ok());
  }
};
constexpr std::string_view kSets =
    "HTTP/1.1 200 OK\r\nSet-Cookie: sid=one; Path=/; Secure; HttpOnly\r\nSet-Cookie: b=2; Path=/api\r\n"
    "Content-Length: 2\r\n\r\nok";
constexpr std::string_view kPlain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST_F(CookieScene, AreKeptFromTheEngineerAndSentBackOnTheNextRequest) {
  safe_way();
  EXPECT_EQ(exchange(kSets).find("cookie"), std::string::npos);
  EXPECT_NE(exchange(kPlain).find("\r\ncookie: b=2; sid=one\r\n"), std::string::npos);
  ASSERT_TRUE(until([&] { return ledger->cookies.size() == 2; }));
  for (const std::string& line : ledger->lines) EXPECT_EQ(line.find("sid="), std::string::npos);
}

TEST_F(CookieScene, OfAnotherEnforcerAreSentToo) {
  ipc::Cookie cookie;
  cookie.session = "s1";
  cookie.service = "prom";
  cookie.name = "sid";
  cookie.value = "elsewhere";
  cookie.path = "/";
  cookie.version = 1;
  ledger->send(ipc::FromLedger::Cookie, cookie);
  cookie.session = "nobody";
  ledger->send(ipc::FromLedger::Cookie, cookie);
  turn(10);
  EXPECT_NE(exchange(kPlain).find("\r\ncookie: sid=elsewhere\r\n"), std::string::npos);
}

TEST_F(CookieScene, AreGoneWhenTheSessionEnds) {
  exchange(kSets);
  ASSERT_TRUE(until([&] { return ledger->cookies.size() == 1; })) << "the secure one has no safe way";
  change(event("session.ended", base::Json::object(), "s1"));
  turn(10);
  ledger->channel->send(static_cast<std::uint16_t>(ipc::FromLedger::Jars), {});
  turn(20);
  EXPECT_EQ(ledger->cookies.size(), 1U) << "asked for all, it has none to tell";
}

class CredentialSettings : public ::testing::Test {
 protected:
  CredentialSettings() { EXPECT_TRUE(base::init_crypto().ok()); }
  static base::UniqueFd file(std::string_view text) {
    // Of this process alone: the tests run beside each other.
    const std::string path = testing::TempDir() + "postern-credential-" + std::to_string(::getpid());
    EXPECT_TRUE(base::write_file(path, text, 0600).ok());
    base::UniqueFd out(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ::unlink(path.c_str());
    return out;
  }
  static base::Json part(const char* kind) {
    return {{"services",
             {{{"name", "prom"},
               {"path", "/"},
               {"nodes", {{{"id", 1}, {"url", "http://a"}}}},
               {"credentials",
                {{{"role", "viewer"},
                  {"kind", kind},
                  {"user", "reader"},
                  {"field", "authorization"},
                  {"fd", "credential.prom.viewer"}}}}}}},
            {"names", {"support.example"}}};
  }
};

TEST_F(CredentialSettings, AreReadFromADescriptorIntoLockedMemory) {
  std::string wanted;
  const auto read = Settings::read(part("basic"), 0, [&](std::string_view name) {
    wanted = name;
    return file("secret\n");
  });
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(wanted, "credential.prom.viewer");
  const Service& service = read->services[0];
  ASSERT_NE(service.credential_for("viewer"), nullptr);
  EXPECT_EQ(service.credential_for("viewer")->value.view(), "Basic cmVhZGVyOnNlY3JldA==");
  EXPECT_EQ(service.credential_for("admin"), nullptr);
  EXPECT_EQ(service.nodes[0].health_credential.get(), service.credential_for("viewer"));
  EXPECT_EQ(service.strip_request, std::vector<std::string>{"authorization"});
}

TEST_F(CredentialSettings, KnowWhatOfThemIsTakenOutOfResponses) {
  const auto literals = [&](const char* kind, std::string_view content) {
    const auto read = Settings::read(part(kind), 0, [&](std::string_view) { return file(content); });
    std::vector<std::string> out;
    for (const auto& one : read->literals()) out.emplace_back(one->view());
    return out;
  };
  EXPECT_EQ(literals("bearer", "tok-en\n"), std::vector<std::string>{"tok-en"});
  EXPECT_EQ(literals("basic", "two words\n"),
            (std::vector<std::string>{"cmVhZGVyOnR3byB3b3Jkcw==", "two words"}));
  EXPECT_EQ(literals("header", "Token abc\n"), (std::vector<std::string>{"abc", "Token abc"}));
}

TEST_F(CredentialSettings, AreRefusedWithoutBeingQuoted) {
  const auto read = Settings::read(part("bearer"), 0, [&](std::string_view) { return file("two words\n"); });
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message,
            "credential.prom.viewer: must hold a token: printable ASCII without spaces");
}

}  // namespace
}  // namespace postern::enforcer
