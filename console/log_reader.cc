// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/log_reader.h"

#include <sys/stat.h>

#include "audit/sentence.h"
#include "base/ulid.h"
#include "console/log_prover.h"

namespace postern::console {

LogReader::LogReader(std::string state_directory) : directory_(std::move(state_directory)) {
  prepare_log_prover();  // who reads the log also compares it with what was signed
}

base::Status LogReader::open_journal() {
  if (journal_ != nullptr) return base::Ok{};
  auto opened = audit::JournalReader::open(audit::system_files(), journal_directory());
  if (!opened.ok()) return std::move(opened).error();
  journal_ = std::move(*opened);
  return base::Ok{};
}

std::optional<LogReader::FileIdentity> LogReader::identity_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return FileIdentity{info.st_dev, info.st_ino};
}

base::Status LogReader::open_index() {
  // Asked before opening: if the file is replaced in between, the next look finds out.
  const auto file = identity_of(index_path());
  if (index_ != nullptr && file == index_file_) return base::Ok{};
  index_.reset();
  auto opened = audit::Index::open_read_only(index_path());
  if (!opened.ok()) return std::move(opened).error();
  index_ = std::move(*opened);
  index_file_ = file;
  return base::Ok{};
}

base::Result<audit::FoundEvents> LogReader::find(const audit::EventFilter& filter) {
  if (auto status = open_journal(); !status.ok()) return std::move(status).error();
  if (auto status = open_index(); !status.ok()) return std::move(status).error();
  if (auto status = journal_->refresh(); !status.ok()) return std::move(status).error();
  auto found = audit::find_events(*index_, *journal_, filter);
  if (!found.ok() && found.error().code != base::Code::Invalid) index_.reset();
  return found;
}

base::Result<std::vector<audit::SessionRow>> LogReader::sessions(const audit::SessionFilter& filter) {
  if (auto status = open_index(); !status.ok()) return std::move(status).error();
  auto rows = index_->sessions(filter);
  if (!rows.ok()) index_.reset();
  return rows;
}

base::Result<audit::Histogram> LogReader::histogram(const audit::HistogramQuestion& question) {
  if (auto status = open_index(); !status.ok()) return std::move(status).error();
  auto histogram = index_->histogram(question);
  if (!histogram.ok() && histogram.error().code != base::Code::Invalid) index_.reset();
  return histogram;
}

namespace {

// An id is made with the time of its event, to the millisecond; where the clock stepped back, ids stand still.
constexpr base::Micros kIdSlack = 2 * base::kWallSecond;
constexpr int kMostLooks = 3;  // each looks through audit::kTextScanLimit lines

}  // namespace

base::Result<std::optional<audit::FoundEvent>> LogReader::find_event(const std::string& id) {
  audit::EventFilter filter;
  filter.since = base::ulid_time(id) - kIdSlack;
  filter.until = base::ulid_time(id) + kIdSlack;
  filter.text = id;
  for (int look = 0; look < kMostLooks; ++look) {
    auto found = find(filter);
    if (!found.ok()) return found.error();
    for (audit::FoundEvent& event : found->events) {
      const auto head = audit::read_event_head(event.line);
      if (head.ok() && head->id == id) return std::optional<audit::FoundEvent>(std::move(event));
    }
    if (!found->next) break;
    filter.before = found->next;
  }
  return std::optional<audit::FoundEvent>();
}

base::Result<std::vector<std::string>> LogReader::lines(std::uint64_t index, std::size_t count) {
  if (auto status = open_journal(); !status.ok()) return std::move(status).error();
  return journal_->read(index, count);
}

base::Result<std::uint64_t> LogReader::size() {
  if (auto status = open_journal(); !status.ok()) return std::move(status).error();
  if (auto status = journal_->refresh(); !status.ok()) return std::move(status).error();
  return journal_->size();
}

std::optional<base::Json> event_json(std::uint64_t index, const std::string& line) {
  base::Result<base::Json> event = base::parse_json(line);
  if (!event.ok() || !event->is_object()) return std::nullopt;
  (*event)["index"] = index;
  const base::Result<std::string> sentence = audit::describe(line);
  (*event)["sentence"] = sentence.ok() ? *sentence : base::json_text_or(*event, "type", "");
  return std::move(event).value();
}

}  // namespace postern::console
