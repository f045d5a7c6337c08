// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "update/metadata.h"

#include <algorithm>

#include "base/bytes.h"

namespace postern::update {
namespace {

using base::Code;
using base::Json;
using base::Side;

constexpr std::array<std::string_view, 4> kSeverities{"low", "moderate", "important", "critical"};
constexpr std::size_t kNameLimit = 128, kVersionLimit = 64;
constexpr std::string_view kArtefactSuffix = ".artefact";

base::Error not_such(std::string sentence) {
  return base::fail(Code::Invalid, Side::Component, std::move(sentence));
}

bool is_word(std::string_view text, std::size_t limit) {
  return !text.empty() && text.size() <= limit && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '_' || c == '+' || c == '-';
         });
}

// Plain text for people: of lines, and nothing in them that is not seen.
bool is_prose(std::string_view text) {
  if (!base::is_utf8(text)) return false;
  std::string rest(text);
  std::erase(rest, '\n');
  return base::printable(rest, rest.size() + 1) == rest;
}

const Json* object_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_object() ? &*found : nullptr;
}

base::Result<Keys> read_keys(const Json& content) {
  const Json* list = object_in(content, "keys");
  if (list == nullptr || list->size() > kMostKeys) return not_such("it has no keys, or more than 32");
  Keys out;
  for (const auto& [id, key] : list->items()) {
    // Keys of other kinds may stand there, and sign nothing for us.
    if (base::json_text_or(key, "keytype", "") != "ed25519" ||
        base::json_text_or(key, "scheme", "") != "ed25519")
      continue;
    const Json* value = object_in(key, "keyval");
    const std::string* hex = value != nullptr ? base::json_text(*value, "public") : nullptr;
    const auto bytes = hex != nullptr ? base::from_hex(*hex) : std::nullopt;
    if (!bytes || bytes->size() != base::kEd25519PublicSize || key_id(*bytes) != id)
      return not_such("one of its keys is not what its id says");
    out[id] = *bytes;
  }
  return out;
}

base::Result<RoleKeys> read_role(const Json& roles, const std::string& name, const Keys& keys) {
  const Json* role = object_in(roles, name.c_str());
  const auto list = role != nullptr ? role->find("keyids") : Json::const_iterator();
  if (role == nullptr || list == role->end() || !list->is_array())
    return not_such("it does not say who signs " + name);
  RoleKeys out;
  for (const Json& id : *list) {
    if (!id.is_string() || !out.ids.insert(id.get<std::string>()).second)
      return not_such("the keys of " + name + " are not a list of ids, each once");
  }
  out.threshold = base::json_number_or(*role, "threshold", 0);
  const auto usable =
      std::count_if(out.ids.begin(), out.ids.end(), [&](const std::string& id) { return keys.contains(id); });
  if (out.threshold < 1 || out.threshold > usable)
    return not_such("the threshold of " + name + " is not from 1 to the number of its Ed25519 keys");
  return out;
}

// Of meta: {"NAME": {"version", "length", "hashes": {"sha256"}}}, and nothing beside it.
base::Result<Named> read_named(const Json& content, const char* name, std::size_t limit) {
  const Json* meta = object_in(content, "meta");
  const Json* one = meta != nullptr ? object_in(*meta, name) : nullptr;
  if (one == nullptr || meta->size() != 1)
    return not_such("it must name " + std::string(name) + " and nothing else: delegations are not taken");
  Named out;
  out.version = base::json_number_or(*one, "version", 0);
  out.length = base::json_number_or(*one, "length", 0);
  const Json* hashes = object_in(*one, "hashes");
  out.sha256 = hashes != nullptr ? base::json_text_or(*hashes, "sha256", "") : "";
  if (out.version < 1 || out.version > kMostVersion || out.length < 1 ||
      out.length > static_cast<std::int64_t>(limit) || !is_digest(out.sha256))
    return not_such("it does not give version, length and sha256 of " + std::string(name));
  return out;
}

Json named_json(const char* name, const Named& named) {
  Json out;
  out[name] = {{"version", named.version}, {"length", named.length}};
  out[name]["hashes"]["sha256"] = named.sha256;
  return out;
}

