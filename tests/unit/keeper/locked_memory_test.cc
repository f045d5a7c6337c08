// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A program of its own: what OpenSSL takes its memory from can be said only once per process, and first.
#include "gateway/keeper/locked_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "base/unique_fd.h"
#include "certs/authority.h"
#include "certs/certificate.h"
#include "certs/keeper_protocol.h"
#include "certs/private_key.h"
#include "gateway/keeper/key_ring.h"

namespace postern::keeper {
namespace {

struct Mapping {
  std::uint64_t begin = 0, end = 0;
  std::string flags;
  bool is_safe() const {  // locked, and left out of dumps
    return flags.find(" lo") != std::string::npos && flags.find(" dd") != std::string::npos;
  }
};

// All of this process's memory that can be read and written.
std::vector<Mapping> own_memory() {
  std::vector<Mapping> out;
  std::ifstream smaps("/proc/self/smaps");
  bool wanted = false;
  for (std::string line; std::getline(smaps, line);) {
    Mapping one;
    char mode[5] = {};
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s", &one.begin, &one.end, mode) == 3) {
      wanted = std::string_view(mode).starts_with("rw");
      if (wanted) out.push_back(one);
    } else if (wanted && line.starts_with("VmFlags:")) {
      out.back().flags = line.substr(8);
    }
  }
  return out;
}

// The secret number of a key as OpenSSL holds it: words of this machine, the lowest first.
std::string secret_of(std::string_view pem) {
  const auto key = certs::read_private_key(pem, "key");
  BIGNUM* number = nullptr;
  if (!key.ok() || EVP_PKEY_get_bn_param(key->get(), OSSL_PKEY_PARAM_PRIV_KEY, &number) != 1) return {};
  std::string out(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2lebinpad(number, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
  BN_clear_free(number);
  return out;
}

// Masked, so that what looks for a secret does not find what it looks for.
std::string masked(std::string text) {
  for (char& c : text) c = static_cast<char>(c ^ 0x5a);
  return text;
}

struct Found {
  int locked = 0, elsewhere = 0;
};
// Through one window of memory, which is left out: it holds copies of all the rest.
Found look_for(const std::string& mask) {
  constexpr std::size_t kWindow = 1U << 20U;
  static char* const window = static_cast<char*>(
      ::mmap(nullptr, kWindow, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  const base::UniqueFd memory(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
  const auto window_at = reinterpret_cast<std::uint64_t>(window);
  Found found;
  constexpr std::uint64_t kMost = 1ULL << 30U;  // what is larger is a sanitizer's own bookkeeping
  for (const Mapping& one : own_memory()) {
    if (one.end - one.begin > kMost) continue;
    for (std::uint64_t at = one.begin; at < one.end; at += kWindow - mask.size()) {
      if (at < window_at + kWindow && at + kWindow > window_at) continue;
      const std::size_t size = std::min<std::uint64_t>(kWindow, one.end - at);
      const ssize_t n = ::pread(memory.get(), window, size, static_cast<off_t>(at));
      if (n <= 0) break;
      if (std::search(window, window + n, mask.begin(), mask.end(),
                      [](char a, char b) { return a == static_cast<char>(b ^ 0x5a); }) != window + n)
        ++(one.is_safe() ? found.locked : found.elsewhere);
    }
  }
  return found;
}

certs::Credentials make_leaf() {
  const auto root = certs::make_authority("Root", certs::valid_for(0, base::kWallSecond));
  return *certs::make_server_certificate(*root, {"a.example"}, certs::valid_for(0, base::kWallSecond));
}

TEST(LockedMemory, HoldsEveryCopyOfAKeyThatSigns) {
  certs::Credentials leaf = make_leaf();
  const std::string mask = masked(secret_of(leaf.key_pem));
  ASSERT_GE(mask.size(), 31U);
  ASSERT_EQ(look_for(mask).locked + look_for(mask).elsewhere, 0);

  KeyRing ring;
  ASSERT_TRUE(ring.add_tls_key("support", {"key", leaf.key_pem, 0100600}, leaf.certificate_pem).ok());
  const std::string text =
      std::string(64, ' ') + std::string("TLS 1.3, server CertificateVerify\0", 34) + std::string(32, 'h');
  const std::string id = certs::read_chain(leaf.certificate_pem)->front().key_id;
  base::wipe(leaf.key_pem);
  for (int i = 0; i < 100; ++i) {
    const auto answer = certs::decode_answer(ring.handle(
        certs::encode_sign_tls(1, id, certs::Scheme::EcdsaSha256, text), {Peer::Terminator, "support"}));
    ASSERT_TRUE(answer.ok() && answer->done);
  }
  const Found found = look_for(mask);
  EXPECT_GE(found.locked, 1);
  EXPECT_EQ(found.elsewhere, 0);
}

TEST(LockedMemory, IsWipedWhenAKeyIsGone) {
  certs::Credentials leaf = make_leaf();
  const std::string mask = masked(secret_of(leaf.key_pem));
  {
    KeyRing ring;
    ASSERT_TRUE(ring.add_tls_key("support", {"key", leaf.key_pem, 0100600}, leaf.certificate_pem).ok());
    ASSERT_GE(look_for(mask).locked, 1);
  }
  EXPECT_EQ(look_for(mask).locked, 0);
}

TEST(LockedMemory, RefusesInsteadOfTakingOrdinaryMemory) {
  std::vector<void*> taken;
  for (std::size_t size = kLockedMemory / 4; size >= 16; size /= 2)
    while (void* const more = OPENSSL_malloc(size)) taken.push_back(more);
  EXPECT_GT(taken.size(), 1U);
  EXPECT_EQ(OPENSSL_malloc(1), nullptr) << "it is full, and there is ordinary memory left";
  for (void* const one : taken) OPENSSL_free(one);
}

}  // namespace
}  // namespace postern::keeper

int main(int argc, char** argv) {
  const postern::base::Status locked = postern::keeper::lock_openssl_memory();
  if (!locked.ok() || !postern::base::init_crypto().ok()) {
    std::fprintf(stderr, "%s\n", locked.ok() ? "no randomness" : locked.error().message.c_str());
    return 1;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
