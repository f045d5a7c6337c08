// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a role of the gateway begins with, and is told again when it has changed: its part (parts.h), and the descriptors that
// go with it, each to the one role that may have it. Owns nothing; descriptors are duplicates.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "base/json.h"
#include "gateway/supervisor/child.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/material.h"
#include "gateway/supervisor/sockets.h"

namespace postern::supervisor {

// All that there is to give.
struct Given {
  const Config& config;
  const Material& material;
  const Sockets& sockets;
  const std::string& redaction_key;               // enforcers share it
  const std::optional<struct stat>& refused_pin;  // the file, as it was when the token called it wrong
};

// With the ports that the kernel picked, where 0 was asked for.
Config as_bound(const Config& config, const Sockets& sockets);

// Which is another process, with another key at its provider, than the one that reaches all else.
bool is_admin_link(const Child& child);

// "support", "admin" or "intake".
std::string_view listener_of(const Child& terminator);

base::Json part_of(const Child& child, const Given& given);
// The part, with "sandbox", and its descriptors.
Child::Beginning beginning_of(const Child& child, const Given& given);

}  // namespace postern::supervisor
