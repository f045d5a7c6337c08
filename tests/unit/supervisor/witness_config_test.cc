// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who cosigns our log and whose logs we cosign: from postern.yaml to what each role is told.
#include <gmock/gmock.h>

#include "gateway/supervisor/parts.h"
#include "gateway/supervisor/reload.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

using ::testing::HasSubstr;

Config sound(std::string_view text) {
  const ParsedConfig out = parse_config(text, "/etc/postern", 4);
  EXPECT_NE(out.config, nullptr) << base::format_faults("postern.yaml", out.faults);
  return out.config == nullptr ? Config{} : *out.config;
}
std::string faults(std::string_view text) {
  return base::format_faults("postern.yaml", parse_config(text, "/etc/postern", 4).faults);
}

TEST(WitnessConfig, IsReadWithAllItSays) {
  const Config config = sound(with_witnesses());
  ASSERT_EQ(config.log_witnesses.size(), 1U);
  const LogWitness& north = config.log_witnesses[0];
  EXPECT_EQ(north.url, "https://north.example/witness");
  EXPECT_EQ(north.path, "/witness");
  EXPECT_EQ(north.authority, (http::Authority{"north.example", 443}));
  EXPECT_EQ(north.tls_name, "north.example");
  EXPECT_EQ(north.id, config.nodes()) << "one number for each place, of nodes and witnesses together";
  EXPECT_EQ(config.outside(north.id), &north.authority);
  EXPECT_EQ(config.node(north.id), nullptr);
  EXPECT_EQ(config.witness_key.path, "/etc/postern/witness.key");
  EXPECT_EQ(config.witnessed_logs, std::vector<std::string>{std::string(kOtherLog)});
  EXPECT_TRUE(sound(kSound).log_witnesses.empty());
}

TEST(WitnessConfig, FaultsSayWhatWouldBeRight) {
  EXPECT_THAT(faults(with_witnesses("http://north.example/")),
              HasSubstr("url must begin with https:// unless"));
  for (const char* local : {"http://127.0.0.1:9/w", "http://[::1]:9/w", "http://localhost:9"})
    EXPECT_EQ(faults(replaced(with_witnesses(local), "\n      tls: {roots: component.pem}", "")), "")
        << local;
  for (const char* bad : {"http://127.0.0.1.example/w", "ftp://north.example", "https://", "https://a b/",
                          "https://n/../x", "https://n/x?y", "https://u@n/"}) {
    EXPECT_THAT(faults(with_witnesses(bad)), HasSubstr("url must be")) << bad;
  }
  const std::string text = with_witnesses();
  EXPECT_THAT(faults(replaced(text, kNorthKey, kOtherLog)),
              HasSubstr("is the key of a log, not of a witness"));
  EXPECT_THAT(faults(replaced(text, kNorthKey, "north+x+y")), HasSubstr("verifier_key: "));
  EXPECT_THAT(faults(replaced(text, std::string(kOtherLog) + "\"]", std::string(kNorthKey) + "\"]")),
              HasSubstr("this is the key of a witness, not of a log"));
  EXPECT_THAT(faults(replaced(text, "name: north", "name: North!")),
              HasSubstr("the name of a witness must be"));
  EXPECT_THAT(faults(replaced(text, "name: north", "title: north")), HasSubstr("name"));
  EXPECT_THAT(faults(replaced(text, "key: witness.key", "logs: []")), HasSubstr("key"));
  const std::string twice =
      "    - {name: north, url: 'https://b.example', verifier_key: " + std::string(kNorthKey) + "}\nwitness:";
  EXPECT_THAT(faults(replaced(text, "witness:\n  key", twice + "\n  key")), HasSubstr("two witnesses"));
}

TEST(WitnessConfig, MissionControlIsAskedOverTheLine) {
  const std::string line =
      "mission_control: {url: 'https://mission.example', folder: /var/lib/postern-line}\n";
  const std::string over = replaced(with_witnesses(), "url: https://north.example/witness/\n      ",
                                    "mission_control: true\n      ");
  const std::string text = replaced(over, "\n      tls: {roots: component.pem}", "");
  const Config config = sound(text + line);
  ASSERT_EQ(config.log_witnesses.size(), 1U);
  EXPECT_TRUE(config.log_witnesses[0].mission_control);
  Material material;
  material.witness_roots = {""};
  EXPECT_EQ(link_part(config, material)["places"][0], (base::Json{{"name", "north"}, {"carriage", "line"}}));
  EXPECT_THAT(faults(text), HasSubstr("needs mission_control: the line"));
  EXPECT_THAT(faults(over + line), HasSubstr("is asked over the line: remove tls"));
  EXPECT_THAT(faults(replaced(with_witnesses(), "url: https://north",
                              "mission_control: true\n      url: https://north") +
                     line),
              HasSubstr("remove url"));
}

