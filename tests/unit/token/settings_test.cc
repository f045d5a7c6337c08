// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/token/settings.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "tests/unit/token/soft_token.h"

namespace postern::token {
namespace {

TEST(TokenSettings, TakeAUriThatNamesTokenAndKey) {
  for (const char* good :
       {"pkcs11:token=a;object=b", "pkcs11:serial=1234;id=%01", "pkcs11:token=a%20b;object=b;type=private",
        "pkcs11:manufacturer=SoftHSM%20project;token=a;id=%de%ad"})
    EXPECT_EQ(wrong_with_uri(good), "") << good;
}

TEST(TokenSettings, SayWhatIsWrongWithAUri) {
  EXPECT_EQ(wrong_with_uri("pkcs11:object=b"), "needs token= or serial=, which name the token");
  EXPECT_EQ(wrong_with_uri("pkcs11:token=a"), "needs object= or id=, which name the key in the token");
  EXPECT_EQ(wrong_with_uri("pkcs11:token=a;object=b;type=cert"), "must have type=private, or no type");
  for (const char* pin : {"?pin-value=1234", "?pin-source=file:/pin"}) {
    EXPECT_EQ(wrong_with_uri("pkcs11:token=a;object=b" + std::string(pin)),
              "must say nothing of the PIN: name its file with pkcs11.pin");
  }
  for (const char* module : {"?module-path=/tmp/x.so", "?module-name=x"}) {
    EXPECT_EQ(wrong_with_uri("pkcs11:token=a;object=b" + std::string(module)),
              "must name no module: that is pkcs11.module");
  }
  EXPECT_EQ(wrong_with_uri("pkcs11:token=a;object=b;colour=red"), "has a part that RFC 7512 does not know");
  EXPECT_EQ(wrong_with_uri("pkcs11:token=a;object=%zz").substr(0, 34), "is no PKCS #11 URI (RFC 7512): URI");
  EXPECT_EQ(wrong_with_uri("pkcs11:token=a;object=" + std::string(kUriLimit, 'b')),
            "is longer than 1024 bytes");
}

TEST(TokenSettings, TakeAModuleOfRootsAlone) {
  EXPECT_TRUE(check_module_file(SoftToken::kModule).ok());
  EXPECT_EQ(check_module_file("libsofthsm2.so").error().message,
            "libsofthsm2.so: a module is named by an absolute path");
  EXPECT_EQ(check_module_file("/usr/lib").error().message, "/usr/lib: a module must be a regular file");
  EXPECT_EQ(check_module_file("/usr/lib/nothing.so").error().code, base::Code::NotFound);
}

// Whoever may change a folder above it, may put other code in its place.
TEST(TokenSettings, RefuseAModuleThatOthersCouldReplace) {
  char name[] = "/tmp/postern-module-XXXXXX";
  const std::string folder = ::mkdtemp(name);
  ASSERT_TRUE(base::write_file(folder + "/module.so", "code", 0755).ok());
  const std::string wanted = ": a module is code that runs beside the keys";
  EXPECT_NE(check_module_file(folder + "/module.so").error().message.find("/tmp" + wanted), std::string::npos)
      << "a sticky folder is everybody's all the same";
  std::filesystem::create_symlink(folder + "/module.so", folder + "/link.so");
  EXPECT_FALSE(check_module_file(folder + "/link.so").ok());
  ASSERT_EQ(::chmod((folder + "/module.so").c_str(), 0775), 0);
  EXPECT_NE(check_module_file(folder + "/module.so").error().message.find(folder + "/module.so" + wanted),
            std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST(TokenSettings, TakeVariablesThatOnlyTheModuleObeys) {
  for (const char* good : {"SOFTHSM2_CONF=/etc/x", "A=", "YUBIHSM_PKCS11_CONF=a=b"})
    EXPECT_TRUE(is_variable(good)) << good;
  for (const char* bad :
       {"", "A", "=x", "a=b", "1A=b", "A B=c", "LD_PRELOAD=/x", "OPENSSL_CONF=/x", "MALLOC_TRACE_=/x"})
    EXPECT_FALSE(is_variable(bad)) << bad;
}

}  // namespace
}  // namespace postern::token
