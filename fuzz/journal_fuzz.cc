// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the only segment of a journal: opening it fails or not, but what it then holds, the reader
// holds too, and it goes on.
#include <cstdint>
#include <string_view>

#include "audit/journal.h"
#include "audit/journal_reader.h"
#include "audit/record.h"
#include "base/check.h"
#include "tests/unit/audit/memory_files.h"

using namespace postern::audit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  MemoryFiles files;
  const std::string path = "log/" + segment_name(1, 0);
  if (!files.create(path).ok()) return 0;
  files.bytes(path).assign(reinterpret_cast<const char*>(data), size);
  auto journal = Journal::open(files, "log");
  if (!journal.ok()) return 0;
  const std::uint64_t found = (*journal)->size();
  POSTERN_CHECK((*journal)->append("after").ok() && (*journal)->write_and_sync().ok());
  files.cut_power();
  const auto reader = JournalReader::open(files, "log");
  POSTERN_CHECK(reader.ok() && (*reader)->size() == found + 1);
  POSTERN_CHECK((*reader)->read(0, found).ok() && *(*reader)->read_one(found) == "after");
  journal->reset();
  journal = Journal::open(files, "log");
  POSTERN_CHECK(journal.ok() && (*journal)->size() == found + 1 && !(*journal)->torn_tail());
  return 0;
}
