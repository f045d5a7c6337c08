// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/names.h"

namespace postern::mission {
namespace {

std::string first_text(const Row& row) { return std::string(row.text(0)); }

}  // namespace

base::Result<std::string> Names::installation_named(std::string_view label) {
  auto found = turn_.one("SELECT installation FROM names WHERE label=?1", {label}, first_text);
  if (!found.ok()) return std::move(found).error();
  return found->value_or(std::string());
}

base::Result<std::string> Names::name_of(std::string_view installation) {
  auto found = turn_.one("SELECT label FROM names WHERE installation=?1", {installation}, first_text);
  if (!found.ok()) return std::move(found).error();
  return found->value_or(std::string());
}

base::Result<bool> Names::set_name(std::string_view installation, std::string_view label) {
  const auto holder = installation_named(label);
  if (!holder.ok()) return holder.error();
  if (!label.empty() && !holder->empty()) return *holder == installation;
  base::Status done = turn_.act("DELETE FROM names WHERE installation=?1", {installation});
  if (done.ok() && !label.empty())
    done = turn_.act("INSERT INTO names (label, installation) VALUES (?1,?2)", {label, installation});
  if (!done.ok()) return std::move(done).error();
  return true;
}

}  // namespace postern::mission
