// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The folder of a certificate that an authority issues (Config::acme), and what happens in it: an issued_folder.h, and
//
//   account.key    of the account; made once. Who loses it loses the account, and nothing else
//   attempts.json  what came of asking (acme_attempts.h)
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "gateway/supervisor/material.h"

namespace postern::supervisor {

// Makes what keys are missing, opens them, and puts the certificate, if there is one, before the support listener's others.
// After root was given up; a second time after a new certificate was taken. An error says what is wrong with the folder:
// then nothing is ordered, and the listener's own certificates stay.
base::Status open_acme(const Acme& acme, bool staple, Material& material);

// A chain that the authority issued. Denied, with one sentence: it is not for our key, not for all the names, out of its
// time, or breaks another rule of certs/RULES.md.
base::Status take_acme(const Acme& acme, std::string_view chain_pem, base::Micros now);

// The one in use; nullptr: there is none yet.
const ListenerCertificate* acme_certificate(const Material& material);

base::Json acme_link_part(const Acme& acme, const Material& material);
base::Json acme_keeper_part(const Acme& acme, const Material& material);

}  // namespace postern::supervisor
