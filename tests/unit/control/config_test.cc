// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/control/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "certs/installation_issuer.h"

namespace postern::mission {
namespace {

constexpr const char* kLeast = R"(version: 1
domain: mission.example.com
listeners:
  line: {certificate: line.pem, key: line.key, names: [mission.example.com]}
installations: {authority: own.pem, key: own.key}
)";

std::string faults_of(const std::string& text) {
  return base::format_faults("mc.yaml", parse_config(text, "/etc/mc").faults);
}

std::string with(const std::string& what, const std::string& instead) {
  std::string text = kLeast;
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), instead);
}

TEST(ControlConfig, HasTheDefaultsThatTheDocumentationTells) {
  const ParsedConfig parsed = parse_config(kLeast, "/etc/mc");
  ASSERT_NE(parsed.config, nullptr) << faults_of(kLeast);
  const Config& config = *parsed.config;
  EXPECT_EQ(config.line.address.text(), "0.0.0.0:8444");
  EXPECT_EQ(config.line.certificates[0].certificate.path, "/etc/mc/line.pem");
  EXPECT_EQ(config.authority.path, "/etc/mc/own.pem");
  EXPECT_EQ(config.control_socket.path, "/run/mission-control/control.sock");
  EXPECT_EQ(config.state_directory.path, "/var/lib/mission-control");
  EXPECT_FALSE(config.has_admin);
  EXPECT_TRUE(config.second_factor_required);
  EXPECT_EQ(config.people.path, "");
  const ParsedConfig served = parse_config(
      with("  line:", "  admin: {certificate: a.pem, key: a.key, names: [localhost]}\n  line:"), "/etc/mc");
  ASSERT_NE(served.config, nullptr);
  EXPECT_TRUE(served.config->has_admin);
  EXPECT_EQ(served.config->admin.address.text(), "127.0.0.1:9444");
  EXPECT_EQ(config.retention, 90LL * 86400 * base::kWallSecond);
  EXPECT_EQ(config.connections, 20'000);
  EXPECT_EQ(config.connections_per_address, 1'000);
}

TEST(ControlConfig, SaysWhereAFaultIsAndWhatWouldBeRight) {
  const auto says = [](const std::string& text, const std::string& what) {
    EXPECT_NE(faults_of(text).find(what), std::string::npos) << faults_of(text);
  };
  says(with("version: 1\n", ""), "needs version: 1");
  says(with("domain: mission.example.com\n", ""), "needs domain");
  for (const char* domain :
       {"Mission.example.com", "\"a b\"", "a/b", "mission.example.com:443", "-a", "a..b", "é.example"})
    says(with("mission.example.com\n", std::string(domain) + "\n"), "mc.yaml:2:9: domain must be a DNS name");
  says(with("domain:", "domian: x\ndomain:"), "mc.yaml:2:1: there is no key \"domian\"");
  says(with("  line:", "  people: {}\n  line:"), "there is no key \"people\" in listeners");
  says(with("  line:", "  admin: {}\n  line:"), "listeners.admin needs certificate");
  says(with("version: 1", "version: 1\nsecond_factor: never"), "second_factor must be required or optional");
  says(with("names:", "http2: true, names:"), "there is no key \"http2\"");
  says(with(", key: own.key", ""), "installations needs key");
  says(with("version: 1", "version: 1\nuser: root"), "user must not be root");
  says(with("version: 1", "version: 1\nsandbox: off"), "sandbox must be required or best-effort");
  says(with("version: 1", "version: 1\nretention: {events: 1h}"), "events must be a duration");
  says(with("version: 1", "version: 1\nlimits: {connections: 0}"), "connections must be a whole number");
  says(with("version: 1", "version: 1\ncontrol_socket: /" + std::string(120, 'x')), "at most 107 bytes");
  says("a: [", "mc.yaml:");
}

TEST(ControlConfig, ReadsWhereTheStoreIs) {
  const auto store_in = [](const std::string& text) {
    const ParsedConfig parsed = parse_config(kLeast + text, "/etc/mc");
    EXPECT_NE(parsed.config, nullptr) << faults_of(kLeast + text);
    return parsed.config == nullptr ? StoreConfig() : parsed.config->store;
  };
  EXPECT_FALSE(store_in("").postgresql);
  EXPECT_FALSE(store_in("store: sqlite").postgresql);
  const StoreConfig far = store_in(
      "store: {postgresql: {host: db.example.com, database: d, user: u, password_file: keys/pw, "
      "tls: {roots: db.pem, name: DB.internal}}}");
  EXPECT_TRUE(far.postgresql);
  EXPECT_EQ(far.where(), "db.example.com:5432");
  EXPECT_EQ(far.password.path, "/etc/mc/keys/pw");
  EXPECT_EQ(store_part(far, {}).at("host"), "db.internal");
  EXPECT_EQ(
      store_in("store: {postgresql: {host: 2001:db8::7, database: d, user: u, tls: {roots: x}}}").where(),
      "[2001:db8::7]:5432");
  EXPECT_EQ(
      store_in("store: {postgresql: {host: /run/postgresql, port: 5433, database: d, user: u}}").where(),
      "/run/postgresql/.s.PGSQL.5433");
}

TEST(ControlConfig, SaysWhatIsWrongWithTheStore) {
  const auto says = [](const std::string& store, const std::string& what) {
    const std::string faults = faults_of(kLeast + store);
    EXPECT_NE(faults.find(what), std::string::npos) << store << ": " << faults;
  };
  const auto postgres = [](const std::string& more) {
    return "store: {postgresql: {database: d, user: u, " + more + "}}";
  };
  says("store: mysql", "store must be sqlite, or a map with postgresql, not \"mysql\"");
  says("store: {}", "store must be sqlite, or a map with postgresql");
  says("store: {postgresql: {host: a, tls: {roots: x}}}", "store.postgresql needs database");
  says(postgres("tls: {roots: x}"), "store.postgresql needs host");
  says(postgres("host: db.example.com"), "needs tls: {roots: FILE}");
  says(postgres("host: db.example.com, tls: {roots: system}"), "needs tls: {roots: FILE}");
  says(postgres("host: \"db:5432\", tls: {roots: x}"),
       "host must be a DNS name, an address or an absolute path");
  says(postgres("host: /run/postgresql, tls: {roots: x}"), "a Unix socket has none of it");
  says(postgres("host: /" + std::string(120, 'x')), "must be a shorter path");
  says(postgres("host: db, key: k, tls: {roots: x}"), "certificate and key of store.postgresql go together");
  says(postgres("host: db, sslmode: disable, tls: {roots: x}"), "there is no key \"sslmode\"");
}

TEST(ControlConfig, SchemaAndDocumentationHaveItsKeysAndNoOthers) {
  const auto text = base::read_file(SOURCE_DIRECTORY "/mission/control/mission-control.schema.json", 1 << 20);
  const auto page = base::read_file(SOURCE_DIRECTORY "/docs/MISSION_CONTROL.md", 1 << 20);
  ASSERT_TRUE(text.ok() && page.ok());
  const auto schema = base::parse_json(*text);
  ASSERT_TRUE(schema.ok()) << schema.error().message;
  for (const supervisor::KeyTable& table : config_keys()) {
    const base::Json* map = &*schema;
    std::string_view path = table.map;
    while (!path.empty()) {
      std::string step(path.substr(0, path.find('.')));
      path.remove_prefix(std::min(path.size(), step.size() + 1));
      const bool list = step.ends_with("[]");
      if (list) step.resize(step.size() - 2);
      map = &map->at("properties").at(step);
      if (list) map = &map->at("items");
    }
    std::set<std::string> published;
    for (const auto& [key, value] : map->at("properties").items()) published.insert(key);
    EXPECT_EQ(published, std::set<std::string>(table.keys.begin(), table.keys.end())) << table.map;
    EXPECT_EQ(map->at("additionalProperties"), false) << table.map;
    for (const std::string_view key : table.keys)
      EXPECT_NE(page->find("`" + std::string(key) + "`"), std::string::npos) << table.map << ": " << key;
  }
}

class ControlFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "control-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    certs::Template line;
    line.dns_names = {"mission.example.com"};
    line.server_auth = true;
    line.validity = kDay;
    const auto made = certs::issue(line, nullptr);
    ASSERT_TRUE(made.ok()) << made.error().message;
    write("line.pem", made->certificate_pem);
    write("line.key", made->key_pem);
    write("mc.yaml", kLeast);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void write(const std::string& name, const std::string& text) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << text;
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  }
  std::string faults_with(const certs::Credentials& certificate, const certs::Credentials& key) {
    write("own.pem", certificate.certificate_pem);
    write("own.key", key.key_pem);
    return load(directory_ + "/mc.yaml").faults;
  }
  const certs::Validity kDay = certs::valid_for(base::SystemClock().wall(), 86400 * base::kWallSecond);

 private:
  std::string directory_;
};

