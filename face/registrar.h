// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who keeps the accounts of a face, and the record of what was done with them: the ledger behind a gateway's console, the store
// of Mission Control.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "accounts/account.h"
#include "base/json.h"
#include "gateway/answer/call.h"

namespace postern::face {

// Something that happened at the face and changes no account.
struct Note {
  std::string_view event;  // "signed_in", "signed_out", "proved", "refused", "slowed"
  std::string actor, subject, outcome;
  std::string detail;  // a JSON object made by base::JsonWriter; empty: none
};

class Registrar {
 public:
  struct Answer {
    bool ok = false;
    int status = 200;
    base::Json json = base::Json::object();  // not ok: {"code","message","status"}
  };
  using Done = std::function<void(const Answer& answer)>;

  virtual ~Registrar() = default;
  virtual bool up() const = 0;              // accounts can be shown and changed now
  virtual bool accounts_known() const = 0;  // were, at least once
  virtual const accounts::Accounts& accounts() const = 0;
  virtual answer::Response unavailable() const = 0;  // why not now
  // Of accounts/orders.h; arguments have "actor" and "from" too. done is called once, never from inside this call, and after
  // accounts() are those that the order made.
  virtual void order(std::string_view name, base::Json arguments, Done done) = 0;
  // False: it cannot be recorded, so it must not be.
  [[nodiscard]] virtual bool note(const Note& note) = 0;
};

}  // namespace postern::face
