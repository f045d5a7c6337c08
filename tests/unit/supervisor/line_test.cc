// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The line to Mission Control as the supervisor has it, with a link and a Mission Control that the test plays.
#include "gateway/supervisor/line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "certs/issue.h"
#include "gateway/supervisor/line_folder.h"
#include "gateway/supervisor/parts.h"
#include "gateway/supervisor/reload.h"
#include "tests/unit/supervisor/fixture.h"
#include "update/trust.h"

namespace postern::supervisor {
namespace {

using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kMissionText = R"(mission_control:
  url: https://mission.vendor.example
  folder: line
  proxy: {url: http://proxy.example}
)";
constexpr const char* kOurs = "01JD7Z3V5T4Q2N8M6K0H1F9C3B";
constexpr const char* kOthers = "01JD7Z3V5T4Q2N8M6K0H1F9C3C";

std::string with_mission(std::string_view text = kMissionText) {
  return std::string(kSound) + std::string(text);
}

TEST(MissionControlConfiguration, IsRead) {
  const ParsedConfig parsed = parse_config(with_mission(), "/etc/postern", 4);
  ASSERT_NE(parsed.config, nullptr) << parsed.faults.front().message;
  const MissionControl& mission = *parsed.config->mission_control;
  EXPECT_EQ(http::to_text(mission.authority), "mission.vendor.example:443");
  EXPECT_EQ(mission.tls_name, "mission.vendor.example");
  EXPECT_EQ(mission.revocation, certs::Revocation::Hard);
  EXPECT_EQ(mission.folder.path, "/etc/postern/line");
  EXPECT_EQ(http::to_text(*parsed.config->outside(mission.id)), "proxy.example:3128")
      << "the link gets no further";
  EXPECT_EQ(parsed.config->next_id(), mission.id + 1);
  EXPECT_TRUE(parsed.config->reaches_out());
}

TEST(MissionControlConfiguration, SaysWhatIsWrong) {
  const auto wrong = [](std::string_view what, std::string_view by) {
    const ParsedConfig parsed =
        parse_config(with_mission(replaced(kMissionText, what, by)), "/etc/postern", 4);
    return parsed.faults.empty() ? std::string("nothing") : parsed.faults.front().message;
  };
  EXPECT_THAT(wrong("https://mission", "http://mission"),
              HasSubstr("must be an https:// address without a path"));
  EXPECT_THAT(wrong("vendor.example", "vendor.example/x"),
              HasSubstr("must be an https:// address without a path"));
  EXPECT_THAT(wrong("  folder: line\n", ""), HasSubstr("mission_control needs folder"));
  EXPECT_THAT(wrong("folder: line", "folder: state/line"),
              HasSubstr("must not be within the state directory"));
  EXPECT_THAT(wrong("http://proxy", "socks://proxy"), HasSubstr("a proxy's url must be an http:// address"));
  EXPECT_THAT(wrong("{url: http://proxy.example}", "{url: http://p, user: u}"),
              HasSubstr("needs password_file"));
  EXPECT_THAT(wrong("{url: http://proxy.example}", "{url: http://p, password_file: u}"),
              HasSubstr("needs user"));
  EXPECT_THAT(wrong("{url: http://proxy.example}", "{url: http://p, user: \"a:b\", password_file: f}"),
              HasSubstr("no colon"));
  EXPECT_THAT(wrong("folder: line", "folder: line\n  tls: {revocation: never}"), HasSubstr("hard or soft"));
  EXPECT_THAT(
      wrong("folder: line", "folder: line\n  updates: {keep: 2GiB}"),
      HasSubstr("updates needs root: the first root, 1.root.json, which the vendor gives you by hand"));
  EXPECT_THAT(wrong("folder: line", "folder: line\n  updates: {root: r, keep: 2TB}"),
              HasSubstr("keep must be a size"));
}

TEST(MissionControlConfiguration, TheVendorsRootIsJudgedWithTheConfiguration) {
  Folder folder;
  const auto load = [&](std::string_view root) {
    folder.write("1.root.json", root, 0644);
    folder.write("postern.yaml",
                 with_mission(replaced(kMissionText, "folder: line",
                                       "folder: line\n  updates: {root: 1.root.json, keep: 2GiB}")),
                 0644);
    return load_config(folder.path("postern.yaml"), 1);
  };
  const LoadedConfig wrong = load("{\"signed\":{}}");
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(format_faults(wrong.config_faults),
              HasSubstr("1.root.json is no root of the vendor's updates: "));
  EXPECT_THAT(format_faults(wrong.config_faults), HasSubstr("as it is"));

  const base::Secret seed(std::string(32, 's'));
  const std::string key = base::ed25519_public(seed);
  update::Root root{1, 2'000'000'000 * base::kWallSecond, {{update::key_id(key), key}}, {}};
  for (const std::string_view role : update::kRoles)
    root.roles[std::string(role)] = {{update::key_id(key)}, 1};
  const std::string text = *update::unsigned_document(update::to_json(root));
  EXPECT_THAT(format_faults(load(text).config_faults), HasSubstr("is no root of the vendor's updates: "))
      << "nobody has signed it";
  const std::string sound = *update::add_signature(text, seed);
  const LoadedConfig loaded = load(sound);
  ASSERT_TRUE(loaded.ok()) << format_faults(loaded.config_faults);
  EXPECT_EQ(loaded.material->line.update_root, sound);
  EXPECT_EQ(loaded.config->mission_control->updates->keep, std::int64_t{2} << 30U);
}

class LineOfAGateway : public testing::Test {
 protected:
  LineOfAGateway()
      : line_(
            {[this](audit::EventType type, const std::string& actor, const std::string&, const Json& detail) {
               events_.emplace_back(audit::text_of(type).name);
               actors_.push_back(actor);
               last_ = detail;
             },
             [this] { ++told_; }, [this] { ++certificates_; }, [this] { return now_; }}) {}
  void SetUp() override {
    folder_.write("postern.yaml",
                  with_mission(replaced(kMissionText, "  proxy", "  tls: {roots: component.pem}\n  proxy")),
                  0644);
    ASSERT_EQ(::mkdir(folder_.path("line").c_str(), 0700), 0);
    loaded_ = load_config(folder_.path("postern.yaml"), 1);
    ASSERT_TRUE(loaded_.ok()) << format_faults(loaded_.config_faults);
    line_.prepare(&mission(), {}, material());
    line_.adopt(&mission(), material());
  }
  const MissionControl& mission() const { return *loaded_.config->mission_control; }
  LineMaterial& material() { return loaded_.material->line; }
  Json part() { return line_link_part(mission(), material()); }

  std::string issued(const Json& request, const std::string& id,
                     base::Micros life = 3600 * base::kWallSecond) const {
    certs::Template wanted;
    wanted.common_name = "an installation";
    wanted.validity = certs::valid_for(now_, life);
    wanted.client_auth = true;
    wanted.uris = {line::uri_of({"mission.vendor.example", id})};
    const auto made = certs::issue_for_request(wanted, request.get<std::string>(), authority_);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return *made + authority_.certificate_pem;
  }
  Json enrolled(const std::string& chain) {
    return line_.on_link({{"do", "enrolled"},
                          {"asked", part()["enrol"]["asked"]},
                          {"installation", kOurs},
                          {"customer", "Example AG"},
                          {"chain", chain}});
  }
  void enrol() {
    ASSERT_EQ(line_.on_console(
                  {{"do", "enrol"}, {"code", "7h2kq-9mz3t-w4xpb-c8r6d"}, {"actor", "admin:root"}})["ok"],
              true);
    ASSERT_EQ(enrolled(issued(part()["enrol"]["request"], kOurs))["ok"], true);
  }

  Folder folder_;
  base::Micros now_ = base::SystemClock().wall();
  certs::Credentials authority_ = [this] {
    certs::Template wanted;
    wanted.common_name = "Mission Control's installations";
    wanted.validity = certs::valid_for(now_, 7200 * base::kWallSecond);
    wanted.authority = true;
    return certs::issue(wanted, nullptr).value();
  }();
  LoadedConfig loaded_;
  std::vector<std::string> events_, actors_;
  Json last_;
  int told_ = 0, certificates_ = 0;
  Line line_;
};

TEST_F(LineOfAGateway, EnrolsWithAKeyThatNobodyElseHas) {
  EXPECT_EQ(line_.status()["state"], "not_enrolled");
  EXPECT_EQ(part()["certificate"], "");
  EXPECT_THAT(line_.on_console({{"do", "enrol"}, {"code", "12345"}})["message"].get<std::string>(),
              HasSubstr("no code"));
  enrol();
  EXPECT_EQ(told_, 1);
  EXPECT_EQ(certificates_, 1);
  EXPECT_THAT(events_, ElementsAre("link.enrolled"));
  EXPECT_THAT(actors_, ElementsAre("admin:root"));
  EXPECT_EQ(last_["installation"], kOurs);
  const Json status = line_.status();
  EXPECT_EQ(status["enrolment"]["state"], "done");
  EXPECT_EQ(status["customer"], "Example AG");
  EXPECT_EQ(part()["enrol"], nullptr) << "the code is gone";
  EXPECT_EQ(keeper_part(*loaded_.config, *loaded_.material)["line_key"]["fd"], "key.line");
  EXPECT_EQ(base::dump_json(part()).find("PRIVATE KEY"), std::string::npos);
  EXPECT_THAT(
      line_.on_console({{"do", "enrol"}, {"code", "7h2kq-9mz3t-w4xpb-c8r6d"}})["message"].get<std::string>(),
      HasSubstr("is enrolled already"));
}

TEST_F(LineOfAGateway, ComesBackAsTheSameAfterARestart) {
  enrol();
  LineMaterial again;
  ASSERT_TRUE(open_line(mission(), again).ok());
  EXPECT_EQ(again.certificate_pem, material().certificate_pem);
  EXPECT_EQ(again.customer, "Example AG");
  EXPECT_TRUE(again.key.valid());
}

TEST_F(LineOfAGateway, TakesNoCertificateThatIsNotForItsKeyAndName) {
  ASSERT_EQ(
      line_.on_console({{"do", "enrol"}, {"code", "7h2kq-9mz3t-w4xpb-c8r6d"}, {"actor", "admin:root"}})["ok"],
      true);
  certs::Template wanted;
  wanted.common_name = "another key";
  wanted.validity = certs::valid_for(now_, base::kWallSecond * 60);
  wanted.client_auth = true;
  wanted.uris = {line::uri_of({"mission.vendor.example", kOurs})};
  const Json refused = enrolled(certs::issue(wanted, &authority_)->certificate_pem);
  EXPECT_THAT(refused["why"].get<std::string>(), HasSubstr("it is for another key"));
  EXPECT_THAT(events_, ElementsAre("link.enrolment_failed"));
  EXPECT_EQ(line_.status()["enrolment"]["state"], "failed");
  EXPECT_EQ(enrolled("junk")["ok"], false) << "nobody asks any more";
  EXPECT_FALSE(std::filesystem::exists(folder_.path("line/certificate.pem")));
}

TEST_F(LineOfAGateway, IsRenewedAsItselfAlone) {
  enrol();
  const std::string before = material().certificate_pem;
  Json request = line_.on_link({{"do", "renew"}});
  ASSERT_EQ(request["ok"], true);
  EXPECT_THAT(line_.on_link({{"do", "renewed"}, {"chain", issued(request["request"], kOthers)}})["why"]
                  .get<std::string>(),
              HasSubstr(kOthers));
  EXPECT_EQ(material().certificate_pem, before);
  EXPECT_EQ(line_.on_link({{"do", "renewed"}, {"chain", issued(request["request"], kOurs)}})["ok"], true);
  EXPECT_NE(material().certificate_pem, before);
  EXPECT_THAT(events_, ElementsAre("link.enrolled", "link.certificate_renewed"));
  EXPECT_EQ(line_.on_link({{"do", "renewed"}, {"chain", material().certificate_pem}})["why"],
            "nobody asked for it any more");
  EXPECT_EQ(events_.size(), 2U) << "once for each that was asked for";
  now_ += 61 * base::kWallSecond;
  EXPECT_NE(line_.on_link({{"do", "renew"}})["request"], request["request"])
      << "each certificate has a key of its own";
}

TEST_F(LineOfAGateway, IsRenewedByItsIssuerAloneAndNotForEver) {
  enrol();
  const Json request = line_.on_link({{"do", "renew"}});
  certs::Template wanted;
  wanted.common_name = "somebody else's";
  wanted.validity = certs::valid_for(now_, 7200 * base::kWallSecond);
  wanted.authority = true;
  const certs::Credentials ours = std::exchange(authority_, certs::issue(wanted, nullptr).value());
  const auto refusal = [this](const std::string& chain) {
    return line_.on_link({{"do", "renewed"}, {"chain", chain}})["why"].get<std::string>();
  };
  EXPECT_THAT(refusal(issued(request["request"], kOurs)), HasSubstr("not of the issuer"));
  authority_ = ours;
  EXPECT_THAT(refusal(issued(request["request"], kOurs, 401LL * 86400 * base::kWallSecond)),
              HasSubstr("400 days"));
  EXPECT_EQ(line_.on_link({{"do", "renewed"}, {"chain", issued(request["request"], kOurs)}})["ok"], true);
}

TEST_F(LineOfAGateway, IsRecordedNoOftenerThanALogCanBear) {
  enrol();
  events_.clear();
  for (int i = 0; i < 200; ++i) {
    line_.on_link({{"do", "state"}, {"state", "up"}});
    line_.on_link({{"do", "state"}, {"state", "waiting"}});
    line_.on_link({{"do", "order"}, {"order", "conflict"}, {"client", "192.0.2.7:1"}});
  }
  EXPECT_EQ(events_.size(), 32U);  // up, fifteen losses and returns, a conflict
  EXPECT_EQ(std::count(events_.begin(), events_.end(), "link.up"), 16);
  EXPECT_EQ(std::count(events_.begin(), events_.end(), "link.down"), 15);
  EXPECT_EQ(line_.on_link({{"do", "renew"}})["ok"], true);
  EXPECT_EQ(line_.on_link({{"do", "renew"}})["ok"], false);
  now_ += 601 * base::kWallSecond;
  line_.on_link({{"do", "state"}, {"state", "up"}});
  EXPECT_EQ(std::count(events_.begin(), events_.end(), "link.up"), 16) << "its loss was not recorded";
  line_.on_link({{"do", "state"}, {"state", "waiting"}});
  EXPECT_EQ(events_.back(), "link.down");
  EXPECT_EQ(last_["unrecorded"], 185);
  line_.on_link({{"do", "state"}, {"state", "up"}});
  EXPECT_EQ(events_.back(), "link.up");
}

TEST_F(LineOfAGateway, KeepsNoNextKeyThatIsInForceAlready) {
  enrol();
  std::filesystem::path own;
  for (const auto& one : std::filesystem::directory_iterator(folder_.path("line"))) {
    if (one.path().extension() == ".key") own = one.path();
  }
  std::filesystem::copy_file(own, folder_.path("line/next.key"));
  LineMaterial again;
  ASSERT_TRUE(open_line(mission(), again).ok());
  EXPECT_FALSE(std::filesystem::exists(folder_.path("line/next.key")));
}

TEST_F(LineOfAGateway, IsTakenAnewOnceItsCertificateIsOver) {
  enrol();
  now_ += 2 * 3600 * base::kWallSecond;
  ASSERT_EQ(
      line_.on_console({{"do", "enrol"}, {"code", "7h2kq-9mz3t-w4xpb-c8r6d"}, {"actor", "admin:root"}})["ok"],
      true);
  EXPECT_EQ(enrolled(issued(part()["enrol"]["request"], kOthers))["ok"], true);
}

TEST_F(LineOfAGateway, TellsOfItsLossAndReturnOnceEach) {
  enrol();
  events_.clear();
  line_.on_link({{"do", "state"}, {"state", "connecting"}});
  line_.on_link({{"do", "state"}, {"state", "up"}, {"version", "0.1.0"}});
  line_.on_link({{"do", "state"},
                 {"state", "waiting"},
                 {"why", "it was silent\x1b[31m"},
                 {"attempts", 1},
                 {"next", now_}});
  line_.on_link({{"do", "state"}, {"state", "connecting"}});
  line_.on_link(
      {{"do", "state"}, {"state", "refused"}, {"why", "it is retired"}, {"code", "installation_retired"}});
  EXPECT_EQ(line_.status()["code"], "installation_retired");
  now_ += base::kWallSecond;
  line_.on_link({{"do", "state"}, {"state", "up"}});
  EXPECT_THAT(events_, ElementsAre("link.up", "link.down", "link.up"));
  EXPECT_EQ(last_["duration_us"], base::kWallSecond);
  line_.link_gone();
  EXPECT_EQ(events_.back(), "link.down");
  EXPECT_EQ(line_.status()["state"], "connecting");
}

TEST_F(LineOfAGateway, ShowsWhatTheLinkSaysAndBelievesNothingOfIt) {
  enrol();
  line_.on_link({{"do", "state"}, {"state", "on fire"}});
  EXPECT_EQ(line_.status()["state"], "connecting");
  line_.on_link({{"do", "state"}, {"state", "waiting"}, {"why", std::string(5000, 'x')}, {"next", "soon"}});
  EXPECT_LE(line_.status()["why"].get<std::string>().size(), 600U);
  ASSERT_EQ(line_.on_console({{"do", "check"}})["check"], 1);
  line_.on_link({{"do", "checked"}, {"check", 7}, {"steps", Json::array()}});
  EXPECT_FALSE(line_.status()["check"].contains("steps")) << "of another check";
  Json steps = Json::array();
  for (int i = 0; i < 100; ++i) steps.push_back({{"step", "tls"}, {"ok", true}, {"said", "x"}});
  line_.on_link({{"do", "checked"}, {"check", 1}, {"steps", steps}});
  EXPECT_EQ(line_.status()["check"]["steps"].size(), 16U);
  line_.on_link({{"do", "order"}, {"order", "conflict"}, {"client", "192.0.2.7:1"}});
  EXPECT_EQ(events_.back(), "link.conflict");
}

TEST_F(LineOfAGateway, WithAFolderThatOthersMayReadIsNone) {
  enrol();
  ASSERT_EQ(::chmod(folder_.path("line").c_str(), 0755), 0);
  LineMaterial again;
  line_.prepare(&mission(), material(), again);
  line_.adopt(&mission(), again);
  EXPECT_EQ(line_.status()["state"], "unusable");
  EXPECT_THAT(line_.status()["why"].get<std::string>(), HasSubstr("chmod 700"));
  EXPECT_EQ(again.life, material().life) << "the same life of the gateway";
  EXPECT_EQ(line_.on_console({{"do", "check"}})["ok"], false);
}

}  // namespace
}  // namespace postern::supervisor