TEST(WitnessConfig, EachRoleIsToldItsPartAndNoMore) {
  const Folder folder;
  folder.write("postern.yaml", with_witnesses(), 0644);
  const LoadedConfig loaded = load_config(folder.path("postern.yaml"), 1);
  ASSERT_NE(loaded.material, nullptr) << format_faults(loaded.config_faults);
  const base::Json link = link_part(*loaded.config, *loaded.material);
  ASSERT_EQ(link["places"].size(), 1U);
  EXPECT_EQ(link["places"][0]["target"], "/witness/add-checkpoint");
  EXPECT_EQ(link["places"][0]["host"], "north.example");
  EXPECT_THAT(link["places"][0]["roots"].get<std::string>(), HasSubstr("BEGIN CERTIFICATE"));
  const std::string text = base::dump_json(link);
  for (const std::string& other : {folder.path(""), std::string("9090"), std::string("PRIVATE"),
                                   std::string(kNorthKey), std::string("state")})
    EXPECT_EQ(text.find(other), std::string::npos) << other;
  const base::Json ledger = ledger_part(*loaded.config, *loaded.material);
  EXPECT_EQ(ledger["witnesses"][0]["verifier_key"], kNorthKey);
  EXPECT_EQ(ledger["witnessed_logs"][0], kOtherLog);
  const base::Json keeper = keeper_part(*loaded.config, *loaded.material);
  EXPECT_EQ(keeper["witness_key"]["fd"], "key.witness");
  EXPECT_EQ(keeper["witness_key"]["logs"][0], kOtherLog);
  EXPECT_EQ(base::dump_json(enforcer_part(*loaded.config, *loaded.material, 0)).find("north"),
            std::string::npos);
}

TEST(WitnessConfig, KeysOfAWitnessAreSecretFilesLikeOthers) {
  const Folder folder;
  folder.write("postern.yaml", with_witnesses(), 0644);
  ::chmod(folder.path("witness.key").c_str(), 0644);
  EXPECT_THAT(format_faults(load_config(folder.path("postern.yaml"), 1).config_faults),
              HasSubstr("chmod 600"));
}

TEST(WitnessConfig, AReloadKeepsNumbersAndNeedsARestartForTheFirstWitness) {
  const Config none = sound(kSound);
  const Config one = sound(with_witnesses());
  EXPECT_EQ(faults_of_change(none, one).size(), 1U);
  EXPECT_EQ(faults_of_change(one, none).size(), 1U);
  EXPECT_TRUE(faults_of_change(one, sound(with_witnesses("https://west.example"))).empty());
  std::uint32_t next = one.next_id();
  Config moved = sound(with_witnesses("https://west.example"));
  keep_node_numbers(one, moved, next);
  EXPECT_EQ(moved.log_witnesses[0].id, one.next_id()) << "another place, another number";
  Config same = sound(with_witnesses());
  keep_node_numbers(one, same, next);
  EXPECT_EQ(same.log_witnesses[0].id, one.log_witnesses[0].id);
}

TEST(WitnessConfig, AReloadTellsTheKeeperOfOtherLogs) {
  const Folder folder;
  folder.write("postern.yaml", with_witnesses(), 0644);
  const LoadedConfig running = load_config(folder.path("postern.yaml"), 1);
  folder.write("postern.yaml", replaced(with_witnesses(), kOtherLog, kThirdLog), 0644);
  const LoadedConfig wanted = load_config(folder.path("postern.yaml"), 1);
  ASSERT_TRUE(running.ok() && wanted.ok());
  EXPECT_TRUE(keys_differ(*running.material, *wanted.material));
  EXPECT_FALSE(keys_differ(*running.material, *running.material));
}

}  // namespace
}  // namespace postern::supervisor
