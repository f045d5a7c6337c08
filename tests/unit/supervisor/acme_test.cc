// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/acme.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "gateway/supervisor/acme_attempts.h"
#include "gateway/supervisor/expiry.h"
#include "gateway/supervisor/parts.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

constexpr std::string_view kAcmeText = R"(acme:
  directory: https://acme.example/directory
  names: [A.example, b.example]
  folder: acme
  terms_agreed: true
)";

std::string with_acme(std::string_view text = kAcmeText) { return std::string(kSound) + std::string(text); }

std::string faults_of_acme(const std::string& text) {
  return base::format_faults("postern.yaml", parse_config(text, "/etc/postern", 4).faults);
}

TEST(AcmeConfig, IsReadWithItsDefaults) {
  const ParsedConfig parsed = parse_config(with_acme(), "/etc/postern", 4);
  ASSERT_NE(parsed.config, nullptr) << base::format_faults("postern.yaml", parsed.faults);
  const Acme& acme = *parsed.config->acme;
  EXPECT_EQ(acme.names, (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_EQ(acme.authority.port, 443);
  EXPECT_EQ(acme.target, "/directory");
  EXPECT_EQ(acme.tls_name, "acme.example");
  EXPECT_EQ(acme.folder.path, "/etc/postern/acme");
  EXPECT_EQ(acme.challenge.text(), "0.0.0.0:80");
  EXPECT_EQ(parsed.config->outside(acme.id), &acme.authority);
  EXPECT_EQ(parsed.config->next_id(), acme.id + 1);
  EXPECT_TRUE(parsed.config->reaches_out());
}

TEST(AcmeConfig, SaysWhatIsWrongWithIt) {
  const auto wrong = [](std::string_view what, std::string_view by) {
    return faults_of_acme(with_acme(replaced(kAcmeText, what, by)));
  };
  EXPECT_NE(wrong("https://acme.example", "http://acme.example").find("must be an https:// address"),
            std::string::npos);
  EXPECT_NE(wrong("A.example", "\"*.example.org\"").find("a name must be a DNS name"), std::string::npos);
  EXPECT_NE(wrong("A.example", "127.0.0.1").find("a name must be a DNS name"), std::string::npos);
  EXPECT_NE(wrong("[A.example, b.example]", "[]").find("1 to 20 names"), std::string::npos);
  EXPECT_NE(wrong("agreed: true", "agreed: false").find("acme needs terms_agreed: true"), std::string::npos);
  EXPECT_NE(wrong("folder: acme", "folder: state/acme").find("must not be within the state directory"),
            std::string::npos);
  EXPECT_NE(wrong("  folder: acme\n", "").find("acme needs folder"), std::string::npos);
  EXPECT_NE(wrong("folder: acme", "folder: acme\n  challenge: dns-01")
                .find("challenge must be http-01 or tls-alpn-01, not \"dns-01\""),
            std::string::npos);
  EXPECT_NE(wrong("folder: acme", "folder: acme\n  challenge: tls-alpn-01\n  challenge_address: 0.0.0.0:80")
                .find("challenge_address is for http-01"),
            std::string::npos);
  EXPECT_NE(wrong("folder: acme", "folder: acme\n  contact: [nobody]").find("is no mail address"),
            std::string::npos);
  EXPECT_NE(wrong("folder: acme", "folder: acme\n  external_account: {key_id: k}").find("needs secret_file"),
            std::string::npos);
}

TEST(AcmeConfig, ChallengesByTlsAreTheSupportListenersAlone) {
  const ParsedConfig by_http = parse_config(with_acme(), "/etc/postern", 4);
  EXPECT_FALSE(by_http.config->acme->by_tls);
  const ParsedConfig by_tls =
      parse_config(with_acme(replaced(kAcmeText, "folder: acme", "folder: acme\n  challenge: tls-alpn-01")),
                   "/etc/postern", 4);
  ASSERT_NE(by_tls.config, nullptr) << base::format_faults("postern.yaml", by_tls.faults);
  EXPECT_TRUE(by_tls.config->acme->by_tls);
  EXPECT_EQ(terminator_part(*by_tls.config, {}, "support")["challenges"], true);
  EXPECT_EQ(terminator_part(*by_tls.config, {}, "admin")["challenges"], false);
  EXPECT_EQ(terminator_part(*by_http.config, {}, "support")["challenges"], false);
}

class AcmeFolder : public testing::Test {
 protected:
  Folder folder_;
  base::Micros now_ = base::SystemClock().wall();
  certs::Credentials root_ =
      *certs::make_authority("an authority", certs::valid_for(now_, 7200 * base::kWallSecond));
  LoadedConfig loaded_;

  void SetUp() override {
    folder_.write("postern.yaml",
                  with_acme(replaced(kAcmeText, "terms", "tls: {roots: component.pem}\n  terms")), 0644);
    ASSERT_EQ(::mkdir(folder_.path("acme").c_str(), 0700), 0);
    loaded_ = load_config(folder_.path("postern.yaml"), 1);
    ASSERT_TRUE(loaded_.ok()) << format_faults(loaded_.config_faults);
    const auto opened = open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
  }
  const Acme& acme() const { return *loaded_.config->acme; }
  base::Status open() { return open_acme(acme(), false, *loaded_.material); }
  // As if the authority had issued it for what was ordered: the key is put where it was made.
  std::string issue(const std::vector<std::string>& names, base::Micros life = 3600 * base::kWallSecond) {
    const auto made = certs::make_server_certificate(
        root_, names,
        life > 0 ? certs::valid_for(now_, life)
                 : certs::Validity{now_ - 7200 * base::kWallSecond, now_ + life});
    folder_.write("acme/next.key", made->key_pem, 0600);
    return made->certificate_pem + root_.certificate_pem;
  }
  std::string refusal(const std::string& chain) const {
    const auto taken = take_acme(acme(), chain, now_);
    return taken.ok() ? std::string() : taken.error().message;
  }
  std::size_t files() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& one : std::filesystem::directory_iterator(folder_.path("acme")))
      ++count;
    return count;
  }
};

