// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/secret_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <string_view>

namespace postern::base {
namespace {

std::string whose(uid_t account) {
  return account == 0 ? std::string("root") : "root or to the account with uid " + std::to_string(account);
}

bool is_trusted(uid_t owner, uid_t account) {
  return owner == 0 || owner == account || account == kNoAccount;
}

// Each folder on the way to path, from the root on.
Status check_folders(std::string_view path, const std::string& what, uid_t account) {
  bool shared = false;  // the one before is everybody's, each with what is theirs
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder(path.substr(0, slash == 0 ? 1 : slash));
    struct stat info {};
    if (::stat(folder.c_str(), &info) != 0) return fail_errno(folder, errno);
    if (shared && !is_trusted(info.st_uid, account)) {
      return fail(Code::Denied, folder + ": " + what + " must not lie in a folder of uid " +
                                    std::to_string(info.st_uid) +
                                    ", who made it where everybody may: move it to one of " + whose(account));
    }
    const bool everybody = (info.st_mode & S_IWOTH) != 0;
    shared = everybody && (info.st_mode & S_ISVTX) != 0;
    if (everybody && !shared) {
      return fail(Code::Denied, folder +
                                    ": everybody may change this folder, and so put another file in the " +
                                    "place of " + what + ": chmod o-w " + folder);
    }
  }
  return Ok{};
}

// The file itself, whatever links led to it.
std::string real_path(int fd) {
  char path[PATH_MAX];
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

SecretPlace own_secret_place() { return {::geteuid()}; }

mode_t open_to_others(const struct stat& info) {
  const bool roots = info.st_uid == 0 && info.st_gid == 0;
  return info.st_mode & (roots ? 037U : 077U);
}

Result<UniqueFd> open_secret_file(const std::string& path, const std::string& what, SecretPlace place) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return fail_errno(path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno(path, errno);
  if (!S_ISREG(info.st_mode)) return fail(Code::Invalid, path + ": " + what + " must be a regular file");
  if ((place.of_systemd ? open_to_others(info) : info.st_mode & 077U) != 0) {
    return fail(Code::Denied, path + ": " + what + " must be readable by its owner alone: chmod 600 " + path);
  }
  if (!is_trusted(info.st_uid, place.account)) {
    return fail(Code::Denied, path + ": " + what + " must belong to " + whose(place.account) +
                                  ", not to uid " + std::to_string(info.st_uid) +
                                  ", who could change it: chown " + std::to_string(place.account) + " " +
                                  path);
  }
  for (const std::string& each : {path, real_path(fd.get())}) {
    if (Status folders = check_folders(each, what, place.account); !folders.ok())
      return std::move(folders).error();
  }
  return fd;
}

}  // namespace postern::base
