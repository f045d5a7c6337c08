// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/shown_checkpoint.h"

namespace postern::audit {
namespace {

// Empty if it is not there, or the note is too long.
std::string signed_alone(const SignedCheckpoint& checkpoint, const certs::VerifierKey& log) {
  std::string_view lines(checkpoint.bytes);
  lines.remove_prefix(checkpoint.note.text.size() + 1);
  for (auto line = certs::take_line(lines); line; line = certs::take_line(lines)) {
    std::string note = checkpoint.note.text + "\n" + std::string(*line) + "\n";
    const auto parsed = certs::parse_note(note);
    if (!parsed.ok() || certs::check_signature(*parsed, log) != certs::Signed::Yes) continue;
    return note.size() <= kShownNote ? note : std::string();
  }
  return {};
}

const char* sentence_of(WitnessAnswer answer) {
  switch (answer) {
    case WitnessAnswer::Cosign:
      return "cosigned";
    case WitnessAnswer::Malformed:
      return "the old size is larger than the checkpoint's";
    case WitnessAnswer::NotSigned:
      return "the checkpoint is not signed by the key of its log";
    case WitnessAnswer::Conflict:
      return "this log was seen at another size, or with another root";
    case WitnessAnswer::Inconsistent:
      break;
  }
  return "the proof does not lead from what was seen to this checkpoint";
}

// Only a checkpoint that goes on from what is known, or one of the same size with another root, says anything about the
// log; any other Conflict says that whoever asks does not know where the witness is.
void look_for_other_history(const ShownCheckpoint& shown, const Witnessed& known, ShownJudgement& out) {
  const certs::Checkpoint& head = shown.checkpoint.head;
  const bool two_roots = head.size == known.size && head.root != known.root;
  out.other_history = known.size > 0 && (two_roots || out.answer == WitnessAnswer::Inconsistent);
  if (!out.other_history) return;
  out.proved = two_roots || convicts_log(shown.request, known);
  out.why = two_roots    ? "it signed two roots for one size"
            : out.proved ? "what it signed now does not begin with what it signed before"
                         : "no proof leads from what it signed before to what it signed now";
}

}  // namespace

base::Result<ShownCheckpoint> parse_shown(std::string_view request) {
  auto read = parse_add_checkpoint(request);
  if (!read.ok()) return read.error();
  auto checkpoint = parse_signed_checkpoint(read->checkpoint, "the request");
  if (!checkpoint.ok()) return checkpoint.error();
  return ShownCheckpoint{*std::move(read), *std::move(checkpoint)};
}

ShownJudgement judge_shown(const ShownCheckpoint& shown, const certs::VerifierKey& log,
                           const Witnessed& known) {
  ShownJudgement out;
  out.answer = judge_checkpoint(shown.request, log, known, out.next);
  out.message = sentence_of(out.answer);
  if (out.answer == WitnessAnswer::NotSigned || out.answer == WitnessAnswer::Malformed) return out;
  out.note = signed_alone(shown.checkpoint, log);
  if (out.note.empty()) {
    out.answer = WitnessAnswer::Malformed;
    out.message = "the checkpoint is longer than a witness here takes";
  } else if (out.answer != WitnessAnswer::Cosign) {
    look_for_other_history(shown, known, out);
  }
  return out;
}

}  // namespace postern::audit
