// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "accounts/webauthn.h"

#include <gtest/gtest.h>

#include "tests/unit/accounts/authenticator.h"

namespace postern::accounts {
namespace {

const std::string kChallenge(kChallengeSize, 'c');
const RelyingParty kParty{"console.example", "https://console.example:9443"};

// The same question signed by OpenSSL's command line, with a key of P-256 and one of RSA.
constexpr const char* kX = "9f41904d0b4f913a4aa404ad4c45c8fa5b6df60eed021163623ffa78791fc514";
constexpr const char* kY = "3b780cafc1570cf18491004f6f8ea25abbc553252cc6506de8468477e45fd338";
constexpr const char* kEcSignature =
    "3045022100feee3ae07c50a31264bb7d86dd4cd9d47a324224341271e292e7cf4907f94499022067c32649fc14c93c04"
    "0546025bbe9e5cd40ae78b4cdb535c8a7e9feed89f14aa";
constexpr const char* kN =
    "b0d82e4c7d64f8d38531842bb95b3a22f8b03bcc1e8bb4d0639a0b0cce3ba713bfac5a1db91dbb554e333c62090140f2"
    "2861928dec48e8acbd2375252624216ccd37c4ac7cc305b66dda9caabde54ed790840727a142e85818b0e2615312c0df"
    "44b1fe07a0b4b5638aa278e8ba492697baf48719d41f85fdfcf061c634b97be96b452dd6d96e209e5ae56375c8212ba0"
    "725a27d61e5b538f65b4b4385122cebf8fe57d02608caecda6c067bd4bbe11dcfac01e0c6ab3339775a4a7dfba329471"
    "1c70c55d0a86df30ab2ac762b9c76f812d846a0f0fddcdd582ac4f03603170c54097a2bd7fafb2b4d1fbb9e73f62dd46"
    "e40666df7c59251e8c7f2058a49073f3";
constexpr const char* kRsaSignature =
    "47d906d7d54ebb73e34181b288bf3d569a933a521a10129ccf2bfe9337ee68692c174a7dd73e480dc41278de7d62e996"
    "85318a2102b3d72cd7edc36a990bbe581e5dedefbf2210262b1126291d5acbf39840f65562642611a36f814c8124e163"
    "555e5a9f0d07fe736e5d72576334a871e1a7af93ca7c963391f4ca01c2f25d6c8bd4653b24f27b678460fafcdb6f6df2"
    "49639b0164fe9c5200fcd86ddf4c4c3e58cd694a86d9360b8e4dc1b1d4b8be1d682926139d9a145729a74bddf4beb3df"
    "8157b5df9f4a99ce657d4ff17cd131bf7b2646b785fab70328f3dfd2b75e9679bdcb11699a7cffc7174a5b03ee91525a"
    "746b0fa83f80468888113aac3616339b";

std::string bytes_of(const char* hex) { return base::from_hex(hex).value(); }

base::Result<NewCredential> registered(const Authenticator& device, std::string_view challenge = kChallenge) {
  return judge_registration(kParty, challenge, device.client_data("webauthn.create", kChallenge),
                            device.attestation());
}

base::Result<std::uint32_t> asserted(const Authenticator& device, std::uint32_t last = 0,
                                     std::string_view challenge = kChallenge) {
  const std::string client = device.client_data("webauthn.get", kChallenge);
  return judge_assertion(kParty, challenge, {device.cose_key(), last},
                         {client, device.data(false), device.sign(client)});
}

TEST(Passkey, IsRegisteredAndThenSignsIn) {
  Authenticator device;
  const auto made = registered(device);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->id, device.credential);
  EXPECT_EQ(made->key, device.cose_key());
  EXPECT_EQ(made->counter, 1U);
  device.counter = 2;
  const auto counter = asserted(device, made->counter);
  ASSERT_TRUE(counter.ok()) << counter.error().message;
  EXPECT_EQ(*counter, 2U);
}

// What each device or browser below has wrong would let somebody in who may not: elsewhere made, replayed, unverified.
template <typename Change>
void expect_refused(Change change, const char* why) {
  Authenticator device;
  change(device);
  EXPECT_FALSE(registered(device).ok()) << why;
  EXPECT_FALSE(asserted(device).ok()) << why;
}

TEST(Passkey, IsRefusedWithTheSmallestThingWrong) {
  expect_refused([](Authenticator& d) { d.origin = "https://evil.example"; }, "made at another origin");
  expect_refused([](Authenticator& d) { d.origin = "https://console.example"; }, "made at another port");
  expect_refused([](Authenticator& d) { d.origin = "http://console.example:9443"; }, "made without TLS");
  expect_refused([](Authenticator& d) { d.rp = "evil.example"; }, "made for another host");
  expect_refused([](Authenticator& d) { d.cross_origin = true; }, "made in a frame of another page");
  expect_refused([](Authenticator& d) { d.flags = 0x04; }, "nobody was there");
  expect_refused([](Authenticator& d) { d.flags = 0x01; }, "nobody was verified");
  expect_refused([](Authenticator& d) { d.flags |= 0x80; }, "extensions that are not there");
  const std::string other(kChallengeSize, 'd');
  EXPECT_FALSE(registered({}, other).ok()) << "an answer to another question";
  EXPECT_FALSE(asserted({}, 0, other).ok()) << "an answer to another question";
  EXPECT_FALSE(asserted({}, 0, {}).ok()) << "an answer to no question";
}

TEST(Passkey, AnswersOneQuestionWithAnotherInVain) {
  const Authenticator device;
  const std::string create = device.client_data("webauthn.create", kChallenge);
  const std::string get = device.client_data("webauthn.get", kChallenge);
  EXPECT_FALSE(judge_registration(kParty, kChallenge, get, device.attestation()).ok());
  EXPECT_FALSE(judge_assertion(kParty, kChallenge, {device.cose_key(), 0},
                               {create, device.data(false), device.sign(create)})
                   .ok());
}

TEST(Passkey, ThatCountsMustCountUp) {
  Authenticator device;
  device.counter = 7;
  EXPECT_TRUE(asserted(device, 6).ok());
  EXPECT_EQ(asserted(device, 7).error().code, base::Code::Denied) << "a copy, or a replay";
  EXPECT_EQ(asserted(device, 8).error().code, base::Code::Denied);
  device.counter = 0;
  EXPECT_TRUE(asserted(device, 0).ok()) << "one that does not count, as those in a cloud";
  EXPECT_FALSE(asserted(device, 3).ok()) << "it has counted before";
}

TEST(Passkey, OfAnotherKeyIsRefused) {
  const Authenticator device;
  Authenticator other;
  other.seed = base::Secret(std::string(32, 'o'));
  const std::string client = device.client_data("webauthn.get", kChallenge);
  const auto answer = judge_assertion(kParty, kChallenge, {other.cose_key(), 0},
                                      {client, device.data(false), device.sign(client)});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, base::Code::Denied);
}

