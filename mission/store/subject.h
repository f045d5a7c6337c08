// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What every subject of the store is made of: the turn that it reads and writes in.
#pragma once

#include "mission/store/turn.h"

namespace postern::mission {

class Subject {
 public:
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

 protected:
  explicit Subject(Turn& turn) : turn_(turn) {}
  ~Subject() = default;

  Turn& turn_;
};

}  // namespace postern::mission
