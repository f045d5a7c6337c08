// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which server has an installation's stream of orders, and which life of it that is: at most one, on all servers together.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mission/store/subject.h"

namespace postern::mission {

struct OpenLine {
  std::string installation, server;
  std::string claim;  // ULID of this stream
  std::string life, client;
  base::Micros opened = 0;
};

class Lines : public Subject {
 public:
  base::Result<std::optional<OpenLine>> line_of(std::string_view installation);
  // False: another life has it, on another server that lives. The same life, and whoever comes to the same server, which has
  // judged them already, take its place.
  base::Result<bool> claim_line(const OpenLine& line);
  base::Status drop_line(std::string_view installation, std::string_view claim);

  // It is up, on that server; of a retired one nothing changes.
  base::Status set_up(std::string_view installation, std::string_view server, base::Micros since);
  // Late, if it is up there and has no line anywhere. False: it is not.
  base::Result<bool> set_late(std::string_view installation, std::string_view server, base::Micros since);
  // Those that are up on that server, as far as is written; or on one that is not there any more. id and server.
  struct Place {
    std::string installation, server;
  };
  base::Result<std::vector<Place>> up_on(std::string_view server);
  base::Result<std::vector<Place>> up_nowhere();
  // Of that server, and retired meanwhile.
  base::Result<std::vector<std::string>> retired_on(std::string_view server);

 protected:
  using Subject::Subject;
};

}  // namespace postern::mission
