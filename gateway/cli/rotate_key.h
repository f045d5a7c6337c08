// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// postern audit rotate-key: another key for the log, without a break in what an auditor can verify. The key files are
// made and put away here, because the gateway may not write where they lie:
//
//   1. log.key.next is made, whole or not at all, never over another one; one that is there already is gone on with
//   2. the gateway hands the log over to it (gateway/ledger/publisher.h) and answers when the checkpoint is signed by it
//   3. handover and checkpoint are verified here, by the old key
//   4. log.key.next takes the place of log.key, and what the old file held is overwritten
//
// Ended anywhere before the fourth, both keys are there, and running it again goes on.
#pragma once

#include "gateway/cli/program.h"

namespace postern::cli {

int rotate_key(Program& program);

// postern audit token-key: log.key.next becomes a file that names a key in a token (certs/key_elsewhere.h), for rotate-key to go on
// with. Asks the token; the gateway need not run.
int name_token_key(Program& program, const std::string& uri);

}  // namespace postern::cli
