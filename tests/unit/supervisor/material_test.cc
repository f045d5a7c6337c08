// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/material.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

std::string faults_of(const Folder& folder) {
  const LoadedConfig loaded = load_config(folder.path("postern.yaml"), 1);
  EXPECT_EQ(loaded.ok(), loaded.material != nullptr);
  return format_faults(loaded.config_faults) + format_faults(loaded.policy_faults);
}

TEST(Material, IsLoadedWithEveryFileThatTheConfigurationNames) {
  const Folder folder;
  const LoadedConfig loaded = load_config(folder.path("postern.yaml"), 1);
  ASSERT_TRUE(loaded.ok()) << format_faults(loaded.config_faults) << format_faults(loaded.policy_faults);
  EXPECT_TRUE(loaded.material->support.key.valid());
  EXPECT_EQ(loaded.material->support.certificate.key_id.size(), 32U);
  EXPECT_TRUE(loaded.material->service_roots[0].empty());
  EXPECT_FALSE(loaded.material->service_roots[1].empty());
}

TEST(Material, RefusesAKeyThatOthersMayRead) {
  const Folder folder;
  ASSERT_EQ(::chmod(folder.path("admin.key").c_str(), 0640), 0);
  const std::string key = folder.path("admin.key");
  EXPECT_EQ(faults_of(folder), folder.path("postern.yaml") + ":12:10: " + key +
                                   ": a key must be readable by its owner alone: chmod 600 " + key);
}

TEST(Material, RefusesANextKeyOfTheLogThatIsNone) {
  const Folder folder;
  const std::string next = folder.path("keys/log.key.next");
  const auto refused = [&](const std::string& content, mode_t mode) {
    folder.write("keys/log.key.next", content, mode);
    const auto opened = open_log_keys(folder.path("keys/log.key"));
    return opened.ok() ? std::string("it was opened") : opened.error().message;
  };
  const auto text = [](const char* name) {
    return certs::format_signer_key({name, base::Secret(std::string(32, 'n'))}) + "\n";
  };
  EXPECT_EQ(refused(text("postern/test"), 0600), "it was opened");
  EXPECT_EQ(refused(text("postern/other"), 0600),
            next + " is the key of another log than " + folder.path("keys/log.key") + ": move it away");
  EXPECT_NE(refused("half of a k", 0600).find(next + " is no key for the log: "), std::string::npos);
  EXPECT_NE(refused(text("postern/test"), 0640).find("chmod 600"), std::string::npos);
  EXPECT_NE(faults_of(folder).find(next), std::string::npos);
}

constexpr std::string_view kWithToken = "      credential: {bearer: {file: alerts.token}}\n      tls: {roots";

TEST(Material, OpensCredentialsAndReadsThemOnlyInACopy) {
  const Folder folder;
  folder.write("postern.yaml", replaced(kSound, "      tls: {roots", kWithToken), 0644);
  folder.write("alerts.token", "s3cret-token\n", 0600);
  const LoadedConfig loaded = load_config(folder.path("postern.yaml"), 1);
  ASSERT_TRUE(loaded.ok()) << format_faults(loaded.config_faults);
  ASSERT_EQ(loaded.material->credentials.size(), 1U);
  EXPECT_EQ(loaded.material->credentials[0].name, "credential.alerts");
  EXPECT_TRUE(loaded.material->credentials[0].fd.valid());
}

TEST(Material, RefusesACredentialThatOthersMayReadOrThatIsNone) {
  const Folder folder;
  folder.write("postern.yaml", replaced(kSound, "      tls: {roots", kWithToken), 0644);
  folder.write("alerts.token", "s3cret-token\n", 0640);
  const std::string file = folder.path("alerts.token");
  const std::string place = folder.path("postern.yaml") + ":30:35: " + file + ": ";
  EXPECT_EQ(faults_of(folder), place + "a credential must be readable by its owner alone: chmod 600 " + file);
  folder.write("alerts.token", "s3cret token\n", 0600);
  EXPECT_EQ(faults_of(folder), place + "must hold a token: printable ASCII without spaces");
}

// The faults with alerts' client certificate made of those two files.
std::string faults_with(const Folder& folder, const std::string& certificate, const std::string& key) {
  folder.write("postern.yaml",
               replaced(kSound, "      tls: {roots",
                        "      credential: {client_certificate: {certificate: " + certificate +
                            ", key: " + key + "}}\n      tls: {roots"),
               0644);
  std::string faults = faults_of(folder);
  for (const std::string& place : {folder.path("postern.yaml"), folder.path("")}) {
    for (std::size_t at = 0; (at = faults.find(place)) != std::string::npos;) faults.erase(at, place.size());
  }
  return faults;
}

TEST(Material, OpensTheKeyOfAClientCertificateAndReadsItOnlyInACopy) {
  const Folder folder;
  folder.add_client_certificate("one");
  EXPECT_EQ(faults_with(folder, "one.pem", "one.key"), "");
  const LoadedConfig loaded = load_config(folder.path("postern.yaml"), 1);
  const ClientKey* key = loaded.material->client_key("credential.alerts");
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->certificate.subject, "CN=one");
  EXPECT_TRUE(key->key.valid());
  EXPECT_EQ(loaded.material->client_key("credential.prometheus"), nullptr);
}

