// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The link's part of the configuration as values (supervisor/parts.h): the places outside that it may reach, and how
// each is recognised. Checked by the supervisor; what is wrong here is a defect.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/link/openid_client.h"
#include "gateway/link/smtp_dialogue.h"
#include "gateway/tls/client_context.h"

namespace postern::link {

// How a place takes what is brought.
// Line: a checkpoint, for Mission Control as a witness, over the line; such a place has a name and nothing else.
enum class Carriage : std::uint8_t { Text, Webhook, Mail, Line };

struct Place {
  Carriage carriage = Carriage::Text;
  std::uint32_t id = 0;                     // by which the supervisor knows its address
  std::string name;                         // by which the ledger asks for it
  std::string host;                         // Host to send
  std::string target;                       // of the request line
  std::string tls_name;                     // that its certificate must carry
  std::shared_ptr<tls::ClientContext> tls;  // nullptr: plain TCP, within this machine
  Mail mail;                                // of a mail server: all but the message
};

struct Settings {
  std::vector<Place> places;
  std::shared_ptr<const OpenIdSettings> openid;  // nullptr: no identity provider

  const Place* find(std::string_view name) const;  // nullptr: there is none
  // file: gives up the descriptor of that name, which came with the part: a mail user's password, a provider's secret.
  using TakeFile = std::function<base::UniqueFd(std::string_view name)>;
  static base::Result<Settings> read(const base::Json& part, const base::Clock& clock, const TakeFile& file);
};

// The password, or the like, in the descriptor that json names as "fd".
base::Result<std::shared_ptr<const base::Secret>> read_secret(const base::Json& json,
                                                              const Settings::TakeFile& file);

}  // namespace postern::link
