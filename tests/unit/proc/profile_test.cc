// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The table of what each role may do, against what must never stand in it, and against its document.
#include "gateway/proc/profile.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/file.h"

namespace postern::proc {
namespace {

std::set<std::string> calls_of(const Profile& profile) {
  std::set<std::string> out;
  for (const Group* group : profile.groups) {
    for (const Call& call : group->calls) out.emplace(call.name);
  }
  return out;
}

TEST(Profile, LetsNobodyMakeASocketAProcessOrAProgram) {
  for (const Profile& profile : all_profiles()) {
    const std::set<std::string> calls = calls_of(profile);
    for (const char* never : {"socket",
                              "socketpair",
                              "connect",
                              "bind",
                              "listen",
                              "execve",
                              "execveat",
                              "fork",
                              "vfork",
                              "clone",
                              "clone3",
                              "ptrace",
                              "process_vm_readv",
                              "process_vm_writev",
                              "kill",
                              "tkill",
                              "prctl",
                              "seccomp",
                              "memfd_create",
                              "io_uring_setup",
                              "bpf",
                              "userfaultfd",
                              "setrlimit",
                              "prlimit64",
                              "mount",
                              "unshare",
                              "setns",
                              "keyctl",
                              "shmget",
                              "pidfd_getfd",
                              "setuid",
                              "setresuid",
                              "capset",
                              "dup",
                              "dup2",
                              "dup3",
                              "ioperm",
                              "modify_ldt"}) {
      EXPECT_EQ(calls.count(never), 0U) << profile.role << " may " << never;
    }
  }
}

TEST(Profile, GivesFilesByNameToThoseWhoKeepThemAndAModuleAlone) {
  for (const Profile& profile : all_profiles()) {
    const std::set<std::string> calls = calls_of(profile);
    const bool changes = profile.role == "ledger" || profile.role == "desk";
    const bool has_files = changes || profile.role == "console";
    const bool has_module = profile.role == kKeeperWithModuleRole;
    EXPECT_EQ(calls.count("openat") == 1, has_files || has_module) << profile.role;
    EXPECT_EQ(calls.count("newfstatat") == 1, has_files || has_module) << profile.role;
    EXPECT_EQ(!profile.paths.empty(), has_files) << profile.role;
    EXPECT_EQ(calls.count("unlink") == 1, changes) << profile.role;
  }
}

TEST(Profile, LetsOnlyThoseWithAListenerAccept) {
  for (const Profile& profile : all_profiles()) {
    EXPECT_EQ(calls_of(profile).count("accept4") == 1,
              profile.role == "terminator" || profile.role == "console" || profile.role == "link" ||
                  profile.role == "desk" || profile.role == "relay")
        << profile.role;
  }
}

TEST(Profile, HasAHashThatDiffersBetweenRolesWithDifferentPowers) {
  std::set<std::string> hashes;
  for (const Profile& profile : all_profiles()) hashes.insert(hash_of(profile));
  EXPECT_EQ(hashes.size(), all_profiles().size());
  EXPECT_EQ(profile_of("postern"), nullptr);
}

// docs/PROCESSES.md has a row per group, which names each of its calls and no other.
TEST(Profile, StandsInItsDocumentCallByCall) {
  const auto text = base::read_file(SOURCE_DIRECTORY "/docs/PROCESSES.md", 1U << 20U);
  ASSERT_TRUE(text.ok()) << text.error().message;
  for (const Group* group : all_groups()) {
    const std::size_t at = text->find("\n| **" + std::string(group->name) + "** |");
    ASSERT_NE(at, std::string::npos) << group->name << " has no row";
    const std::string line = text->substr(at + 1, text->find('\n', at + 1) - at - 1);
    const std::size_t second = line.find('|', line.find('|', 1) + 1);
    const std::string cell = line.substr(line.find('|', 1), second - line.find('|', 1));
    std::set<std::string> documented;
    for (std::size_t tick = cell.find('`'); tick != std::string::npos;) {
      const std::size_t end = cell.find('`', tick + 1);
      documented.insert(cell.substr(tick + 1, end - tick - 1));
      tick = cell.find('`', end + 1);
    }
    std::set<std::string> calls;
    for (const Call& call : group->calls) calls.emplace(call.name);
    EXPECT_EQ(documented, calls) << group->name;
  }
}

}  // namespace
}  // namespace postern::proc
