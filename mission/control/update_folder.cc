// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/control/update_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/bytes.h"
#include "base/file.h"
#include "base/unique_fd.h"

namespace postern::mission {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using base::Status;

constexpr std::size_t kDraftLimit = 1U << 20U;
constexpr std::size_t kCopied = 1U << 20U;  // bytes at a time

Status make_folder_at(const std::string& path) {
  return ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST ? Status(Ok{})
                                                             : Status(base::fail_errno(path, errno));
}

Status write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno(path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return Ok{};
}

// Copies, counts and hashes.
Status copy_artefact(const std::string& from, const std::string& to, update::Target& target) {
  const base::UniqueFd in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in.valid()) return base::fail_errno(from, errno);
  const base::UniqueFd out(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!out.valid()) return base::fail_errno(to, errno);
  base::Sha256Stream hash;
  std::string piece(kCopied, '\0');
  target.length = 0;
  for (;;) {
    const ssize_t n = ::read(in.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno(from, errno);
    if (n == 0) break;
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(n));
    hash.update(bytes);
    target.length += n;
    if (target.length > update::kArtefactLimit)
      return fail(Code::Limit, from + ": an artefact has 8 GiB at most");
    if (Status written = write_all(out.get(), bytes, to); !written.ok()) return written;
  }
  if (::fsync(out.get()) != 0) return base::fail_errno(to, errno);
  target.sha256 = base::to_hex(base::view(hash.finish()));
  return target.length == 0 ? Status(fail(Code::Invalid, from + ": it is empty")) : Status(Ok{});
}

// By those of the keys that are of the role.
base::Result<std::string> sign_document(const base::Json& content, const std::vector<base::Secret>& seeds,
                                        const std::vector<const update::RoleKeys*>& roles) {
  auto out = update::unsigned_document(content);
  for (const base::Secret& seed : seeds) {
    const std::string id = update::key_id(base::ed25519_public(seed));
    for (const update::RoleKeys* role : roles) {
      if (!out.ok() || !role->ids.contains(id)) continue;
      out = update::add_signature(*out, seed);
      break;
    }
  }
  return out;
}

base::Error not_taken(const update::Taken& taken) {
  return fail(Code::Invalid, taken->sentence + (taken->reason == update::Reason::Signature
                                                    ? ": give more of its keys with --key"
                                                    : std::string()));
}

}  // namespace

std::string UpdateFolder::artefact(const std::string& sha256) const {
  return directory_ + "/artefacts/" + update::artefact_name(sha256);
}

base::Result<update::Trust> UpdateFolder::open() const {
  const auto first = base::read_file(first_root(), update::kRootLimit);
  if (!first.ok())
    return fail(first.error().code, first.error().message + ": make a first root with `update root new`");
  auto trust = update::Trust::pin(*first);
  if (!trust.ok()) return fail(trust.error().code, first_root() + ": " + trust.error().message);
  for (;;) {
    const auto next =
        base::read_file(metadata(update::root_name(trust->root().version + 1)), update::kRootLimit);
    if (!next.ok()) break;
    if (const update::Taken taken = trust->take_root(*next); taken)
      return fail(Code::Corrupt, taken->sentence);
  }
  // What the newest root does not sign any more is signed again.
  const auto timestamp =
      base::read_file(metadata(std::string(update::kTimestampName)), update::kTimestampLimit);
  if (!timestamp.ok() || trust->take_timestamp(*timestamp, 0)) return trust;
  const auto snapshot = base::read_file(metadata(update::snapshot_name(trust->timestamp()->snapshot.version)),
                                        update::kSnapshotLimit);
  if (!snapshot.ok() || trust->take_snapshot(*snapshot, 0)) return trust;
  const auto targets = base::read_file(metadata(update::targets_name(trust->snapshot()->targets.version)),
                                       update::kTargetsLimit);
  if (targets.ok()) static_cast<void>(trust->take_targets(*targets, 0));
  return trust;
}

base::Result<std::int64_t> UpdateFolder::make_root(const Roles& roles, base::Micros expires,
                                                   const std::vector<base::Secret>& seeds) {
  for (const std::string& each : {directory_, directory_ + "/metadata", directory_ + "/artefacts"}) {
    if (Status made = make_folder_at(each); !made.ok()) return made.error();
  }
  const bool first = ::access(first_root().c_str(), F_OK) != 0;
  auto known = first ? base::Result<update::Trust>(fail(Code::NotFound, "none")) : open();
  if (!first && !known.ok()) return known.error();
  update::Root root = first ? update::Root{} : known->root();
  const update::RoleKeys old_keys = first ? update::RoleKeys{} : root.roles.at("root");
  root.version += 1;
  root.expires = expires;
  for (const auto& [name, keys] : roles) {
    update::RoleKeys of;
    of.threshold = keys.threshold;
    for (const std::string& key : keys.public_keys) {
      of.ids.insert(update::key_id(key));
      root.keys[update::key_id(key)] = key;
    }
    root.roles[name] = of;
  }
  // Keys that no role has any more go.
  std::erase_if(root.keys, [&root](const auto& key) {
    for (const auto& [name, role] : root.roles) {
      if (role.ids.contains(key.first)) return false;
    }
    return true;
  });
  const auto document = sign_document(update::to_json(root), seeds, {&root.roles["root"], &old_keys});
  if (!document.ok()) return document.error();
  if (first) {
    if (const auto pinned = update::Trust::pin(*document); !pinned.ok()) return pinned.error();
  } else if (const update::Taken taken = known->take_root(*document); taken) {
    return not_taken(taken);
  }
  if (Status kept = base::write_file(metadata(update::root_name(root.version)), *document, 0644); !kept.ok())
    return kept.error();
  return root.version;
}

