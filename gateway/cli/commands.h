// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The groups of commands, by the file that holds them. Each adds its commands to the program.
#pragma once

#include "gateway/cli/program.h"

namespace postern::cli {

void add_gateway_commands(Program& program);  // init, serve, status, reload, version, cert
void add_config_commands(Program& program);   // config check
void add_policy_commands(Program& program);   // policy check|explain|diff|import
void add_policy_in_force_commands(Program& program, CLI::App* group);  // policy show|accept
int show_pending_policy(Program& program);                             // policy diff --pending
void add_permission_commands(Program& program);                        // remote-access, capability
void add_signed_grants(Program& program, CLI::App* group, const Show& show_given);  // grant key|sign|apply
void add_engineer_commands(Program& program);                                       // engineer, pass
void add_admin_commands(Program& program);                                          // admin
void add_request_commands(Program& program);                                        // request, grant
void add_proposal_commands(Program& program);                                       // proposal
void add_hold_commands(Program& program);                                           // hold
void add_notification_commands(Program& program);                                   // notification
void add_session_commands(Program& program);                                        // session
void add_link_commands(Program& program);                                           // link, sharing
void add_event_commands(Program& program);                                          // events
void add_audit_commands(Program& program);                                          // audit
void add_update_commands(Program& program);                                         // update
void add_token_commands(Program& program);                                          // token
void add_intake_commands(Program& program);                                         // intake
void add_generate_commands(Program& program);                                       // generate man|completion

inline void add_all_commands(Program& program) {
  add_gateway_commands(program);
  add_config_commands(program);
  add_policy_commands(program);
  add_permission_commands(program);
  add_engineer_commands(program);
  add_admin_commands(program);
  add_request_commands(program);
  add_hold_commands(program);
  add_proposal_commands(program);
  add_notification_commands(program);
  add_session_commands(program);
  add_link_commands(program);
  add_event_commands(program);
  add_audit_commands(program);
  add_update_commands(program);
  add_token_commands(program);
  add_intake_commands(program);
  add_generate_commands(program);
}

}  // namespace postern::cli
