// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "base/unique_fd.h"

namespace postern::proc {
namespace {

// From the kernel's documentation and not from its header: Debian 12's knows no more than ABI 2.
enum Right : std::uint64_t {
  Execute = 1U << 0U,
  WriteFile = 1U << 1U,
  ReadFile = 1U << 2U,
  ReadDirectory = 1U << 3U,
  RemoveDirectory = 1U << 4U,
  RemoveFile = 1U << 5U,
  MakeDirectory = 1U << 7U,
  MakeRegular = 1U << 8U,
  Refer = 1U << 13U,
  Truncate = 1U << 14U,
};
constexpr int kRuleBeneathPath = 1;
constexpr std::uint32_t kAskVersion = 1;

// Rights on files by ABI: the first 13 bits, then one more each.
constexpr std::uint64_t handled_files(int abi) {
  if (abi >= 5) return (1U << 16U) - 1;
  if (abi >= 3) return (1U << 15U) - 1;
  return abi == 2 ? (1U << 14U) - 1 : (1U << 13U) - 1;
}
constexpr std::uint64_t kBindTcp = 1;
constexpr std::uint64_t kBindAndConnectTcp = 3;
constexpr std::uint64_t kAbstractSocketsAndSignals = 3;

struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t net = 0;     // ABI 4
  std::uint64_t scopes = 0;  // ABI 6
};
std::size_t size_of_ruleset(int abi) {
  if (abi >= 6) return sizeof(Ruleset);
  return abi >= 4 ? offsetof(Ruleset, scopes) : offsetof(Ruleset, net);
}

struct [[gnu::packed]] BeneathPath {
  std::uint64_t allowed;
  std::int32_t folder;
};

std::uint64_t rights_of(Access access) {
  if (access == Access::Run) return Execute | ReadFile;
  if (access == Access::Remove) return RemoveFile;
  std::uint64_t rights = ReadFile | ReadDirectory;
  if (access != Access::Read) rights |= WriteFile | MakeRegular | Truncate;
  if (access == Access::Change) rights |= RemoveFile | RemoveDirectory | MakeDirectory | Refer;
  return rights;
}

base::Status grant(int ruleset, const Grant& wanted, std::uint64_t handled) {
  const base::UniqueFd place(::open(wanted.path.c_str(), O_PATH | O_CLOEXEC));
  if (!place.valid()) return base::fail_errno("cannot grant " + wanted.path, errno);
  struct stat info {};
  if (::fstat(place.get(), &info) != 0) return base::fail_errno("cannot grant " + wanted.path, errno);
  std::uint64_t rights = rights_of(wanted.access) & handled;
  if (!S_ISDIR(info.st_mode)) rights &= Execute | WriteFile | ReadFile | Truncate;
  const BeneathPath rule{rights, place.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset, kRuleBeneathPath, &rule, 0) != 0)
    return base::fail_errno("cannot grant " + wanted.path, errno);
  return base::Ok{};
}

}  // namespace

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

namespace {

base::Status restrict_self(Ruleset wanted, std::span<const Grant> grants, int abi) {
  if (abi < 4) wanted.net = 0;
  if (abi < 6) wanted.scopes = 0;
  const base::UniqueFd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &wanted, size_of_ruleset(abi), 0)));
  if (!ruleset.valid()) return base::fail_errno("landlock_create_ruleset", errno);
  for (const Grant& one : grants) {
    if (base::Status granted = grant(ruleset.get(), one, wanted.files); !granted.ok()) return granted;
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
    return base::fail_errno("landlock_restrict_self", errno);
  return base::Ok{};
}

}  // namespace

base::Status wall_off(std::span<const Grant> grants, int abi) {
  return restrict_self({handled_files(abi), kBindAndConnectTcp, kAbstractSocketsAndSignals}, grants, abi);
}

base::Status wall_off_changes(std::span<const Grant> grants, int abi) {
  const std::uint64_t changes = handled_files(abi) & ~std::uint64_t{ReadFile | ReadDirectory};
  return restrict_self({changes, kBindTcp, kAbstractSocketsAndSignals}, grants, abi);
}

}  // namespace postern::proc
