// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/kept_policies.h"

#include "audit/log_files.h"
#include "base/crypto.h"
#include "base/log.h"
#include "gateway/ipc/ledger_protocol.h"

namespace postern::ledger {
namespace {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

constexpr std::string_view kHashBegins = "sha256:";
constexpr std::string_view kExtension = ".yaml";

std::string hex_of(const std::string& hash) {
  return hash.starts_with(kHashBegins) ? hash.substr(kHashBegins.size()) : hash;
}

}  // namespace

KeptPolicies::KeptPolicies(loop::Loop& loop, audit::FileSystem& files, const std::string& state_directory)
    : loop_(loop), files_(files), folder_(state_directory + "/policy") {}

KeptPolicies::~KeptPolicies() { *alive_ = false; }

std::string KeptPolicies::path_of(const std::string& hash) const {
  return folder_ + "/" + hex_of(hash) + std::string(kExtension);
}

Result<std::string> KeptPolicies::read(const std::string& hash) const {
  const std::string path = path_of(hash);
  auto text = audit::read_whole(files_, path, ipc::kLargestPolicy);
  if (!text.ok() && text.error().code == Code::NotFound)
    return fail(Code::NotFound, path + ", the policy that was accepted last, is missing");
  if (!text.ok()) return text.error();
  if (base::sha256_hex(*text) != hex_of(hash))
    return fail(Code::Corrupt, path + ", the policy that was accepted last, was changed or is damaged");
  return text;
}

Result<std::shared_ptr<audit::File>> KeptPolicies::write(const std::string& path, std::string_view text) {
  if (Status made = files_.make_directory(folder_); !made.ok()) return made.error();
  if (const Status removed = files_.remove(path); !removed.ok() && removed.error().code != Code::NotFound)
    return removed.error();
  auto file = files_.create(path);
  if (!file.ok()) return file.error();
  for (std::size_t at = 0; at < text.size();) {
    const auto written = (*file)->write_at(at, text.substr(at));
    if (!written.ok()) return written.error();
    at += *written;
  }
  return file;
}

void KeptPolicies::keep(const std::string& hash, std::shared_ptr<const std::string> text,
                        std::function<void(Status)> done) {
  if (read(hash).ok()) return done(base::Ok{});
  auto file = write(path_of(hash) + ".new", *text);
  if (!file.ok()) return done(file.error());
  busy_ = hash;
  auto synced = std::make_shared<Status>(base::Ok{});
  loop_.run_elsewhere([synced, file = *file] { *synced = file->sync(); },
                      [this, synced, hash, done = std::move(done), alive = alive_] {
                        if (!*alive) return;
                        if (synced->ok()) return name(hash, done);
                        busy_.clear();
                        done(*synced);
                      });
}

// The file is whole on the medium; now its name is.
void KeptPolicies::name(const std::string& hash, const std::function<void(Status)>& done) {
  const auto give_up = [&](const base::Error& why) {
    busy_.clear();
    done(why);
  };
  if (Status named = files_.rename(path_of(hash) + ".new", path_of(hash)); !named.ok())
    return give_up(named.error());
  auto folder = files_.open_directory(folder_, false);
  if (!folder.ok()) return give_up(folder.error());
  auto synced = std::make_shared<Status>(base::Ok{});
  loop_.run_elsewhere([synced, folder = *folder] { *synced = folder->sync(); },
                      [this, synced, done, alive = alive_] {
                        if (!*alive) return;
                        busy_.clear();
                        done(*synced);
                      });
}

void KeptPolicies::keep_only(const std::set<std::string>& hashes) {
  std::set<std::string> names;
  for (const std::string& hash : hashes) names.insert(hex_of(hash) + std::string(kExtension));
  if (!busy_.empty()) {
    names.insert(hex_of(busy_) + std::string(kExtension));
    names.insert(hex_of(busy_) + std::string(kExtension) + ".new");
  }
  const auto found = files_.list(folder_);
  if (!found.ok()) return;  // there is no folder yet
  for (const std::string& name : *found) {
    const bool ours = name.ends_with(kExtension) || name.ends_with(std::string(kExtension) + ".new");
    if (!ours || names.contains(name)) continue;
    if (const Status removed = files_.remove(folder_ + "/" + name); !removed.ok())
      base::log_warning("a policy that counts no more stays: " + removed.error().message);
  }
}

}  // namespace postern::ledger
