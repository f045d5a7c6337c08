// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Promise 5: what a role is not told, it cannot give away.
#include "gateway/supervisor/parts.h"

#include <gtest/gtest.h>

#include <set>

#include "gateway/supervisor/reload.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

struct Parts : testing::Test {
  Folder folder;
  LoadedConfig loaded = load_config(folder.path("postern.yaml"), 1);
  const Config& config = *loaded.config;
  const Material& material = *loaded.material;

  static std::set<std::string> keys(const base::Json& part) {
    std::set<std::string> out;
    for (const auto& [key, value] : part.items()) out.insert(key);
    return out;
  }
  void expect_without(const base::Json& part, std::initializer_list<std::string> secrets) const {
    const std::string text = base::dump_json(part);
    for (const std::string& secret : secrets)
      EXPECT_EQ(text.find(secret), std::string::npos) << secret << " in " << text;
  }
};

TEST_F(Parts, ATerminatorIsToldNoPathNoPolicyNoNodeAndNoKey) {
  const base::Json part = terminator_part(config, material, "support");
  EXPECT_EQ(keys(part), (std::set<std::string>{"log_level", "listener", "certificates", "client_roots",
                                               "names", "challenges", "http2", "limits", "timeouts"}));
  expect_without(part, {folder.path(""), "policy", "9090", "alerts", "state", "PRIVATE KEY", "admins"});
  EXPECT_NE(part["certificates"][0]["chain"].get<std::string>().find("BEGIN CERTIFICATE"), std::string::npos);
}

TEST_F(Parts, TheAdminListenerAsksForNoEngineersCertificate) {
  EXPECT_EQ(terminator_part(config, material, "admin")["client_roots"], "");
  EXPECT_NE(terminator_part(config, material, "support")["client_roots"], "");
}

TEST_F(Parts, AnEnforcerIsToldWhichFieldsAServiceKeepsToItself) {
  folder.write("postern.yaml",
               replaced(kSound, "      tls: {roots",
                        "      strip: {request: [X-Token], response: [server]}\n      tls: {roots"),
               0644);
  const LoadedConfig again = load_config(folder.path("postern.yaml"), 1);
  ASSERT_NE(again.config, nullptr);
  const base::Json part = enforcer_part(*again.config, *again.material, 0);
  EXPECT_EQ(part["services"][0]["strip_request"], base::Json::array());
  EXPECT_EQ(part["services"][1]["strip_request"], base::Json::array({"x-token"}));
  EXPECT_EQ(part["services"][1]["strip_response"], base::Json::array({"server"}));
}

TEST_F(Parts, AnEnforcerIsToldNodesByNumberAndNoPath) {
  const base::Json part = enforcer_part(config, material, 1);
  EXPECT_EQ(part["checks_health"], false);
  EXPECT_EQ(enforcer_part(config, material, 0)["checks_health"], true);
  const base::Json& nodes = part["services"][0]["nodes"];
  EXPECT_EQ(nodes[1]["id"], 1);
  EXPECT_EQ(nodes[1]["host"], "127.0.0.1:9091");
  EXPECT_EQ(nodes[0]["health"]["interval_us"], 5'000'000);
  const base::Json& alerts = part["services"][1]["nodes"][0];
  EXPECT_EQ(alerts["host"], "alerts.internal");
  EXPECT_EQ(alerts["name"], "alerts.internal");
  EXPECT_TRUE(alerts["health"].is_null());
  expect_without(part, {folder.path(""), "PRIVATE KEY", "admins"});
}

// Promise 6: what a credential's file holds is in no part, and where it is in no part but that of who reads it.
TEST_F(Parts, OnlyAnEnforcerIsToldOfCredentialsAndNobodyWhatIsInThem) {
  folder.write("postern.yaml",
               replaced(kSound, "      tls: {roots",
                        "      credential: {basic: {user: reader, password_file: alerts.password}}\n"
                        "      tls: {roots"),
               0644);
  folder.write("alerts.password", "hunter2hunter2\n", 0600);
  const LoadedConfig again = load_config(folder.path("postern.yaml"), 1);
  ASSERT_NE(again.material, nullptr) << format_faults(again.config_faults);
  const base::Json part = enforcer_part(*again.config, *again.material, 0);
  EXPECT_EQ(part["services"][1]["credentials"], base::Json::array({{{"role", ""},
                                                                    {"kind", "basic"},
                                                                    {"user", "reader"},
                                                                    {"field", "authorization"},
                                                                    {"fd", "credential.alerts"}}}));
  expect_without(part, {"hunter2", folder.path("")});
  for (const base::Json& other :
       {terminator_part(*again.config, *again.material, "support"),
        terminator_part(*again.config, *again.material, "admin"), ledger_part(*again.config, *again.material),
        keeper_part(*again.config, *again.material), listeners_json(*again.config, *again.material)})
    expect_without(other, {"hunter2", "reader", "credential", "password"});
  const base::Json shown = component_json(*again.config, *again.material);
  EXPECT_EQ(shown["services"][1]["credentials"], base::Json::array({{{"role", ""}, {"kind", "basic"}}}));
  expect_without(shown, {"hunter2", "reader", "password"});
  expect_without(console_part(*again.config, *again.material), {"hunter2", "reader", "password"});
}

