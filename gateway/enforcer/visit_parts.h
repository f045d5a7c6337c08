// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the pages below /.postern/ have in common. Used by visit*.cc and by nobody else.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "gateway/enforcer/exchange.h"
#include "gateway/http/fields.h"

namespace postern::enforcer {

inline constexpr std::string_view kHome = "/.postern/";

http::Fields page_fields();
void answer_page(Exchange& exchange, int status, std::string html);
void redirect(Exchange& exchange, std::string_view to, std::string_view cookie = {},
              std::string_view second_cookie = {});
std::string session_cookie(std::string_view token);  // empty: deletes it

// A path of ours and nothing else: what comes out of a form must not send a browser elsewhere.
bool is_local_path(std::string_view path);

// The ledger's refusal: {"status","code","message"} as text.
struct LedgerRefusal {
  int status = 503;
  std::string code = "log_unavailable", message;
};
LedgerRefusal refusal_of(const base::Error& error);

}  // namespace postern::enforcer
