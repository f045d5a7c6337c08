// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Makes a log for others to verify: log_maker FOLDER EVENTS
//
//   FOLDER/journal, FOLDER/log     as a ledger keeps them
//   FOLDER/checkpoints/SIZE        what was published on the way, newest last
//   FOLDER/key                     the verifier key that it began with; at the end it is handed over to another
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

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
  must(base::write_file(folder + "/key",
                        certs::format_verifier_key(certs::verifier_of(audit::MadeLog::key())) + "\n", 0644));
  return 0;
}
