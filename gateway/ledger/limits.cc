// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/limits.h"

#include <array>
#include <string>

namespace postern::ledger {
namespace {

struct Field {
  const char* group;
  const char* name;
  std::int64_t Limits::*limit;
};

constexpr std::array<Field, 11> kFields{{
    {"sessions", "idle_us", &Limits::session_idle},
    {"sessions", "absolute_us", &Limits::session_absolute},
    {"sessions", "most", &Limits::sessions},
    {"sessions", "most_per_engineer", &Limits::sessions_per_engineer},
    {"requests", "expire_us", &Limits::request_expires},
    {"requests", "default_grant_us", &Limits::default_grant},
    {"requests", "longest_grant_us", &Limits::longest_grant},
    {"holds", "wait_us", &Limits::hold_wait},
    {"holds", "most", &Limits::holds},
    {"holds", "most_per_session", &Limits::holds_per_session},
    {"retention", "events_us", &Limits::keep_events},
}};

}  // namespace

base::Result<Limits> parse_limits(const base::Json& config) {
  Limits limits;
  for (const Field& field : kFields) {
    const auto group = config.find(field.group);
    if (group == config.end() || !group->is_object() || !group->contains(field.name)) continue;
    const std::int64_t value = base::json_number_or(*group, field.name, 0);
    if (value <= 0) {
      return base::fail(base::Code::Invalid,
                        std::string(field.group) + "." + field.name + " must be a positive whole number");
    }
    limits.*field.limit = value;
  }
  return limits;
}

}  // namespace postern::ledger
