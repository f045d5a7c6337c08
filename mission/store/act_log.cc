// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/act_log.h"

#include "base/clock.h"
#include "base/json.h"

namespace postern::mission {
namespace {

// Byte for byte what was hashed, for ever: a change of it is a change of every log that there is.
std::string line_of_row(const Row& row) {
  std::string out;
  base::JsonWriter json(out);
  json.open_object();
  json.field("id", row.text(1));
  json.field("time", base::format_time(row.number(2)));
  json.field("type", row.text(3));
  json.field("actor", row.text(4));
  json.field("subject", row.text(5));
  json.field("from", row.text(6));
  const std::string detail = row.text(7);
  json.raw("detail", detail.empty() ? "{}" : detail);
  json.close_object();
  return out;
}

}  // namespace

base::Result<ActLogHead> ActLog::act_log() {
  const auto found =
      turn_.one("SELECT size, signed_size, checkpoint FROM act_log WHERE id=1", {}, [](const Row& row) {
        return ActLogHead{row.number(0), row.number(1), row.text(2)};
      });
  if (!found.ok()) return found.error();
  if (!*found) return base::fail(base::Code::Corrupt, "the store does not say how long the log of acts is");
  return **found;
}

base::Result<bool> ActLog::set_act_checkpoint(std::int64_t from, std::int64_t size, std::string_view note) {
  const auto touched = turn_.touch(
      "UPDATE act_log SET signed_size=?1, checkpoint=?2 WHERE id=1 AND signed_size=?3 AND size>=?4",
      {size, note, from, size});
  if (!touched.ok()) return touched.error();
  return *touched == 1;
}

base::Result<std::vector<std::string>> ActLog::act_lines(std::int64_t first, std::int64_t count) {
  std::vector<std::string> out(static_cast<std::size_t>(count));
  base::Status done = turn_.read(
      "SELECT number, id, time, type, actor, subject, client, detail FROM acts WHERE number>?1 AND "
      "number<=?2",
      {first, first + count},
      [&](const Row& row) { out[static_cast<std::size_t>(row.number(0) - first - 1)] = line_of_row(row); });
  if (!done.ok()) return std::move(done).error();
  return out;
}

base::Result<std::string> ActLog::act_tile(std::int64_t level, std::int64_t number) {
  const auto found = turn_.one("SELECT hashes FROM act_tiles WHERE level=?1 AND number=?2", {level, number},
                               [](const Row& row) { return row.text(0); });
  if (!found.ok()) return found.error();
  return *found ? **found : std::string();
}

base::Status ActLog::put_act_tile(std::int64_t level, std::int64_t number, std::string_view hashes) {
  return turn_.act(
      "INSERT INTO act_tiles (level, number, hashes) VALUES (?1,?2,?3) ON CONFLICT (level, number) DO UPDATE "
      "SET hashes=excluded.hashes",
      {level, number, hashes});
}

}  // namespace postern::mission
