// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// class Thing : public base::Recycled<Thing>: memory of Things that are gone is kept, per thread, for the next ones.
// For what is made and destroyed with every exchange: such pieces are too large for what the C library keeps per size, or
// aligned more strictly, and then each of them is cut out of the heap and merged back into it.
//
// Only memory is kept, no object: constructors and destructors run as ever. Under AddressSanitizer nothing is kept, so
// that the use of what is gone is found.
#pragma once

#include <cstddef>
#include <new>

// clang says it in its own way.
#if defined(__has_feature)
#define POSTERN_CLANG_ASAN __has_feature(address_sanitizer)
#else
#define POSTERN_CLANG_ASAN 0
#endif

namespace postern::base {

template <typename Thing>
class Recycled {
 public:
  static void* operator new(std::size_t size) {
    void* const kept = size == sizeof(Thing) ? free_list().take() : nullptr;
    return kept != nullptr ? kept : ::operator new(size, alignment());
  }
  static void operator delete(void* memory, std::size_t size) {
    if (size != sizeof(Thing) || !free_list().keep(memory)) ::operator delete(memory, alignment());
  }
  // What is aligned more strictly than most asks in these words.
  static void* operator new(std::size_t size, std::align_val_t) { return operator new(size); }
  static void operator delete(void* memory, std::size_t size, std::align_val_t) {
    operator delete(memory, size);
  }

 private:
#if defined(__SANITIZE_ADDRESS__) || POSTERN_CLANG_ASAN
  static constexpr std::size_t kMostKept = 0;
#else
  static constexpr std::size_t kMostKept = 128;
#endif
  static constexpr std::align_val_t alignment() { return std::align_val_t{alignof(Thing)}; }

  // The free pieces themselves hold the list.
  class FreeList {
   public:
    FreeList() = default;
    FreeList(const FreeList&) = delete;
    FreeList& operator=(const FreeList&) = delete;
    ~FreeList() {
      while (void* memory = take()) ::operator delete(memory, alignment());
      closed_ = true;
    }
    void* take() {
      Piece* const piece = first_;
      if (piece == nullptr) return nullptr;
      first_ = piece->next;
      --count_;
      return piece;
    }
    bool keep(void* memory) {
      if (closed_ || count_ >= kMostKept) return false;
      first_ = new (memory) Piece{first_};
      ++count_;
      return true;
    }

   private:
    struct Piece {
      Piece* next;
    };
    Piece* first_ = nullptr;
    std::size_t count_ = 0;
    bool closed_ = false;  // its thread is at its end
  };
  static FreeList& free_list() {
    static_assert(sizeof(Thing) >= sizeof(void*));
    static_assert(alignof(Thing) >= alignof(void*));
    static thread_local FreeList list;
    return list;
  }
};

}  // namespace postern::base

#undef POSTERN_CLANG_ASAN
