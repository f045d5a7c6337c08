// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/log_reader.h"

#include <sys/stat.h>

#include "audit/sentence.h"

namespace postern::console {

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
