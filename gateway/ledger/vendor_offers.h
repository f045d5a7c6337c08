// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the vendor's updates are to those who decide about them (update_calendar.h): the targets of the vendor's signed documents that
// this installation is offered now, and how far the file of each is. Filled by vendor_updates.h, which fetches and judges.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "update/metadata.h"

namespace postern::ledger {

struct VendorOffer {
  update::Target target;   // from targets that are signed, named by the snapshot and not expired
  bool suspended = false;  // Mission Control says so
  std::string why;         // of the suspension: printable, 200 bytes at most
  std::int64_t have = 0;   // bytes of its file that are here
  bool whole = false;      // all of them, and the hash is the signed one
  std::string artefact;    // the file, beneath the state directory; empty while it is not whole
};

// What the calendar asks of whoever fetches.
class VendorShelf {
 public:
  VendorShelf() = default;
  VendorShelf(const VendorShelf&) = delete;
  VendorShelf& operator=(const VendorShelf&) = delete;
  virtual ~VendorShelf() = default;

  virtual const std::vector<VendorOffer>& offers() const = 0;
  // Whether it is certain that it is not offered here any more. Not while nobody knows: what was signed has ended, say, or it is left
  // out because no node has told its version since the ledger came.
  virtual bool gone(const std::string& target) const = 0;
  // Fetch its file, also again after a failure (when its pause is over); nothing happens for one that is whole or under way.
  // Remembered across restarts. Of what is not wanted any more the file is removed, once it cannot be rolled back any more.
  virtual void want(const std::string& target) = 0;
  virtual void forget(const std::string& target) = 0;
  // Just before it is run: judged once more from what is kept, with the time of now. A sentence: why it must not run.
  virtual std::optional<std::string> refuse(const std::string& target) const = 0;
};

}  // namespace postern::ledger
