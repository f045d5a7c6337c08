// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The functions behind the router's table, by the file that holds them. Each answers exactly once.
#pragma once

#include "console/router.h"

namespace postern::console::api {

// api_openid.cc
void show_sign_in(Parts& parts, const CallPtr& call, const Reply& reply);
void begin_openid(Parts& parts, const CallPtr& call, const Reply& reply);
void begin_openid_proof(Parts& parts, const CallPtr& call, const Reply& reply);
void come_back_by_openid(Parts& parts, const CallPtr& call, const Reply& reply);
void end_openid(Parts& parts, const CallPtr& call, const Reply& reply);
void depart_by_openid(Parts& parts, const CallPtr& call, const Reply& reply);

// api_log.cc
void rotate_log_key(Parts& parts, const CallPtr& call, const Reply& reply);
void read_log_keys(Parts& parts, const CallPtr& call, const Reply& reply);

// api_link.cc
void list_sharing(Parts& parts, const CallPtr& call, const Reply& reply);
void set_sharing(Parts& parts, const CallPtr& call, const Reply& reply);
void preview_report(Parts& parts, const CallPtr& call, const Reply& reply);
void show_sent(Parts& parts, const CallPtr& call, const Reply& reply);
void enrol_link(Parts& parts, const CallPtr& call, const Reply& reply);
void check_link(Parts& parts, const CallPtr& call, const Reply& reply);

// api_status.cc
void show_metrics(Parts& parts, const CallPtr& call, const Reply& reply);
void show_status(Parts& parts, const CallPtr& call, const Reply& reply);
void reload(Parts& parts, const CallPtr& call, const Reply& reply);
void renew_certificate(Parts& parts, const CallPtr& call, const Reply& reply);
void refresh_revocations(Parts& parts, const CallPtr& call, const Reply& reply);
void show_openapi(Parts& parts, const CallPtr& call, const Reply& reply);
void show_health(Parts& parts, const CallPtr& call, const Reply& reply);
void show_readiness(Parts& parts, const CallPtr& call, const Reply& reply);

// api_policy.cc
void show_policy(Parts& parts, const CallPtr& call, const Reply& reply);
void show_policy_diff(Parts& parts, const CallPtr& call, const Reply& reply);
void accept_policy(Parts& parts, const CallPtr& call, const Reply& reply);

// api_tokens.cc
void list_tokens(Parts& parts, const CallPtr& call, const Reply& reply);
void create_token(Parts& parts, const CallPtr& call, const Reply& reply);
void revoke_token(Parts& parts, const CallPtr& call, const Reply& reply);
void list_intake_tokens(Parts& parts, const CallPtr& call, const Reply& reply);
void create_intake_token(Parts& parts, const CallPtr& call, const Reply& reply);
void revoke_intake_token(Parts& parts, const CallPtr& call, const Reply& reply);
void list_remote_gateways(Parts& parts, const CallPtr& call, const Reply& reply);

// api_witness.cc
void add_checkpoint(Parts& parts, const CallPtr& call, const Reply& reply);

// api_permissions.cc
void show_remote_access(Parts& parts, const CallPtr& call, const Reply& reply);
void set_remote_access(Parts& parts, const CallPtr& call, const Reply& reply);
void list_capabilities(Parts& parts, const CallPtr& call, const Reply& reply);
void set_capability(Parts& parts, const CallPtr& call, const Reply& reply);
void show_capability_use(Parts& parts, const CallPtr& call, const Reply& reply);

// api_engineers.cc
void list_engineers(Parts& parts, const CallPtr& call, const Reply& reply);
void add_engineer(Parts& parts, const CallPtr& call, const Reply& reply);
void approve_engineer(Parts& parts, const CallPtr& call, const Reply& reply);
void remove_engineer(Parts& parts, const CallPtr& call, const Reply& reply);
void issue_pass(Parts& parts, const CallPtr& call, const Reply& reply);

// api_notifications.cc
void list_notifications(Parts& parts, const CallPtr& call, const Reply& reply);
void test_notification(Parts& parts, const CallPtr& call, const Reply& reply);

// api_requests.cc
void list_requests(Parts& parts, const CallPtr& call, const Reply& reply);
void show_request(Parts& parts, const CallPtr& call, const Reply& reply);
void approve_request(Parts& parts, const CallPtr& call, const Reply& reply);
void ask_back(Parts& parts, const CallPtr& call, const Reply& reply);
void refuse_request(Parts& parts, const CallPtr& call, const Reply& reply);
void list_grants(Parts& parts, const CallPtr& call, const Reply& reply);
void give_grant(Parts& parts, const CallPtr& call, const Reply& reply);
void apply_grant(Parts& parts, const CallPtr& call, const Reply& reply);
void show_grant(Parts& parts, const CallPtr& call, const Reply& reply);
void revoke_grant(Parts& parts, const CallPtr& call, const Reply& reply);

// api_holds.cc
void list_holds(Parts& parts, const CallPtr& call, const Reply& reply);
void show_hold(Parts& parts, const CallPtr& call, const Reply& reply);
void pass_hold(Parts& parts, const CallPtr& call, const Reply& reply);
void refuse_hold(Parts& parts, const CallPtr& call, const Reply& reply);

// api_proposals.cc
void list_proposals(Parts& parts, const CallPtr& call, const Reply& reply);
void show_proposal(Parts& parts, const CallPtr& call, const Reply& reply);
void approve_proposal(Parts& parts, const CallPtr& call, const Reply& reply);
void refuse_proposal(Parts& parts, const CallPtr& call, const Reply& reply);
void undo_proposal(Parts& parts, const CallPtr& call, const Reply& reply);

// api_updates.cc
void list_updates(Parts& parts, const CallPtr& call, const Reply& reply);
void show_update(Parts& parts, const CallPtr& call, const Reply& reply);
void postpone_update(Parts& parts, const CallPtr& call, const Reply& reply);
void run_update_now(Parts& parts, const CallPtr& call, const Reply& reply);
void cancel_update(Parts& parts, const CallPtr& call, const Reply& reply);
void schedule_update(Parts& parts, const CallPtr& call, const Reply& reply);
// api_rolling.cc
void show_rolling(Parts& parts, const CallPtr& call, const Reply& reply);
void run_rolling(Parts& parts, const CallPtr& call, const Reply& reply);
void stop_rolling(Parts& parts, const CallPtr& call, const Reply& reply);
void roll_back_rolling(Parts& parts, const CallPtr& call, const Reply& reply);

// api_update_sources.cc
void show_update_sources(Parts& parts, const CallPtr& call, const Reply& reply);
void look_for_updates(Parts& parts, const CallPtr& call, const Reply& reply);

// api_sessions.cc
void list_sessions(Parts& parts, const CallPtr& call, const Reply& reply);
void show_session(Parts& parts, const CallPtr& call, const Reply& reply);
void end_session(Parts& parts, const CallPtr& call, const Reply& reply);
void export_session(Parts& parts, const CallPtr& call, const Reply& reply);

// api_review.cc
void list_session_grants(Parts& parts, const CallPtr& call, const Reply& reply);
void list_session_exchanges(Parts& parts, const CallPtr& call, const Reply& reply);
void verify_session(Parts& parts, const CallPtr& call, const Reply& reply);
void show_event(Parts& parts, const CallPtr& call, const Reply& reply);
void prove_event(Parts& parts, const CallPtr& call, const Reply& reply);
void show_histogram(Parts& parts, const CallPtr& call, const Reply& reply);

// api_events.cc
void list_events(Parts& parts, const CallPtr& call, const Reply& reply);
void stream_events(Parts& parts, const CallPtr& call, const Reply& reply);

}  // namespace postern::console::api