TEST(Material, RefusesAClientCertificateThatIsOfNoUse) {
  const Folder folder;
  folder.add_client_certificate("one");
  folder.add_client_certificate("other");
  EXPECT_EQ(faults_with(folder, "one.pem", "other.key"),
            ":30:68: the key in other.key does not belong to the certificate (CN=one); the certificate is "
            "one.pem: give the key that it was issued for");
  EXPECT_EQ(
      faults_with(folder, "admin.pem", "admin.key"),
      ":30:54: admin.pem: the certificate of CN=localhost was not issued for clients (extended key usage "
      "clientAuth is missing): give a certificate that the component's authority issued for clients");
  ASSERT_EQ(::chmod(folder.path("one.key").c_str(), 0640), 0);
  EXPECT_EQ(faults_with(folder, "one.pem", "one.key"),
            ":30:68: one.key: a key must be readable by its owner alone: chmod 600 one.key");
  EXPECT_NE(faults_with(folder, "pass.key", "other.key").find("pass.key: "), std::string::npos);
  folder.write("long.pem", std::string((32U << 10U) + 1, '#'), 0644);
  EXPECT_NE(faults_with(folder, "long.pem", "other.key").find("long.pem"), std::string::npos);
}

// Its issuer said nothing about what it is for; then what is for clients and for servers would have one key.
TEST(Material, RefusesAListenersKeyForTheComponent) {
  const Folder folder;
  certs::Template wanted;
  wanted.common_name = "both";
  wanted.validity = certs::valid_for(base::SystemClock().wall(), 3600 * base::kWallSecond);
  wanted.server_auth = wanted.client_auth = true;
  wanted.dns_names = {"localhost"};
  const auto both = certs::issue(wanted, nullptr);
  folder.write("support.pem", both->certificate_pem, 0644);
  folder.write("support.key", both->key_pem, 0600);
  EXPECT_EQ(
      faults_with(folder, "support.pem", "support.key"),
      ":30:72: support.key is the key of a listener: what is shown to the component needs a key of its own");
}

TEST(Material, RefusesAKeyThatIsNotItsCertificates) {
  const Folder folder;
  const std::string key = *base::read_file(folder.path("support.key"), 1 << 16);
  folder.write("admin.key", key, 0600);
  EXPECT_EQ(faults_of(folder), folder.path("postern.yaml") + ":12:10: the key in " +
                                   folder.path("admin.key") +
                                   " does not belong to the certificate (CN=localhost); the certificate is " +
                                   folder.path("admin.pem") + ": give the key that it was issued for");
}

TEST(Material, RefusesAFileThatIsNoKey) {
  const Folder folder;
  folder.write("support.key", "no key at all\n", 0600);
  EXPECT_NE(faults_of(folder).find(folder.path("support.key") + " has no private key"), std::string::npos);
}

TEST(Material, RefusesAKeyThatIsNoFile) {
  const Folder folder;
  ASSERT_EQ(::unlink(folder.path("pass.key").c_str()), 0);
  ASSERT_EQ(::mkdir(folder.path("pass.key").c_str(), 0700), 0);
  EXPECT_NE(faults_of(folder).find("a key must be a regular file"), std::string::npos);
}

TEST(Material, NamesTheLineThatNamesAMissingFile) {
  const Folder folder;
  ASSERT_EQ(::unlink(folder.path("engineers.pem").c_str()), 0);
  EXPECT_EQ(faults_of(folder).find(folder.path("postern.yaml") + ":19:20: " + folder.path("engineers.pem")),
            0U);
}

TEST(Material, RefusesRootsThatAreNoAuthorities) {
  const Folder folder;
  ASSERT_EQ(::rename(folder.path("support.pem").c_str(), folder.path("component.pem").c_str()), 0);
  folder.write("support.pem", *base::read_file(folder.path("admin.pem"), 1 << 20), 0644);
  EXPECT_NE(faults_of(folder).find("is not an authority"), std::string::npos);
}

TEST(Material, NamesThePlaceInsideTheFileForFaultsOfThePolicy) {
  const Folder folder;
  folder.write("policy.yaml", "version: 1\ncapabilities: 5\n", 0644);
  const LoadedConfig loaded = load_config(folder.path("postern.yaml"), 1);
  EXPECT_TRUE(loaded.config_faults.empty());
  ASSERT_FALSE(loaded.policy_faults.empty());
  EXPECT_EQ(loaded.policy_faults[0].file, folder.path("policy.yaml"));
  EXPECT_EQ(loaded.policy_faults[0].fault.mark.line, 2);
  EXPECT_EQ(faults_json(loaded.policy_faults)[0]["line"], 2);
}

TEST(Material, RefusesAPolicyAboveTheLimitInASentence) {
  const Folder folder;
  folder.write("policy.yaml", std::string(base::kYamlSizeLimit + 1, '#'), 0644);
  const LoadedConfig loaded = load_config(folder.path("postern.yaml"), 1);
  ASSERT_EQ(loaded.policy_faults.size(), 1U) << faults_of(folder);
  EXPECT_EQ(loaded.policy_faults[0].fault.message,
            "the file is larger than 32MiB, the most that a policy may have: make it smaller");
}

}  // namespace
}  // namespace postern::supervisor
