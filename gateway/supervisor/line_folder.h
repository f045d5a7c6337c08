// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who this installation is to Mission Control (Config::mission_control): an issued_folder.h with the certificate that it was given
// when it enrolled, and
//
//   installation.json   {"installation", "customer"}: as Mission Control knows it, for people
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "gateway/supervisor/material.h"
#include "line/protocol.h"

namespace postern::supervisor {

// Judges the folder and opens what is in it. After root was given up; again after a new certificate was taken. An error says what
// is wrong: then there is no line.
base::Status open_line(const MissionControl& wanted, LineMaterial& material);

// A request for a certificate with a key that is made if there is none yet, in PEM.
base::Result<std::string> line_request(const MissionControl& wanted);

// What was issued for the last line_request(). Denied, with one sentence: it is not for our key, names no installation, is out of
// its time, or cannot be shown to a server; or, where there is one already, it is another installation's.
base::Status take_line(const MissionControl& wanted, const LineMaterial& material, std::string_view chain_pem,
                       base::Micros now);
// For people; after take_line().
base::Status name_line(const MissionControl& wanted, const std::string& installation,
                       const std::string& customer);

base::Json line_link_part(const MissionControl& wanted, const LineMaterial& material);
base::Json line_keeper_part(const MissionControl& wanted, const LineMaterial& material);

}  // namespace postern::supervisor
