// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The folder in which a vendor prepares updates, away from any server: metadata/ with every document by its name, artefacts/ by
// their hashes, and draft.json, the targets as they will be signed next. What is written there was read again, as a customer reads it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "update/trust.h"

namespace postern::mission {

class UpdateFolder {
 public:
  explicit UpdateFolder(std::string directory) : directory_(std::move(directory)) {}

  // For a root: which public keys, and how many of them. A role that is not given stays as it is.
  struct Keys {
    std::vector<std::string> public_keys;  // 32 bytes each
    std::int64_t threshold = 1;
  };
  using Roles = std::map<std::string, Keys>;
  // The first root, or the next one; signed by those keys. Its version.
  base::Result<std::int64_t> make_root(const Roles& roles, base::Micros expires,
                                       const std::vector<base::Secret>& seeds);

  // Copies the artefact, and adds it to the draft.
  base::Status add(const std::string& file, update::Target target);
  base::Status remove(const std::string& name);

  struct Lives {
    base::Micros targets = 0, snapshot = 0, timestamp = 0;  // until when
  };
  // Signs what is new: targets if the draft is others than the last ones or these run out before `renew`; then the snapshot, likewise;
  // always the timestamp. What no key was given for must not have to be signed.
  base::Result<update::Trust> sign(const Lives& lives, base::Micros renew,
                                   const std::vector<base::Secret>& seeds, base::Micros now);

  // From the first root on; Invalid: there is none.
  base::Result<update::Trust> open() const;
  std::string first_root() const { return metadata("1.root.json"); }
  std::string artefact(const std::string& sha256) const;

 private:
  std::string metadata(const std::string& name) const { return directory_ + "/metadata/" + name; }
  base::Result<update::Targets> draft() const;
  base::Status keep_draft(const update::Targets& targets) const;

  std::string directory_;
};

}  // namespace postern::mission
