// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/token/token.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <p11-kit/pkcs11.h>

#include <array>

#include "tests/unit/token/soft_token.h"

namespace postern::token {
namespace {

class SoftTokenTest : public testing::Test {
 protected:
  SoftTokenTest() { soft_.add("ec", "01", soft_.make_pair("P-256", "a.example").key_pem); }

  std::unique_ptr<Token> opened(const std::string& pin = SoftToken::kPin) {
    auto token = Token::open(SoftToken::kModule, base::Secret(pin), clock_);
    EXPECT_TRUE(token.ok()) << token.error().message;
    return *std::move(token);
  }
  static std::string refusal(Token& token, const std::string& uri) {
    const auto found = token.find(uri);
    return found.ok() ? std::string() : found.error().message;
  }

  const bool ready_ = base::init_crypto().ok();
  base::ManualClock clock_{1};
  SoftToken soft_;
};

TEST_F(SoftTokenTest, SignsWithAKeyByItsName) {
  soft_.add("rsa", "02", soft_.make_pair("rsa:2048", "b.example").key_pem);
  const auto token = opened();
  const auto ec = token->find(SoftToken::uri("object=ec;type=private"));
  ASSERT_TRUE(ec.ok()) << ec.error().message;
  EXPECT_EQ(token->sign(**ec, Mechanism::Ecdsa, std::string(32, 'd'))->size(), 64U);
  const auto rsa = token->find(SoftToken::uri("id=%02"));
  ASSERT_TRUE(rsa.ok()) << rsa.error().message;
  EXPECT_EQ(token->sign(**rsa, Mechanism::RsaPss, std::string(48, 'd'))->size(), 256U);
  EXPECT_EQ(*token->find(SoftToken::uri("id=%02")), *rsa);
  for (const Mechanism other : {Mechanism::Ecdsa, Mechanism::Eddsa}) {
    EXPECT_EQ(token->sign(**rsa, other, std::string(32, 'd')).error().message,
              SoftToken::uri("id=%02") + " is a key of another kind");
  }
  EXPECT_FALSE(token->sign(**ec, Mechanism::RsaPss, std::string(32, 'd')).ok());
  const auto too_long = token->sign(**rsa, Mechanism::RsaPkcs1, std::string(300, 'd'));
  EXPECT_NE(too_long.error().message.find("the token makes no signature with"), std::string::npos);
}

TEST_F(SoftTokenTest, SaysWhichTokenOrKeyIsMissingOrNotTheOnlyOne) {
  const auto token = opened();
  EXPECT_EQ(refusal(*token, "pkcs11:token=other;object=ec"),
            std::string("pkcs11:token=other;object=ec: ") + SoftToken::kModule +
                " has no such token: is it plugged in, and may this account use it?");
  EXPECT_NE(
      refusal(*token, SoftToken::uri("object=none")).find("object=none: the token has no such private key"),
      std::string::npos);
  soft_.add("ec", "07", soft_.make_pair("P-256", "c.example").key_pem);
  EXPECT_EQ(refusal(*token, SoftToken::uri("object=ec")),
            SoftToken::uri("object=ec") + ": several private keys fit this name: add id=");
  EXPECT_EQ(refusal(*token, SoftToken::uri("object=ec;id=%07")), "");
}

TEST_F(SoftTokenTest, IsNeverGivenAWrongPinTwice) {
  const std::string uri = SoftToken::uri("object=ec");
  const std::string in_doubt = "the token test was last given a wrong PIN, and locks itself after a few";
  {
    const auto token = opened("9999");
    EXPECT_EQ(refusal(*token, uri),
              "the token test says that the PIN of pkcs11.pin is wrong: it is not tried again");
    EXPECT_TRUE(token->pin_refused());
  }
  // As after a restart: what the token remembers is enough. Not even the right one is tried.
  for (const char* pin : {"9999", SoftToken::kPin}) {
    const auto token = opened(pin);
    EXPECT_EQ(refusal(*token, uri).substr(0, in_doubt.size()), in_doubt);
  }
  soft_.log_in_by_hand();
  EXPECT_EQ(refusal(*opened(), uri), "");
}

// What the module does when the token is pulled out and put back.
class Interruption {
 public:
  Interruption() {
    void* library = ::dlopen(SoftToken::kModule, RTLD_NOW);
    const auto list =
        reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));  // NOLINT
    EXPECT_EQ(list(&functions_), CKR_OK);
  }
  void end_sessions() const {
    std::array<CK_SLOT_ID, 8> slots{};
    CK_ULONG count = slots.size();
    ASSERT_EQ(functions_->C_GetSlotList(CK_TRUE, slots.data(), &count), CKR_OK);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(functions_->C_CloseAllSessions(slots.at(i)), CKR_OK);
  }

 private:
  CK_FUNCTION_LIST* functions_ = nullptr;
};

TEST_F(SoftTokenTest, OpensASessionThatItLostOnceAndNotInALoop) {
  const auto token = opened();
  const auto key = token->find(SoftToken::uri("object=ec"));
  ASSERT_TRUE(key.ok()) << key.error().message;
  const auto signs = [&] { return token->sign(**key, Mechanism::Ecdsa, std::string(32, 'd')); };
  const Interruption interruption;
  interruption.end_sessions();
  EXPECT_TRUE(signs().ok());
  interruption.end_sessions();
  EXPECT_EQ(signs().error().message, "the token ended its session, again within seconds");
  clock_.advance(kReopenPause);
  EXPECT_TRUE(signs().ok());
}

TEST_F(SoftTokenTest, TakesAnotherPinForTheNextLogin) {
  const auto token = opened();
  ASSERT_EQ(refusal(*token, SoftToken::uri("object=ec")), "");
  const auto key = token->find(SoftToken::uri("object=ec"));
  token->set_pin(base::Secret("9999"));
  Interruption().end_sessions();
  EXPECT_NE(token->sign(**key, Mechanism::Ecdsa, std::string(32, 'd')).error().message.find("is wrong"),
            std::string::npos);
}

TEST(Token, IsOpenedThroughAModuleAlone) {
  ASSERT_TRUE(base::init_crypto().ok());
  const base::ManualClock clock{1};
  EXPECT_NE(
      Token::open("/usr/lib/nothing.so", base::Secret("1"), clock).error().message.find("cannot be loaded"),
      std::string::npos);
  EXPECT_EQ(Token::open("/lib/x86_64-linux-gnu/libz.so.1", base::Secret("1"), clock).error().message,
            "/lib/x86_64-linux-gnu/libz.so.1 is no PKCS #11 module");
}

}  // namespace
}  // namespace postern::token
