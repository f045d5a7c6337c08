// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an event costs the ledger: CPU to write its line, to append and hand it to the kernel, to read its
// head and to index it; and how many per second become durable when a sync follows each group. One thread.
// The folder decides the disk:
//
//   journal_bench [FOLDER] [EVENTS]
#include <stdlib.h>
#include <time.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "audit/index.h"
#include "audit/journal.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/ulid.h"

namespace postern::audit {
namespace {

constexpr base::Micros kStart = 1'772'366'400'000'000;
constexpr std::size_t kSessions = 100;

double cpu_seconds() {
  timespec now{};
  POSTERN_CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double wall_seconds() { return static_cast<double>(base::SystemClock().monotonic()) / 1e9; }

void write_detail(std::string& out, bool forwarded, std::string_view id) {
  base::JsonWriter json(out);
  json.open_object();
  if (forwarded) {
    json.field("exchange", std::int64_t{123456});
    json.field("method", "GET");
    json.field("target", "/api/v1/query_range?query=up&start=1772366400&end=1772370000&step=15");
    json.field("capability", "metrics.read");
    json.field("operation", "GET /api/v1/query_range");
    json.field("class", "read");
    json.field("client", "192.0.2.7");
    json.field("service", "prometheus");
    json.field("node", "127.0.0.1:9090");
  } else {
    json.field("forwarded", id);
    json.field("status", std::int64_t{200});
    json.field("request_bytes", std::int64_t{0});
    json.field("response_bytes", std::int64_t{12345});
    json.field("duration_us", std::int64_t{4321});
    json.field("component_us", std::int64_t{4000});
    json.field("outcome", "completed");
  }
  json.close_object();
}

// The two events of an exchange in turn.
std::vector<std::string> make_lines(std::size_t count, const std::vector<std::string>& ids) {
  std::vector<std::string> lines(count);
  std::string detail;
  for (std::size_t i = 0; i < count; ++i) {
    const bool forwarded = i % 2 == 0;
    detail.clear();
    write_detail(detail, forwarded, ids[i - (forwarded ? 0 : 1)]);
    EventHead head;
    head.id = ids[i];
    head.time = kStart + static_cast<base::Micros>(i) * 10;
    head.type = forwarded ? EventType::ExchangeForwarded : EventType::ExchangeCompleted;
    head.actor = "engineer:alice";
    head.session = ids[i / 2 % kSessions];
    head.policy = "3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b";
    write_event(lines[i], head, detail);
  }
  return lines;
}

void report(const char* what, double cpu, double wall, std::size_t events) {
  const auto n = static_cast<double>(events);
  std::printf("%-44s %7.2f us CPU per event %12.0f events/s\n", what, cpu * 1e6 / n, n / wall);
}

void append_in_groups(const std::string& directory, const std::vector<std::string>& lines, std::size_t group,
                      bool sync) {
  auto journal = Journal::open(system_files(), directory);
  POSTERN_CHECK(journal.ok());
  const double cpu = cpu_seconds(), wall = wall_seconds();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    POSTERN_CHECK((*journal)->append(lines[i]).ok());
    if ((i + 1) % group != 0 && i + 1 != lines.size()) continue;
    const bool due = sync || (*journal)->memory() > (8U << 20U);
    POSTERN_CHECK((due ? (*journal)->write_and_sync() : (*journal)->write()).ok());
  }
  const std::string what =
      "append, write" + std::string(sync ? ", sync" : "") + " in groups of " + std::to_string(group);
  report(what.c_str(), cpu_seconds() - cpu, wall_seconds() - wall, lines.size());
}

void scan_heads(const std::vector<std::string>& lines) {
  const double cpu = cpu_seconds(), wall = wall_seconds();
  for (const std::string& line : lines) POSTERN_CHECK(read_event_head(line).ok());
  report("read the head of a line", cpu_seconds() - cpu, wall_seconds() - wall, lines.size());
}

void index_in_batches(const std::string& path, const std::vector<std::string>& lines, std::size_t batch) {
  auto index = Index::open(path);
  POSTERN_CHECK(index.ok());
  const double cpu = cpu_seconds(), wall = wall_seconds();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i % batch == 0) POSTERN_CHECK((*index)->begin().ok());
    const auto event = read_event_head(lines[i]);
    POSTERN_CHECK(event.ok() && (*index)->add(i, *event).ok());
    if ((i + 1) % batch == 0 || i + 1 == lines.size()) POSTERN_CHECK((*index)->commit().ok());
  }
  const std::string what = "read the head and index in batches of " + std::to_string(batch);
  report(what.c_str(), cpu_seconds() - cpu, wall_seconds() - wall, lines.size());
}

void ask(const std::string& path, const char* what, const EventFilter& filter) {
  auto index = Index::open_read_only(path);
  POSTERN_CHECK(index.ok());
  const double wall = wall_seconds();
  const auto found = (*index)->events(filter);
  POSTERN_CHECK(found.ok());
  std::printf("%-44s %7.2f ms, %zu found\n", what, (wall_seconds() - wall) * 1e3, found->size());
}

void run(const std::string& folder, std::size_t count) {
  base::UlidMaker maker;
  std::vector<std::string> ids(count);
  for (std::size_t i = 0; i < count; ++i) ids[i] = maker.make(kStart + static_cast<base::Micros>(i) * 10);
  const double cpu = cpu_seconds(), wall = wall_seconds();
  const auto lines = make_lines(count, ids);
  report("make the line", cpu_seconds() - cpu, wall_seconds() - wall, count);
  std::printf("%-44s %7zu bytes\n", "a line (exchange.forwarded)", lines[0].size());
  scan_heads(lines);
  append_in_groups(folder + "/log64", lines, 64, false);
  append_in_groups(folder + "/sync64", lines, 64, true);
  append_in_groups(folder + "/sync1024", lines, 1024, true);
  index_in_batches(folder + "/1000.db", lines, 1000);
  index_in_batches(folder + "/64.db", lines, 64);
  auto keep = Index::open(folder + "/1000.db");  // readers need its write-ahead log
  EventFilter session, refused, late;
  session.session = ids[5];
  refused.types = {"exchange.refused"};
  late.since = kStart + static_cast<base::Micros>(count) * 10 - 1000;
  ask(folder + "/1000.db", "newest 100 of a session", session);
  ask(folder + "/1000.db", "newest 100 of a type that never occurs", refused);
  ask(folder + "/1000.db", "newest 100 since a time", late);
}

}  // namespace
}  // namespace postern::audit

int main(int argc, char** argv) {
  const std::string parent = argc > 1 ? argv[1] : std::filesystem::temp_directory_path().string();
  const std::size_t count = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1'000'000;
  std::string folder = parent + "/journal-bench-XXXXXX";
  if (count < 1000 || ::mkdtemp(folder.data()) == nullptr) return 2;
  postern::audit::run(folder, count);
  std::filesystem::remove_all(folder);
  return 0;
}
