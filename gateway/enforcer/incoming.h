// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A request's head as the terminator hands it over, judged again from scratch: the terminator is not
// believed. What it sends is parsed into values by the same rules; what no parser of ours would have let pass
// says that the terminator is not ours any more.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/enforcer/settings.h"
#include "gateway/http/message.h"
#include "gateway/http/target.h"
#include "gateway/http/verdict.h"
#include "gateway/ipc/exchange_protocol.h"

namespace postern::enforcer {

// Fills head and target (empty, if it has no canonical form). Nothing: the terminator cannot have parsed
// that. A refusal is the client's: target, host, or a body announced to be above the limit.
std::optional<http::Verdict> read_head(const ipc::RequestHead& wire, const Settings& settings,
                                       http::RequestHead& head, http::CanonicalTarget& target);

// Below /.postern, Postern's own.
bool is_ours(std::string_view path);

// Safe to repeat (RFC 9110 section 9.2.1): whatever the component did with the first one, it changed nothing.
bool is_safe(http::Method method);

// A page of another site makes the browser send our cookie along (RFC 6265 section 8.8). Reading is harmless:
// that site does not see the answer. Changing is not, nor is a WebSocket, on which that page could read and write: no
// rule of browsers keeps it from another site's (RFC 6455 section 10.2). A form on a page with Referrer-Policy: no-referrer
// comes with Origin: null even to its own origin (Fetch, section 3.2); then only the browser's own word,
// which no script can set, says where it comes from.
bool is_cross_site(const http::RequestHead& head, const std::vector<http::Authority>& ours);

// The browser says so, whatever the method: a page of another origin asked for it, or leads here. What the policy says
// changes something is refused then also where the method is safe: cookies with SameSite=Lax come along with a link, and
// certificates with any picture.
bool comes_from_elsewhere(const http::RequestHead& head, const std::vector<http::Authority>& ours);

}  // namespace postern::enforcer