template <typename Document>
Json head(std::string_view role, const Document& document) {
  return {{"_type", role},
          {"spec_version", kSpecVersion},
          {"version", document.version},
          {"expires", format_second(document.expires)}};
}

base::Status read_of(const Json& custom, Target& target) {
  const std::string* service = base::json_text(custom, "service");
  const std::string* product = base::json_text(custom, "product");
  if ((service == nullptr) == (product == nullptr))
    return not_such("it must be of a service or of a product");
  target.product = product != nullptr;
  target.of = *(target.product ? product : service);
  target.version = base::json_text_or(custom, "version", "");
  if (!is_word(target.of, kVersionLimit)) return not_such("the name of its service or product cannot be");
  if (!is_version_name(target.version)) return not_such("its version cannot be");
  return base::Ok{};
}

base::Status read_from(const Json& custom, Target& target) {
  const auto from = custom.find("from");
  if (from == custom.end()) return base::Ok{};
  if (!from->is_array() || from->size() > kMostFrom)
    return not_such("\"from\" is not a list of 64 versions at most");
  for (const Json& version : *from) {
    if (!version.is_string() || !is_version_name(version.get_ref<const std::string&>()))
      return not_such("one of the versions in \"from\" cannot be");
    target.from.push_back(version.get<std::string>());
  }
  return base::Ok{};
}

base::Status read_terms(const Json& custom, Target& target) {
  const auto* severity =
      std::find(kSeverities.begin(), kSeverities.end(), base::json_text_or(custom, "severity", "low"));
  if (severity == kSeverities.end())
    return not_such("its severity is none of low, moderate, important and critical");
  target.severity = static_cast<Severity>(severity - kSeverities.begin());
  target.notes = base::json_text_or(custom, "notes", "");
  if (target.notes.size() > kNotesLimit || !is_prose(target.notes))
    return not_such("its notes are not plain text of 8 KiB at most");
  target.postpone_hours = base::json_number_or(custom, "postpone_hours", 0);
  if (target.postpone_hours < 0 || target.postpone_hours > kMostPostponed)
    return not_such("postpone_hours is not from 0 to 8760");
  const std::string* before = base::json_text(custom, "not_before");
  if (before == nullptr) return base::Ok{};
  const auto time = base::parse_time(*before);
  if (!time.ok()) return not_such("not_before: " + time.error().message);
  target.not_before = *time;
  return base::Ok{};
}

base::Result<Target> read_target(const std::string& name, const Json& json) {
  Target out;
  out.name = name;
  if (!is_target_name(name)) return not_such("an artefact has a name that cannot be");
  if (!json.is_object()) return not_such(name + " is no object");
  out.length = base::json_number_or(json, "length", 0);
  const Json* hashes = object_in(json, "hashes");
  out.sha256 = hashes != nullptr ? base::json_text_or(*hashes, "sha256", "") : "";
  if (out.length < 1 || out.length > kArtefactLimit || !is_digest(out.sha256))
    return not_such(name + " has no length from 1 byte to 8 GiB, or no sha256");
  const Json* custom = object_in(json, "custom");
  if (custom == nullptr) return not_such(name + " does not say what it is an update of");
  for (auto* const read : {read_of, read_from, read_terms}) {
    if (base::Status done = read(*custom, out); !done.ok())
      return not_such(name + ": " + done.error().message);
  }
  return out;
}

}  // namespace

std::string_view to_text(Severity severity) { return kSeverities.at(static_cast<std::size_t>(severity)); }

bool is_target_name(std::string_view text) { return is_word(text, kNameLimit); }
bool is_version_name(std::string_view text) { return is_word(text, kVersionLimit); }

