// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/updates.h"

#include <set>
#include <utility>

#include "base/bytes.h"
#include "line/updates.h"
#include "update/refresh.h"

namespace postern::mission {
namespace {

using answer::Reply;
using answer::Response;
using base::Code;
using base::fail;
using base::Ok;
using base::Status;

constexpr std::size_t kMostUploads = 4;  // at a time, on one server
constexpr std::size_t kWhySuspended = 200;
constexpr std::size_t kWhyTold = 200;  // of what an installation says

Response plain_answer(const char* type, std::string body) {
  Response out;
  out.content_type = type;
  out.body = std::move(body);
  out.fields.emplace_back("cache-control", "no-store");
  return out;
}

// What an event of a gateway means here; empty: nothing.
std::string state_of(const StoredEvent& event) {
  static const std::map<std::string, std::string, std::less<>> kStates{
      {"update.announced", "announced"}, {"update.scheduled", "scheduled"}, {"update.postponed", "postponed"},
      {"update.downloaded", "ready"},    {"update.refused", "refused"},     {"update.cancelled", "cancelled"},
      {"update.begun", "running"},       {"update.withdrawn", "withdrawn"}, {"update.missed", "missed"}};
  if (event.type == "update.ended") {
    const std::string outcome = base::json_text_or(event.body, "outcome", "");
    // Where it was refused nothing was touched: the customer's node was not well, say, and the update is not at fault.
    return outcome == "done" || outcome == "rolled_back" || outcome == "refused" ? outcome : "failed";
  }
  const auto found = kStates.find(event.type);
  return found == kStates.end() ? std::string() : found->second;
}

// The root that all else is believed by.
struct Pinned {
  std::string root;
  bool first = false;  // nothing was published yet
};

// Suspends it where too many of a ring have failed. The offer is held: of two servers that are told of a failure at the same time the
// later one counts both.
Status stop_on_failures(Parts& parts, UpdateOffer offer, std::int64_t ring, const std::string& installation) {
  if (!offer.suspended.empty()) return Ok{};
  const auto failed = parts.store.count_failures(offer.name, ring), all = parts.store.count_ring(ring);
  if (!failed.ok() || !all.ok()) return failed.ok() ? all.error() : failed.error();
  if (*failed == 0 || *failed * 100 < offer.stop_at * *all) return Ok{};
  offer.suspended = std::to_string(*failed) + " of " + std::to_string(*all) + " installations of ring " +
                    std::to_string(ring) + " reported that it failed or was rolled back";
  offer.suspended_by = kByFailures;
  offer.changed = parts.clock.wall();
  if (Status kept = parts.store.set_offer(offer); !kept.ok()) return kept;
  parts.note(installation, "update.suspended", {{"update", offer.name}, {"why", offer.suspended}});
  return Ok{};
}

base::Result<update::Trust> known_trust(Parts& parts, const Publication& published, Pinned& kept) {
  const auto found = parts.store.hold_update_trust();
  if (!found.ok()) return found.error();
  if (!*found && published.roots.empty())
    return fail(Code::Invalid, "nothing was published yet: the first root is missing");
  kept.first = !*found;
  kept.root = *found ? (*found)->pinned : published.roots.front();
  bool left_out = false;
  return update::Trust::pin(kept.root, *found ? update::parse_kept((*found)->kept) : update::Kept{},
                            left_out);
}

std::int64_t version_of_root(std::string_view text) {
  const auto envelope = update::parse_envelope(text, "root", update::kRootLimit);
  return envelope.ok() ? envelope->version : 0;
}

Status check_artefacts(Parts& parts, const update::Targets& targets) {
  for (const auto& [name, target] : targets.targets) {
    const auto file = parts.store.update_file(update::artefact_name(target.sha256));
    if (!file.ok()) return file.error();
    if (!*file || !(*file)->whole || (*file)->length != target.length)
      return fail(Code::Invalid, "the artefact of " + name + " is not here, or not whole");
  }
  return Ok{};
}

Status keep_document(Parts& parts, const std::string& name, const std::string& text) {
  if (text.empty()) return Ok{};
  if (Status gone = parts.store.remove_file(name); !gone.ok()) return gone;
  const std::string id = parts.new_id();
  const UpdateUpload upload{name, id, parts.clock.wall()};
  auto done = parts.store.begin_file(upload, static_cast<std::int64_t>(text.size()));
  if (done.ok()) done = parts.store.add_piece(upload, 0, text);
  if (done.ok()) done = parts.store.end_file(upload);
  if (!done.ok()) return done.error();
  return Ok{};
}

UpdateOffer new_offer(const std::string& name, const std::string& sha256, base::Micros now) {
  UpdateOffer out;
  out.name = name;
  out.sha256 = sha256;
  out.stop_at = kDefaultStopAt;
  out.changed = out.published = now;
  return out;
}

// A target that is new is offered to nobody; one that is no more is forgotten.
Status keep_offers(Parts& parts, const update::Targets& targets) {
  const auto known = parts.store.hold_offers();
  if (!known.ok()) return known.error();
  std::map<std::string, UpdateOffer> offers;
  for (const UpdateOffer& one : *known) offers[one.name] = one;
  for (const auto& [name, target] : targets.targets) {
    const auto found = offers.find(name);
    // Under the same name another artefact: it begins anew.
    const bool same = found != offers.end() && found->second.sha256 == target.sha256;
    if (found != offers.end() && !same) {
      if (Status gone = parts.store.remove_offer(name); !gone.ok()) return gone;
    }
    UpdateOffer offer = same ? found->second : new_offer(name, target.sha256, parts.clock.wall());
    offer.about = update::to_json(target);
    if (Status kept = parts.store.set_offer(offer); !kept.ok()) return kept;
  }
  for (const auto& [name, offer] : offers) {
    if (targets.targets.contains(name)) continue;
    if (Status gone = parts.store.remove_offer(name); !gone.ok()) return gone;
  }
  return Ok{};
}

// Artefacts that no target has any more.
Status forget_artefacts(Parts& parts, const update::Targets& targets) {
  std::set<std::string> wanted;
  for (const auto& [name, target] : targets.targets) wanted.insert(update::artefact_name(target.sha256));
  const auto files = parts.store.update_files();
  if (!files.ok()) return files.error();
  for (const UpdateFile& file : *files) {
    if (!update::is_artefact_name(file.name) || wanted.contains(file.name) || !file.whole) continue;
    if (Status gone = parts.store.remove_file(file.name); !gone.ok()) return gone;
  }
  return Ok{};
}

Status keep_trust(Parts& parts, const Pinned& pinned, const update::Kept& kept) {
  const UpdateTrust trust{pinned.root, update::to_json(kept)};
  if (!pinned.first) return parts.store.set_update_trust(trust);
  const auto begun = parts.store.begin_update_trust(trust);
  if (!begun.ok()) return begun.error();
  return *begun
             ? Status(Ok{})
             : fail(Code::Invalid, "another server published the first documents meanwhile: publish again");
}

Status keep_publication(Parts& parts, const update::Trust& trust, const Pinned& pinned,
                        const std::vector<std::pair<std::int64_t, std::string>>& roots) {
  const update::Kept& kept = trust.kept();
  Status done = keep_trust(parts, pinned, kept);
  for (const auto& [version, text] : roots) {
    if (done.ok()) done = keep_document(parts, update::root_name(version), text);
  }
  if (done.ok()) done = keep_document(parts, update::targets_name(trust.targets()->version), kept.targets);
  if (done.ok()) done = keep_document(parts, update::snapshot_name(trust.snapshot()->version), kept.snapshot);
  if (done.ok()) done = keep_document(parts, std::string(update::kTimestampName), kept.timestamp);
  // Offers last: artefacts may be long in going, and who is told of a failure meanwhile waits for the offers.
  if (done.ok()) done = forget_artefacts(parts, *trust.targets());
  return done.ok() ? keep_offers(parts, *trust.targets()) : done;
}

// Another upload of the same file was faster, or has begun.
base::Result<bool> overtaken(Parts& parts, const std::string& name) {
  const auto file = parts.store.update_file(name);
  if (!file.ok()) return file.error();
  if (*file && (*file)->whole) return true;
  return fail(Code::Invalid, "somebody else brings this artefact, too: begin again with piece 0");
}

}  // namespace

void answer_update_offers(Parts& parts, const Reply& reply, const std::string& installation) {
  const auto offers = parts.store.offers();
  const auto ring = parts.store.ring_of(installation);
  if (!offers.ok() || !ring.ok()) return reply(store_problem(offers.ok() ? ring.error() : offers.error()));
  line::UpdateOffers out;
  for (const UpdateOffer& one : *offers) {
    if (one.ring >= *ring)
      out.offers.push_back({one.name, !one.suspended.empty(), one.suspended.substr(0, kWhySuspended)});
  }
  reply(plain_answer("application/json", line::format(out)));
}

void answer_update_file(Parts& parts, const answer::Call& call, const Reply& reply,
                        const std::string& installation) {
  const auto asked = line::parse_update_ask(call.body);
  if (!asked.ok())
    return reply(refusal(400, line::kMalformed, "The request is not one of the line", asked.error().message));
  const auto missing = [&reply] {
    reply(refusal(404, "not_found", "There is no such file", "it is not published, or not offered"));
  };
  if (!update::is_repository_name(asked->file)) return missing();
  if (update::is_artefact_name(asked->file)) {
    const auto ring = parts.store.ring_of(installation);
    const auto offered = parts.store.is_offered(asked->file.substr(0, 64), ring.ok() ? *ring : kLastRing + 1);
    if (!offered.ok()) return reply(store_problem(offered.error()));
    if (!*offered) return missing();
  }
  const auto file = parts.store.update_file(asked->file);
  if (!file.ok()) return reply(store_problem(file.error()));
  if (!*file || !(*file)->whole) return missing();
  const auto piece = parts.store.update_piece(asked->file, asked->piece);
  if (!piece.ok()) return reply(store_problem(piece.error()));
  if (!*piece) return missing();
  reply(plain_answer("application/octet-stream", **piece));
}

Status note_update(Parts& parts, const StoredEvent& event) {
  const std::string name = base::json_text_or(event.body, "subject", "");
  const std::string state = state_of(event);
  if (state.empty() || !update::is_target_name(name)) return Ok{};
  const bool failed = state == "failed" || state == "rolled_back";
  // Held before what is counted is written: what another server wrote of it before is seen then.
  const auto offer = failed ? parts.store.hold_offer(name) : parts.store.offer(name);
  if (!offer.ok()) return offer.error();
  if (!*offer) return Ok{};
  const auto ring = parts.store.ring_of(event.installation);
  if (!ring.ok()) return ring.error();
  // What it says of an update that it was not offered is its own word: nobody else's update stops for it.
  const bool offered = *ring <= (*offer)->ring;
  const auto starts = base::parse_time(base::json_text_or(event.body, "start", ""));
  const std::string why = base::json_text_or(event.body, "why", "");
  const UpdateState told{event.installation,
                         {},
                         name,
                         state,
                         event.time,
                         0,
                         starts.ok() ? *starts : 0,
                         base::printable(why, kWhyTold),
                         offered};
  if (Status kept = parts.store.set_update_state(told); !kept.ok()) return kept;
  return offered && failed ? stop_on_failures(parts, **offer, *ring, event.installation) : Ok{};
}

base::Result<bool> add_artefact_piece(Parts& parts, const std::string& name, std::int64_t length,
                                      std::int64_t piece, std::string_view bytes) {
  if (!update::is_artefact_name(name)) return fail(Code::Invalid, "that is not the name of an artefact");
  if (length < 1 || length > update::kArtefactLimit)
    return fail(Code::Invalid, "length is not from 1 byte to 8 GiB");
  if (piece == 0) {
    const std::string id = parts.new_id();
    const auto begun = parts.store.begin_file({name, id, parts.clock.wall()}, length);
    if (!begun.ok()) return begun.error();
    if (!*begun) return true;
    if (!parts.uploads.contains(name) && parts.uploads.size() >= kMostUploads)
      parts.uploads.erase(parts.uploads.begin());
    parts.uploads[name] = {{}, length, 0, 0, id};
  }
  const auto upload = parts.uploads.find(name);
  if (upload == parts.uploads.end() || upload->second.pieces != piece || upload->second.length != length)
    return fail(Code::Invalid, "this piece is not the next one: begin again with piece 0");
  Parts::Upload& at = upload->second;
  at.had += static_cast<std::int64_t>(bytes.size());
  const bool last = at.had == length;
  if (at.had > length || bytes.empty() || (!last && bytes.size() != line::kUpdatePiece)) {
    parts.uploads.erase(upload);
    return fail(Code::Invalid, "a piece has 192 KiB, and the last one what is left");
  }
  at.hash.update(bytes);
  const std::string id = at.id;
  const auto added = parts.store.add_piece({name, id, parts.clock.wall()}, at.pieces++, bytes);
  if (!added.ok() || !*added) {
    parts.uploads.erase(upload);
    return added.ok() ? overtaken(parts, name) : added.error();
  }
  if (!last) return false;
  const bool good = update::artefact_name(base::to_hex(base::view(at.hash.finish()))) == name;
  parts.uploads.erase(upload);
  if (!good) {
    if (Status gone = parts.store.remove_file(name); !gone.ok()) return gone.error();
    return fail(Code::Invalid, "the artefact is not what its name says: its hash is another");
  }
  return parts.store.end_file({name, id, parts.clock.wall()});
}

base::Result<update::Trust> publish(Parts& parts, const Publication& published) {
  Pinned pinned;
  const auto known = known_trust(parts, published, pinned);
  if (!known.ok()) return known;
  std::map<std::string, std::string> documents;
  std::vector<std::pair<std::int64_t, std::string>> roots;
  for (const std::string& text : published.roots) {
    const std::int64_t version = version_of_root(text);
    documents[update::root_name(version)] = text;
    if (version > known->root().version || text == pinned.root) roots.emplace_back(version, text);
  }
  documents[std::string(update::kTimestampName)] =
      published.timestamp.empty() ? known->kept().timestamp : published.timestamp;
  update::Refresh refresh(*known);
  while (const auto wanted = refresh.wanted()) {
    const auto found = documents.find(*wanted);
    std::optional<std::string_view> document;
    if (found != documents.end() && !found->second.empty()) document = found->second;
    if (wanted->ends_with(".snapshot.json")) document = published.snapshot;
    if (wanted->ends_with(".targets.json")) document = published.targets;
    if (const update::Taken taken = refresh.take(document, parts.clock.wall()); taken)
      return fail(Code::Invalid, taken->sentence);
  }
  if (Status whole = check_artefacts(parts, *refresh.trust().targets()); !whole.ok()) return whole.error();
  if (Status done = keep_publication(parts, refresh.trust(), pinned, roots); !done.ok()) return done.error();
  return refresh.trust();
}

}  // namespace postern::mission
