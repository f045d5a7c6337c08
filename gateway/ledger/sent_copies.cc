// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/sent_copies.h"

#include <utility>

namespace postern::ledger {

struct SentCopies::Files {
  audit::FileSystem& files;
  std::string above, directory;
  std::shared_ptr<audit::File> current;
  std::uint64_t size = 0;

  std::string path(const char* name) const { return directory + "/" + name; }

  // A line that a crash left unfinished is overwritten.
  base::Status open() {
    if (base::Status made = files.make_directory(directory); !made.ok()) return made;
    auto there = files.open(path("current.jsonl"), true);
    if (!there.ok() && there.error().code == base::Code::NotFound)
      there = files.create(path("current.jsonl"));
    if (!there.ok()) return std::move(there).error();
    const auto known = (*there)->size();
    if (!known.ok()) return known.error();
    const base::Result<std::uint64_t> end = end_of_lines(**there, *known);
    if (!end.ok()) return end.error();
    if (base::Status named = sync_names(); !named.ok()) return named;
    current = std::move(*there);
    size = *end;
    return base::Ok{};
  }

  // What is written is found after a power cut if its file is: that of the directory, of a file that is new, and after a rename.
  base::Status sync_names() {
    for (const std::string& one : {directory, above}) {
      if (base::Status synced = audit::sync_directory(files, one); !synced.ok()) return synced;
    }
    return base::Ok{};
  }

  static base::Result<std::uint64_t> end_of_lines(audit::File& file, std::uint64_t size) {
    char last[4096];
    while (size > 0) {
      const std::uint64_t from = size > sizeof last ? size - sizeof last : 0;
      const auto read = file.read_at(from, last, size - from);
      if (!read.ok()) return read.error();
      for (std::size_t i = *read; i > 0; --i) {
        if (last[i - 1] == '\n') return from + i;
      }
      size = from;
    }
    return std::uint64_t{0};
  }

  base::Status begin_another() {
    current.reset();
    const base::Status renamed = files.rename(path("current.jsonl"), path("previous.jsonl"));
    return renamed.ok() ? open() : renamed;
  }

  // What of the line is there is only known by looking.
  base::Error begin_anew(const base::Error& why) {
    current.reset();
    return why;
  }

  base::Status append(std::string_view line) {
    if (current == nullptr) {
      if (base::Status opened = open(); !opened.ok()) return opened;
    }
    if (size + line.size() > kSentFile && size > 0) {
      if (base::Status begun = begin_another(); !begun.ok()) return begun;
    }
    std::uint64_t written = 0;
    while (written < line.size()) {
      const auto some = current->write_at(size + written, line.substr(written));
      if (!some.ok()) return begin_anew(some.error());
      written += *some;
    }
    if (const base::Status synced = current->sync(); !synced.ok()) return begin_anew(synced.error());
    size += written;
    return base::Ok{};
  }
};

SentCopies::SentCopies(loop::Loop& loop, audit::FileSystem& files, const std::string& directory)
    : loop_(loop),
      files_(std::make_shared<Files>(Files{files, directory, directory + "/sent", nullptr, 0})) {}

SentCopies::~SentCopies() { *alive_ = false; }

void SentCopies::keep(base::Micros time, const std::string& document,
                      std::function<void(const base::Status&)> done) {
  const auto status = std::make_shared<base::Status>(base::Ok{});
  std::string line = R"({"time":")" + base::format_time(time) + R"(","sent":)" + document + "}\n";
  loop_.run_elsewhere([status, files = files_, line = std::move(line)] { *status = files->append(line); },
                      [status, done = std::move(done), alive = alive_] {
                        if (*alive) done(*status);
                      });
}

}  // namespace postern::ledger
