// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which requests ask again who it is. Whoever finds a console open, or holds a stolen cookie, may close what is open, and
// may not open anything: for that the sign-in must have been proved (password or passkey) within face::kProofLife. The router's
// table names the rule of each route; what closes is never asked for it, and neither is the control socket, where the
// kernel says who it is.
#pragma once

#include "console/call.h"

namespace postern::console {

struct Parts;

// Whether this call is one that needs it.
using NeedsProof = bool (*)(const Parts& parts, const Call& call);

namespace proof {
bool always(const Parts& parts, const Call& call);
// The switch, and a capability: unless it lets in less, for no longer.
bool opening_access(const Parts& parts, const Call& call);
bool opening_capability(const Parts& parts, const Call& call);
// Lets in less, for no longer, and still something: true only of what stands now. Whoever is asked for no proof because of this changes
// that, or nothing: after another admin's "off" the same words would open again. Off itself never depends on what stands.
bool narrowing_access(const Parts& parts, const Call& call);
bool narrowing_capability(const Parts& parts, const Call& call);
}  // namespace proof

}  // namespace postern::console
