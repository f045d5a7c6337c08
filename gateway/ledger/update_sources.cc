// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Between what fetches the vendor's updates (vendor_updates.h) and everybody else; and the artefacts that nobody can need any more.
#include <utility>
#include <vector>

#include "gateway/ledger/deciding.h"
#include "gateway/ledger/ledger.h"

namespace postern::ledger {

bool is_sources_command(std::string_view command) { return command.starts_with("sources."); }

VendorUpdates::Calls Ledger::vendor_update_calls() {
  VendorUpdates::Calls calls;
  calls.carry = [this](const ipc::Errand& errand) { return carry(errand); };
  calls.record = [this](const Draft& draft) { append_own(draft); };
  calls.allowed = [this] { return state_.shares("updates"); };
  calls.versions = [this](const std::string& service) {
    return service.empty() ? std::set<std::string>{version_of_us_} : health_.versions(service);
  };
  calls.in_use = [this] { return state_.rolling() ? state_.rolling()->sha256 : std::string(); };
  return calls;
}

void Ledger::take_sources_order(const Asker& asker, const base::Json& order) {
  if (base::json_text_or(order, "command", "") == "sources.look") {
    if (auto refused = refuse_asker(Sender::Console, order)) return refuse(asker, *refused);
    vendor_updates_.look_now();
  }
  reply_to(asker, vendor_updates_.status(), {});
}

// An update has begun, so that none before it can be rolled back: their files in artefacts/, which `postern update run` brings, go. A
// name that is no hash is one that is being brought now.
void Ledger::remove_old_artefacts() {
  vendor_updates_.tidy();
  const std::string keep = state_.rolling() ? state_.rolling()->sha256 : std::string();
  loop_.run_elsewhere(
      [&files = files_, folder = directory_ + "/artefacts", keep] {
        const auto names = files.list(folder);
        for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
          if (update::is_digest(name) && name != keep) (void)files.remove(folder + "/" + name);
        }
      },
      [] {});
}

}  // namespace postern::ledger
