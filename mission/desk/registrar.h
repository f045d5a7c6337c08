// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who keeps the vendor's people: their document in the store, each change with its act, and both durable before anybody is
// answered.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "face/registrar.h"
#include "mission/desk/parts.h"

namespace postern::mission {

class Registrar final : public face::Registrar {
 public:
  explicit Registrar(Parts& parts) : parts_(parts) {}
  Registrar(const Registrar&) = delete;
  Registrar& operator=(const Registrar&) = delete;

  // What there is. Without any, the first are those of seed (accounts::parse_admins), where that is not empty.
  base::Status open(std::string_view seed);
  // Call every second or so: what another server that has the same store has changed.
  void look();
  void on_change(std::function<void()> changed) { on_change_ = std::move(changed); }

  bool up() const override { return known_; }
  bool accounts_known() const override { return known_; }
  const accounts::Accounts& accounts() const override { return accounts_; }
  answer::Response unavailable() const override;
  void order(std::string_view name, base::Json arguments, Done done) override;
  bool note(const face::Note& note) override;

 private:
  base::Status load();
  base::Status keep(const accounts::Accounts& next);
  void settle(bool durable, const Done& done, const Answer& answer);

  Parts& parts_;
  accounts::Accounts accounts_;
  std::string seed_;  // until there is somebody
  std::int64_t version_ = 0;
  bool known_ = false;  // accounts and version are those of the store, or newer by what commits now
  std::function<void()> on_change_;
};

}  // namespace postern::mission
