// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/handover.h"

#include "base/bytes.h"

namespace postern::certs {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::string_view kWord = "postern.handover/v1 ";

base::Error not_a_handover(const std::string& why) {
  return fail(Code::Invalid, "this is not a handover: " + why);
}

Result<VerifierKey> key_of(std::string_view text, const std::string& origin) {
  auto key = parse_verifier_key(text);
  if (!key.ok()) return key;
  if (key->name != origin || key->algorithm != NoteAlgorithm::Ed25519)
    return not_a_handover("a key that it names is not one of this log");
  return key;
}

base::Status signed_by(const Note& note, const VerifierKey& key, const char* which) {
  if (check_signature(note, key) == Signed::Yes) return base::Ok{};
  return fail(Code::Invalid, "the handover is not signed by its " + std::string(which) + " key");
}

}  // namespace

std::string format_handover(const Handover& handover) {
  return format_checkpoint(handover.head) + std::string(kWord) + format_verifier_key(handover.from) + " " +
         format_verifier_key(handover.to) + "\n";
}

Result<Handover> parse_handover(std::string_view text) {
  auto head = parse_checkpoint(text);
  if (!head.ok()) return not_a_handover("its first lines are no checkpoint");
  std::string_view rest = text;
  for (int line = 0; line < 3; ++line) take_line(rest);
  const auto line = take_line(rest);
  if (!line || !line->starts_with(kWord)) return not_a_handover("it names no keys");
  const std::string_view keys = line->substr(kWord.size());
  const std::size_t space = keys.find(' ');
  if (space == std::string_view::npos) return not_a_handover("it names one key");
  auto from = key_of(keys.substr(0, space), head->origin);
  if (!from.ok()) return from.error();
  auto to = key_of(keys.substr(space + 1), head->origin);
  if (!to.ok()) return to.error();
  if (from->id == to->id) return not_a_handover("it names the same key twice");
  Handover handover{*std::move(head), *std::move(from), *std::move(to)};
  if (format_handover(handover) != text) return not_a_handover("it has another form");
  return handover;
}

Result<Handover> open_handover(std::string_view bytes) {
  const auto note = parse_note(bytes);
  if (!note.ok()) return note.error();
  auto handover = parse_handover(note->text);
  if (!handover.ok()) return handover;
  if (const auto old = signed_by(*note, handover->from, "old"); !old.ok()) return old.error();
  if (const auto fresh = signed_by(*note, handover->to, "new"); !fresh.ok()) return fresh.error();
  return handover;
}

}  // namespace postern::certs
