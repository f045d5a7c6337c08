// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/tls/byte_bio.h"

#include <openssl/bio.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace postern::tls {
namespace {

ByteStream& stream_of(BIO* bio) { return *static_cast<ByteStream*>(BIO_get_data(bio)); }

int read_bytes(BIO* bio, char* out, int size) noexcept {
  BIO_clear_retry_flags(bio);
  std::string_view* in = stream_of(bio).in;
  if (in == nullptr || in->empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = std::min(in->size(), static_cast<std::size_t>(size));
  std::memcpy(out, in->data(), count);
  in->remove_prefix(count);
  return static_cast<int>(count);
}

int write_bytes(BIO* bio, const char* bytes, int size) noexcept {
  BIO_clear_retry_flags(bio);
  base::Buffer* out = stream_of(bio).out;
  const std::size_t count = out == nullptr ? 0 : std::min(out->room(), static_cast<std::size_t>(size));
  if (count == 0 || !out->write({bytes, count})) {
    BIO_set_retry_write(bio);
    return -1;
  }
  return static_cast<int>(count);
}

// Flushing succeeds because nothing is held back; nothing else is offered.
long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) noexcept {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int create(BIO* bio) noexcept {
  BIO_set_init(bio, 1);
  return 1;
}

struct MethodFree {
  void operator()(BIO_METHOD* method) const noexcept { BIO_meth_free(method); }
};
using MethodPtr = std::unique_ptr<BIO_METHOD, MethodFree>;

MethodPtr make_method() {
  MethodPtr method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "postern bytes"));
  if (method == nullptr) return method;
  BIO_meth_set_read(method.get(), read_bytes);
  BIO_meth_set_write(method.get(), write_bytes);
  BIO_meth_set_ctrl(method.get(), control);
  BIO_meth_set_create(method.get(), create);
  return method;
}

}  // namespace

certs::BioPtr make_byte_bio(ByteStream& stream) {
  static const MethodPtr method = make_method();  // a table of functions, the same for all
  certs::BioPtr bio(method == nullptr ? nullptr : BIO_new(method.get()));
  if (bio != nullptr) BIO_set_data(bio.get(), &stream);
  return bio;
}

}  // namespace postern::tls
