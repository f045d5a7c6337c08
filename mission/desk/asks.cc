// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/asks.h"

#include "base/log.h"

namespace postern::mission {

using base::Json;

base::Result<Json> asks_for(Parts& parts, const std::string& installation) {
  const auto open = parts.store.open_asks(installation, parts.clock.wall());
  if (!open.ok()) return open.error();
  Json list = Json::array();
  std::size_t bytes = 0;
  for (const KeptAsk& one : *open) {
    Json ask = line::to_json(one.ask);
    bytes += base::dump_json(ask).size() + 1;
    if (list.size() == line::kMostAsks || bytes > line::kAsksBytes) break;  // the others when these are over
    list.push_back(std::move(ask));
  }
  if (list.empty()) return Json::object();
  return Json{{"asks", std::move(list)}};
}

base::Status keep_standing(Parts& parts, PacedNotes& notes, const std::string& installation,
                           const line::Report& report) {
  const auto standing = line::parse_standing(report.body);
  if (!standing.ok()) {
    base::log_warning("installation " + installation +
                      " says where something stands, in no form that is known: " + standing.error().message);
    return base::Ok{};
  }
  const auto news = parts.store.note_standing(installation, *standing, parts.clock.wall());
  if (!news.ok()) return news.error();
  if (!*news) return base::Ok{};
  const auto asked = parts.store.ask(standing->ask);
  if (!asked.ok()) return asked.error();
  if (!*asked) return base::Ok{};
  Json body = line::to_json(*standing);
  body["by"] = (*asked)->ask.by;
  notes.note(installation, std::string(line::to_text((*asked)->ask.kind)) + ".stands", body);
  return base::Ok{};
}

}  // namespace postern::mission
