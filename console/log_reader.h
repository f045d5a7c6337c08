// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The log as the console reads it: journal and index, opened read-only when first asked for, again after a
// failure, and again when the ledger has made the index anew: the file of before would answer all questions, and
// know nothing that came since. Blocks for as long as a bounded question takes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/index.h"
#include "audit/journal_reader.h"
#include "audit/query.h"
#include "base/json.h"
#include "base/result.h"

namespace postern::console {

class LogReader {
 public:
  // The folder that holds journal/, log/ and index/index.db.
  explicit LogReader(std::string state_directory);

  base::Result<audit::FoundEvents> find(const audit::EventFilter& filter);
  base::Result<std::vector<audit::SessionRow>> sessions(const audit::SessionFilter& filter);
  base::Result<audit::Histogram> histogram(const audit::HistogramQuestion& question);
  // By its id, which says when it was made: looked for around that time. Nothing if it is not there.
  base::Result<std::optional<audit::FoundEvent>> find_event(const std::string& id);
  // Lines from index on, as JournalReader::read.
  base::Result<std::vector<std::string>> lines(std::uint64_t index, std::size_t count);
  base::Result<std::uint64_t> size();  // records that can be read now
  std::string journal_directory() const { return directory_ + "/journal"; }
  std::string log_directory() const { return directory_ + "/log"; }

 private:
  base::Status open_journal();
  base::Status open_index();
  std::string index_path() const { return directory_ + "/index/index.db"; }

  // Which file a name stands for; equal to none while there is none.
  struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t number = 0;
    bool operator==(const FileIdentity&) const = default;
  };
  static std::optional<FileIdentity> identity_of(const std::string& path);

  std::string directory_;
  std::unique_ptr<audit::JournalReader> journal_;
  std::unique_ptr<audit::Index> index_;
  std::optional<FileIdentity> index_file_;  // of index_
};

// A line as the API shows it: the event, with "index" and "sentence". Nothing if the line is not an event.
std::optional<base::Json> event_json(std::uint64_t index, const std::string& line);

}  // namespace postern::console
