// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// pkcs11 of postern.yaml, and keys that it is for.
#include <gtest/gtest.h>

#include "gateway/supervisor/parts.h"
#include "gateway/supervisor/reload.h"
#include "gateway/supervisor/secret.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

constexpr std::string_view kModule =
    "pkcs11:\n  module: /usr/lib/softhsm/libsofthsm2.so\n  pin: token.pin\n  environment: "
    "[SOFTHSM2_CONF=/etc/x]\n"
    "  paths: [/tmp]\n";

std::string with_token_key(std::string_view more = kModule,
                           std::string_view uri = "pkcs11:token=t;object=support") {
  return replaced(kSound, "    key: support.key\n", "    key: \"" + std::string(uri) + "\"\n") +
         std::string(more);
}

std::string fault_of(const std::string& text) {
  const ParsedConfig parsed = parse_config(text, "/p", 1);
  EXPECT_EQ(parsed.faults.size(), 1U) << base::format_faults("f", parsed.faults);
  return parsed.faults.empty() ? std::string() : base::format_faults("f", {parsed.faults.front()});
}

TEST(TokenConfig, NamesTheModuleOnceAndItsKeysWhereKeysAreNamed) {
  const ParsedConfig parsed = parse_config(with_token_key(), "/p", 1);
  ASSERT_NE(parsed.config, nullptr) << base::format_faults("f", parsed.faults);
  EXPECT_EQ(parsed.config->support.certificates[0].key.path, "pkcs11:token=t;object=support");
  EXPECT_EQ(parsed.config->pkcs11->pin.path, "/p/token.pin");
  EXPECT_EQ(secrets_of(*parsed.config).front().source, kTokenSource);
}

TEST(TokenConfig, SaysWhatIsWrong) {
  EXPECT_EQ(fault_of(with_token_key("")),
            "f:7:10: listeners.support.key lies in a token: say with pkcs11 through which module it is used");
  EXPECT_EQ(fault_of(with_token_key(kModule, "pkcs11:token=t")),
            "f:7:10: key: the URI needs object= or id=, which name the key in the token");
  EXPECT_NE(
      fault_of(replaced(with_token_key(), "pass_key: pass.key", "pass_key: \"pkcs11:token=t;object=p\""))
          .find("pass_key cannot lie in a token: only keys of listeners and of client certificates can"),
      std::string::npos);
  EXPECT_NE(fault_of(with_token_key("pkcs11: {pin: token.pin}\n")).find("pkcs11 needs module"),
            std::string::npos);
  EXPECT_NE(fault_of(with_token_key("pkcs11: {module: /m.so}\n")).find("pkcs11 needs pin"),
            std::string::npos);
  EXPECT_NE(
      fault_of(with_token_key("pkcs11: {module: m.so, pin: p}\n")).find("module must be an absolute path"),
      std::string::npos);
  for (const char* list :
       {"environment: [LD_PRELOAD=/x]", "environment: [x]", "paths: [tokens]", "paths: [/]"})
    EXPECT_NE(fault_of(with_token_key("pkcs11: {module: /m.so, pin: p, " + std::string(list) + "}\n"))
                  .find("not \""),
              std::string::npos)
        << list;
}

TEST(TokenConfig, GivesTheKeeperNoFileOfAKeyInAToken) {
  const Folder folder;
  folder.write("token.pin", "1234\n", 0600);
  folder.write("postern.yaml", with_token_key(), 0644);
  const LoadedConfig loaded = load_config(folder.path("postern.yaml"), 1);
  ASSERT_TRUE(loaded.ok()) << format_faults(loaded.config_faults);
  EXPECT_FALSE(loaded.material->support.certificates[0].key.valid());
  EXPECT_TRUE(loaded.material->token_pin.valid());
  const base::Json part = keeper_part(*loaded.config, *loaded.material);
  EXPECT_EQ(part["tls_keys"][0]["path"], "pkcs11:token=t;object=support");
  EXPECT_FALSE(part["tls_keys"][0].contains("fd"));
  EXPECT_EQ(part["tls_keys"][1]["fd"], "key.admin");
  EXPECT_EQ(part["pkcs11"]["pin"]["fd"], "pkcs11.pin");
  EXPECT_EQ(part.dump().find("1234"), std::string::npos);

  folder.write("token.pin", "1234\n", 0644);
  const std::string faults = format_faults(load_config(folder.path("postern.yaml"), 1).config_faults);
  EXPECT_NE(faults.find("token.pin: a PIN must be readable by its owner alone"), std::string::npos) << faults;
}

TEST(TokenConfig, ChangesByAReloadOnlyWhereTheKeeperNeedNotLookAgain) {
  const Folder folder;
  folder.write("token.pin", "1234\n", 0600);
  const auto loaded = [&](const std::string& text) {
    folder.write("postern.yaml", text, 0644);
    LoadedConfig out = load_config(folder.path("postern.yaml"), 1);
    EXPECT_TRUE(out.ok()) << format_faults(out.config_faults);
    return out;
  };
  const LoadedConfig running = loaded(with_token_key());
  const auto faults = [&](const LoadedConfig& wanted) {
    return base::format_faults(
        "f", faults_of_token_keys(*running.config, *running.material, *wanted.config, *wanted.material));
  };
  EXPECT_EQ(faults(loaded(with_token_key())), "");
  EXPECT_EQ(faults(loaded(replaced(with_token_key(), "\"pkcs11:token=t;object=support\"", "support.key"))),
            "");
  EXPECT_NE(faults(loaded(with_token_key(kModule, "pkcs11:token=t;object=other")))
                .find("f:7:10: pkcs11:token=t;object=other is a key in a token"),
            std::string::npos);
  EXPECT_NE(faults(loaded(with_token_key(replaced(kModule, "/etc/x", "/etc/y"))))
                .find("pkcs11 cannot change while the gateway runs"),
            std::string::npos);
  const certs::Validity validity = certs::valid_for(base::SystemClock().wall(), 3600 * base::kWallSecond);
  const auto another =
      certs::make_server_certificate(*certs::make_authority("a", validity), {"localhost"}, validity);
  folder.write("support.pem", another->certificate_pem, 0644);
  EXPECT_NE(faults(loaded(with_token_key())).find("with a certificate that the keeper has not seen it fit"),
            std::string::npos);

  folder.write("token.pin", "9999\n", 0600);
  EXPECT_TRUE(keys_differ(*running.material, *loaded(with_token_key()).material))
      << "the PIN alone is taken over";
}

}  // namespace
}  // namespace postern::supervisor
