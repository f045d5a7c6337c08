// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/admin.h"

#include <array>
#include <charconv>

#include "face/api.h"

namespace postern::mission {
namespace {

using enum http::Method;
using enum Access;

// What every face does (face/api.h).
template <face::Handler handler>
void by(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply) {
  handler(parts, call, reply);
}

constexpr bool kProof = true;

constexpr auto kRoutes = std::to_array<AdminRoute>({
    // clang-format off
    {Get,    "/api/v1/sign-in",                       Anyone,         api::show_sign_in},
    {Post,   "/api/v1/sign-in",                       Anyone,         by<face::sign_in>},
    {Post,   "/api/v1/sign-in/challenge",             Anyone,         by<face::ask_for_passkey>},
    {Post,   "/api/v1/sign-in/passkey",               Anyone,         by<face::sign_in_with_passkey>},
    {Post,   "/api/v1/sign-out",                      Viewers,        by<face::sign_out>},
    {Get,    "/api/v1/me",                            Viewers,        by<face::show_me>},
    {Get,    "/api/v1/account",                       Viewers,        by<face::show_account>},
    {Post,   "/api/v1/account/proof/challenge",       Viewers,        by<face::ask_for_proof>},
    {Post,   "/api/v1/account/proof",                 Viewers,        by<face::prove>},
    {Put,    "/api/v1/account/password",              Viewers,        by<face::change_password>},
    {Post,   "/api/v1/account/passkeys/challenge",    Viewers,        by<face::ask_for_new_passkey>, kProof},
    {Post,   "/api/v1/account/passkeys",              Viewers,        by<face::add_passkey>, kProof},
    {Delete, "/api/v1/account/passkeys/{id}",         Viewers,        by<face::remove_passkey>, kProof},
    {Post,   "/api/v1/account/totp/secret",           Viewers,        by<face::begin_totp>, kProof},
    {Put,    "/api/v1/account/totp",                  Viewers,        by<face::enable_totp>, kProof},
    {Delete, "/api/v1/account/totp",                  Viewers,        by<face::disable_totp>, kProof},
    {Post,   "/api/v1/account/recovery-codes",        Viewers,        by<face::make_recovery>, kProof},
    {Delete, "/api/v1/account/sign-ins",              Viewers,        by<face::end_other_sign_ins>},
    {Delete, "/api/v1/account/sign-ins/{id}",         Viewers,        by<face::end_own_sign_in>},
    {Get,    "/api/v1/people",                        Viewers,        by<face::list_admins>},
    {Post,   "/api/v1/people",                        Administrators, by<face::add_admin>, kProof},
    {Delete, "/api/v1/people/{name}",                 Administrators, by<face::remove_admin>, kProof},
    {Put,    "/api/v1/people/{name}/role",            Administrators, by<face::set_admin_role>, kProof},
    {Put,    "/api/v1/people/{name}/lock",            Administrators, by<face::lock_admin>, kProof},
    {Post,   "/api/v1/people/{name}/password",        Administrators, by<face::reset_admin_password>, kProof},
    {Delete, "/api/v1/people/{name}/second-factor",   Administrators, by<face::reset_admin_second_factor>, kProof},
    {Delete, "/api/v1/people/{name}/sign-ins",        Administrators, by<face::end_admin_sign_ins>},
    {Get,    "/api/v1/invitations",                   Viewers,        by<face::list_invitations>},
    {Post,   "/api/v1/invitations",                   Administrators, by<face::invite_admin>, kProof},
    {Delete, "/api/v1/invitations/{id}",              Administrators, by<face::revoke_invitation>},
    {Post,   "/api/v1/invitation",                    Anyone,         by<face::show_invitation>},
    {Post,   "/api/v1/invitation/accept",             Anyone,         by<face::accept_invitation>},
    {Get,    "/api/v1/status",                        Viewers,        api::show_status},
    {Get,    "/api/v1/enrolments",                    Viewers,        api::list_enrolments},
    {Post,   "/api/v1/enrolments",                    Operators,      api::new_enrolment, kProof},
    {Delete, "/api/v1/enrolments/{id}",               Operators,      api::withdraw_enrolment},
    {Get,    "/api/v1/installations",                 Viewers,        api::list_installations},
    {Get,    "/api/v1/installations/{id}",            Viewers,        api::show_installation},
    {Get,    "/api/v1/installations/{id}/health",     Viewers,        api::show_health},
    {Put,    "/api/v1/installations/{id}/name",       Operators,      api::name_installation},
    {Post,   "/api/v1/installations/{id}/retire",     Operators,      api::retire_installation, kProof},
    {Post,   "/api/v1/installations/{id}/accept-log", Operators,      api::accept_log, kProof},
    {Put,    "/api/v1/installations/{id}/ring",       Operators,      api::set_installation_ring, kProof},
    {Get,    "/api/v1/updates",                       Viewers,        api::list_updates},
    {Post,   "/api/v1/updates",                       Administrators, api::publish_updates, kProof},
    {Post,   "/api/v1/updates/files/{name}",          Administrators, api::put_update_piece, kProof},
    {Get,    "/api/v1/updates/{name}",                Viewers,        api::show_update},
    {Post,   "/api/v1/updates/{name}/offer",          Operators,      api::offer_update, kProof},
    {Post,   "/api/v1/updates/{name}/suspend",        Operators,      api::suspend_update},
    {Post,   "/api/v1/updates/{name}/resume",         Operators,      api::resume_update, kProof},
    {Post,   "/api/v1/installations/{id}/requests",   Operators,      api::new_request, kProof},
    {Get,    "/api/v1/requests",                      Viewers,        api::list_requests},
    {Get,    "/api/v1/requests/{id}",                 Viewers,        api::show_request},
    {Delete, "/api/v1/requests/{id}",                 Operators,      api::withdraw_request},
    {Post,   "/api/v1/installations/{id}/proposals",  Operators,      api::new_proposal, kProof},
    {Get,    "/api/v1/proposals",                     Viewers,        api::list_proposals},
    {Get,    "/api/v1/proposals/{id}",                Viewers,        api::show_proposal},
    {Delete, "/api/v1/proposals/{id}",                Operators,      api::withdraw_proposal},
    {Get,    "/api/v1/events",                        Viewers,        api::list_events},
    {Get,    "/api/v1/alerts",                        Viewers,        api::list_alerts},
    {Post,   "/api/v1/alerts/{id}/acknowledge",       Operators,      api::acknowledge_alert},
    {Get,    "/api/v1/usage",                         Viewers,        api::list_usage},
    {Get,    "/api/v1/acts",                          Viewers,        api::list_acts},
    {Get,    "/api/v1/log",                           Viewers,        api::show_log},
    {Get,    "/api/v1/log/checkpoint",                Anyone,         api::show_log_checkpoint},
    {Get,    "/api/v1/log/file",                      Viewers,        api::show_log_file},
    {Get,    "/api/v1/events/stream",                 Viewers,        api::follow},
    {Get,    "/api/v1/openapi.json",                  Anyone,         api::show_openapi},
    // clang-format on
});

}  // namespace

std::span<const AdminRoute> admin_routes() { return kRoutes; }

bool may(accounts::Rank rank, Access access) {
  switch (access) {
    case Anyone:
    case Viewers:
      return true;
    case Operators:
      return rank >= accounts::Rank::Operator;
    case Administrators:
      return rank == accounts::Rank::Admin;
  }
  return false;
}

answer::Response unreadable(std::string_view why) {
  return answer::problem(400, "invalid", "The request cannot be read", why);
}
answer::Response not_there(std::string_view what) {
  return answer::problem(404, "not_found", "There is no such thing", what);
}

bool read_page(const answer::Call& call, std::size_t most, std::int64_t& before, std::size_t& limit) {
  const auto number = [&](std::string_view name, auto& into) {
    const std::string text = call.parameter(name);
    if (text.empty()) return true;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc() && end == text.data() + text.size();
  };
  return number("before", before) && number("limit", limit) && before >= 0 && limit >= 1 && limit <= most;
}

}  // namespace postern::mission