TEST_F(AcmeFolder, GetsKeysAtFirstAndKeepsThem) {
  struct stat info {};
  ASSERT_EQ(::stat(folder_.path("acme/account.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const std::string account = *base::read_file(folder_.path("acme/account.key"), 4096);
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(*base::read_file(folder_.path("acme/account.key"), 4096), account);
  EXPECT_EQ(acme_certificate(*loaded_.material), nullptr);
  EXPECT_EQ(acme_link_part(acme(), *loaded_.material)["until"], 0);
}

TEST_F(AcmeFolder, PutsWhatWasIssuedBeforeTheListenersOwn) {
  ASSERT_EQ(refusal(issue({"a.example", "b.example"})), "");
  ASSERT_TRUE(open().ok());
  const ListenerCertificate* own = acme_certificate(*loaded_.material);
  ASSERT_NE(own, nullptr);
  EXPECT_EQ(own->leaf.dns_names.size(), 2U);
  EXPECT_EQ(loaded_.material->support.certificates.size(), 2U);
  EXPECT_EQ(files(), 4U) << "account, next, certificate, its key";
  const base::Json keeper = keeper_part(*loaded_.config, *loaded_.material);
  EXPECT_EQ(keeper["tls_keys"][0]["fd"], "key.acme");
  EXPECT_EQ(keeper["acme"]["names"], base::Json::array({"a.example", "b.example"}));
  EXPECT_EQ(base::dump_json(link_part(*loaded_.config, *loaded_.material)).find("PRIVATE KEY"),
            std::string::npos);

  ASSERT_EQ(refusal(issue({"a.example", "b.example"})), "");
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(loaded_.material->support.certificates.size(), 2U);
  EXPECT_EQ(files(), 4U) << "the key of the one before is gone";
}

TEST_F(AcmeFolder, TakesNothingThatIsNotWhatWasOrdered) {
  EXPECT_NE(refusal(issue({"a.example"})).find("not for b.example"), std::string::npos);
  EXPECT_NE(refusal(issue({"a.example", "b.example"}, -60 * base::kWallSecond)).find("expired"),
            std::string::npos);
  const std::string of_before = issue({"a.example", "b.example"});
  issue({"a.example", "b.example"});
  EXPECT_EQ(refusal(of_before), "it is for another key than the one that it was ordered for");
  EXPECT_NE(refusal("junk"), "");
  EXPECT_EQ(refusal(std::string(70'000, ' ')), "its chain is longer than 64 KiB");
  EXPECT_FALSE(std::filesystem::exists(folder_.path("acme/certificate.pem")));
}

TEST_F(AcmeFolder, ThatOthersMayReadIsNone) {
  ASSERT_EQ(::chmod(folder_.path("acme").c_str(), 0755), 0);
  EXPECT_EQ(open().error().message, folder_.path("acme") +
                                        " can be read or changed by others than its owner; run: chmod 700 " +
                                        folder_.path("acme"));
}

TEST_F(AcmeFolder, AClockThatIsADayOffIsNamedWhereWhatWasIssuedIsOutOfItsTime) {
  const std::string chain = issue({"a.example", "b.example"});
  for (const base::Micros off : {-kExpiryDay, kExpiryDay}) {
    const auto taken = take_acme(acme(), chain, now_ + off);
    ASSERT_FALSE(taken.ok());
    EXPECT_NE(taken.error().message.find("the clock here, which says " + base::format_time(now_ + off) +
                                         ", or the authority's is wrong"),
              std::string::npos)
        << taken.error().message;
  }
  EXPECT_EQ(refusal(chain), "");
}

TEST_F(AcmeFolder, RemembersWhatCameOfAskingForThisAuthorityAlone) {
  AcmeAttempts attempts;
  for (int i = 0; i < 3; ++i)
    attempts.failed({{"why", "it refused"}, {"failures", 1}, {"next", now_ + kExpiryDay}}, now_);
  ASSERT_TRUE(write_attempts(acme(), attempts).ok());
  const AcmeAttempts read = read_attempts(acme());
  EXPECT_EQ(attempts_json(read, nullptr), attempts_json(attempts, nullptr));
  EXPECT_EQ(read.since, now_);
  const base::Json part = acme_link_part(acme(), *loaded_.material);
  EXPECT_EQ(part["failures"], 3);
  EXPECT_EQ(part["next"], now_ + kExpiryDay);
  Acme other = acme();
  other.authority.host = "other.example";
  EXPECT_EQ(read_attempts(other).failures, 0);
  folder_.write("acme/attempts.json", "{\"authority\":", 0600);
  EXPECT_EQ(read_attempts(acme()).failures, 0);
}

class Attempts : public testing::Test {
 protected:
  static constexpr base::Micros kAt = 1'790'000'000 * base::kWallSecond;
  certs::CertificateFacts own_;  // of 90 days, 60 of which are over
  AcmeAttempts attempts_;
  void SetUp() override {
    own_.not_before = kAt - 60 * kExpiryDay;
    own_.not_after = kAt + 30 * kExpiryDay;
  }
  void fail(base::Micros at, base::Micros next) { attempts_.failed({{"why", "no"}, {"next", next}}, at); }
};

TEST_F(Attempts, AreSevereWhereThereIsNoCertificateOrItIsNearlyOver) {
  fail(kAt, kAt + base::kWallSecond);
  EXPECT_TRUE(attempts_.severe(nullptr, kAt));
  EXPECT_FALSE(attempts_.severe(&own_, kAt));
  EXPECT_TRUE(attempts_.severe(&own_, own_.not_after - 6 * kExpiryDay));
}

TEST_F(Attempts, AreSevereWhenTheyFailForAWeekLongBeforeTheEnd) {
  fail(kAt, kAt + kExpiryDay);
  fail(kAt + 6 * kExpiryDay, kAt + 7 * kExpiryDay);
  EXPECT_FALSE(attempts_.severe(&own_, kAt + 6 * kExpiryDay));
  fail(kAt + 7 * kExpiryDay, kAt + 8 * kExpiryDay);
  EXPECT_TRUE(attempts_.severe(&own_, kAt + 7 * kExpiryDay));
  attempts_.succeeded(kAt + 8 * kExpiryDay);
  EXPECT_EQ(attempts_json(attempts_, &own_), (base::Json{{"last", base::format_time(kAt + 8 * kExpiryDay)}}));
}

TEST_F(Attempts, ThatComeTooLateForTheCertificateInUseAreSevereAndSaidSo) {
  fail(kAt, own_.not_after);
  EXPECT_TRUE(attempts_.too_late(&own_));
  EXPECT_TRUE(attempts_.severe(&own_, kAt));
  EXPECT_EQ(attempts_json(attempts_, &own_)["too_late"], true);
  fail(kAt, own_.not_after - 1);
  EXPECT_FALSE(attempts_.too_late(&own_));
}

TEST_F(Attempts, WhatTheLinkSaysIsBounded) {
  attempts_.failed({{"why", std::string(5000, 'x') + "\n"}, {"failures", -7}, {"next", INT64_MAX}}, kAt);
  EXPECT_LT(attempts_.why.size(), 700U);
  EXPECT_EQ(attempts_.failures, 1);
  EXPECT_LE(attempts_.next, kAt + 30 * kExpiryDay);
}

}  // namespace
}  // namespace postern::supervisor