// Else it is "reloaded", and the keeper that is to use it does not start.
TEST_F(ControlFiles, AnAuthorityThatCannotIssueIsAFault) {
  const auto own = certs::make_installation_authority("mission.example.com", kDay);
  const auto another = certs::make_installation_authority("mission.example.com", kDay);
  const auto elsewhere = certs::make_installation_authority("other.example.com", kDay);
  const base::Micros now = base::SystemClock().wall();
  const auto over = certs::make_installation_authority(
      "mission.example.com", {now - 7200 * base::kWallSecond, now - 3600 * base::kWallSecond});
  ASSERT_TRUE(own.ok() && another.ok() && elsewhere.ok() && over.ok());
  EXPECT_EQ(faults_with(*own, *own), "");
  EXPECT_NE(faults_with(*own, *another).find("does not belong to its certificate"), std::string::npos);
  EXPECT_NE(faults_with(*elsewhere, *elsewhere).find("is not one for mission.example.com"),
            std::string::npos);
  EXPECT_NE(faults_with(*over, *over).find("ended on"), std::string::npos);
}

TEST(ControlConfig, AFileThatIsMissingIsAFaultAtItsPlace) {
  const Loaded loaded = load("/nowhere/mission-control.yaml");
  EXPECT_EQ(loaded.config, nullptr);
  EXPECT_NE(loaded.faults.find("/nowhere/mission-control.yaml"), std::string::npos);
}

}  // namespace
}  // namespace postern::mission
