// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/control/update_keys.h"

#include "base/bytes.h"
#include "base/file.h"
#include "base/secret_file.h"
#include "certs/private_key.h"
#include "certs/sealed_key.h"
#include "gateway/cli/new_file.h"
#include "mission/passphrase.h"

namespace postern::mission {
namespace {

using base::Code;
using base::fail;

// RFC 8410: PrivateKeyInfo of an Ed25519 key, up to its 32 bytes.
constexpr std::string_view kPkcs8{"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16};
constexpr std::string_view kBegin = "-----BEGIN PRIVATE KEY-----\n", kEnd = "\n-----END PRIVATE KEY-----\n";

base::Result<base::Secret> seed_in(std::string_view pem, const std::string& path) {
  const std::size_t begin = pem.find(kBegin), end = pem.find(kEnd);
  if (begin != std::string_view::npos && end != std::string_view::npos && end > begin) {
    auto der = base::from_base64(pem.substr(begin + kBegin.size(), end - begin - kBegin.size()));
    if (der && der->size() == kPkcs8.size() + base::kEd25519SeedSize && der->starts_with(kPkcs8)) {
      base::Secret seed(std::string_view(*der).substr(kPkcs8.size()));
      base::wipe(*der);
      return seed;
    }
    if (der) base::wipe(*der);
  }
  return fail(Code::Invalid, path + ": there is no Ed25519 key in it: make one with `update key new`");
}

}  // namespace

base::Result<std::string> make_update_key(const std::string& path, const std::string& passphrase) {
  std::string seed = base::random_bytes(base::kEd25519SeedSize);
  const std::string public_key = base::ed25519_public(base::Secret(seed));
  std::string der = std::string(kPkcs8) + seed;
  std::string pem = std::string(kBegin) + base::to_base64(der) + std::string(kEnd);
  base::wipe(seed);
  base::wipe(der);
  if (!passphrase.empty()) {
    auto sealed = certs::seal_key(pem, passphrase);
    base::wipe(pem);
    if (!sealed.ok()) return sealed.error();
    pem = *std::move(sealed);
  }
  base::Status written = cli::write_new_file(path, pem, 0600);
  base::wipe(pem);
  if (written.ok()) written = cli::write_new_file(path + ".pub", base::to_hex(public_key) + "\n", 0644);
  if (!written.ok()) return written.error();
  return public_key;
}

base::Result<base::Secret> read_update_key(const std::string& path, const std::string& passphrase_file) {
  const auto file = base::open_secret_file(path, "a key that signs updates", base::own_secret_place());
  if (!file.ok()) return file.error();
  auto pem = base::read_open_file(file->get(), path, certs::kKeyFileLimit);
  if (!pem.ok()) return pem.error();
  if (certs::is_sealed_key(*pem)) {
    auto passphrase = read_passphrase(passphrase_file, false, path);
    if (!passphrase.ok()) return passphrase.error();
    auto opened = certs::open_sealed_key(*pem, *passphrase);
    base::wipe(*passphrase);
    if (!opened.ok()) return fail(opened.error().code, path + ": " + opened.error().message);
    *pem = *std::move(opened);
  }
  auto seed = seed_in(*pem, path);
  base::wipe(*pem);
  return seed;
}

base::Result<std::string> read_update_public(const std::string& path) {
  auto text = base::read_file(path, 256);
  if (!text.ok()) return text.error();
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  const auto bytes = base::from_hex(*text);
  if (!bytes || bytes->size() != base::kEd25519PublicSize)
    return fail(Code::Invalid,
                path + ": that is no public key of updates: give the FILE.pub that `update key new` made");
  return *bytes;
}

}  // namespace postern::mission
