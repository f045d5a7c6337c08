// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the functions of the API work with. The role builds and owns all of it; a handler keeps none of it
// longer than the process lives.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "base/json.h"
#include "console/capability_use.h"
#include "console/ledger_client.h"
#include "console/live.h"
#include "console/log_figures.h"
#include "console/log_reader.h"
#include "console/node_states.h"
#include "console/searches.h"
#include "console/tokens.h"
#include "face/gate.h"
#include "face/parts.h"

namespace postern::console {

using face::kProofLife;
using face::kReadingInterval;
using face::kRefusalInterval;
using face::kThinnerKeys;
using face::SignInGuard;
using face::SignIns;
using face::Thinner;

// The console's part of the configuration (gateway/supervisor/parts.h), as far as it is used.
struct Facts : face::SigningFacts {
  std::string state_directory;
  std::string public_url;  // of the support listener, for links
  base::Json listeners = base::Json::array();
  base::Json component = base::Json::object();
  base::Json grants = base::Json::object();  // signers (verifier keys) and signed_only, as status shows them
};
// Invalid if a field is missing or of the wrong form.
base::Result<Facts> read_facts(const base::Json& config);

// Of those who ask us, as a witness, for a cosignature: anybody can, and an admin's command must not wait for them.
struct WitnessPace {
  static constexpr int kUnderWay = 4;    // commands to the ledger at a time
  static constexpr int kPerSecond = 20;  // of all together
  int under_way = 0;
  int asked = 0;           // in the present second
  base::Nanos second = 0;  // its beginning
};

struct Parts : face::Parts {
  Facts facts;
  LedgerClient& ledger;
  LogReader& log;  // for short questions; long ones go to searches
  Searches& searches;
  Live& live;
  NodeStates& nodes;
  Thinner& readings;  // log.read, by reader and what was read
  // A question to the supervisor.
  std::function<void(const base::Json& question, std::function<void(const base::Json& answer)> done)> ask;
  CapabilityUse uses = {};
  std::optional<LogFigures> figures = {};  // nothing before they were first asked for
  int proving = 0;                         // sessions being compared with the signed log right now
  WitnessPace witness_pace = {};
  SignInGuard token_guard = {};  // wrong tokens; apart from passwords, so that neither makes the other wait
  SignInGuard departure_guard = {};  // wrong logout tokens; apart likewise
  int asking_provider = 0;           // questions to the provider that are under way; logout tokens among them
  int departing = 0;                 // those
  // Of sign-ins by the provider that browsers have begun (openid/flow.h): with a new console they are void.
  std::string flow_key = base::random_bytes(base::KeyedHash::kKeySize);
  TokenUses token_uses = {};
  Thinner uses_told{kReadingInterval, kThinnerKeys};  // token.use, by token and address
};

}  // namespace postern::console
