// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/unique_fd.h"

namespace postern::cli {

base::Status write_new_file(const std::string& path, std::string_view text, mode_t mode) {
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file.valid() && errno == EEXIST)
    return base::fail(base::Code::Exists,
                      path + " is there already, and is not overwritten: choose another name");
  if (!file.valid()) return base::fail_errno(path, errno);
  const bool written = ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (written && ::fsync(file.get()) == 0) return base::Ok{};
  const int error = errno;
  ::unlink(path.c_str());
  return base::fail_errno(path, error);
}

base::Result<certs::SignerKey> make_key_file(const std::string& name, std::string_view family,
                                             const std::string& path) {
  const std::string named = name.empty() ? std::string(family) + base::to_hex(base::random_bytes(8)) : name;
  if (!certs::is_key_name(named))
    return base::fail(base::Code::Invalid,
                      "--name must be printable ASCII without spaces and '+', at most 255 bytes");
  std::string seed = base::random_bytes(base::kEd25519SeedSize);
  certs::SignerKey key{named, base::Secret(seed)};
  base::wipe(seed);
  std::string text = certs::format_signer_key(key) + "\n";
  const base::Status written = write_new_file(path, text, 0600);
  base::wipe(text);
  if (!written.ok()) return written.error();
  return key;
}

}  // namespace postern::cli
