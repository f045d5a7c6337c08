// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/log_reader.h"

#include "audit/sentence.h"

namespace postern::console {

base::Status LogReader::open_journal() {
  if (journal_ != nullptr) return base::Ok{};
  auto opened = audit::JournalReader::open(audit::system_files(), journal_directory());
  if (!opened.ok()) return std::move(opened).error();
  journal_ = std::move(*opened);
  return base::Ok{};
}

base::Status LogReader::open_index() {
  if (index_ != nullptr) return base::Ok{};
  auto opened = audit::Index::open_read_only(directory_ + "/index.db");
  if (!opened.ok()) return std::move(opened).error();
  index_ = std::move(*opened);
  return base::Ok{};
}

base::Result<audit::FoundEvents> LogReader::find(const audit::EventFilter& filter) {
  if (auto status = open_journal(); !status.ok()) return std::move(status).error();
  if (auto status = open_index(); !status.ok()) return std::move(status).error();
  if (auto status = journal_->refresh(); !status.ok()) return std::move(status).error();
  auto found = audit::find_events(*index_, *journal_, filter);
  // The ledger may have made the index anew: the file that we hold open is not the one that it fills.
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
