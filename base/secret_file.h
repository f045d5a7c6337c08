// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A file that holds a secret, opened only where nobody but root and the account that uses it can have read or
// changed it. What is looked at is the file that was opened, never a name a second time; a link to it may be
// followed, because the folders of both are judged.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace postern::base {

// Of a place whose account is not known: any owner will do. For one who finds out what is wrong with files and whom the
// missing account stops from using them.
inline constexpr uid_t kNoAccount = static_cast<uid_t>(-1);

// The account is that of the process, unless one who is still root names another.
struct SecretPlace {
  uid_t account;
  bool of_systemd = false;  // one of a unit's credentials (open_to_others)
};
SecretPlace own_secret_place();

// The mode bits by which others than a secret's owner may read or write it. systemd gives the account of a unit its
// credentials by an access control list, whose mask then stands where the group's bits do: a file of root and of root's
// group that the group may read is its owner's alone all the same.
mode_t open_to_others(const struct stat& info);

// Opens it for reading. what: "a key", for messages. Refused, each with a sentence that says what to do: what is no
// regular file; what group or others may read or write; what belongs to another account than root and place.account; what
// lies below a folder that everybody may change, or below one of somebody else's in such a folder with the sticky bit.
Result<UniqueFd> open_secret_file(const std::string& path, const std::string& what, SecretPlace place);

}  // namespace postern::base
