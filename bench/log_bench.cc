// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the log costs: events appended, written and synced in groups, hashed into tiles and put under checkpoints, all
// on one thread; and verifying them, also on one. The folder decides the disk:
//
//   log_bench [FOLDER] [EVENTS]
#include <stdlib.h>
#include <time.h>

#include <cstdio>
#include <filesystem>

#include "audit/journal.h"
#include "audit/tiler.h"
#include "audit/verify.h"
#include "base/clock.h"
#include "tests/unit/audit/sample.h"

namespace postern::audit {
namespace {

constexpr std::uint64_t kGroup = 1'024;              // events of one sync
constexpr std::uint64_t kCheckpointEvery = 200'000;  // events: what the aim says a second brings

double seconds(clockid_t which) {
  timespec now{};
  POSTERN_CHECK(::clock_gettime(which, &now) == 0);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

class Measured {
 public:
  explicit Measured(const char* what) : what_(what) {}
  void report(std::uint64_t events) const {
    const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_, wall = seconds(CLOCK_MONOTONIC) - wall_;
    const auto n = static_cast<double>(events);
    std::printf("%-52s %6.2f us CPU per event %10.0f events/s of CPU %10.0f events/s\n", what_, cpu * 1e6 / n,
                n / cpu, n / wall);
  }

 private:
  const char* what_;
  double cpu_ = seconds(CLOCK_PROCESS_CPUTIME_ID), wall_ = seconds(CLOCK_MONOTONIC);
};

constexpr std::string_view kForwarded =
    R"({"exchange":123456,"method":"GET","target":"/api/v1/query_range?query=up&start=1772366400&end=1772370000&step=15",)"
    R"("capability":"metrics.read","operation":"GET /api/v1/query_range","class":"read","client":"192.0.2.7",)"
    R"("service":"prometheus","node":"127.0.0.1:9090"})";
constexpr std::string_view kCompleted =
    R"({"forwarded":"01HZX3T9GQ0000000000000001","status":200,"request_bytes":0,"response_bytes":12345,)"
    R"("duration_us":4321,"component_us":4000,"outcome":"completed"})";

std::vector<std::string> make_lines(std::uint64_t count) {
  std::vector<std::string> lines;
  std::size_t bytes = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const bool forwarded = i % 2 == 0;
    lines.push_back(sample(forwarded ? EventType::ExchangeForwarded : EventType::ExchangeCompleted, i,
                           sample_id(i / 20), forwarded ? kForwarded : kCompleted));
    bytes += lines.back().size();
  }
  std::printf("%zu bytes per event\n", bytes / lines.size());
  return lines;
}

void run(const std::string& folder, std::uint64_t count) {
  POSTERN_CHECK(base::init_crypto().ok());
  const certs::SignerKey key{"postern/bench", base::Secret(std::string(32, 'k'))};
  const std::vector<std::string> lines = make_lines(count);
  auto journal = *Journal::open(system_files(), folder + "/journal");
  auto reader = *JournalReader::open(system_files(), folder + "/journal");
  POSTERN_CHECK(system_files().make_directory(folder + "/log").ok());
  Tiler tiler(system_files(), folder + "/log", Frontier());
  const auto publish = [&] {
    const auto head = tiler.prepare(*reader, journal->durable());
    POSTERN_CHECK(head.ok());
    const std::string text = certs::format_checkpoint({key.name, head->size, head->root});
    POSTERN_CHECK(tiler.publish(text + "\n" + certs::signature_line(key, text)).ok());
  };
  const Measured appended("append, write, sync per 1,024, hash, tiles, checkpoints");
  for (std::uint64_t i = 0; i < count; ++i) {
    POSTERN_CHECK(journal->append(lines[i]).ok());
    if ((i + 1) % kGroup == 0 || i + 1 == count) POSTERN_CHECK(journal->write_and_sync().ok());
    if ((i + 1) % kCheckpointEvery == 0) publish();
  }
  while (tiler.prepared() < count) publish();
  appended.report(count);

  TreeHasher hasher;
  const Measured hashed("hash a leaf");
  Frontier frontier;
  for (const std::string& line : lines) (void)hasher.leaf(line);
  hashed.report(count);
  const Measured tree("hash a leaf and its share of the tree");
  for (const std::string& line : lines) frontier.append(hasher, hasher.leaf(line));
  tree.report(count);

  const Measured verified("verify, one thread");
  const VerifyReport report = verify_log({folder + "/log", certs::verifier_of(key), {}});
  POSTERN_CHECK(report.ok() && report.entries == count);
  verified.report(count);
}

}  // namespace
}  // namespace postern::audit

int main(int argc, char** argv) {
  const std::string parent = argc > 1 ? argv[1] : std::filesystem::temp_directory_path().string();
  const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  std::string folder = parent + "/log-bench-XXXXXX";
  if (count < 1000 || ::mkdtemp(folder.data()) == nullptr) return 2;
  postern::audit::run(folder, count);
  std::filesystem::remove_all(folder);
  return 0;
}
