// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/desk/rig.h"

#include <stdlib.h>

#include <filesystem>

#include "base/crypto.h"
#include "certs/certificate.h"
#include "mission/desk/assets.h"

namespace postern::mission {

// `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=someone else"`
std::string some_request() {
  return R"(-----BEGIN CERTIFICATE REQUEST-----
MIHRMHkCAQAwFzEVMBMGA1UEAwwMc29tZW9uZSBlbHNlMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAE4o4K0bTDP927CeFpmbUZreNKKxqrc/LMxpXnMFNVejvOEL1j
LSbng2MrhGcnKp+YOkNOrzpGHnsf0Wj6sbmmnqAAMAoGCCqGSM49BAMCA0gAMEUC
IHMhwoFsBcV9HrHNuvpM8GT+CpHWw7XmALhcEob+tCD3AiEA2B0dAGbm2hybUgzH
DAMTnpUNSnbwuDP2MxAKl49n5bQ=
-----END CERTIFICATE REQUEST-----
)";
}

// The page of this test, instead of the built one.
const base::Asset* find_mission_asset(std::string_view path) {
  static constexpr base::Asset kPage{"/",  "text/html; charset=utf-8", "\"page\"", "<!doctype html>", {},
                                     false};
  return path == "/" ? &kPage : nullptr;
}

namespace {

// Argon2id is slow on purpose: once for all tests.
const std::string& first_people() {
  static const std::string text = [] {
    const std::string hash = base::hash_password(kPersonsPassword).value();
    base::Json list = base::Json::array();
    for (const auto& [name, role] :
         {std::pair{"admin", "administrator"}, {"ole", "operator"}, {"vera", "viewer"}})
      list.push_back({{"name", name}, {"role", role}, {"password", hash}});
    return base::dump_json(base::Json{{"admins", list}});
  }();
  return text;
}

}  // namespace

DeskRig::DeskRig() {
  EXPECT_TRUE(base::init_crypto().ok());
  signing = {{*http::parse_authority("localhost:9444")}, false, std::nullopt, people_manner()};
  char name[] = "/tmp/postern-desk-XXXXXX";
  directory = ::mkdtemp(name);
  authority = *certs::make_installation_authority(
      kTestDomain, certs::valid_for(kTestTime, 3650LL * 86400 * base::kWallSecond));
  auto read = certs::InstallationIssuer::read(authority, kTestDomain, kTestTime);
  EXPECT_TRUE(read.ok());
  if (read.ok()) issuer = *std::move(read);
  EXPECT_TRUE(cosigner.set({"mission.example.com/witness", base::Secret(std::string(32, 'w'))}, {}).ok());
  reopen();
}

DeskRig::~DeskRig() {
  close();
  std::filesystem::remove_all(directory);
}

void DeskRig::reopen() {
  close();
  auto opened = open_sqlite_store(directory + "/mission.sqlite");
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  begin(*std::move(opened));
  ASSERT_TRUE(store->commit().ok());
}

void DeskRig::close() {
  site.reset();
  admin.reset();
  watch.reset();
  registrar.reset();
  desk.reset();
  tunnels_of_desk.reset();
  peers.reset();
  lives.reset();
  parts.reset();
  commits.reset();
  store.reset();
}

void DeskRig::begin(std::unique_ptr<Store> fresh) {
  close();
  store = std::move(fresh);
  commits = std::make_unique<Commits>(loop, *store);
  auto verifier = certs::ClientVerifier::make({.roots_pem = authority.certificate_pem});
  ASSERT_TRUE(verifier.ok());
  parts = std::make_unique<Parts>(
      Parts{clock,
            {kTestDomain, 86400 * base::kWallSecond, "1.2.3"},
            *std::move(verifier),
            *store,
            *commits,
            [this](const std::string& id, const std::string& key) -> base::Result<std::string> {
              if (!keeper_answers) return base::fail(base::Code::Unavailable, "the keeper is not connected");
              return issuer->issue(line::uri_of({kTestDomain, id}), key, clock.wall());
            },
            [this](const std::string& note, const std::string& log) -> base::Result<std::string> {
              if (!keeper_answers) return base::fail(base::Code::Unavailable, "the keeper is not connected");
              return cosigner.cosign_for(note, *certs::parse_verifier_key(log), clock.wall());
            },
            [this] { return cosigner.verifier_key(); },
            [](const base::Json&, const auto& done) {
              done({{"roles", base::Json::array()}});
            }});
  lives = std::make_unique<Lives>(*parts);
  peers = std::make_unique<Peers>(*parts, *lives, Server{parts->server, "here", "1", ulid()}, true);
  peers->ready();
  tunnels_of_desk = std::make_unique<Tunnels>(*parts, "", kTestDomain);
  lives->on_end([this](const std::string& installation) { tunnels_of_desk->end(installation); });
  desk = std::make_unique<Desk>(*parts, *lives, *tunnels_of_desk);
  registrar = std::make_unique<Registrar>(*parts);
  // A store that is away has nobody.
  EXPECT_EQ(registrar->open(first_people()).ok(), store->count_standings().ok());
  registrar->on_change([this] { sign_ins.keep_only(registrar->accounts()); });
  watch = std::make_unique<Watch>(loop, *commits);
  parts->tell = [this](const StoredEvent& told) { watch->came(told); };
  admin = std::make_unique<AdminParts>(AdminParts{{loop, signing, *registrar, sign_ins, guard, refusals},
                                                  *parts,
                                                  *lives,
                                                  *tunnels_of_desk,
                                                  *watch,
                                                  clock.wall()});
  site = std::make_unique<AdminSite>(*admin);
}