base::Result<update::Targets> UpdateFolder::draft() const {
  const auto text = base::read_file(directory_ + "/draft.json", kDraftLimit);
  if (!text.ok()) {
    if (text.error().code != Code::NotFound) return text.error();
    return update::Targets{1, 1, {}};
  }
  // The document of the role, as it would be signed.
  const auto envelope = update::parse_envelope(*text, "targets", kDraftLimit);
  if (!envelope.ok()) return fail(Code::Corrupt, directory_ + "/draft.json: " + envelope.error().message);
  return update::read_targets(*envelope);
}

Status UpdateFolder::keep_draft(const update::Targets& targets) const {
  const auto document = update::unsigned_document(update::to_json(targets));
  if (!document.ok()) return document.error();
  const auto again = update::parse_envelope(*document, "targets", kDraftLimit);
  if (!again.ok()) return again.error();
  if (const auto read = update::read_targets(*again); !read.ok()) return read.error();
  return base::write_file(directory_ + "/draft.json", *document, 0644);
}

Status UpdateFolder::add(const std::string& file, update::Target target) {
  auto targets = draft();
  if (!targets.ok()) return targets.error();
  for (const std::string& each : {directory_, directory_ + "/artefacts"}) {
    if (Status made = make_folder_at(each); !made.ok()) return made;
  }
  const std::string part = directory_ + "/artefacts/" + target.name + ".part";
  if (!update::is_target_name(target.name))
    return fail(Code::Invalid,
                "the name of the file is no name of an artefact: letters, digits and ._+- , 128 at most");
  if (Status copied = copy_artefact(file, part, target); !copied.ok()) {
    ::unlink(part.c_str());
    return copied;
  }
  if (::rename(part.c_str(), artefact(target.sha256).c_str()) != 0) return base::fail_errno(part, errno);
  targets->targets[target.name] = std::move(target);
  return keep_draft(*targets);
}

Status UpdateFolder::remove(const std::string& name) {
  auto targets = draft();
  if (!targets.ok()) return targets.error();
  if (targets->targets.erase(name) == 0) return fail(Code::NotFound, "there is no " + name + " in the draft");
  return keep_draft(*targets);
}

base::Result<update::Trust> UpdateFolder::sign(const Lives& lives, base::Micros renew,
                                               const std::vector<base::Secret>& seeds, base::Micros now) {
  auto trust = open();
  if (!trust.ok()) return trust;
  auto targets = draft();
  if (!targets.ok()) return targets.error();
  const auto next = [](std::int64_t version) { return version + 1; };
  std::map<std::string, std::string> made;  // documents that are new, by name
  std::string text = trust->kept().targets;
  const auto& roles = trust->root().roles;

  const std::int64_t known_targets = trust->snapshot() ? trust->snapshot()->targets.version : 0;
  update::Targets wanted = *targets;
  const bool same = trust->targets() && trust->targets_are_named() &&
                    update::to_json(*trust->targets())["targets"] == update::to_json(wanted)["targets"] &&
                    trust->targets()->expires > renew;
  wanted.version = same ? known_targets : next(known_targets);
  wanted.expires = lives.targets;
  if (!same) {
    auto document = sign_document(update::to_json(wanted), seeds, {&roles.at("targets")});
    if (!document.ok()) return document.error();
    text = *document;
    made[update::targets_name(wanted.version)] = text;
  }
  update::Snapshot snapshot;
  snapshot.targets = update::name_document(wanted.version, text);
  const std::int64_t known_snapshot = trust->timestamp() ? trust->timestamp()->snapshot.version : 0;
  const bool same_snapshot = same && trust->snapshot_is_named() && trust->snapshot()->expires > renew;
  std::string snapshot_text = trust->kept().snapshot;
  snapshot.version = same_snapshot ? known_snapshot : next(known_snapshot);
  snapshot.expires = lives.snapshot;
  if (!same_snapshot) {
    auto document = sign_document(update::to_json(snapshot), seeds, {&roles.at("snapshot")});
    if (!document.ok()) return document.error();
    snapshot_text = *document;
    made[update::snapshot_name(snapshot.version)] = snapshot_text;
  }
  const update::Timestamp timestamp{next(trust->timestamp() ? trust->timestamp()->version : 0),
                                    lives.timestamp, update::name_document(snapshot.version, snapshot_text)};
  auto document = sign_document(update::to_json(timestamp), seeds, {&roles.at("timestamp")});
  if (!document.ok()) return document.error();
  made[std::string(update::kTimestampName)] = *document;

  // As a customer would.
  if (const update::Taken taken = trust->take_timestamp(*document, now); taken) return not_taken(taken);
  if (const update::Taken taken = trust->take_snapshot(snapshot_text, now); taken) return not_taken(taken);
  if (const update::Taken taken = trust->take_targets(text, now); taken) return not_taken(taken);
  // The timestamp last, whose name sorts behind those that begin with a digit: what it names is there.
  for (const auto& [name, bytes] : made) {
    if (Status kept = base::write_file(metadata(name), bytes, 0644); !kept.ok()) return kept.error();
  }
  return trust;
}

}  // namespace postern::mission
