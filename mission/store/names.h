// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The names that the vendor gave installations, a DNS label each, by which engineers ask for them (mission/desk/tunnels.h).
#pragma once

#include <string>
#include <string_view>

#include "mission/store/subject.h"

namespace postern::mission {

class Names : public Subject {
 public:
  base::Result<std::string> installation_named(std::string_view label);  // its id; empty: none has it
  base::Result<std::string> name_of(std::string_view installation);      // empty: it has none
  // label empty: it has none from now on. False: another one has it.
  base::Result<bool> set_name(std::string_view installation, std::string_view label);

 protected:
  using Subject::Subject;
};

}  // namespace postern::mission
