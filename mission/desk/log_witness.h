// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Mission Control as a witness of its installations' logs (line/witness.h, docs/LOG.md): so a customer that rolls back its log is
// seen, and so is a vendor that denies a session, by whoever has the log with our cosignature.
//
// An installation's first registration says which log is its own. Another key, or another log, counts only once somebody of
// the vendor's has accepted it: who holds the installation's certificate must not be able to begin a new history quietly.
// What was seen is durable before the keeper signs it.
#pragma once

#include <string>

#include "gateway/answer/call.h"
#include "mission/desk/keyed_pace.h"
#include "mission/desk/parts.h"

namespace postern::mission {

class LogWitness {
 public:
  explicit LogWitness(Parts& parts);
  LogWitness(const LogWitness&) = delete;
  LogWitness& operator=(const LogWitness&) = delete;

  // What a registration says of the log.
  base::Status registered(const std::string& installation, const base::Json& body);
  // A checkpoint that the installation shows.
  void answer(const answer::Call& call, const answer::Reply& reply, const std::string& installation);

 private:
  struct Shown;
  base::Status other_log(const std::string& installation, std::string_view why, base::Json body);
  void judge(const Shown& shown, const answer::Reply& reply);
  void cosign(const Shown& shown, const answer::Reply& reply);
  void refuse(const Shown& shown, const answer::Reply& reply);

  Parts& parts_;
  KeyedPace told_;
};

// {"origin", "key", "size", "seen"*, "checkpoint"*: cosigned, "conflict"*, "offered"*}; null: no log of it is known.
base::Json json_of_log(const std::optional<WitnessedLog>& log);

}  // namespace postern::mission
