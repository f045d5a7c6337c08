// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The installations' logs, whose witness Mission Control is.
#include "certs/note.h"
#include "mission/desk/admin.h"
#include "mission/desk/log_witness.h"

namespace postern::mission::api {

base::Json witness_key(const AdminParts& parts) {
  const auto key = parts.desk.witness_key();
  return key.ok() ? base::Json(*key) : base::Json(nullptr);
}

void accept_log(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply) {
  const std::string& id = call->captures.front();
  const auto log = parts.desk.store.log_of(id);
  if (!log.ok()) return reply(store_problem(log.error()));
  if (!*log || (*log)->offered.empty())
    return reply(not_there("this installation says of no other log that it is its own"));
  const auto key = certs::parse_verifier_key((*log)->offered);
  if (!key.ok()) return reply(not_there("what it offers is no log's key"));
  const auto done = parts.desk.store.accept_offered(**log, key->name);
  if (!done.ok()) return reply(store_problem(done.error()));
  if (!*done)
    return reply(answer::problem(409, "conflict", "Not accepted",
                                 "the log is another installation's, or what is offered has changed"));
  const std::string by = face::actor_of(parts, call->identity);
  const base::Json detail{{"from", (*log)->key}, {"to", (*log)->offered}};
  const base::Status recorded =
      parts.desk.record({"installation.log_accepted", by, call->client, id, detail});
  if (!recorded.ok()) return reply(store_problem(recorded.error()));
  parts.desk.note(id, "installation.log_accepted",
                  {{"by", by},
                   {"from", (*log)->key},
                   {"to", (*log)->offered},
                   {"size", (*log)->size},
                   {"root", (*log)->root}});
  reply(answer::no_content());
}

}  // namespace postern::mission::api
