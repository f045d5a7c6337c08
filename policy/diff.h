// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a new policy newly allows, and what no longer: the question an admin asks before putting it into
// effect. Compared is what capabilities list, by the meaning of templates and not by their spelling;
// standings are not part of it. Where one template covers another this is seen; that several templates
// together cover one is not, so that a change may be called newly allowed although it is not, and never the
// other way round.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace postern::policy {

enum class Effect : std::uint8_t {
  New,   // could not be done before
  Gone,  // cannot be done any more
  Looser,  // could be done before, with more in its way: a constraint, a class, an administrator who lets it pass
  Stricter,  // the other way round
  Same,      // other words for what could be done before
};
std::string_view to_text(Effect effect);  // "new", "gone", "looser", "stricter", "same"

struct Change {
  std::string capability;  // empty for roles and never rules
  std::string what;        // "GET /api/v1/query", "ANY /debug/**", or "viewer" for a role
  std::string detail;      // one sentence, may be empty
  base::Mark mark;         // in the new text, or in the old one for what is gone
  Effect effect = Effect::Same;
};

struct Difference {
  std::vector<Change> newly_allowed;  // added, constraints no longer the same, or a never rule that is gone
  std::vector<Change> no_longer_allowed;  // removed, or a never rule that is new
  std::vector<Change>
      changed;  // same reach, said differently: class, title, a narrower form of what was there
  std::vector<Change> never_added;
  std::vector<Change> never_removed;
  std::vector<Change> roles;
  std::vector<Change> redaction;  // what of responses is taken out no longer, or newly

  bool empty() const;
  // Something is new or looser, or was not found not to be: somebody has to accept it. Whatever changes which role
  // of the component somebody works as counts too.
  bool opens() const;
};

Difference diff(const Policy& old_policy, const Policy& new_policy);
std::string to_text(
    const Difference& difference);  // lines, without one at the end; "no difference" if there is none

}  // namespace postern::policy