bool DeskRig::turn_until(const std::function<bool()>& done) {
  constexpr base::Nanos kLongest = 60 * base::kSecond;
  const base::SystemClock real;
  for (const base::Nanos end = real.monotonic() + kLongest; !done();) {
    if (real.monotonic() > end) return false;
    loop.turn();
  }
  return true;
}

DeskRig::Answer DeskRig::ask(const Ask& what) {
  auto call = std::make_shared<answer::Call>();
  call->method = what.method;
  EXPECT_TRUE(http::canonicalise(what.target, {}, call->target).ok()) << what.target;
  call->body = what.body;
  call->client = what.client;
  call->local = what.local;
  if (what.local) call->identity = {"uid-0", accounts::Rank::Admin, {}, 0};
  call->fields.put("content-type", "application/json");
  if (what.cookie) {
    call->fields.put("origin", what.origin);
    if (!what.cookie->empty()) call->fields.put("cookie", *what.cookie);
  }
  if (!what.certificate.empty())
    call->certificates =
        std::make_shared<const std::vector<std::string>>(*certs::pem_to_der(what.certificate));
  Answer out;
  int answers = 0;
  answer::Answerer& answerer = what.local || what.cookie ? static_cast<answer::Answerer&>(*site)
                                                         : static_cast<answer::Answerer&>(*desk);
  answerer.answer(call, [&](answer::Response response) {
    ++answers;
    out.status = response.status;
    out.type = response.content_type;
    out.body = std::string(response.bytes());
    out.source = std::move(response.source);
    for (const auto& [name, value] : response.fields) {
      if (name == "set-cookie") out.cookie = value.substr(0, value.find(';'));
    }
  });
  commits->flush();
  // What is verified or hashed on another thread comes back with the loop.
  turn_until([&] {
    commits->flush();
    return answers > 0;
  });
  EXPECT_EQ(answers, 1) << what.target;
  out.code = line::parse_refusal(out.body).code;
  return out;
}

DeskRig::Answer DeskRig::at_page(http::Method method, const std::string& target, const base::Json& body,
                                 const std::string& cookie) {
  return ask({.method = method,
              .target = target,
              .body = method == http::Method::Get ? "" : base::dump_json(body),
              .cookie = cookie});
}

std::string DeskRig::sign_in(const std::string& name) {
  const Answer in =
      at_page(http::Method::Post, "/api/v1/sign-in", {{"name", name}, {"password", kPersonsPassword}}, {});
  EXPECT_EQ(in.status, 200) << in.body;
  return in.cookie;
}

std::string DeskRig::new_code(const std::string& customer, const std::string& expires) {
  const Answer made = ask({.target = "/api/v1/enrolments",
                           .body = base::dump_json(base::Json{{"customer", customer}, {"expires", expires}}),
                           .local = true});
  EXPECT_EQ(made.status, 201) << made.body;
  return base::json_text_or(*base::parse_json(made.body), "code", "");
}

DeskRig::Answer DeskRig::enrol(const std::string& code, const std::string& client) {
  return ask({.target = std::string(line::kEnrolPath),
              .body = line::format(line::EnrolRequest{line::normal_code(code), some_request(), "0.1.0"}),
              .client = client});
}

DeskRig::Enrolled DeskRig::enrolled() {
  const Answer answer = enrol(new_code());
  const auto document = line::parse_enrolled(answer.body);
  EXPECT_TRUE(document.ok()) << answer.body;
  return document.ok() ? Enrolled{document->installation, document->chain} : Enrolled{};
}

DeskRig::Answer DeskRig::report(const Enrolled& who, const std::vector<line::Report>& reports) {
  return ask({.target = std::string(line::kReportsPath),
              .body = line::format(reports),
              .certificate = who.certificate});
}

line::Report DeskRig::event(int number) {
  return {ulid(), line::Kind::Event, 1, clock.wall(), {{"type", "test"}, {"number", number}}};
}

DeskRig::Answer DeskRig::orders(const Enrolled& who, const std::string& life) {
  return ask({.method = http::Method::Get,
              .target = std::string(line::kOrdersPath) + "?life=" + life,
              .certificate = who.certificate});
}

std::string DeskRig::read_all(answer::Source& source) {
  std::string out;
  while (source.read(out, 4096) == answer::Source::State::More) {
  }
  return out;
}

}  // namespace postern::mission
