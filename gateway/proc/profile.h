// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What each role may do, as one table: profile.cc. Everything that is not in it is refused, and a role that
// tries it is killed (supervisor/child.h). docs/PROCESSES.md explains each group of calls and each path; a
// test holds the two together.
//
// A profile holds from the moment in which a role has built its objects: what only building needs (reading
// OpenSSL's configuration, making the loop and the threads of its pool) is in no row.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace postern::proc {

// (argument & mask) == value, over the 64 bits of a system call's argument. One that points to memory cannot
// be judged: the memory may change after the look. So no rule below is about a path.
struct Condition {
  int argument = -1;  // -1: none
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
};

// Stands for the process' own id as a value, which is known when the filter is made.
inline constexpr std::uint64_t kOwnProcess = ~std::uint64_t{0};

// A system call that is allowed while both conditions hold. The same call may stand several times.
struct Call {
  std::string_view name;  // as in unistd_64.h; what this machine does not have is passed over
  Condition first = {};
  Condition second = {};
};

struct Group {
  std::string_view name;
  std::span<const Call> calls;
};

enum class Access : std::uint8_t {
  Read,    // files and folders
  Share,   // also write to files and make new ones; nothing is removed
  Change,  // also remove, rename and make folders
  Run,     // programs; the supervisor's alone, as the next
  Remove,  // files, and nothing else
};
std::string_view to_text(Access access);

// Everything beneath a folder of the state directory, or one file of the system.
struct Path {
  std::string_view system;  // an absolute path; empty: of the state directory
  std::string_view below;   // of the state directory; empty: all of it
  Access access = Access::Read;
};

struct Profile {
  std::string_view role;
  std::span<const Group* const> groups;
  std::span<const Path> paths;  // empty: no file at all
  unsigned descriptors = 0;     // at most so many open; 0: as inherited
  bool keeps_files = false;     // writes files, so that their size is not limited to nothing
  bool has_pool = false;        // blocking work runs on the loop's threads, which are made before the walls
  bool runs_soon = false;       // when it is woken (slice.h): what is taken away goes through its hands first
};

// The keeper's row where a module for keys in a token works in it: PKCS #11 is code of others, so this is the keeper's own row
// and what such code needs. The configuration's paths are added to it.
inline constexpr std::string_view kKeeperWithModuleRole = "keeper-pkcs11";

// nullptr: there is no such role.
const Profile* profile_of(std::string_view role);
std::span<const Profile> all_profiles();
// Every group there is, those that a sanitizer's runtime needs included.
std::span<const Group* const> all_groups();

// One line per rule, in the order of the table: what its hash is made of.
std::string render(const Profile& profile);
std::string hash_of(const Profile& profile);  // SHA-256, hexadecimal

}  // namespace postern::proc
