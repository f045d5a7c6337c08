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

constexpr std::array<Field, 15> kFields{{
    {"sessions", "idle_us", &Limits::session_idle},
    {"sessions", "absolute_us", &Limits::session_absolute},
    {"sessions", "most", &Limits::sessions},
    {"sessions", "most_per_engineer", &Limits::sessions_per_engineer},
    {"sessions", "warn_bytes", &Limits::warn_bytes},
    {"sessions", "hold_bytes", &Limits::hold_bytes},
    {"sessions", "cut_bytes", &Limits::cut_bytes},
    {"requests", "expire_us", &Limits::request_expires},
    {"requests", "default_grant_us", &Limits::default_grant},
    {"requests", "longest_grant_us", &Limits::longest_grant},
    {"holds", "wait_us", &Limits::hold_wait},
    {"holds", "most", &Limits::holds},
    {"holds", "most_per_session", &Limits::holds_per_session},
    {"retention", "events_us", &Limits::keep_events},
    {"intake", "lost_after_us", &Limits::intake_lost_after},
}};

base::Status read_form(const base::Json& config, RequestForm& form) {
  const auto requests = config.find("requests");
  if (requests == config.end() || !requests->is_object()) return base::Ok{};
  for (const base::Json& reason : requests->value("reasons", base::Json::array())) {
    if (reason.is_string()) form.reasons.push_back(reason.get<std::string>());
  }
  const base::Json ticket = requests->value("ticket", base::Json::object());
  form.ticket_required = base::json_bool_or(ticket, "required", false);
  form.ticket_hint = base::json_text_or(ticket, "hint", "");
  const std::string pattern = base::json_text_or(ticket, "pattern", "");
  std::string why;
  if (pattern.empty()) return base::Ok{};
  form.ticket = policy::Pattern::make(pattern, why);
  if (form.ticket == nullptr) return base::fail(base::Code::Invalid, "requests.ticket.pattern: " + why);
  return base::Ok{};
}

base::Status read_grant_rules(const base::Json& config, GrantRules& rules) {
  const base::Json grants = config.value("grants", base::Json::object());
  for (const base::Json& signer : grants.value("signers", base::Json::array())) {
    auto key = certs::parse_verifier_key(signer.is_string() ? signer.get<std::string>() : std::string());
    if (!key.ok()) return base::fail(base::Code::Invalid, "grants.signers: " + key.error().message);
    rules.signers.push_back(*std::move(key));
  }
  rules.signed_only = base::json_bool_or(grants, "signed_only", false);
  return base::Ok{};
}

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
  if (const base::Status form = read_form(config, limits.request_form); !form.ok()) return form.error();
  if (const base::Status rules = read_grant_rules(config, limits.grants); !rules.ok()) return rules.error();
  return limits;
}

}  // namespace postern::ledger