TEST(Passkey, WithAnyByteOfItsDataChangedIsRefused) {
  const Authenticator device;
  const std::string client = device.client_data("webauthn.get", kChallenge);
  const std::string data = device.data(false), signature = device.sign(client);
  for (std::size_t at = 0; at < data.size(); ++at) {
    std::string changed = data;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(
        judge_assertion(kParty, kChallenge, {device.cose_key(), 0}, {client, changed, signature}).ok())
        << at;
  }
  for (std::size_t size = 0; size < data.size(); ++size)
    EXPECT_FALSE(
        judge_assertion(kParty, kChallenge, {device.cose_key(), 0}, {client, data.substr(0, size), signature})
            .ok());
}

TEST(Passkey, IsRegisteredFromAWholeAttestationAlone) {
  const Authenticator device;
  const std::string client = device.client_data("webauthn.create", kChallenge), whole = device.attestation();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(judge_registration(kParty, kChallenge, client, whole.substr(0, size)).ok()) << size;
  EXPECT_FALSE(judge_registration(kParty, kChallenge, client, whole + "x").ok());
}

// {1: 2, 3: -7, -1: 1, -2: x, -3: y} and {1: 3, 3: -257, -1: n, -2: 65537}.
std::string ec_key() {
  return bytes_of("a5010203262001215820") + bytes_of(kX) + bytes_of("225820") + bytes_of(kY);
}
std::string rsa_key() {
  return bytes_of("a4010303390100") + bytes_of("20590100") + bytes_of(kN) + bytes_of("2143010001");
}

base::Result<std::uint32_t> signed_by_openssl(const std::string& key, std::string signature) {
  Authenticator device;
  device.counter = 9;
  return judge_assertion(kParty, kChallenge, {key, 0},
                         {device.client_data("webauthn.get", kChallenge), device.data(false), signature});
}

TEST(Passkey, MayHaveAKeyOfP256) {
  std::string signature = bytes_of(kEcSignature);
  EXPECT_TRUE(signed_by_openssl(ec_key(), signature).ok());
  signature.back() = static_cast<char>(signature.back() ^ 1);
  EXPECT_FALSE(signed_by_openssl(ec_key(), signature).ok());
  std::string off_the_curve = ec_key();
  off_the_curve.back() = static_cast<char>(off_the_curve.back() ^ 1);
  EXPECT_FALSE(signed_by_openssl(off_the_curve, bytes_of(kEcSignature)).ok());
}

TEST(Passkey, MayHaveAKeyOfRsa) {
  std::string signature = bytes_of(kRsaSignature);
  EXPECT_TRUE(signed_by_openssl(rsa_key(), signature).ok());
  signature.back() = static_cast<char>(signature.back() ^ 1);
  EXPECT_FALSE(signed_by_openssl(rsa_key(), signature).ok());
}

TEST(Passkey, OfAKindThatWasNotAskedForIsRefused) {
  const Authenticator device;
  for (const char* key : {"a0", "a201020326", "a3010103272006", "00", "a5010203262002215820"})
    EXPECT_FALSE(signed_by_openssl(bytes_of(key), device.sign("x")).ok()) << key;
}

TEST(Passkey, SaysWhichQuestionItAnswers) {
  EXPECT_EQ(challenge_in(Authenticator().client_data("webauthn.get", kChallenge)), kChallenge);
  for (const char* wrong : {"", "{}", "[]", R"({"challenge":"***"})"})
    EXPECT_EQ(challenge_in(wrong), "") << wrong;
}

}  // namespace
}  // namespace postern::accounts
