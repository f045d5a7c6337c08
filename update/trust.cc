// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "update/trust.h"

#include <array>

namespace postern::update {
namespace {

using base::Json;

constexpr std::array<std::string_view, 8> kReasons{"malformed", "specification", "too_long", "signature",
                                                   "version",   "expired",       "mismatch", "missing"};

Refused refuse(Reason reason, std::string_view role, std::string_view what) {
  return {reason, "the vendor's " + std::string(role) + " was not taken: " + std::string(what)};
}

std::string number(std::int64_t value) { return std::to_string(value); }

// Why it could not be read at all.
Refused unread(std::string_view text, std::string_view role, const base::Error& error) {
  if (error.code == base::Code::Limit) return refuse(Reason::TooLong, role, error.message);
  const auto json = base::parse_json(text, 12);
  const bool other = json.ok() && json->is_object() && json->contains("signed") &&
                     json->at("signed").is_object() &&
                     !is_known_specification(base::json_text_or(json->at("signed"), "spec_version", ""));
  return refuse(other ? Reason::Specification : Reason::Malformed, role, error.message);
}

Taken judge_expiry(base::Micros expires, std::string_view role, base::Micros now) {
  if (expires > now) return std::nullopt;
  return refuse(Reason::Expired, role, "it expired on " + format_second(expires));
}

Taken judge_named(const Named& named, std::string_view text, std::string_view role) {
  if (named.length != static_cast<std::int64_t>(text.size()))
    return refuse(Reason::Mismatch, role,
                  "it has " + number(static_cast<std::int64_t>(text.size())) + " bytes, and " +
                      number(named.length) + " were announced");
  if (base::sha256_hex(text) != named.sha256)
    return refuse(Reason::Mismatch, role, "its hash is not the one that was announced");
  return std::nullopt;
}

Refused older(std::string_view role, std::int64_t version, std::int64_t known) {
  return refuse(Reason::Version, role,
                "it is version " + number(version) + ", and version " + number(known) + " is known");
}

std::vector<std::string> texts_of(const Json& json, const char* key) {
  auto out = base::json_texts(json, key);
  if (out.size() > Trust::kMostRoots) out.clear();
  return out;
}

}  // namespace

std::string_view to_text(Reason reason) { return kReasons.at(static_cast<std::size_t>(reason)); }

Json to_json(const Kept& kept) {
  return {{"roots", kept.roots},
          {"timestamp", kept.timestamp},
          {"snapshot", kept.snapshot},
          {"targets", kept.targets}};
}

Kept parse_kept(const Json& json) {
  return {texts_of(json, "roots"), base::json_text_or(json, "timestamp", ""),
          base::json_text_or(json, "snapshot", ""), base::json_text_or(json, "targets", "")};
}

base::Result<Trust> Trust::pin(std::string_view root) {
  const auto envelope = parse_envelope(root, "root", kRootLimit);
  if (!envelope.ok()) return envelope.error();
  auto read = read_root(*envelope);
  if (!read.ok()) return read.error();
  Trust out;
  out.root_ = *std::move(read);
  if (const Taken taken = out.judge(*envelope, "root"); taken)
    return base::fail(base::Code::Invalid, base::Side::Component, taken->sentence);
  return out;
}

base::Result<Trust> Trust::pin(std::string_view root, const Kept& kept, bool& left_out) {
  auto out = pin(root);
  left_out = false;
  if (!out.ok()) return out;
  for (const std::string& each : kept.roots) {
    const auto envelope = parse_envelope(each, "root", kRootLimit);
    // The pinned one was made newer meanwhile.
    if (envelope.ok() && envelope->version <= out->root_.version) continue;
    if (out->take_root(each)) left_out = true;
  }
  if (!kept.timestamp.empty() && out->take_timestamp(kept.timestamp, 0)) left_out = true;
  if (!kept.snapshot.empty() && out->take_snapshot(kept.snapshot, 0)) left_out = true;
  if (!kept.targets.empty() && out->take_targets(kept.targets, 0)) left_out = true;
  return out;
}

// Signed by as many keys as the root that is trusted demands.
Taken Trust::judge(const Envelope& envelope, std::string_view role) const {
  const RoleKeys& keys = root_.roles.at(std::string(role));
  const std::int64_t signers = count_signatures(envelope, root_.keys, keys);
  if (signers >= keys.threshold) return std::nullopt;
  return refuse(Reason::Signature, role,
                number(signers) + " of its keys have signed it, and " + number(keys.threshold) + " must");
}

Taken Trust::take_root(std::string_view text) {
  const auto envelope = parse_envelope(text, "root", kRootLimit);
  if (!envelope.ok()) return unread(text, "root", envelope.error());
  auto read = read_root(*envelope);
  if (!read.ok()) return refuse(Reason::Malformed, "root", read.error().message);
  if (kept_.roots.size() >= kMostRoots)
    return refuse(Reason::Version, "root", "it follows too many others: pin a newer one");
  if (Taken by_the_old = judge(*envelope, "root"); by_the_old) return by_the_old;
  Trust next;
  next.root_ = *std::move(read);
  if (Taken by_itself = next.judge(*envelope, "root"); by_itself) return by_itself;
  if (next.root_.version != root_.version + 1)
    return refuse(Reason::Version, "root",
                  "it is version " + number(next.root_.version) + ", and version " +
                      number(root_.version + 1) + " is the next");
  // 5.3.11: whoever had the old keys may have gone ahead with the versions.
  const bool other = root_.roles.at("timestamp") != next.root_.roles.at("timestamp") ||
                     root_.roles.at("snapshot") != next.root_.roles.at("snapshot");
  if (other) {
    timestamp_.reset();
    snapshot_.reset();
    kept_.timestamp.clear();
    kept_.snapshot.clear();
  }
  // What it does not name any more would be refused when it is read again.
  if (other || root_.roles.at("targets") != next.root_.roles.at("targets")) {
    targets_.reset();
    kept_.targets.clear();
  }
  root_ = std::move(next.root_);
  kept_.roots.emplace_back(text);
  return std::nullopt;
}

Taken Trust::no_more_roots(base::Micros now) const { return judge_expiry(root_.expires, "root", now); }

Taken Trust::take_timestamp(std::string_view text, base::Micros now) {
  const auto envelope = parse_envelope(text, "timestamp", kTimestampLimit);
  if (!envelope.ok()) return unread(text, "timestamp", envelope.error());
  const auto read = read_timestamp(*envelope);
  if (!read.ok()) return refuse(Reason::Malformed, "timestamp", read.error().message);
  if (Taken taken = judge(*envelope, "timestamp"); taken) return taken;
  if (timestamp_ && read->version < timestamp_->version)
    return older("timestamp", read->version, timestamp_->version);
  // 5.4.3.1: the same version is the one that is known, whatever it says.
  if (timestamp_ && read->version == timestamp_->version)
    return judge_expiry(timestamp_->expires, "timestamp", now);
  if (timestamp_ && read->snapshot.version < timestamp_->snapshot.version)
    return older("snapshot", read->snapshot.version, timestamp_->snapshot.version);
  if (Taken expired = judge_expiry(read->expires, "timestamp", now); expired) return expired;
  timestamp_ = *read;
  kept_.timestamp = text;
  return std::nullopt;
}

bool Trust::snapshot_is_named() const {
  return timestamp_ && snapshot_ && timestamp_->snapshot == name_document(snapshot_->version, kept_.snapshot);
}

bool Trust::targets_are_named() const {
  return snapshot_ && targets_ && snapshot_->targets == name_document(targets_->version, kept_.targets);
}

Taken Trust::take_snapshot(std::string_view text, base::Micros now) {
  if (!timestamp_) return refuse(Reason::Missing, "snapshot", "no timestamp names it");
  if (text.size() > kSnapshotLimit) return refuse(Reason::TooLong, "snapshot", "it has more than 16 KiB");
  if (Taken other = judge_named(timestamp_->snapshot, text, "snapshot"); other) return other;
  const auto envelope = parse_envelope(text, "snapshot", kSnapshotLimit);
  if (!envelope.ok()) return unread(text, "snapshot", envelope.error());
  const auto read = read_snapshot(*envelope);
  if (!read.ok()) return refuse(Reason::Malformed, "snapshot", read.error().message);
  if (Taken taken = judge(*envelope, "snapshot"); taken) return taken;
  if (read->version != timestamp_->snapshot.version)
    return refuse(Reason::Mismatch, "snapshot", "it is another version than the timestamp names");
  if (snapshot_ && read->targets.version < snapshot_->targets.version)
    return older("targets", read->targets.version, snapshot_->targets.version);
  if (Taken expired = judge_expiry(read->expires, "snapshot", now); expired) return expired;
  snapshot_ = *read;
  kept_.snapshot = text;
  return std::nullopt;
}

Taken Trust::take_targets(std::string_view text, base::Micros now) {
  if (!snapshot_is_named()) return refuse(Reason::Missing, "targets", "no snapshot names them");
  if (text.size() > kTargetsLimit) return refuse(Reason::TooLong, "targets", "they have more than 192 KiB");
  if (Taken other = judge_named(snapshot_->targets, text, "targets"); other) return other;
  const auto envelope = parse_envelope(text, "targets", kTargetsLimit);
  if (!envelope.ok()) return unread(text, "targets", envelope.error());
  auto read = read_targets(*envelope);
  if (!read.ok()) return refuse(Reason::Malformed, "targets", read.error().message);
  if (Taken taken = judge(*envelope, "targets"); taken) return taken;
  if (read->version != snapshot_->targets.version)
    return refuse(Reason::Mismatch, "targets", "they are another version than the snapshot names");
  if (Taken expired = judge_expiry(read->expires, "targets", now); expired) return expired;
  targets_ = *std::move(read);
  kept_.targets = text;
  return std::nullopt;
}

Taken Trust::look(base::Micros now) const {
  if (!timestamp_ || !snapshot_is_named() || !targets_are_named())
    return refuse(Reason::Missing, "metadata", "not all of it is known yet");
  for (const auto& [expires, role] :
       {std::pair(root_.expires, "root"), std::pair(timestamp_->expires, "timestamp"),
        std::pair(snapshot_->expires, "snapshot"), std::pair(targets_->expires, "targets")}) {
    if (Taken expired = judge_expiry(expires, role, now); expired) return expired;
  }
  return std::nullopt;
}

}  // namespace postern::update
