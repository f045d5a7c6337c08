// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/account_file.h"

#include <utility>

#include "audit/log_files.h"

namespace postern::ledger {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

AccountFile::AccountFile(audit::FileSystem& files, std::string directory)
    : files_(files), directory_(std::move(directory)) {}

Status AccountFile::prepare(const accounts::Accounts& accounts, std::string_view event) {
  const std::string text = accounts::format_accounts(accounts, event);
  if (text.size() > accounts::kAccountsLimit) return fail(Code::Limit, "there are too many accounts");
  if (const Status removed = files_.remove(next_path());
      !removed.ok() && removed.error().code != Code::NotFound)
    return removed.error();
  auto file = files_.create_private(next_path());
  if (!file.ok()) return file.error();
  if (Status written = audit::write_whole(**file, text); !written.ok()) return written;
  const Status synced = (*file)->sync();
  return synced.ok() ? audit::sync_directory(files_, directory_) : synced;
}

Status AccountFile::adopt() {
  const Status named = files_.rename(next_path(), path());
  return named.ok() ? audit::sync_directory(files_, directory_) : named;
}

// What was under way when the ledger stopped.
Status AccountFile::settle(const HasEvent& has_event) {
  const auto text = audit::read_whole(files_, next_path(), accounts::kAccountsLimit);
  if (!text.ok()) return text.error().code == Code::NotFound ? Status(base::Ok{}) : Status(text.error());
  const auto next = accounts::parse_accounts(*text);
  if (next.ok() && !next->event.empty() && has_event(next->event)) return adopt();
  return files_.remove(next_path());
}

Result<accounts::Accounts> AccountFile::open(std::string_view configured, const HasEvent& has_event) {
  if (const Status settled = settle(has_event); !settled.ok()) return settled.error();
  const auto text = audit::read_whole(files_, path(), accounts::kAccountsLimit);
  if (text.ok()) {
    auto parsed = accounts::parse_accounts(*text);
    if (parsed.ok()) return std::move(parsed->accounts);
    return fail(Code::Corrupt, path() +
                                   " is damaged: restore it from a copy, or remove it, and the accounts " +
                                   "are those of the configured list again");
  }
  if (text.error().code != Code::NotFound) return text.error();
  if (configured.empty()) return accounts::Accounts{};
  auto seed = accounts::parse_admins(configured);
  if (!seed.ok()) return seed;
  Status kept = prepare(*seed, {});
  if (kept.ok()) kept = adopt();
  if (!kept.ok()) return kept.error();
  return seed;
}

}  // namespace postern::ledger
