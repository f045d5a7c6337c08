// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/tree_hasher.h"

#include <openssl/evp.h>

#include <initializer_list>

#include "base/check.h"

namespace postern::audit {

struct TreeHasher::Context {
  struct FreeDigest {
    void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
  };
  struct FreeContext {
    void operator()(EVP_MD_CTX* one) const { EVP_MD_CTX_free(one); }
  };
  std::unique_ptr<EVP_MD, FreeDigest> sha256{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};

  Hash of(std::initializer_list<std::string_view> parts) {
    Hash out{};
    bool done = EVP_DigestInit_ex2(context.get(), sha256.get(), nullptr) == 1;
    for (const std::string_view part : parts) {
      done = done && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
    }
    done =
        done && EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(out.data()), nullptr) == 1;
    POSTERN_CHECK(done);  // it needs no memory and no file any more
    return out;
  }
};

namespace {
constexpr std::string_view kLeaf("\0", 1);
constexpr std::string_view kNode("\1", 1);
}  // namespace

TreeHasher::TreeHasher() : context_(std::make_unique<Context>()) {
  POSTERN_CHECK(context_->sha256 != nullptr && context_->context != nullptr);
}

TreeHasher::~TreeHasher() = default;

Hash TreeHasher::leaf(std::string_view entry) { return context_->of({kLeaf, entry}); }

Hash TreeHasher::node(const Hash& left, const Hash& right) {
  return context_->of({kNode, base::view(left), base::view(right)});
}

Hash TreeHasher::nothing() { return context_->of({}); }

}  // namespace postern::audit
