// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/material.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "gateway/supervisor/expiry.h"
#include "gateway/supervisor/parts.h"
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
  ASSERT_EQ(loaded.material->support.certificates.size(), 1U);
  const ListenerCertificate& support = loaded.material->support.certificates[0];
  EXPECT_TRUE(support.key.valid());
  EXPECT_EQ(support.leaf.key_id.size(), 32U);
  EXPECT_TRUE(support.flaws.empty());
  EXPECT_TRUE(loaded.material->service_roots[0].empty());
  EXPECT_FALSE(loaded.material->service_roots[1].empty());
}

TEST(Material, PutsAChainInOrderAndSaysSo) {
  const Folder folder;
  const std::string leaf = *base::read_file(folder.path("support.pem"), 1 << 16);
  const std::string issuer = folder.authority_pem("support");
  folder.write("support.pem", issuer + leaf, 0644);
  const LoadedConfig loaded = load_config(folder.path("postern.yaml"), 1);
  ASSERT_TRUE(loaded.ok()) << format_faults(loaded.config_faults);
  const ListenerCertificate& support = loaded.material->support.certificates[0];
  ASSERT_EQ(support.flaws.size(), 1U);
  EXPECT_EQ(support.flaws[0].problem, "chain_order");
  EXPECT_EQ(support.leaf.subject, "CN=localhost");
  EXPECT_EQ(certs::read_chain(support.pem)->size(), 2U);
  const base::Json shown = listeners_json(*loaded.config, *loaded.material)[0]["certificates"][0];
  EXPECT_EQ(shown["flaws"], base::Json::array({support.flaws[0].why}));
  EXPECT_EQ(listeners_json(*loaded.config, *loaded.material)[1]["certificates"][0]["flaws"],
            base::Json::array());
}

TEST(Material, HasEachFurtherCertificateOfAListenerAndNamesItsLine) {
  const Folder folder;
  const auto with = [&](const std::string& certificate, const std::string& key) {
    folder.write("postern.yaml",
                 replaced(kSound, "    key: support.key\n",
                          "    key: support.key\n    certificates:\n      - {certificate: " + certificate +
                              ", key: " + key + "}\n"),
                 0644);
    return faults_of(folder);
  };
  const certs::Validity validity = certs::valid_for(base::SystemClock().wall(), 3600 * base::kWallSecond);
  const auto authority = certs::make_authority("another", validity);
  const auto rsa =
      certs::make_server_certificate(*authority, {"a.example"}, validity, certs::KeyType::Rsa2048);
  folder.write("rsa.pem", rsa->certificate_pem, 0644);
  folder.write("rsa.key", rsa->key_pem, 0600);
  ASSERT_EQ(with("rsa.pem", "rsa.key"), "");
  const LoadedConfig loaded = load_config(folder.path("postern.yaml"), 1);
  ASSERT_EQ(loaded.material->support.certificates.size(), 2U);
  EXPECT_EQ(loaded.material->support.certificates[1].descriptor, "key.support.1");
  const auto own = own_certificates(*loaded.config, *loaded.material);
  EXPECT_EQ(own[1].name, "the support listener, a.example, RSA 2048");
  const base::Json part = terminator_part(*loaded.config, *loaded.material, "support");
  EXPECT_EQ(part["certificates"].size(), 2U);

  const std::string at = folder.path("postern.yaml") + ":9:37: ";
  EXPECT_EQ(with("rsa.pem", "support.key").substr(0, at.size() + 10), at + "the key in")
      << with("rsa.pem", "support.key");
  ASSERT_EQ(::chmod(folder.path("rsa.key").c_str(), 0644), 0);
  EXPECT_NE(with("rsa.pem", "rsa.key").find("rsa.key: a key must be readable by its owner alone"),
            std::string::npos);
  folder.write("locked.key",
               "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", 0600);
  EXPECT_NE(with("rsa.pem", "locked.key").find("locked.key is encrypted; give the key without a password"),
            std::string::npos);
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
    const auto opened = open_log_keys(folder.path("keys/log.key"), ::geteuid(), false);
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

TEST(Material, AnEmptyFileIsNeverTakenForNone) {
  for (const char* name : {"support.pem", "engineers.pem", "component.pem", "admins.json"}) {
    const Folder folder;
    folder.write(name, "", 0600);
    EXPECT_NE(faults_of(folder).find(folder.path(name) + " is empty"), std::string::npos) << name;
  }
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
