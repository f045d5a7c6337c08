// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The identity provider: from postern.yaml to what each role is told.
#include <gmock/gmock.h>

#include "gateway/supervisor/parts.h"
#include "gateway/supervisor/reload.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

using ::testing::HasSubstr;

std::string with_provider(const std::string& more = "",
                          const std::string& issuer = "https://login.example/realm") {
  return std::string(kSound) + "\nopenid:\n  issuer: \"" + issuer + "\"\n  client_id: postern\n" + more;
}
Config sound_openid(const std::string& text) {
  const ParsedConfig out = parse_config(text, "/etc/postern", 4);
  EXPECT_NE(out.config, nullptr) << base::format_faults("postern.yaml", out.faults);
  return out.config == nullptr ? Config{} : *out.config;
}
std::string openid_faults(const std::string& text) {
  return base::format_faults("postern.yaml", parse_config(text, "/etc/postern", 4).faults);
}

TEST(OpenIdConfig, IsReadWithAllItSays) {
  const Config config = sound_openid(with_provider(
      "  client_secret_file: keys/openid\n  scopes: [openid, email]\n  name_claim: sub\n  groups: [support]\n"
      "  provision: true\n  amr: [mfa]\n  max_age: 12h\n  clock_skew: 30s\n  hosts: [keys.example, "
      "\"login.example:8443\"]\n"));
  const OpenId& provider = config.openid;
  EXPECT_EQ(provider.issuer, "https://login.example/realm");
  EXPECT_EQ(provider.secret.path, "/etc/postern/keys/openid");
  EXPECT_EQ(provider.max_age, 12 * 3600 * base::kWallSecond);
  ASSERT_EQ(provider.hosts.size(), 3U);
  EXPECT_EQ(provider.hosts[0].authority, (http::Authority{"login.example", 443}));
  EXPECT_EQ(provider.hosts[2].authority, (http::Authority{"login.example", 8443}));
  EXPECT_EQ(provider.hosts[0].id, config.nodes()) << "one number for each place";
  EXPECT_EQ(config.outside(provider.hosts[2].id), &provider.hosts[2].authority);
  EXPECT_EQ(config.node(provider.hosts[0].id), nullptr);
  EXPECT_TRUE(config.reaches_out());
  EXPECT_FALSE(sound_openid(std::string(kSound)).openid.configured());
}

TEST(OpenIdConfig, FaultsSayWhatWouldBeRight) {
  for (const char* bad : {"http://login.example", "login.example", "https://", "https://a@login.example/",
                          "https://l.example/x?y"})
    EXPECT_THAT(openid_faults(with_provider("", bad)), HasSubstr("issuer must be https://")) << bad;
  EXPECT_THAT(openid_faults(std::string(kSound) + "\nopenid: {client_id: x}\n"),
              HasSubstr("issuer is missing"));
  EXPECT_THAT(openid_faults(std::string(kSound) + "\nopenid: {issuer: \"https://x.example\"}\n"),
              HasSubstr("client_id is missing"));
  EXPECT_THAT(openid_faults(with_provider("  scopes: [email]\n")), HasSubstr("scopes must name openid"));
  EXPECT_THAT(openid_faults(with_provider("  scopes: [\"openid email\"]\n")),
              HasSubstr("cannot be an entry"));
  EXPECT_THAT(openid_faults(with_provider("  name_claim: nickname\n")), HasSubstr("name_claim must be"));
  EXPECT_THAT(openid_faults(with_provider("  provision: true\n")), HasSubstr("provision needs groups"));
  EXPECT_THAT(openid_faults(with_provider("  clock_skew: 10m\n")), HasSubstr("clock_skew"));
  for (const char* bad : {"https://keys.example", "keys.example/path", "a b"})
    EXPECT_THAT(openid_faults(with_provider("  hosts: [\"" + std::string(bad) + "\"]\n")),
                HasSubstr("a host of openid.hosts"))
        << bad;
  EXPECT_THAT(openid_faults(with_provider("  isuer: x\n")), HasSubstr("isuer"));
}

TEST(OpenIdConfig, TellsEachRoleItsPartAndNothingOfTheSecret) {
  Config config = sound_openid(with_provider("  client_secret_file: keys/openid\n  groups: [support]\n"));
  Material material;
  material.openid_roots = "ROOTS";
  material.service_roots.resize(config.services.size());
  material.service_crls.resize(config.services.size());
  const base::Json link = link_part(config, material)["openid"];
  EXPECT_EQ(link["redirect_uri"], config.support.url() + "/.postern/openid/callback");
  EXPECT_EQ(link["hosts"][0]["tls_name"], "login.example");
  EXPECT_EQ(link["roots"], "ROOTS");
  EXPECT_FALSE(link.contains("fd")) << "there is no descriptor without a file";
  EXPECT_EQ(ledger_part(config, material)["openid"], (base::Json{{"issuer", "https://login.example/realm"},
                                                                 {"name_claim", "email"},
                                                                 {"groups", {"support"}},
                                                                 {"provision", false},
                                                                 {"roles", base::Json::object()}}));
  EXPECT_EQ(enforcer_part(config, material, 0)["openid"], true);
  for (const base::Json& part :
       {link_part(config, material), ledger_part(config, material), enforcer_part(config, material, 0)})
    EXPECT_EQ(base::dump_json(part).find("keys/openid"), std::string::npos);
}

