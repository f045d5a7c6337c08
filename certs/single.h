// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The rules for a single certificate of a path, by the part that it plays there (RFC 5280 4.1, 4.2). Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "certs/candidate.h"
#include "certs/rules.h"

namespace postern::certs {

enum class Purpose : std::uint8_t { Server, Client };

struct Part {
  bool leaf = false;  // the peer's own
  bool anchor =
      false;  // trusted as it is: nobody's signature is asked for, nor what that signature is made with
  Purpose purpose = Purpose::Server;
  base::Micros now = 0;
};

std::optional<Fault> judge_single(const Candidate& candidate, const Part& part);

}  // namespace postern::certs
