// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/secret.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/supervisor/material.h"
#include "gateway/supervisor/parts.h"
#include "gateway/supervisor/reload.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

// The variable as systemd sets it, for as long as a test runs.
class CredentialsDirectory {
 public:
  explicit CredentialsDirectory(const std::string& path) {
    ::setenv("CREDENTIALS_DIRECTORY", path.c_str(), 1);
  }
  ~CredentialsDirectory() { ::unsetenv("CREDENTIALS_DIRECTORY"); }
};

std::string refusal(const std::string& name) {
  const auto opened = open_secret(name, "a key", ::geteuid());
  return opened.ok() ? std::string() : opened.error().message;
}

std::string with_credential_keys() {
  std::string text = replaced(kSound, "    key: support.key\n", "    key: credential:support.key\n");
  return replaced(text, "pass_key: pass.key", "pass_key: credential:pass.key\nlog_key: credential:log.key");
}

TEST(Secret, IsNamedByAPathOrByACredential) {
  std::vector<std::string> faults;
  const auto parsed = [&](const std::string& name) {
    faults.clear();
    const ParsedConfig out =
        parse_config(replaced(kSound, "pass_key: pass.key", "pass_key: \"" + name + "\""), "/etc/postern", 1);
    for (const base::Fault& fault : out.faults) faults.push_back(fault.message);
    return out.config == nullptr ? std::string() : out.config->pass_key.path;
  };
  EXPECT_EQ(parsed("keys/a.key"), "/etc/postern/keys/a.key");
  EXPECT_EQ(parsed("./credential:a"), "/etc/postern/./credential:a");
  EXPECT_EQ(parsed("credential:a.B_9-c"), "credential:a.B_9-c");
  for (const std::string wrong : {"", ".", "..", "a/b", "../a", "a b", "a:b", "a\\0"}) {
    EXPECT_EQ(parsed("credential:" + wrong), "") << wrong;
    ASSERT_EQ(faults.size(), 1U) << wrong;
  }
  EXPECT_EQ(parsed("credential:a/b"), "");
  EXPECT_EQ(
      faults.at(0),
      "pass_key: a credential is named by letters, digits, '.', '_' and '-', as in credential:support.key; "
      "a file whose path begins with credential: is written ./credential:.., not \"credential:a/b\"");
  EXPECT_EQ(parsed("credential:" + std::string(255, 'a')).size(), 266U);
  EXPECT_EQ(parsed("credential:" + std::string(256, 'a')), "");
}

TEST(Secret, OfAUnitIsReadFromTheFolderOfItsCredentials) {
  const Folder folder;
  std::filesystem::create_directory(folder.path("credentials"));
  for (const char* name : {"support.key", "pass.key"})
    std::filesystem::copy(folder.path(name), folder.path(std::string("credentials/") + name));
  std::filesystem::copy(folder.path("keys/log.key"), folder.path("credentials/log.key"));
  folder.write("postern.yaml", with_credential_keys(), 0644);
  const CredentialsDirectory passed(folder.path("credentials"));
  const LoadedConfig loaded = load_config(folder.path("postern.yaml"), 1);
  ASSERT_TRUE(loaded.ok()) << format_faults(loaded.config_faults);
  EXPECT_FALSE(loaded.material->log_keys.next.valid());
  const base::Json part = keeper_part(*loaded.config, *loaded.material);
  EXPECT_EQ(part["tls_keys"][0]["path"], "credential:support.key");
  EXPECT_EQ(part["log_key"]["path"], "credential:log.key");

  // A unit that is restarted, or one who passes them otherwise, may bring others.
  folder.write("credentials/pass.key", "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", 0600);
  const LoadedConfig again = load_config(folder.path("postern.yaml"), 1);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(keys_differ(*loaded.material, *again.material));
}

TEST(Secret, OfAUnitThatWasNotPassedSaysTheLineToWrite) {
  const Folder folder;
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(
      refusal("credential:support.key"),
      "credential:support.key: no credential was passed to this process ($CREDENTIALS_DIRECTORY is not set): "
      "write LoadCredential=support.key:/path/of/its/file below [Service] into the unit (systemctl edit "
      "postern), and start it by systemd");
  folder.write("postern.yaml", with_credential_keys(), 0644);
  const std::string faults = format_faults(load_config(folder.path("postern.yaml"), 1).config_faults);
  EXPECT_NE(faults.find("postern.yaml:7:10: credential:support.key: no credential"), std::string::npos)
      << faults;
  {
    const CredentialsDirectory passed(folder.path("."));
    EXPECT_EQ(
        refusal("credential:other.key"),
        "credential:other.key is not among the credentials that were passed to this process, in " +
            folder.path(".") +
            ": write LoadCredential=other.key:/path/of/its/file below [Service] into the unit (systemctl "
            "edit postern), and restart it");
    EXPECT_EQ(refusal("credential:pass.key"), "");
    ASSERT_EQ(::chmod(folder.path("pass.key").c_str(), 0644), 0);
    EXPECT_NE(refusal("credential:pass.key").find("chmod 600"), std::string::npos);
  }
  const CredentialsDirectory relative("credentials");
  EXPECT_NE(refusal("credential:pass.key").find("is not set"), std::string::npos);
}

TEST(Secret, IsListedWithTheKeyThatNamesIt) {
  const std::string text = replaced(
      replaced(
          with_credential_keys(), "      tls: {roots",
          "      credential: {bearer: {file: credential:token}, roles: {admin: {bearer: {file: a.token}}}}\n"
          "      tls: {roots"),
      "    key: admin.key\n",
      "    key: admin.key\n    certificates:\n      - {certificate: b.pem, key: b.key}\n");
  const ParsedConfig parsed = parse_config(text, "/p", 1);
  ASSERT_NE(parsed.config, nullptr) << base::format_faults("f", parsed.faults);
  std::string listed;
  for (const NamedSecret& one : secrets_of(*parsed.config))
    listed += one.key + " " + std::string(one.source) + " " + one.name + "\n";
  EXPECT_EQ(listed,
            "listeners.support.key credential credential:support.key\n"
            "listeners.admin.key file /p/admin.key\n"
            "listeners.admin.certificates[0].key file /p/b.key\n"
            "pass_key credential credential:pass.key\n"
            "log_key credential credential:log.key\n"
            "component.services.alerts.credential credential credential:token\n"
            "component.services.alerts.credential.roles.admin file /p/a.token\n");
}

// Every key of the schema that holds a secret by name is opened as one, and so listed.
TEST(Secret, OfEachKindMayBeACredential) {
  const std::string text = with_witnesses() + R"(
notifications:
  - {name: hook, webhook: {url: "https://hook.example/", secret_file: credential:hook}}
  - {name: mail, email: {server: mail.example, security: tls, user: u, password_file: credential:mail, from: a@example.org, to: [b@example.org]}}
openid: {issuer: "https://id.example", client_id: postern, client_secret_file: credential:openid}
acme:
  directory: https://acme.example/directory
  names: [support.example.org]
  folder: acme
  terms_agreed: true
  external_account: {key_id: k, secret_file: credential:eab}
)";
  const ParsedConfig parsed =
      parse_config(replaced(text, "key: witness.key", "key: credential:witness"), "/p", 1);
  ASSERT_NE(parsed.config, nullptr) << base::format_faults("f", parsed.faults);
  int credentials = 0;
  for (const NamedSecret& one : secrets_of(*parsed.config)) credentials += one.source == "credential" ? 1 : 0;
  EXPECT_EQ(credentials, 5);
}

}  // namespace
}  // namespace postern::supervisor
