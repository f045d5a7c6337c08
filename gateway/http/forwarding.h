// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which fields pass from one side to the other (RFC 9110 section 7.6). The table is in field_id.h; these
// functions add what a table by name cannot say: fields named by Connection, whole families, and names that
// some servers take for others.
#pragma once

#include <cstddef>

#include "gateway/http/fields.h"

namespace postern::http {

// Takes out what belongs to the connection: the hop-by-hop fields and whatever Connection names.
// Content-Length and Transfer-Encoding too, since framing is written anew. How many were removed.
std::size_t strip_hop_by_hop(Fields& fields);

// Makes a client's fields fit for the component: strip_hop_by_hop, Host, Expect, credentials and cookies (the
// component's own are added afterwards), whatever claims who the client is or how the request came
// (Forwarded, X-Forwarded-*, Via, X-Real-IP ...), whatever overrides method or path (X-HTTP-Method-Override,
// X-Original-URL ...), every name with an underscore, which CGI-like servers confuse with '-', and every one that
// begins with Transfer-Encoding or Content-Length, which some parsers take for those.
std::size_t strip_request_fields(Fields& fields);

// Makes the component's fields fit for a client: strip_hop_by_hop, Set-Cookie (the jar takes it first),
// whatever would change the browser's behaviour towards Postern itself (Alt-Svc, Clear-Site-Data,
// Strict-Transport-Security, Service-Worker-Allowed, reporting endpoints), and a Postern-Event that is not
// ours.
std::size_t strip_response_fields(Fields& fields);

// Whether the field means something to Postern or, by custom, to proxies and servers: it is in the table,
// belongs to a family such as X-Forwarded-*, or could be taken for one that is (an underscore). field.name is
// in lower case.
bool has_meaning(const Field& field);

// Whether a trailer of that name may be passed on: no field that has a meaning may.
bool may_be_trailer(const Field& field);

}  // namespace postern::http
