// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What signing in and out means, for all functions of the API that do it.
#pragma once

#include <string>
#include <string_view>

#include "face/verifying.h"

namespace postern::face {

// Opens a sign-in and records it: the answer has its cookie. Without the record there is none.
Response welcome(Parts& parts, const CallPtr& call, const Verified& verified);

// They have proved again who they are: the answer has the cookie that the sign-in has from now on.
Response prove_again(Parts& parts, const CallPtr& call, const std::string& session, const Verified& verified);

// reason: "signed_out" by themselves, "ended" by somebody, "account_changed", "signed_out_at_provider". False: it could not
// be noted.
bool note_sign_out(Parts& parts, const std::string& actor, const std::string& admin, std::string_view reason);

}  // namespace postern::face
