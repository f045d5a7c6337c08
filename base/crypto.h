// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The one door to libsodium. Secrets live in memory that is locked, guarded and wiped, cannot be printed, and
// are compared in constant time.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::base {

// Must be called once per process before anything else here; fails only if the machine has no randomness.
Status init_crypto();

void fill_random(void* out, std::size_t size);
std::string random_bytes(std::size_t size);
bool equals_constant_time(std::string_view a, std::string_view b);  // false at once if the sizes differ

using Sha256 = std::array<char, 32>;
Sha256 sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);
// In pieces.
class Sha256Stream {
 public:
  Sha256Stream();
  void update(std::string_view bytes);
  Sha256 finish();  // the object is used up

 private:
  alignas(16) std::array<unsigned char, 128> state_{};
};
inline std::string_view view(const Sha256& digest) { return {digest.data(), digest.size()}; }

// BLAKE2b with a key (RFC 7693), in pieces: tells whether two values are the same to whoever has neither the
// key nor the values.
class KeyedHash {
 public:
  static constexpr std::size_t kKeySize = 32;
  explicit KeyedHash(std::string_view key);  // kKeySize bytes
  void update(std::string_view bytes);
  std::string finish();  // 32 bytes; the object is used up

 private:
  alignas(64) std::array<unsigned char, 384> state_;
};
std::string keyed_hash(std::string_view key, std::string_view bytes);

// A secret of fixed size in sodium_malloc memory. Moved, never copied.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes);  // the caller wipes its own copy
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();
  std::string_view view() const { return {static_cast<const char*>(memory_), size_}; }
  bool empty() const { return size_ == 0; }

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

void wipe(std::string& text);  // overwrites and empties

// Ed25519 (RFC 8032).
inline constexpr std::size_t kEd25519PublicSize = 32, kEd25519SeedSize = 32, kEd25519SignatureSize = 64;
std::string ed25519_public(const Secret& seed);
std::string ed25519_sign(const Secret& seed, std::string_view message);
bool ed25519_verify(std::string_view public_key, std::string_view message, std::string_view signature);

// Argon2id (RFC 9106) in the PHC string format; 64 MiB and 3 passes: about 100 ms. Blocks: call it off the
// loop.
Result<std::string> hash_password(std::string_view password);
bool verify_password(std::string_view hash, std::string_view password);

// Characters without look-alikes (no 0 O 1 l I), 5.8 bits each, in groups of four: for a person to type.
std::string random_password(std::size_t characters);

}  // namespace postern::base