// Promise 5: the key of a certificate that nodes are shown goes to the keeper, and to nobody else.
TEST_F(Parts, AClientCertificateIsTheEnforcersAndItsKeyTheKeepers) {
  folder.add_client_certificate("viewer");
  folder.write(
      "postern.yaml",
      replaced(kSound, "      tls: {roots",
               "      credential: {roles: {viewer: {client_certificate: {certificate: viewer.pem, key: "
               "viewer.key}}}}\n      tls: {roots"),
      0644);
  const LoadedConfig again = load_config(folder.path("postern.yaml"), 1);
  ASSERT_NE(again.material, nullptr) << format_faults(again.config_faults);
  const std::string chain = again.material->client_keys.at(0).certificate_pem;
  EXPECT_EQ(
      enforcer_part(*again.config, *again.material, 0)["services"][1]["credentials"],
      base::Json::array({{{"role", "viewer"}, {"kind", "client_certificate"}, {"certificate", chain}}}));
  EXPECT_EQ(keeper_part(*again.config, *again.material)["client_keys"],
            base::Json::array({{{"fd", "credential.alerts.viewer"},
                                {"certificate", chain},
                                {"path", folder.path("viewer.key")}}}));
  EXPECT_TRUE(again.material->credentials.empty());
  expect_without(enforcer_part(*again.config, *again.material, 0), {"PRIVATE KEY", folder.path("")});
  const base::Json shown =
      component_json(*again.config, *again.material)["services"][1]["credentials"][0]["certificate"];
  EXPECT_EQ(shown["subject"], "CN=viewer");
  EXPECT_EQ(shown["sha256"], again.material->client_keys[0].certificate.fingerprint);
}

TEST_F(Parts, TheKeeperIsToldItsKeysByDescriptorAndNothingOfTheComponent) {
  const base::Json part = keeper_part(config, material);
  EXPECT_EQ(keys(part),
            (std::set<std::string>{"log_level", "tls_keys", "client_keys", "pass_key", "log_key"}));
  EXPECT_EQ(part["tls_keys"][1]["fd"], "key.admin");
  expect_without(part, {"9090", "policy", "PRIVATE KEY"});
}

TEST_F(Parts, TheKeeperIsToldTheLogsNextKeyWhereThereIsOne) {
  const certs::SignerKey next{"postern/test", base::Secret(std::string(32, 'n'))};
  folder.write("keys/log.key.next", certs::format_signer_key(next) + "\n", 0600);
  const LoadedConfig again = load_config(folder.path("postern.yaml"), 2);
  ASSERT_TRUE(again.ok());
  const base::Json part = keeper_part(*again.config, *again.material);
  EXPECT_EQ(part["next_log_key"]["fd"], "key.log.next");
  expect_without(part, {"PRIVATE"});
  EXPECT_TRUE(keys_differ(material, *again.material));
}

TEST_F(Parts, TheLedgerIsToldItsDirectoryAndItsLimits) {
  EXPECT_EQ(keys(ledger_part(config, material)),
            (std::set<std::string>{"log_level", "version", "state_directory", "admins", "sessions",
                                   "requests", "grants", "holds", "retention", "witnesses", "witnessed_logs",
                                   "notifications", "openid", "admin_openid", "line", "calendar",
                                   "monitoring", "updates", "intake"}));
}

TEST_F(Parts, TheConsoleIsToldNoKeyAndNoWayToTheComponent) {
  const base::Json part = console_part(config, material);
  expect_without(part, {"PRIVATE KEY", "support.key", "policy.yaml", "admins.json", "argon2id"});
  EXPECT_EQ(part["public_url"], "https://support.example.org");
  const base::Json& nodes = part["component"]["nodes"];
  ASSERT_EQ(nodes.size(), 3U);
  EXPECT_EQ(nodes[0]["checked"], true);
  EXPECT_EQ(nodes[2]["checked"], false) << "a service without a health check";
}

}  // namespace
}  // namespace postern::supervisor
