// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who outside is told of events: from postern.yaml to what each role is told.
#include <gmock/gmock.h>

#include "gateway/supervisor/parts.h"
#include "gateway/supervisor/reload.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string with_targets() {
  return std::string(kSound) + R"(notifications:
  - name: pager
    webhook: { url: "https://hooks.example/postern?team=1", secret_file: pager.secret }
    events: [request.created, "hold.*"]
    severity: warning
    tls: {roots: component.pem}
  - name: night
    email: { server: mail.example, user: postern, password_file: mail.password, from: p@example.org, to: [a@example.org] }
    tls: {roots: component.pem, name: mx.example}
)";
}
Config read(const std::string& text) {
  const ParsedConfig out = parse_config(text, "/etc/postern", 4);
  EXPECT_NE(out.config, nullptr) << base::format_faults("postern.yaml", out.faults);
  return out.config == nullptr ? Config{} : *out.config;
}
std::string wrong_with(std::string_view what, std::string_view by) {
  return base::format_faults("postern.yaml",
                             parse_config(replaced(with_targets(), what, by), "/etc/postern", 4).faults);
}

TEST(NotificationConfig, IsReadWithAllItSays) {
  const Config config = read(with_targets());
  ASSERT_EQ(config.notifications.size(), 2U);
  const NotificationTarget& pager = config.notifications[0];
  EXPECT_EQ(pager.authority, (http::Authority{"hooks.example", 443}));
  EXPECT_EQ(pager.path, "/postern?team=1");
  EXPECT_THAT(pager.events, ElementsAre("request.created", "hold.*"));
  EXPECT_EQ(pager.severity, "warning");
  EXPECT_EQ(pager.id, config.nodes());
  const NotificationTarget& night = config.notifications[1];
  EXPECT_EQ(night.authority.port, 465);
  EXPECT_FALSE(night.starttls);
  EXPECT_EQ(night.tls_name, "mx.example");
  EXPECT_EQ(night.severity, "severe");
  EXPECT_EQ(config.outside(night.id), &night.authority);
  EXPECT_TRUE(config.reaches_out());
  EXPECT_FALSE(read(std::string(kSound)).reaches_out());
}

TEST(NotificationConfig, BeginsTlsByThePort) {
  EXPECT_TRUE(
      read(replaced(with_targets(), "mail.example,", "\"mail.example:587\",")).notifications[1].starttls);
  EXPECT_FALSE(
      read(replaced(with_targets(), "mail.example,", "\"mail.example:465\",")).notifications[1].starttls);
  EXPECT_FALSE(read(replaced(with_targets(), "mail.example,", "\"mail.example:2525\", security: tls,"))
                   .notifications[1]
                   .starttls);
  EXPECT_EQ(read(replaced(with_targets(), "mail.example,", "mail.example, security: starttls,"))
                .notifications[1]
                .authority.port,
            587);
}

TEST(NotificationConfig, SaysWhatIsWrong) {
  EXPECT_THAT(wrong_with("https://hooks", "http://hooks"), HasSubstr("url must be https://"));
  EXPECT_THAT(wrong_with("postern?team=1", "a b"), HasSubstr("url must be https://"));
  EXPECT_THAT(wrong_with("request.created", "request.invented"), HasSubstr("is no event of audit/EVENTS.md"));
  EXPECT_THAT(wrong_with("hold.*", "hol.*"), HasSubstr("is no event"));
  EXPECT_THAT(wrong_with("severity: warning", "severity: loud"), HasSubstr("severity must be"));
  EXPECT_THAT(wrong_with("name: night", "name: pager"), HasSubstr("two targets are called"));
  EXPECT_THAT(wrong_with("name: night", "name: 'a b'"), HasSubstr("the name of a target"));
  EXPECT_THAT(wrong_with("a@example.org", "\"a@example.org>\\r\\nRCPT TO:<b@example.org\""),
              HasSubstr("no mail address"));
  EXPECT_THAT(wrong_with("p@example.org", "postern"), HasSubstr("no mail address"));
  EXPECT_THAT(wrong_with("to: [a@example.org]", "to: []"), HasSubstr("to is missing"));
  EXPECT_THAT(wrong_with("password_file: mail.password, ", ""), HasSubstr("password_file"));
  EXPECT_THAT(wrong_with("user: postern, ", ""), HasSubstr("name the user too"));
  EXPECT_THAT(wrong_with("    email:", "    mail:"), HasSubstr("either webhook or email"));
}

TEST(NotificationConfig, EachRoleIsToldItsPartAndNoMore) {
  const Folder folder;
  folder.write("postern.yaml", with_targets(), 0644);
  folder.write("pager.secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", 0600);
  folder.write("mail.password", "pa.ss\n", 0600);
  const LoadedConfig loaded = load_config(folder.path("postern.yaml"), 1);
  ASSERT_TRUE(loaded.ok()) << format_faults(loaded.config_faults);
  const base::Json link = link_part(*loaded.config, *loaded.material);
  EXPECT_EQ(link["places"][0]["carriage"], "webhook");
  EXPECT_FALSE(link["places"][0].contains("fd"));
  EXPECT_EQ(link["places"][1]["fd"], "notification.night");
  const base::Json keeper = keeper_part(*loaded.config, *loaded.material);
  ASSERT_EQ(keeper["webhook_secrets"].size(), 1U);
  EXPECT_EQ(keeper["webhook_secrets"][0]["fd"], "notification.pager");
  const base::Json ledger = ledger_part(*loaded.config, *loaded.material);
  EXPECT_EQ(ledger["notifications"][0]["where"], "hooks.example:443")
      << "its path may be what lets others in";
  for (const base::Json& part : {link, keeper, ledger, console_part(*loaded.config, *loaded.material),
                                 enforcer_part(*loaded.config, *loaded.material, 0)}) {
    const std::string text = base::dump_json(part);
    EXPECT_EQ(text.find("MfKQ9"), std::string::npos);
    EXPECT_EQ(text.find("pa.ss"), std::string::npos);
  }
}

TEST(NotificationConfig, RefusesSecretsThatAreNone) {
  const Folder folder;
  folder.write("postern.yaml", with_targets(), 0644);
  folder.write("pager.secret", "hunter2\n", 0600);
  folder.write("mail.password", "two\nlines\n", 0600);
  const std::string faults = format_faults(load_config(folder.path("postern.yaml"), 1).config_faults);
  EXPECT_THAT(faults, HasSubstr("no secret for webhooks"));
  EXPECT_THAT(faults, HasSubstr("no password"));
  EXPECT_EQ(faults.find("hunter2"), std::string::npos);
}

TEST(NotificationConfig, AReloadThatChangesASecretReachesWhoHoldsIt) {
  const Folder folder;
  folder.write("postern.yaml", with_targets(), 0644);
  folder.write("pager.secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", 0600);
  folder.write("mail.password", "pa.ss\n", 0600);
  const LoadedConfig running = load_config(folder.path("postern.yaml"), 1);
  folder.write("mail.password", "another\n", 0600);
  const LoadedConfig wanted = load_config(folder.path("postern.yaml"), 1);
  ASSERT_TRUE(running.ok() && wanted.ok());
  EXPECT_TRUE(credentials_differ(*running.material, *wanted.material));
  EXPECT_TRUE(keys_differ(*running.material, *wanted.material));
  EXPECT_FALSE(credentials_differ(*running.material, *running.material));
}

}  // namespace
}  // namespace postern::supervisor
