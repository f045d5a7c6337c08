// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/crypto.h"

#include <sodium.h>

#include <cstring>

#include "base/bytes.h"

namespace postern::base {
namespace {

const unsigned char* u(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }
unsigned char* u(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }

// Expands a seed into libsodium's key pair; the secret half is wiped by the destructor.
struct KeyPair {
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_key{};
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret_key{};
  explicit KeyPair(const Secret& seed) {
    POSTERN_CHECK(seed.view().size() == kEd25519SeedSize);
    crypto_sign_seed_keypair(public_key.data(), secret_key.data(), u(seed.view()));
  }
  KeyPair(const KeyPair&) = delete;
  KeyPair& operator=(const KeyPair&) = delete;
  ~KeyPair() { sodium_memzero(secret_key.data(), secret_key.size()); }
};

}  // namespace

Status init_crypto() {
  if (sodium_init() < 0)
    return fail(Code::Internal, "libsodium could not be initialised: no source of randomness");
  return Ok{};
}

void fill_random(void* out, std::size_t size) { randombytes_buf(out, size); }

std::string random_bytes(std::size_t size) {
  std::string out(size, '\0');
  fill_random(out.data(), size);
  return out;
}

bool equals_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

Sha256 sha256(std::string_view bytes) {
  Sha256 out{};
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(out.data()), u(bytes), bytes.size());
  return out;
}

namespace {
crypto_hash_sha256_state* sha256_state(std::array<unsigned char, 128>& bytes) {
  static_assert(sizeof(crypto_hash_sha256_state) <= 128 && alignof(crypto_hash_sha256_state) <= 16);
  return reinterpret_cast<crypto_hash_sha256_state*>(bytes.data());
}
}  // namespace

Sha256Stream::Sha256Stream() { crypto_hash_sha256_init(sha256_state(state_)); }
void Sha256Stream::update(std::string_view bytes) {
  crypto_hash_sha256_update(sha256_state(state_), reinterpret_cast<const unsigned char*>(bytes.data()),
                            bytes.size());
}
Sha256 Sha256Stream::finish() {
  Sha256 out;
  crypto_hash_sha256_final(sha256_state(state_), reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

std::string sha256_hex(std::string_view bytes) { return to_hex(base::view(sha256(bytes))); }

static_assert(sizeof(crypto_generichash_state) <= 384 && alignof(crypto_generichash_state) <= 64);

KeyedHash::KeyedHash(std::string_view key) : state_{} {
  POSTERN_CHECK(key.size() == kKeySize);
  auto* const state = reinterpret_cast<crypto_generichash_state*>(state_.data());
  crypto_generichash_init(state, u(key), key.size(), crypto_generichash_BYTES);
}

void KeyedHash::update(std::string_view bytes) {
  auto* const state = reinterpret_cast<crypto_generichash_state*>(state_.data());
  crypto_generichash_update(state, u(bytes), bytes.size());
}

std::string KeyedHash::finish() {
  auto* const state = reinterpret_cast<crypto_generichash_state*>(state_.data());
  std::string out(crypto_generichash_BYTES, '\0');
  crypto_generichash_final(state, u(out), out.size());
  return out;
}

std::string keyed_hash(std::string_view key, std::string_view bytes) {
  KeyedHash hash(key);
  hash.update(bytes);
  return hash.finish();
}

Secret::Secret(std::string_view bytes) : memory_(sodium_malloc(bytes.size())), size_(bytes.size()) {
  POSTERN_CHECK(memory_ != nullptr);
  std::memcpy(memory_, bytes.data(), size_);
  sodium_mprotect_readonly(memory_);
}

Secret::Secret(Secret&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() { sodium_free(memory_); }

void wipe(std::string& text) {
  sodium_memzero(text.data(), text.size());
  text.clear();
}

std::string ed25519_public(const Secret& seed) {
  const KeyPair pair(seed);
  return {reinterpret_cast<const char*>(pair.public_key.data()), pair.public_key.size()};
}

std::string ed25519_sign(const Secret& seed, std::string_view message) {
  const KeyPair pair(seed);
  std::string signature(kEd25519SignatureSize, '\0');
  crypto_sign_detached(u(signature), nullptr, u(message), message.size(), pair.secret_key.data());
  return signature;
}

bool ed25519_verify(std::string_view public_key, std::string_view message, std::string_view signature) {
  return public_key.size() == kEd25519PublicSize && signature.size() == kEd25519SignatureSize &&
         crypto_sign_verify_detached(u(signature), u(message), message.size(), u(public_key)) == 0;
}

Result<std::string> hash_password(std::string_view password) {
  std::array<char, crypto_pwhash_STRBYTES> out{};
  constexpr unsigned long long kPasses = 3;
  constexpr std::size_t kMemory = 64U << 20U;
  if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), kPasses, kMemory,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(Code::Limit, "hashing a password needs 64 MiB of memory, which is not there");
  }
  return std::string(out.data());
}

bool verify_password(std::string_view hash, std::string_view password) {
  const std::string terminated(hash);
  return crypto_pwhash_str_verify(terminated.c_str(), password.data(), password.size()) == 0;
}

std::string random_password(std::size_t characters) {
  static constexpr std::string_view kAlphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  std::string out;
  for (std::size_t i = 0; i < characters; ++i) {
    if (i > 0 && i % 4 == 0) out.push_back('-');
    out.push_back(kAlphabet[randombytes_uniform(kAlphabet.size())]);
  }
  return out;
}

}  // namespace postern::base
