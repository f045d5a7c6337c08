// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a new configuration changes, and what of it cannot change while the gateway runs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/supervisor/config.h"
#include "gateway/supervisor/material.h"

namespace postern::supervisor {

// A fault for each change that needs a restart: user, workers, listeners' addresses, control_socket,
// state_directory, and whether there is a witness of our log at all, for whose sake the link runs. Both as parsed: a port of 0 stays a port of 0.
std::vector<base::Fault> faults_of_change(const Config& running, const Config& wanted);

// A fault for each key in a token that the keeper did not find there when it started: another name, or a certificate for
// another key. Only the keeper can judge those, and only before its walls close.
std::vector<base::Fault> faults_of_token_keys(const Config& running, const Material& running_material,
                                              const Config& wanted, const Material& wanted_material);

// Gives each node (and each witness of our log) of wanted that is in running too its number, and each other one a number that was never
// used. next: the first such number; it is moved on.
void keep_node_numbers(const Config& running, Config& wanted, std::uint32_t& next);

// What differs, by the names of the parts' fields ("certificate", "limits", "services"); sorted.
std::vector<std::string> differences(const Config& running, const Material& running_material,
                                     const Config& wanted, const Material& wanted_material);

// Whether the keeper must read keys again: another certificate, or another file behind a key's name.
bool keys_differ(const Material& running, const Material& wanted);

// Whether another file is behind a credential's name.
bool credentials_differ(const Material& running, const Material& wanted);

// The nodes of one and not of the other, by service and address as written.
struct NodeChange {
  bool added = false;
  std::string service, node;
};
std::vector<NodeChange> node_changes(const Config& running, const Config& wanted);

}  // namespace postern::supervisor
