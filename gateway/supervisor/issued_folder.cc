// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/issued_folder.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/secret_file.h"
#include "certs/chain_order.h"
#include "certs/keeper_protocol.h"
#include "certs/private_key.h"
#include "gateway/proc/spawn.h"

namespace postern::supervisor {
namespace {

std::string make_if_missing(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return {};
  base::Result<std::string> made = certs::make_private_key();
  if (!made.ok()) return made.error().message;
  const base::Status written = base::write_file(path, *made, 0600);
  base::wipe(*made);
  return written.ok() ? std::string() : written.error().message;
}

std::string wrong_with_pair(const base::UniqueFd& fd, const std::string& path, const std::string& pem) {
  base::Result<std::string> text = base::read_open_file(fd.get(), path, certs::kKeyFileLimit);
  if (!text.ok()) return text.error().message;
  const auto key = certs::read_private_key(*text, path);
  base::wipe(*text);
  if (!key.ok()) return key.error().message;
  const base::Status pair = certs::check_pair(key->get(), path, pem);
  return pair.ok() ? std::string() : pair.error().message;
}

}  // namespace

base::Status in_copy(const std::function<std::string()>& work, base::Code code) {
  const base::Result<std::string> wrong = proc::ask_copy(work);
  if (!wrong.ok()) return wrong.error();
  if (wrong->empty()) return base::Ok{};
  return base::fail(code, *wrong);
}

std::string IssuedFolder::key_file(std::string_view key_id) const {
  return path_ + "/" + base::to_hex(key_id) + ".key";
}

std::string IssuedFolder::prepare(std::initializer_list<std::string> keys) const {
  struct stat info {};
  if (::stat(path_.c_str(), &info) != 0) return base::fail_errno(path_, errno).message;
  if (!S_ISDIR(info.st_mode)) return path_ + " is no folder";
  if ((info.st_mode & 077U) != 0)
    return path_ + " can be read or changed by others than its owner; run: chmod 700 " + path_;
  if (std::string wrong = drop_key_in_force(); !wrong.empty()) return wrong;
  for (const std::string& key : keys) {
    if (std::string wrong = make_if_missing(key); !wrong.empty()) return wrong;
  }
  return {};
}

// A crash in take() may have left it.
std::string IssuedFolder::drop_key_in_force() const {
  const auto chain = base::read_file(certificate_file(), kIssuedText);
  const auto key = read_next_key();
  if (!chain.ok() || !key.ok() || !certs::check_pair(key->get(), next_file(), *chain).ok()) return {};
  return ::unlink(next_file().c_str()) == 0 ? std::string() : base::fail_errno(next_file(), errno).message;
}

base::Result<certs::KeyPtr> IssuedFolder::read_next_key() const {
  base::Result<std::string> text = base::read_file(next_file(), certs::kKeyFileLimit);
  if (!text.ok()) return text.error();
  auto key = certs::read_private_key(*text, next_file());
  base::wipe(*text);
  return key;
}

void IssuedFolder::remove_other_keys(const std::string& kept) const {
  DIR* folder = ::opendir(path_.c_str());
  if (folder == nullptr) return;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string path = path_ + "/" + entry->d_name;
    const std::string_view name = entry->d_name;
    const bool of_certificate = name.size() == 2 * certs::kKeyIdSize + 4 && name.ends_with(".key");
    if (of_certificate && path != kept) ::unlink(path.c_str());
  }
  ::closedir(folder);
}

// The key first: the certificate's renaming puts both in force.
std::string IssuedFolder::take(std::string_view chain_text, const Judge& judge) const {
  if (chain_text.size() > kIssuedText) return "its chain is longer than 64 KiB";
  base::Result<certs::OrderedChain> chain = certs::order_chain(chain_text);
  if (!chain.ok()) return chain.error().message;
  base::Result<std::string> key = base::read_file(next_file(), certs::kKeyFileLimit);
  if (!key.ok()) return key.error().message;
  std::string wrong = judge(chain->pem, *key);
  if (wrong.empty()) {
    const std::string own = key_file(certs::read_chain(chain->pem)->front().key_id);
    base::Status done = base::write_file(own, *key, 0600);
    if (done.ok()) done = base::write_file(certificate_file(), chain->pem, 0644);
    if (!done.ok()) wrong = done.error().message;
    if (done.ok() && ::unlink(next_file().c_str()) == 0) remove_other_keys(own);
  }
  base::wipe(*key);
  return wrong;
}

base::Result<std::optional<IssuedFolder::Issued>> IssuedFolder::open() const {
  base::Result<std::string> pem = base::read_file(certificate_file(), kIssuedText);
  if (!pem.ok()) {
    if (pem.error().code == base::Code::NotFound) return std::optional<Issued>();
    return pem.error();
  }
  const auto chain = certs::read_chain(*pem);
  if (!chain.ok()) return base::fail(base::Code::Invalid, certificate_file() + ": " + chain.error().message);
  Issued out{std::move(*pem), chain->front(), {}};
  const std::string path = key_file(out.leaf.key_id);
  base::Result<base::UniqueFd> key = base::open_secret_file(path, "a key", base::own_secret_place());
  if (!key.ok()) return key.error();
  out.key = std::move(key).value();
  base::Status pair = in_copy([&] { return wrong_with_pair(out.key, path, out.pem); }, base::Code::Invalid);
  if (!pair.ok()) return std::move(pair).error();
  return std::optional(std::move(out));
}

}  // namespace postern::supervisor
