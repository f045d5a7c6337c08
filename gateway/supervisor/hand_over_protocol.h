// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What two supervisors say to each other when one goes on in the other's place (docs/HAND_OVER.md), over the socket
// hand-over.sock in the state directory, a SocketChannel. They may be of different versions, so each payload is a JSON object
// whose unknown fields mean nothing, and the first of each side says which protocol it speaks.
//
//   new -> old
//   Ask       {"protocol":1, "version"}
//   Prepared  {}  its configuration is sound, its walls stand, its keeper has the keys
//   Serving   {}  it accepts: the old one ends
//   Failed    {"why"}, and then it ends: the old one goes on
//
//   old -> new
//   Offer     {"protocol":1, "version", "pid", "program":"device:inode", "control":path, "support":{"host","port","v6"}, "admin":{same},
//              "challenge":{same}*, "fds":[names]}; fds: "support", "admin", "control", "hand_over", "log" (standard error), and where
//              there are any "challenge", "notify" (of the service manager)
//   Refused   {"why"}
//   Yours     {"cut", "closed_us", "duration_us"}: it has ended its log. How many exchanges were cut, how long nobody has accepted, and
//              how long it all took
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/ipc/socket_channel.h"
#include "gateway/supervisor/config.h"

namespace postern::supervisor {

inline constexpr std::int64_t kHandOverProtocol = 1;
inline constexpr ipc::SocketChannelLimits kHandOverLimits{64U << 10U, 256U << 10U};

enum class HandOverFrame : std::uint16_t {
  Ask = 1,
  Offer = 2,
  Refused = 3,
  Prepared = 4,
  Yours = 5,
  Serving = 6,
  Failed = 7,
};

struct HandOverOffer {
  std::string version, program, control;
  std::int64_t pid = 0;
  Address support, admin;
  std::optional<Address> challenge;
  std::vector<std::string> fds;
};

base::Json to_json(const HandOverOffer& offer);
// Invalid: no Offer of this protocol.
base::Result<HandOverOffer> parse_hand_over_offer(std::string_view text);
// The version that asks. Invalid: no Ask of this protocol.
base::Result<std::string> parse_hand_over_ask(std::string_view text);
// Of Refused and Failed; a sentence, whatever came.
std::string parse_hand_over_why(std::string_view text);

struct HandOverEnd {  // of Yours
  std::uint32_t cut = 0;
  base::Micros closed = 0, duration = 0;
};
base::Json to_json(const HandOverEnd& end);
base::Result<HandOverEnd> parse_hand_over_end(std::string_view text);

// "device:inode" of the program that this process runs, also when another lies in its place by now. Empty: not known.
std::string own_program();

}  // namespace postern::supervisor
