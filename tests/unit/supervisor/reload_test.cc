// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/reload.h"

#include <gtest/gtest.h>

#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

Config parsed(std::string_view text) {
  const ParsedConfig out = parse_config(text, "/etc/postern", 4);
  EXPECT_NE(out.config, nullptr) << base::format_faults("postern.yaml", out.faults);
  return *out.config;
}

TEST(Reload, SaysWhatNeedsARestart) {
  const Config running = parsed(kSound);
  EXPECT_TRUE(faults_of_change(running, running).empty());
  const std::string state = replaced(kSound, "state_directory: state", "state_directory: elsewhere");
  const std::vector<base::Fault> faults =
      faults_of_change(running, parsed(replaced(state, "address: 127.0.0.1:0", "address: 127.0.0.1:1")));
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(base::format_faults("f", faults),
            "f:5:14: listeners.support.address cannot change while the gateway runs (it is 127.0.0.1:0): "
            "this needs a restart\n"
            "f:15:18: state_directory cannot change while the gateway runs (it is /etc/postern/state): this "
            "needs a restart");
}

TEST(Reload, NeverGivesTheNumberOfAGoneNodeToAnother) {
  const Config running = parsed(kSound);
  std::uint32_t next = 3;
  Config without_first = parsed(replaced(kSound, "http://127.0.0.1:9090, ", ""));
  keep_node_numbers(running, without_first, next);
  EXPECT_EQ(without_first.services[0].nodes[0].id, 1U);
  EXPECT_EQ(without_first.services[1].nodes[0].id, 2U);
  EXPECT_EQ(without_first.node(0), nullptr);

  Config another = parsed(replaced(kSound, "http://127.0.0.1:9090", "http://127.0.0.1:7"));
  keep_node_numbers(without_first, another, next);
  EXPECT_EQ(another.services[0].nodes[0].id, 3U);
  EXPECT_EQ(another.services[0].nodes[1].id, 1U);
}

TEST(Reload, NamesWhatDiffers) {
  const Folder folder;
  const LoadedConfig running = load_config(folder.path("postern.yaml"), 1);
  folder.write("postern.yaml", replaced(kSound, "version: 1", "version: 1\nlimits: {connections: 7}"), 0644);
  folder.write("admins.json", R"({"admins":[{"name":"root","role":"admin","password":"$argon2id$x"}]})",
               0600);
  const LoadedConfig wanted = load_config(folder.path("postern.yaml"), 1);
  EXPECT_EQ(differences(*running.config, *running.material, *wanted.config, *wanted.material),
            (std::vector<std::string>{"limits"}))
      << "of the list of admins, the first accounts were made, and nothing else ever is";
  EXPECT_FALSE(keys_differ(*running.material, *wanted.material));
}

TEST(Reload, SeesANewKeyBehindAnOldName) {
  const Folder folder;
  const LoadedConfig running = load_config(folder.path("postern.yaml"), 1);
  folder.write("support.key", *base::read_file(folder.path("support.key"), 1 << 16), 0600);
  const LoadedConfig wanted = load_config(folder.path("postern.yaml"), 1);
  EXPECT_TRUE(keys_differ(*running.material, *wanted.material));
}

TEST(Reload, SeesANewClientCertificateBehindAnOldName) {
  const Folder folder;
  folder.add_client_certificate("one");
  folder.write("postern.yaml",
               replaced(kSound, "      tls: {roots",
                        "      credential: {client_certificate: {certificate: one.pem, key: one.key}}\n"
                        "      tls: {roots"),
               0644);
  const LoadedConfig running = load_config(folder.path("postern.yaml"), 1);
  const LoadedConfig same = load_config(folder.path("postern.yaml"), 1);
  EXPECT_FALSE(keys_differ(*running.material, *same.material));
  folder.add_client_certificate("one");
  const LoadedConfig wanted = load_config(folder.path("postern.yaml"), 1);
  EXPECT_TRUE(keys_differ(*running.material, *wanted.material));
  EXPECT_EQ(differences(*running.config, *running.material, *wanted.config, *wanted.material),
            (std::vector<std::string>{"component", "keys", "services"}));
}

TEST(Reload, SeesANewCredentialBehindAnOldName) {
  const Folder folder;
  folder.write("postern.yaml",
               replaced(kSound, "      tls: {roots",
                        "      credential: {bearer: {file: alerts.token}}\n      tls: {roots"),
               0644);
  folder.write("alerts.token", "one\n", 0600);
  const LoadedConfig running = load_config(folder.path("postern.yaml"), 1);
  const LoadedConfig same = load_config(folder.path("postern.yaml"), 1);
  EXPECT_FALSE(credentials_differ(*running.material, *same.material));
  folder.write("alerts.token", "two\n", 0600);
  const LoadedConfig wanted = load_config(folder.path("postern.yaml"), 1);
  EXPECT_TRUE(credentials_differ(*running.material, *wanted.material));
  EXPECT_EQ(differences(*running.config, *running.material, *wanted.config, *wanted.material),
            std::vector<std::string>{"credentials"});
}

}  // namespace
}  // namespace postern::supervisor