bool is_digest(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

base::Result<Root> read_root(const Envelope& envelope) {
  Root out{envelope.version, envelope.expires, {}, {}};
  if (!base::json_bool_or(envelope.content, "consistent_snapshot", false))
    return not_such("it does not say consistent_snapshot, without which Postern takes none");
  auto keys = read_keys(envelope.content);
  if (!keys.ok()) return keys.error();
  out.keys = *std::move(keys);
  const Json* roles = object_in(envelope.content, "roles");
  if (roles == nullptr) return not_such("it has no roles");
  for (const std::string_view name : kRoles) {
    auto role = read_role(*roles, std::string(name), out.keys);
    if (!role.ok()) return role.error();
    out.roles[std::string(name)] = *std::move(role);
  }
  return out;
}

base::Result<Timestamp> read_timestamp(const Envelope& envelope) {
  const auto named = read_named(envelope.content, "snapshot.json", kSnapshotLimit);
  if (!named.ok()) return named.error();
  return Timestamp{envelope.version, envelope.expires, *named};
}

base::Result<Snapshot> read_snapshot(const Envelope& envelope) {
  const auto named = read_named(envelope.content, "targets.json", kTargetsLimit);
  if (!named.ok()) return named.error();
  return Snapshot{envelope.version, envelope.expires, *named};
}

base::Result<Targets> read_targets(const Envelope& envelope) {
  Targets out{envelope.version, envelope.expires, {}};
  if (envelope.content.contains("delegations")) return not_such("it delegates, which is not taken");
  const Json* list = object_in(envelope.content, "targets");
  if (list == nullptr || list->size() > kMostTargets) return not_such("it has no targets, or more than 200");
  for (const auto& [name, json] : list->items()) {
    auto target = read_target(name, json);
    if (!target.ok()) return target.error();
    out.targets[name] = *std::move(target);
  }
  return out;
}

Json to_json(const Root& root) {
  Json out = head("root", root);
  out["consistent_snapshot"] = true;
  out["keys"] = Json::object();
  for (const auto& [id, bytes] : root.keys) out["keys"][id] = key_json(bytes);
  for (const auto& [name, role] : root.roles)
    out["roles"][name] = {{"keyids", role.ids}, {"threshold", role.threshold}};
  return out;
}

Json to_json(const Timestamp& timestamp) {
  Json out = head("timestamp", timestamp);
  out["meta"] = named_json("snapshot.json", timestamp.snapshot);
  return out;
}

Json to_json(const Snapshot& snapshot) {
  Json out = head("snapshot", snapshot);
  out["meta"] = named_json("targets.json", snapshot.targets);
  return out;
}

Json to_json(const Target& target) {
  Json custom{{target.product ? "product" : "service", target.of},
              {"version", target.version},
              {"severity", to_text(target.severity)}};
  if (!target.from.empty()) custom["from"] = target.from;
  if (!target.notes.empty()) custom["notes"] = target.notes;
  if (target.not_before != 0) custom["not_before"] = format_second(target.not_before);
  if (target.postpone_hours != 0) custom["postpone_hours"] = target.postpone_hours;
  Json out{{"length", target.length}, {"custom", std::move(custom)}};
  out["hashes"]["sha256"] = target.sha256;
  return out;
}

Json to_json(const Targets& targets) {
  Json out = head("targets", targets);
  out["targets"] = Json::object();
  for (const auto& [name, target] : targets.targets) out["targets"][name] = to_json(target);
  return out;
}

Named name_document(std::int64_t version, std::string_view document) {
  return {version, static_cast<std::int64_t>(document.size()), base::sha256_hex(document)};
}

std::string root_name(std::int64_t version) { return std::to_string(version) + ".root.json"; }
std::string snapshot_name(std::int64_t version) { return std::to_string(version) + ".snapshot.json"; }
std::string targets_name(std::int64_t version) { return std::to_string(version) + ".targets.json"; }
std::string artefact_name(std::string_view sha256) {
  return std::string(sha256) + std::string(kArtefactSuffix);
}

bool is_artefact_name(std::string_view name) {
  return name.ends_with(kArtefactSuffix) && is_digest(name.substr(0, name.size() - kArtefactSuffix.size()));
}

bool is_repository_name(std::string_view name) {
  if (name == kTimestampName || is_artefact_name(name)) return true;
  const std::size_t dot = name.find('.');
  if (dot == 0 || dot == std::string_view::npos || dot > 10 || name.front() == '0') return false;
  const std::string_view number = name.substr(0, dot), rest = name.substr(dot);
  return std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         (rest == ".root.json" || rest == ".snapshot.json" || rest == ".targets.json");
}

}  // namespace postern::update
