// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who is asking: the session of the cookie; without one, that of the client certificate. Finds what there is
// and opens nothing.
#pragma once

#include "gateway/enforcer/site.h"
#include "gateway/http/message.h"

namespace postern::enforcer {

// The owner of the client's certificate, judged once per connection; nullptr without a certificate that is
// believed, and then the client's identity_fault may say why.
const certs::ClientIdentity* certificate_owner(const Site& site, Client& client);

// Whether somebody could be asked about the certificate, of which too little is known.
bool asks_about_certificate(const Site& site, const Client& client);

const SessionView* find_session(const Site& site, Client& client, const http::RequestHead& head);

// Whatever it is worth.
bool has_session_cookie(const http::RequestHead& head);

}  // namespace postern::enforcer
