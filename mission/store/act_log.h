// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The acts as a log that nobody can rewrite (mission/desk/act_signer.h). An act's place in it is its number, which it is given at
// the end of the transaction that keeps it, from one row that all servers take in turn: numbers have no gap, and whoever sees one
// sees all below it. What the log has of an act is a line, made of the row and of nothing else: a row that is changed is another
// line.
//
//   line   {"id":..,"time":..,"type":..,"actor":..,"subject":..,"from":..,"detail":{..}}    in this order, time as RFC 3339
//
// Kept beside the acts: the newest signed checkpoint, and of each tile of hashes (audit/tile.h) the widest form, in Base64.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mission/store/subject.h"

namespace postern::mission {

struct ActLogHead {
  std::int64_t size = 0;         // acts that there are
  std::int64_t signed_size = 0;  // those under the checkpoint
  std::string checkpoint;        // a signed note; empty: none yet
};

class ActLog : public Subject {
 public:
  base::Result<ActLogHead> act_log();
  // False: another server was faster, and the checkpoint is not the one that this was made from.
  base::Result<bool> set_act_checkpoint(std::int64_t from, std::int64_t size, std::string_view note);

  // Of the acts from the one with this index (its number less one) on; an empty one where a row is missing.
  base::Result<std::vector<std::string>> act_lines(std::int64_t first, std::int64_t count);

  base::Result<std::string> act_tile(std::int64_t level, std::int64_t number);  // empty: there is none
  base::Status put_act_tile(std::int64_t level, std::int64_t number, std::string_view hashes);

 protected:
  using Subject::Subject;
};

}  // namespace postern::mission
