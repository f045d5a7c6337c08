// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The tables, as a list of steps: a store of an older version is brought up step by step, all of it or nothing; one of a newer
// version is refused. A step that was released is never changed; what is new is a new step at the end.
//
// A step is SQL with these words in braces, which each database spells its own way:
//
//   {number}         of 64 bits
//   {text}           UTF-8, compared byte by byte
//   {rising}         the primary key of a table whose rows are numbered as they come
//   {strict}         at the end of a table: its types are held to
//   {bytes of body}  the size of the column body
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "mission/store/database.h"

namespace postern::mission {

std::span<const std::string_view> schema_steps();  // the version after all of them is their number

// Corrupt: the store is of a newer version of Mission Control.
base::Status bring_up(Database& database);

}  // namespace postern::mission
