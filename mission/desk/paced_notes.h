// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Events about installations that they cause themselves, or strangers do: written down one by one at a pace for each installation,
// and the others counted, so that they push out nothing else that is known of it. The next one that is written has their number,
// `unrecorded`. The count is lost with a restart.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "mission/desk/keyed_pace.h"
#include "mission/desk/parts.h"

namespace postern::mission {

class PacedNotes {
 public:
  PacedNotes(Parts& parts, KeyedPace::Settings pace) : parts_(parts), pace_(pace) {}
  PacedNotes(const PacedNotes&) = delete;
  PacedNotes& operator=(const PacedNotes&) = delete;

  void note(const std::string& installation, std::string_view type, base::Json body);

 private:
  Parts& parts_;
  KeyedPace pace_;
  std::map<std::string, std::int64_t>
      unrecorded_;  // of installations that went too fast: no more than there are
};

}  // namespace postern::mission
