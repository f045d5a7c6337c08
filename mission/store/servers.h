// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The servers of this Mission Control that share the store, and what one leaves for another to do. Their clocks are not compared:
// a server that lives counts its beat up, and who sees another's stand still long enough holds it for dead
// (desk/peers.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mission/store/subject.h"

namespace postern::mission {

struct Server {
  std::string id;    // ULID, of its state directory
  std::string name;  // of its machine
  std::string version;
  std::string run;  // ULID, of its desk's life
  std::int64_t beat = 0;
  base::Micros started = 0;
  std::int64_t connected = 0;  // streams of orders
};

class Servers : public Subject {
 public:
  base::Result<std::vector<Server>> servers();
  // It is there, from now on; nothing is left of what it was before.
  base::Status join(const Server& server);
  // False: it is not there, or another run has its id: it has to join.
  base::Result<bool> beat(const Server& server);
  // Unless it has beaten since. Its lines and what it was to do go with it.
  base::Result<bool> forget_server(const Server& server);

  // Takes effect with the commit, and that server is told then.
  base::Status leave_task(std::string_view server, std::string_view installation, std::string_view task);
  struct Task {
    std::string installation, text;
  };
  base::Result<std::vector<Task>> take_tasks(std::string_view server);  // in their order

 protected:
  using Subject::Subject;
};

}  // namespace postern::mission
