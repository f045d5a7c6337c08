// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Makes a log for others to verify: log_maker FOLDER EVENTS
//
//   FOLDER/journal, FOLDER/log     as a ledger keeps them
//   FOLDER/checkpoints/SIZE        what was published on the way, newest last
//   FOLDER/key                     the verifier key that it began with; at the end it is handed over to another
//   FOLDER/witness                 that of the witness that cosigned the last checkpoint
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "audit/witness.h"
#include "base/file.h"
#include "tests/unit/audit/made_log.h"

namespace {

using namespace postern;

void must(const base::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "log_maker: %s\n", status.error().message.c_str());
  std::exit(1);
}

void publish(audit::MadeLog& log, const std::string& folder) {
  must(log.publish());
  while (log.tiler->prepared() < log.journal->durable()) must(log.publish());
  const auto checkpoint = audit::read_checkpoint(audit::system_files(), log.log());
  must(checkpoint.ok() ? base::Status(base::Ok{}) : checkpoint.error());
  must(base::write_file(folder + "/checkpoints/" + std::to_string(checkpoint->head.size), checkpoint->bytes,
                        0644));
}

// What a witness does and what the log makes of its answer.
void cosign(audit::MadeLog& log, const std::string& folder) {
  const certs::SignerKey witness{"witness/test", base::Secret(std::string(32, 'w'))};
  const certs::VerifierKey verifier = certs::make_verifier_key(
      witness.name, certs::NoteAlgorithm::Cosignature, base::ed25519_public(witness.seed));
  const auto request = audit::make_add_checkpoint(audit::system_files(), log.log(), 0);
  must(request.ok() ? base::Status(base::Ok{}) : request.error());
  audit::Witnessed known;
  if (audit::judge_checkpoint(*request, certs::verifier_of(audit::MadeLog::second_key()), known, known) !=
      audit::WitnessAnswer::Cosign)
    must(base::fail(base::Code::Internal, "the witness does not cosign"));
  const auto note = certs::parse_note(request->checkpoint);
  const auto cosigned = audit::take_cosignature(
      request->checkpoint, certs::cosignature_line(witness, note->text, 1'772'366'400), verifier);
  must(cosigned.ok() ? base::Status(base::Ok{}) : cosigned.error());
  must(log.tiler->publish(cosigned->checkpoint));
  must(base::write_file(folder + "/witness", certs::format_verifier_key(verifier) + "\n", 0644));
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t events = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
  if (events == 0) return 2;
  const std::string folder = argv[1];
  std::filesystem::create_directories(folder + "/checkpoints");
  auto log = audit::MadeLog::open(audit::system_files(), folder);
  must(log.ok() ? base::Status(base::Ok{}) : log.error());
  const std::uint64_t at_once = std::clamp<std::uint64_t>(events / 4, 1, 10'000);
  for (std::uint64_t made = 0; made < events;) {
    const std::uint64_t more = std::min(at_once, events - made);
    must((*log)->append(more));
    made += more;
    if (made % (events / 4 + 1) < at_once || made == events) publish(**log, folder);
  }
  must((*log)->hand_over(audit::MadeLog::second_key()));
  publish(**log, folder);
  cosign(**log, folder);
  must(base::write_file(folder + "/key",
                        certs::format_verifier_key(certs::verifier_of(audit::MadeLog::key())) + "\n", 0644));
  return 0;
}
