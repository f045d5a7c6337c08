// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/locked_memory.h"

#include <openssl/crypto.h>

#include <cstdlib>
#include <cstring>

namespace postern::keeper {
namespace {

// The smallest piece that is given out: what a pointer to the next free one needs.
constexpr std::size_t kSmallest = 16;

// What OpenSSL took before the region was there (its own bookkeeping of it, no secret) is ordinary memory.
void* take(std::size_t size, const char* file, int line) noexcept {
  if (size == 0) return nullptr;
  return CRYPTO_secure_malloc_initialized() == 1 ? CRYPTO_secure_malloc(size, file, line) : std::malloc(size);
}

void give_back(void* memory, const char* file, int line) noexcept {
  if (memory == nullptr) return;
  if (CRYPTO_secure_allocated(memory) == 1) return CRYPTO_secure_free(memory, file, line);  // wipes it
  std::free(memory);
}

void* resize(void* memory, std::size_t size, const char* file, int line) noexcept {
  if (memory == nullptr) return take(size, file, line);
  if (CRYPTO_secure_allocated(memory) != 1) return std::realloc(memory, size);
  const std::size_t held = CRYPTO_secure_actual_size(memory);
  if (size != 0 && size <= held) return memory;
  void* const larger = take(size, file, line);
  if (larger != nullptr) std::memcpy(larger, memory, held);
  if (larger != nullptr || size == 0) give_back(memory, file, line);
  return larger;
}

}  // namespace

base::Status lock_openssl_memory() {
  if (CRYPTO_set_mem_functions(take, resize, give_back) != 1)
    return base::fail(base::Code::Internal, "OpenSSL was used before its memory was locked");
  switch (CRYPTO_secure_malloc_init(kLockedMemory, kSmallest)) {
    case 1:
      return base::Ok{};
    case 2:
      return base::fail(base::Code::Unavailable,
                        "the memory for private keys cannot be locked: allow the gateway 8 MiB of locked "
                        "memory (LimitMEMLOCK=8M, or ulimit -l 8192)");
    default:
      return base::fail(base::Code::Unavailable, "there is no memory for private keys");
  }
}

}  // namespace postern::keeper
