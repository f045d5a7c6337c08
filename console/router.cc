// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/router.h"

#include <array>
#include <optional>

#include "console/api.h"
#include "console/parts.h"
#include "face/api.h"

namespace postern::console {
namespace {

using enum http::Method;
using enum Access;

// What every face does (face/api.h).
template <face::Handler handler>
void by(Parts& parts, const CallPtr& call, const Reply& reply) {
  handler(parts, call, reply);
}

constexpr auto kRoutes = std::to_array<Route>({
    // clang-format off
    {Post,   "/api/v1/sign-in",                             Anyone,  by<face::sign_in>},
    {Post,   "/api/v1/sign-in/challenge",                   Anyone,  by<face::ask_for_passkey>},
    {Post,   "/api/v1/sign-in/passkey",                     Anyone,  by<face::sign_in_with_passkey>},
    {Get,    "/api/v1/sign-in",                             Anyone,  api::show_sign_in},
    {Post,   "/api/v1/sign-in/openid/begin",                Anyone,  api::begin_openid},
    {Post,   "/api/v1/sign-in/openid",                      Anyone,  api::come_back_by_openid},
    {Post,   "/api/v1/sign-out",                            Readers, by<face::sign_out>},
    {Post,   "/api/v1/sign-out/openid",                     Anyone,  api::end_openid},
    {Post,   "/api/v1/openid/backchannel-logout",           Signed,  api::depart_by_openid},
    {Get,    "/api/v1/me",                                  Readers, by<face::show_me>, Scope::Read},
    {Get,    "/api/v1/account",                             Readers, by<face::show_account>},
    {Post,   "/api/v1/account/proof/challenge",             Readers, by<face::ask_for_proof>},
    {Post,   "/api/v1/account/proof",                       Readers, by<face::prove>},
    {Post,   "/api/v1/account/proof/openid",                Readers, api::begin_openid_proof},
    {Put,    "/api/v1/account/password",                    Readers, by<face::change_password>},
    {Post,   "/api/v1/account/passkeys/challenge",          Readers, by<face::ask_for_new_passkey>, Scope::None, proof::always},
    {Post,   "/api/v1/account/passkeys",                    Readers, by<face::add_passkey>, Scope::None, proof::always},
    {Delete, "/api/v1/account/passkeys/{id}",               Readers, by<face::remove_passkey>, Scope::None, proof::always},
    {Post,   "/api/v1/account/totp/secret",                 Readers, by<face::begin_totp>, Scope::None, proof::always},
    {Put,    "/api/v1/account/totp",                        Readers, by<face::enable_totp>, Scope::None, proof::always},
    {Delete, "/api/v1/account/totp",                        Readers, by<face::disable_totp>, Scope::None, proof::always},
    {Post,   "/api/v1/account/recovery-codes",              Readers, by<face::make_recovery>, Scope::None, proof::always},
    {Delete, "/api/v1/account/sign-ins",                    Readers, by<face::end_other_sign_ins>},
    {Delete, "/api/v1/account/sign-ins/{id}",               Readers, by<face::end_own_sign_in>},
    {Get,    "/api/v1/admins",                              Readers, by<face::list_admins>},
    {Post,   "/api/v1/admins",                              Admins,  by<face::add_admin>, Scope::None, proof::always},
    {Delete, "/api/v1/admins/{name}",                       Admins,  by<face::remove_admin>, Scope::None, proof::always},
    {Put,    "/api/v1/admins/{name}/role",                  Admins,  by<face::set_admin_role>, Scope::None, proof::always},
    {Put,    "/api/v1/admins/{name}/lock",                  Admins,  by<face::lock_admin>, Scope::None, proof::always},
    {Post,   "/api/v1/admins/{name}/password",              Admins,  by<face::reset_admin_password>, Scope::None, proof::always},
    {Delete, "/api/v1/admins/{name}/second-factor",         Admins,  by<face::reset_admin_second_factor>, Scope::None, proof::always},
    {Delete, "/api/v1/admins/{name}/sign-ins",              Admins,  by<face::end_admin_sign_ins>},
    {Get,    "/api/v1/invitations",                         Readers, by<face::list_invitations>},
    {Post,   "/api/v1/invitations",                         Admins,  by<face::invite_admin>, Scope::None, proof::always},
    {Delete, "/api/v1/invitations/{id}",                    Admins,  by<face::revoke_invitation>},
    {Post,   "/api/v1/invitation",                          Anyone,  by<face::show_invitation>},
    {Post,   "/api/v1/invitation/accept",                   Anyone,  by<face::accept_invitation>},
    {Get,    "/api/v1/status",                              Readers, api::show_status, Scope::Read},
    {Get,    "/api/v1/remote-access",                       Readers, api::show_remote_access, Scope::Read},
    {Put,    "/api/v1/remote-access",                       Admins,  api::set_remote_access, Scope::Permissions, proof::opening_access},
    {Get,    "/api/v1/capabilities",                        Readers, api::list_capabilities, Scope::Read},
    {Put,    "/api/v1/capabilities/{name}",                 Admins,  api::set_capability, Scope::Permissions, proof::opening_capability},
    {Get,    "/api/v1/capability-use",                      Readers, api::show_capability_use, Scope::Read},
    {Get,    "/api/v1/engineers",                           Readers, api::list_engineers, Scope::Read},
    {Post,   "/api/v1/engineers",                           Admins,  api::add_engineer, Scope::Engineers, proof::always},
    {Post,   "/api/v1/engineers/{name}/approve",            Admins,  api::approve_engineer, Scope::Engineers, proof::always},
    {Delete, "/api/v1/engineers/{name}",                    Admins,  api::remove_engineer, Scope::Engineers},
    {Post,   "/api/v1/passes",                              Admins,  api::issue_pass, Scope::Engineers, proof::always},
    {Get,    "/api/v1/requests",                            Readers, api::list_requests, Scope::Read},
    {Get,    "/api/v1/requests/{id}",                       Readers, api::show_request, Scope::Read},
    {Post,   "/api/v1/requests/{id}/approve",               Admins,  api::approve_request, Scope::Requests, proof::always},
    {Post,   "/api/v1/requests/{id}/ask-back",              Admins,  api::ask_back, Scope::Requests},
    {Post,   "/api/v1/requests/{id}/refuse",                Admins,  api::refuse_request, Scope::Requests},
    {Get,    "/api/v1/grants",                              Readers, api::list_grants, Scope::Read},
    {Post,   "/api/v1/grants",                              Admins,  api::give_grant, Scope::Requests, proof::always},
    {Post,   "/api/v1/grants/signed",                       Admins,  api::apply_grant, Scope::Requests, proof::always},
    {Get,    "/api/v1/grants/{id}",                         Readers, api::show_grant, Scope::Read},
    {Post,   "/api/v1/grants/{id}/revoke",                  Admins,  api::revoke_grant, Scope::Requests},
    {Get,    "/api/v1/notifications",                       Readers, api::list_notifications, Scope::Read},
    {Post,   "/api/v1/notifications/{name}/test",           Admins,  api::test_notification},
    {Get,    "/api/v1/holds",                               Readers, api::list_holds, Scope::Read},
    {Get,    "/api/v1/holds/{id}",                          Readers, api::show_hold, Scope::Read},
    {Post,   "/api/v1/holds/{id}/pass",                     Admins,  api::pass_hold, Scope::Requests, proof::always},
    {Post,   "/api/v1/holds/{id}/refuse",                   Admins,  api::refuse_hold, Scope::Requests},
    {Get,    "/api/v1/proposals",                           Readers, api::list_proposals, Scope::Read},
    {Get,    "/api/v1/proposals/{id}",                      Readers, api::show_proposal, Scope::Read},
    {Post,   "/api/v1/proposals/{id}/approve",              Admins,  api::approve_proposal, Scope::Requests, proof::always},
    {Post,   "/api/v1/proposals/{id}/refuse",               Admins,  api::refuse_proposal, Scope::Requests},
    {Post,   "/api/v1/proposals/{id}/undo",                 Admins,  api::undo_proposal, Scope::Requests, proof::always},
    {Get,    "/api/v1/updates/progress",                    Readers, api::show_rolling, Scope::Read},
    {Post,   "/api/v1/updates/run",                         Admins,  api::run_rolling, Scope::None, proof::always},
    {Post,   "/api/v1/updates/stop",                        Admins,  api::stop_rolling},
    {Post,   "/api/v1/updates/roll-back",                   Admins,  api::roll_back_rolling, Scope::None, proof::always},
    {Get,    "/api/v1/updates/announced",                   Readers, api::list_updates, Scope::Read},
    {Get,    "/api/v1/updates/announced/{target}",          Readers, api::show_update, Scope::Read},
    {Post,   "/api/v1/updates/announced/{target}/postpone", Admins,  api::postpone_update},
    {Post,   "/api/v1/updates/announced/{target}/run-now",  Admins,  api::run_update_now, Scope::None, proof::always},
    {Post,   "/api/v1/updates/announced/{target}/cancel",   Admins,  api::cancel_update},
    {Post,   "/api/v1/updates/announced/{target}/schedule", Admins,  api::schedule_update, Scope::None, proof::always},
    {Get,    "/api/v1/updates/sources",                     Readers, api::show_update_sources, Scope::Read},
    {Post,   "/api/v1/updates/sources/look",                Admins,  api::look_for_updates},
    {Get,    "/api/v1/sessions",                            Readers, api::list_sessions, Scope::Read},
    {Get,    "/api/v1/sessions/{id}",                       Readers, api::show_session, Scope::Read},
    {Post,   "/api/v1/sessions/{id}/end",                   Admins,  api::end_session, Scope::Sessions},
    {Get,    "/api/v1/sessions/{id}/export",                Readers, api::export_session, Scope::Read},
    {Get,    "/api/v1/sessions/{id}/exchanges",             Readers, api::list_session_exchanges, Scope::Read},
    {Get,    "/api/v1/sessions/{id}/grants",                Readers, api::list_session_grants, Scope::Read},
    {Get,    "/api/v1/sessions/{id}/verify",                Readers, api::verify_session, Scope::Read},
    {Get,    "/api/v1/events",                              Readers, api::list_events, Scope::Read},
    {Get,    "/api/v1/events/stream",                       Readers, api::stream_events, Scope::Read},
    {Get,    "/api/v1/events/histogram",                    Readers, api::show_histogram, Scope::Read},
    {Get,    "/api/v1/events/{id}",                         Readers, api::show_event, Scope::Read},
    {Get,    "/api/v1/events/{id}/proof",                   Readers, api::prove_event, Scope::Read},
    {Post,   "/api/v1/log/rotate-key",                      Admins,  api::rotate_log_key, Scope::None, proof::always},
    {Post,   "/api/v1/log/read-keys",                       Admins,  api::read_log_keys, Scope::None, proof::always},
    {Get,    "/api/v1/policy",                              Readers, api::show_policy, Scope::Read},
    {Get,    "/api/v1/policy/diff",                         Readers, api::show_policy_diff, Scope::Read},
    {Post,   "/api/v1/policy/accept",                       Admins,  api::accept_policy, Scope::Policy, proof::always},
    {Get,    "/api/v1/tokens",                              Readers, api::list_tokens, Scope::Read},
    {Post,   "/api/v1/tokens",                              Admins,  api::create_token, Scope::None, proof::always},
    {Delete, "/api/v1/tokens/{id}",                         Admins,  api::revoke_token},
    {Get,    "/api/v1/intake/tokens",                       Readers, api::list_intake_tokens, Scope::Read},
    {Post,   "/api/v1/intake/tokens",                       Admins,  api::create_intake_token, Scope::None, proof::always},
    {Delete, "/api/v1/intake/tokens/{id}",                  Admins,  api::revoke_intake_token},
    {Get,    "/api/v1/intake/gateways",                     Readers, api::list_remote_gateways, Scope::Read},
    {Get,    "/api/v1/sharing",                             Readers, api::list_sharing, Scope::Read},
    {Get,    "/api/v1/link/preview/{kind}",                 Readers, api::preview_report, Scope::Read},
    {Put,    "/api/v1/sharing/{name}",                      Admins,  api::set_sharing, Scope::Permissions, proof::always},
    {Get,    "/api/v1/link/sent",                           Readers, api::show_sent, Scope::Read},
    {Post,   "/api/v1/link/enrol",                          Admins,  api::enrol_link, Scope::None, proof::always},
    {Post,   "/api/v1/link/check",                          Admins,  api::check_link, Scope::Policy},
    {Post,   "/api/v1/certificate/renew",                   Admins,  api::renew_certificate, Scope::Policy, proof::always},
    {Post,   "/api/v1/revocations/refresh",                 Admins,  api::refresh_revocations, Scope::Policy, proof::always},
    {Post,   "/api/v1/reload",                              Admins,  api::reload, Scope::Policy, proof::always},
    {Get,    "/api/v1/openapi.json",                        Anyone,  api::show_openapi},
    {Post,   "/witness/add-checkpoint",                     Signed,  api::add_checkpoint},
    {Get,    "/metrics",                                    Readers, api::show_metrics, Scope::Read},
    {Get,    "/healthz",                                    Anyone,  api::show_health},
    {Get,    "/readyz",                                     Anyone,  api::show_readiness},
    // clang-format on
});

}  // namespace

std::string_view to_text(Scope scope) {
  constexpr std::array<std::string_view, 7> kNames{"",         "read",   "requests", "permissions",
                                                   "sessions", "policy", "engineers"};
  return kNames.at(static_cast<std::size_t>(scope));
}

std::span<const Route> routes() { return kRoutes; }

Found find_route(http::Method method, std::string_view path) {
  return face::find_in(std::span<const Route>(kRoutes), method, path);
}

}  // namespace postern::console
