// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/asks.h"

#include "mission/store/bodies.h"

namespace postern::mission {
namespace {

constexpr const char* kAskColumns =
    "SELECT installation, body, withdrawn, created, state, note, until, told FROM asks ";

KeptAsk ask_in(const Row& row) {
  KeptAsk out;
  out.installation = row.text(0);
  if (auto ask = line::parse_ask(body_in(row.text(1))); ask.ok()) out.ask = *std::move(ask);
  out.ask.withdrawn = row.number(2) != 0;
  out.created = row.number(3);
  out.ask.stands = row.text(4);
  out.note = row.text(5);
  out.until = row.number(6);
  out.told = row.number(7);
  return out;
}

}  // namespace

base::Status AskedOfInstallations::add_ask(const KeptAsk& one) {
  const auto open = turn_.number(
      "SELECT COUNT(*) FROM asks WHERE installation=?1 AND over=0 AND created>?2 "
      "AND NOT (state='applied' AND told<?3)",
      {one.installation, one.created - kAskLives, one.created - kAppliedLives});
  if (!open.ok()) return open.error();
  if (*open >= kMostOpenAsks)
    return base::fail(base::Code::Limit,
                      "so much is asked of this installation that is not over: withdraw some of it");
  const std::string body = base::dump_json(line::to_json(one.ask));
  return turn_.act(
      "INSERT INTO asks (id, installation, kind, body, created) VALUES (?1,?2,?3,?4,?5)",
      {one.ask.id, one.installation, static_cast<std::int64_t>(one.ask.kind), body, one.created});
}

base::Result<std::optional<KeptAsk>> AskedOfInstallations::ask(std::string_view id) {
  return turn_.one(std::string(kAskColumns) + "WHERE id=?1", {id}, ask_in);
}

base::Result<std::vector<KeptAsk>> AskedOfInstallations::asks(line::AskKind kind,
                                                              std::string_view installation,
                                                              std::string_view before, std::size_t most) {
  return turn_.all(
      std::string(kAskColumns) +
          "WHERE kind=?1 AND (?2='' OR installation=?2) AND (?3='' OR id<?3) ORDER BY id DESC LIMIT ?4",
      {static_cast<std::int64_t>(kind), installation, before, static_cast<std::int64_t>(most)}, ask_in);
}

base::Result<std::vector<KeptAsk>> AskedOfInstallations::open_asks(std::string_view installation,
                                                                   base::Micros now) {
  return turn_.all(std::string(kAskColumns) +
                       "WHERE installation=?1 AND over=0 AND created>?2 "
                       "AND NOT (state='applied' AND told<?3) ORDER BY id LIMIT ?4",
                   {installation, now - kAskLives, now - kAppliedLives, kMostOpenAsks}, ask_in);
}

base::Result<bool> AskedOfInstallations::withdraw_ask(std::string_view id) {
  const auto done = turn_.touch("UPDATE asks SET withdrawn=1 WHERE id=?1 AND over=0 AND withdrawn=0", {id});
  if (!done.ok()) return done.error();
  return *done > 0;
}

base::Result<bool> AskedOfInstallations::note_standing(std::string_view installation,
                                                       const line::Standing& standing, base::Micros now) {
  const std::int64_t over = line::is_over(standing.state) ? 1 : 0;
  const auto done = turn_.touch(
      "UPDATE asks SET state=?1, note=?2, until=?3, told=?4, over=?5 WHERE id=?6 AND installation=?7 AND "
      "over=0 AND "
      "state<>?1",
      {standing.state, standing.note, standing.until, now, over, standing.ask, installation});
  if (!done.ok()) return done.error();
  return *done > 0;
}

}  // namespace postern::mission