std::string with_admins(const std::string& more = "  roles: {admin: [ops], auditor: [audit]}\n",
                        const std::string& issuer = "https://corp.example") {
  return std::string(kSound) + "\nadmin_openid:\n  issuer: \"" + issuer + "\"\n  client_id: console\n" + more;
}

TEST(AdminOpenIdConfig, IsApartFromThatOfEngineers) {
  const Config config =
      sound_openid(with_provider() +
                   "admin_openid:\n  issuer: \"https://corp.example\"\n  client_id: console\n"
                   "  roles: {admin: [ops], auditor: [audit]}\n  amr: [mfa]\n  hosts: [keys.corp.example]\n"
                   "  local_accounts: [break-glass]\n");
  ASSERT_TRUE(config.admin_openid.configured());
  EXPECT_EQ(config.admin_openid.roles.at("auditor"), std::vector<std::string>{"audit"});
  EXPECT_EQ(config.local_accounts, std::vector<std::string>{"break-glass"});
  EXPECT_TRUE(config.openid.roles.empty());
  const std::uint32_t vendors = config.openid.hosts[0].id, own = config.admin_openid.hosts[1].id;
  EXPECT_EQ(config.admin_provider(own), &config.admin_openid.hosts[1].authority);
  EXPECT_EQ(config.outside(own), nullptr) << "the link of all else does not reach it";
  EXPECT_EQ(config.admin_provider(vendors), nullptr) << "nor this one the engineers'";
  Material material;
  material.admin_openid_roots = "ROOTS";
  material.support.certificates.emplace_back();
  material.admin.certificates.emplace_back();
  material.service_roots.resize(config.services.size());
  material.service_crls.resize(config.services.size());
  const base::Json link = admin_link_part(config, material);
  EXPECT_EQ(link["openid"]["issuer"], "https://corp.example");
  EXPECT_EQ(link["openid"]["redirect_uri"], config.admin.url() + "/openid/callback");
  EXPECT_EQ(link["openid"]["groups"], (base::Json{"audit", "ops"}));
  EXPECT_TRUE(link["places"].empty());
  EXPECT_EQ(link_part(config, material)["openid"]["issuer"], "https://login.example/realm");
  EXPECT_EQ(ledger_part(config, material)["admin_openid"]["roles"],
            (base::Json{{"admin", {"ops"}}, {"auditor", {"audit"}}}));
  EXPECT_EQ(console_part(config, material)["openid"], (base::Json{{"issuer", "https://corp.example"},
                                                                  {"local_accounts", {"break-glass"}},
                                                                  {"demanding", true}}));
  EXPECT_EQ(base::dump_json(enforcer_part(config, material, 0)).find("corp.example"), std::string::npos);
  EXPECT_FALSE(sound_openid(with_admins()).reaches_out()) << "the other link is not needed for it";
}

TEST(AdminOpenIdConfig, FaultsSayWhatWouldBeRight) {
  EXPECT_THAT(openid_faults(with_admins("")), HasSubstr("roles is missing"));
  EXPECT_THAT(openid_faults(with_admins("  roles: {}\n")), HasSubstr("names no role: admin or auditor"));
  EXPECT_THAT(openid_faults(with_admins("  roles: {viewer: [x]}\n")), HasSubstr("viewer"));
  EXPECT_THAT(openid_faults(with_admins("  roles: {admin: [ops]}\n  provision: true\n")),
              HasSubstr("provision"));
  EXPECT_THAT(openid_faults(with_admins("  roles: {admin: [ops]}\n  local_accounts: []\n")),
              HasSubstr("local_accounts must name an account"));
  EXPECT_THAT(openid_faults(with_admins("  roles: {admin: [ops]}\nsecond_factor: required\n")),
              HasSubstr("needs acr or amr"));
  EXPECT_EQ(openid_faults(with_admins("  roles: {admin: [ops]}\n  amr: [mfa]\nsecond_factor: required\n")),
            "");
  const std::string both = with_admins() + "openid: {issuer: \"https://corp.example\", client_id: other}\n";
  EXPECT_THAT(openid_faults(both), HasSubstr("cannot have the same provider"));
}

TEST(AdminOpenIdConfig, IsThereOrNotFromTheStart) {
  const Config without = sound_openid(std::string(kSound));
  const auto faults = faults_of_change(without, sound_openid(with_admins()));
  EXPECT_THAT(base::format_faults("f", faults), HasSubstr("admin_openid"));
}

TEST(OpenIdConfig, KeepsTheNumbersOfHostsThatStay) {
  const Config running = sound_openid(with_provider("  hosts: [one.example, two.example]\n"));
  Config wanted = sound_openid(with_provider("  hosts: [two.example, three.example]\n"));
  std::uint32_t next = running.next_id();
  keep_node_numbers(running, wanted, next);
  EXPECT_EQ(wanted.openid.hosts[0].id, running.openid.hosts[0].id);
  EXPECT_EQ(wanted.openid.hosts[1].id, running.openid.hosts[2].id);
  EXPECT_EQ(wanted.openid.hosts[2].id, running.next_id());
}

}  // namespace
}  // namespace postern::supervisor
