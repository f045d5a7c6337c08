// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What every face does with a request before and after its own functions see it: whether it may come from where it comes from,
// who holds its cookie, what they must have shown; the page's files; the fields that every answer carries.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/asset.h"
#include "face/call.h"
#include "face/parts.h"

namespace postern::face {

// What the page may do, for Content-Security-Policy: load and call its own origin, nothing inline, never framed.
inline constexpr std::string_view kPageSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'";

// How long a proof of who somebody is holds: whoever finds a page open, or holds a stolen cookie, may close what is open, and
// may not open anything.
inline constexpr base::Nanos kProofLife = 600 * base::kSecond;
bool is_proved(const Identity& identity, base::Nanos now);

inline constexpr std::size_t kLongestUserAgent = 256;  // bytes of it that an event keeps

bool changes(http::Method method);
std::string_view field_of(const Call& call, std::string_view name);  // empty: it is not there

// What every answer carries (docs/THREATS.md: the console's page).
void dress(Response& response);
// Server-Timing (W3C), to those who are known: to nobody else, because how long a refusal took would tell what it was compared
// with.
void tell_time(Response& response, const Identity& identity, base::Nanos took);

// Whether a request that changes something comes from our own page, or from a program: the first problem found, or nothing.
std::optional<Response> cross_site_problem(const Call& call, std::span<const http::Authority> names);

// Puts who holds the cookie into the call; false: nobody. The control socket's peer is known already.
bool identify(Parts& parts, Call& call);
// Of a sign-in at the page, with a password alone where more is wanted: it may look after its own account and leave.
std::optional<Response> second_factor_problem(const Parts& parts, const Call& call);
Response reauthenticate();  // 403: show again that it is you

// asset: nullptr if there is none.
Response serve_asset(const Call& call, const base::Asset* asset);

// Whom an identity provider named, where that is known.
struct NamedByProvider {
  std::string issuer, subject;
};
// A request that was refused becomes an event, at most one per address and interval.
void note_refusal(Parts& parts, const Call& call, std::string_view actor, std::string_view code,
                  std::string_view why, const NamedByProvider& named = {});

}  // namespace postern::face
