// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the desk's handlers work with.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/ulid.h"
#include "certs/verify.h"
#include "gateway/answer/call.h"
#include "mission/desk/commits.h"
#include "mission/desk/measures.h"
#include "mission/store/store.h"

namespace postern::mission {

struct Facts {
  std::string domain;          // of line::InstallationName
  base::Micros retention = 0;  // of events
  std::string version;
  HealthMinimum minimum = {};
};

struct Parts {
  const base::Clock& clock;
  Facts facts;
  certs::ClientVerifier verifier;  // of the installations' authority
  Store& store;
  Commits& commits;
  // Asks the keeper for an installation's certificate: id, its key -> PEM.
  std::function<base::Result<std::string>(const std::string& id, const std::string& key)> issue;
  // Asks the keeper, as a witness: a checkpoint, its log's verifier key -> a signature line.
  std::function<base::Result<std::string>(const std::string& note, const std::string& log)> cosign;
  std::function<base::Result<std::string>()> witness_key;  // a verifier key
  // Asks the supervisor.
  std::function<void(const base::Json& question, std::function<void(const base::Json&)> done)> ask;
  base::UlidMaker ulids = {};
  std::string server = "server";  // our id among those that share the store (peers.h)
  // Told of each event that is kept, before it is durable (watch.h).
  std::function<void(const StoredEvent&)> tell = {};

  // Of artefacts that are being published to this server (updates.h), by their names: what came so far.
  struct Upload {
    base::Sha256Stream hash;
    std::int64_t length = 0, had = 0, pieces = 0;
    std::string id = {};  // UpdateUpload's
  };
  std::map<std::string, Upload> uploads = {};

  std::string new_id() { return ulids.make(clock.wall()); }
  // An event of Mission Control's own about an installation, and a line of the log.
  void note(const std::string& installation, std::string_view type, base::Json body);

  // What somebody did, and a line of the log: the one way in which it is written down who did what.
  struct Doing {
    std::string type;         // "enrolment.made"
    std::string actor, from;  // "person:alice", "192.0.2.7:50123"
    std::string subject;      // to what
    base::Json detail = base::Json::object();
  };
  base::Status record(const Doing& doing);
};

// Of a client such as "192.0.2.7:50123" or "[2001:db8::1]:50123" (base/network.h).
std::string origin_of_client(std::string_view client);

// As every answer on the line.
answer::Response refusal(int status, std::string_view code, std::string_view title, std::string_view detail);

}  // namespace postern::mission
