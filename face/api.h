// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What every face's API has about signing in, one's own account and those of others, by the file that holds it. Each answers
// exactly once; a face puts them into its table of routes, under the paths and for the ranks that it gives them.
#pragma once

#include "face/parts.h"

namespace postern::face {

using Handler = void (*)(Parts& parts, const CallPtr& call, const Reply& reply);

// sign_in_api.cc
void sign_in(Parts& parts, const CallPtr& call, const Reply& reply);
void ask_for_passkey(Parts& parts, const CallPtr& call, const Reply& reply);
void sign_in_with_passkey(Parts& parts, const CallPtr& call, const Reply& reply);
void ask_for_proof(Parts& parts, const CallPtr& call, const Reply& reply);
void prove(Parts& parts, const CallPtr& call, const Reply& reply);
void sign_out(Parts& parts, const CallPtr& call, const Reply& reply);
void show_me(Parts& parts, const CallPtr& call, const Reply& reply);

// account_api.cc
void show_account(Parts& parts, const CallPtr& call, const Reply& reply);
void change_password(Parts& parts, const CallPtr& call, const Reply& reply);
void ask_for_new_passkey(Parts& parts, const CallPtr& call, const Reply& reply);
void add_passkey(Parts& parts, const CallPtr& call, const Reply& reply);
void remove_passkey(Parts& parts, const CallPtr& call, const Reply& reply);
void begin_totp(Parts& parts, const CallPtr& call, const Reply& reply);
void enable_totp(Parts& parts, const CallPtr& call, const Reply& reply);
void disable_totp(Parts& parts, const CallPtr& call, const Reply& reply);
void make_recovery(Parts& parts, const CallPtr& call, const Reply& reply);
void end_other_sign_ins(Parts& parts, const CallPtr& call, const Reply& reply);
void end_own_sign_in(Parts& parts, const CallPtr& call, const Reply& reply);

// accounts_api.cc
void list_admins(Parts& parts, const CallPtr& call, const Reply& reply);
void add_admin(Parts& parts, const CallPtr& call, const Reply& reply);
void remove_admin(Parts& parts, const CallPtr& call, const Reply& reply);
void set_admin_role(Parts& parts, const CallPtr& call, const Reply& reply);
void lock_admin(Parts& parts, const CallPtr& call, const Reply& reply);
void reset_admin_password(Parts& parts, const CallPtr& call, const Reply& reply);
void reset_admin_second_factor(Parts& parts, const CallPtr& call, const Reply& reply);
void end_admin_sign_ins(Parts& parts, const CallPtr& call, const Reply& reply);
void list_invitations(Parts& parts, const CallPtr& call, const Reply& reply);
void invite_admin(Parts& parts, const CallPtr& call, const Reply& reply);
void revoke_invitation(Parts& parts, const CallPtr& call, const Reply& reply);
void show_invitation(Parts& parts, const CallPtr& call, const Reply& reply);
void accept_invitation(Parts& parts, const CallPtr& call, const Reply& reply);

base::Json openid_json(const accounts::ProviderAccount& account, const accounts::Ranks& ranks);

}  // namespace postern::face
