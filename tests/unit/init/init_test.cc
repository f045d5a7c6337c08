// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/init.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "certs/certificate.h"
#include "certs/note.h"
#include "certs/verify.h"
#include "gateway/cli/cert.h"
#include "gateway/proc/privileges.h"
#include "gateway/supervisor/material.h"

namespace postern::cli {
namespace {

struct Init : testing::Test {
  std::filesystem::path top;
  InitOptions options;

  void SetUp() override {
    char name[] = "/tmp/postern-init-XXXXXX";
    top = ::mkdtemp(name);
    options.directory = (top / "gateway").string();
    options.components = {"http://127.0.0.1:9090"};
    if (proc::is_root()) options.user = "nobody";
  }
  void TearDown() override { std::filesystem::remove_all(top); }

  std::string path(const std::string& name) const { return options.directory + "/" + name; }
  std::string text(const std::string& name) const {
    const auto content = base::read_file(path(name), 1 << 20);
    return content.ok() ? *content : std::string();
  }
  // What init says on standard output.
  std::string made() {
    testing::internal::CaptureStdout();
    EXPECT_EQ(init(options), 0);
    return testing::internal::GetCapturedStdout();
  }
  std::string refused() {
    testing::internal::CaptureStderr();
    EXPECT_EQ(init(options), 1);
    return testing::internal::GetCapturedStderr();
  }
  std::size_t files() const {
    if (!std::filesystem::exists(options.directory)) return 0;
    return static_cast<std::size_t>(
        std::distance(std::filesystem::recursive_directory_iterator(options.directory), {}));
  }
};

TEST_F(Init, MakesAConfigurationThatTheSupervisorTakes) {
  made();
  const supervisor::LoadedConfig loaded = supervisor::load_config(path("postern.yaml"), 1);
  ASSERT_TRUE(loaded.ok()) << supervisor::format_faults(loaded.config_faults)
                           << supervisor::format_faults(loaded.policy_faults);
  EXPECT_EQ(loaded.config->services[0].path, "/");
  EXPECT_EQ(loaded.config->support.address.text(), "0.0.0.0:8443");
}

TEST_F(Init, GivesEachOfSeveralComponentsAPathOfItsOwn) {
  options.components = {"prometheus=http://127.0.0.1:9090", "alerts=http://127.0.0.1:9093"};
  made();
  const supervisor::LoadedConfig loaded = supervisor::load_config(path("postern.yaml"), 1);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.config->services[0].path, "/prometheus/");
  EXPECT_EQ(loaded.config->services[1].path, "/alerts/");
}

TEST_F(Init, SharesNoRootOfTrustBetweenTheFaces) {
  made();
  const auto fingerprint = [&](const char* name) {
    return certs::read_chain(text(name))->front().fingerprint;
  };
  const std::string support = fingerprint("certs/support-authority.pem"),
                    admin = fingerprint("certs/admin-ca.pem");
  EXPECT_NE(support, admin);
  const auto issuer = [&](const char* name) { return certs::read_chain(text(name))->front().issuer; };
  EXPECT_NE(issuer("certs/support.pem"), issuer("certs/admin.pem"));
}

TEST_F(Init, KeepsSecretsToTheirOwnerAndThePasswordOutOfEveryFile) {
  const std::string said = made();
  std::string password = said.substr(said.find("Password") + 8);
  password = password.substr(password.find_first_not_of(' '));
  password = password.substr(0, password.find(' '));
  const auto admins = base::parse_json(text("admins.json"));
  EXPECT_TRUE(base::verify_password((*admins)["admins"][0]["password"].get<std::string>(), password)) << said;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options.directory)) {
    struct stat info {};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    const bool secret = entry.path().extension() == ".key" || entry.path().filename() == "admins.json";
    if (secret) {
      EXPECT_EQ(info.st_mode & 0777, 0600U) << entry.path();
    }
    if (entry.is_regular_file()) {
      EXPECT_EQ(base::read_file(entry.path(), 1 << 20)->find(password), std::string::npos) << entry.path();
    }
  }
}

TEST_F(Init, MakesALogsKeyOfItsOwn) {
  made();
  const auto key = certs::parse_signer_key(text("keys/log.key").substr(0, text("keys/log.key").size() - 1));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->name.substr(0, 8), "postern/");
  EXPECT_EQ(key->name.size(), 24U);
}

TEST_F(Init, HandsEverythingToTheAccountWhenRunAsRoot) {
  if (!proc::is_root()) GTEST_SKIP() << "only root can hand files over";
  made();
  const auto nobody = proc::find_account("nobody");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options.directory)) {
    struct stat info {};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, nobody->uid) << entry.path();
  }
}

TEST_F(Init, NeverOverwrites) {
  made();
  const std::string before = text("admins.json") + text("keys/pass.key") + text("certs/support.pem");
  EXPECT_NE(refused().find("init never overwrites"), std::string::npos);
  EXPECT_EQ(text("admins.json") + text("keys/pass.key") + text("certs/support.pem"), before);
}

TEST_F(Init, RemovesWhatItMadeWhenItCannotFinish) {
  std::filesystem::create_directories(path("certs"));
  std::filesystem::create_directory(
      path("certs/support-authority.pem"));  // in the way of a file that is written late
  EXPECT_NE(refused().find("support-authority.pem"), std::string::npos);
  EXPECT_EQ(files(), 2U);  // what was there before
}

TEST_F(Init, MakesNothingOfOptionsThatMakeNoConfiguration) {
  options.components = {"ftp://127.0.0.1"};
  EXPECT_NE(refused().find("a node must be http:// or https://"), std::string::npos);
  EXPECT_EQ(files(), 0U);
}

TEST_F(Init, SaysHowToMakeAnAccountThatIsMissing) {
  if (!proc::is_root()) GTEST_SKIP() << "only root chooses an account";
  options.user = "no-such-account-here";
  EXPECT_NE(
      refused().find("useradd --system --no-create-home --shell /usr/sbin/nologin no-such-account-here"),
      std::string::npos);
}

TEST_F(Init, ItsSupportAuthorityVouchesForEngineers) {
  made();
  CertIssueOptions issue;
  issue.directory = options.directory;
  issue.engineer = "alice";
  issue.email = "alice@vendor.example";
  issue.out = (top / "out").string();
  testing::internal::CaptureStdout();
  EXPECT_EQ(cert_issue(issue), 0);
  testing::internal::GetCapturedStdout();
  const auto chain = certs::pem_to_der(*base::read_file(issue.out + "/alice.pem", 1 << 20));
  const auto judge = [&](const char* authority) {
    return certs::ClientVerifier::make({text(authority)})->judge(*chain, base::SystemClock().wall());
  };
  const certs::ClientAnswer answer = judge("certs/support-authority.pem");
  ASSERT_TRUE(answer.identity) << answer.failure->sentence;
  EXPECT_EQ(answer.identity->emails, std::vector<std::string>{"alice@vendor.example"});
  EXPECT_FALSE(judge("certs/admin-ca.pem").identity);

  testing::internal::CaptureStderr();
  EXPECT_EQ(cert_issue(issue), 1);  // never over another
  testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace postern::cli
