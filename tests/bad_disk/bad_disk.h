// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A disk that goes wrong, in front of a real one. At random moments it is ill for some milliseconds: writes end in the middle
// or fail (full), syncs fail and forget what they were to write. And at a random moment the power goes: of what was not
// synced, some sectors of 512 bytes keep what was written, others what stood there before; files are cut short; names that
// were made, changed or removed since their directory was synced may be as before. What was synced stays, always.
//
// Not imitated: a removed file of more than kRemembered bytes does not come back; sectors are never mixed within.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "audit/files.h"
#include "base/unique_fd.h"

namespace postern::bad_disk {

struct Habits {
  std::uint64_t seed = 0;
  unsigned cut_one_in = 0;  // of so many steps one is where the power goes; 0: never
  unsigned ill_one_in = 0;  // of so many steps one begins an illness; 0: never
};

class BadDisk final : public audit::FileSystem {
 public:
  // power_out is called once, from the thread whose step it was, when the disk holds what a medium would; it need not
  // return. After it every step fails.
  BadDisk(audit::FileSystem& real, Habits habits, std::function<void()> power_out)
      : real_(real), habits_(habits), random_(habits.seed), power_out_(std::move(power_out)) {}

  void cut_power();  // now
  bool ended() const { return ended_; }

  base::Result<std::shared_ptr<audit::File>> create(const std::string& path) override;
  base::Result<std::shared_ptr<audit::File>> create_private(const std::string& path) override;
  base::Result<std::shared_ptr<audit::File>> open(const std::string& path, bool writable) override;
  base::Result<std::shared_ptr<audit::File>> open_directory(const std::string& path, bool exclusive) override;
  base::Result<std::vector<std::string>> list(const std::string& directory) override;
  base::Status make_directory(const std::string& path) override;
  base::Status remove(const std::string& path) override;
  base::Status rename(const std::string& from, const std::string& to) override;
  base::Status sync_all(const std::string& directory) override;
  base::Result<std::uint64_t> free_bytes(const std::string& directory) override {
    return real_.free_bytes(directory);
  }

  static constexpr std::size_t kRemembered = 1U << 20U;

 private:
  class BadFile;
  class BadDirectory;
  // What a name was before: undone unless its directory was synced since.
  struct Change {
    std::string path;
    std::string from{};                   // of a rename
    std::optional<std::string> before{};  // the bytes of the file that path named; nothing: it named none
    bool made_directory = false;
  };
  // What stood in a file before it was written to.
  struct Piece {
    std::uint64_t offset = 0;
    std::size_t size = 0;
    std::string before;      // shorter than size where the file ended
    bool forgotten = false;  // a sync failed: no later one writes it
  };
  struct Written {
    base::UniqueFd fd;
    std::uint64_t synced_size = 0;
    std::vector<Piece> pieces;
  };

  base::Result<std::shared_ptr<audit::File>> create_with(
      const std::string& path, const std::function<base::Result<std::shared_ptr<audit::File>>()>& really);
  bool one_in(unsigned n);
  std::uint64_t below(std::uint64_t n);
  base::Status step(const std::string& path);  // of any kind: fails once the power went, and it may go here
  bool ill();                                  // beginning now, or since a while
  void changed(Change change);
  base::Result<std::shared_ptr<audit::File>> wrap(base::Result<std::shared_ptr<audit::File>> opened,
                                                  const std::string& path, bool writable);
  void names_synced(const std::string& directory);
  static void written_to_medium(Written& file, std::size_t count);
  void lose_power();
  void lose_names();
  void lose_bytes(Written& file);

  audit::FileSystem& real_;
  Habits habits_;
  std::mt19937_64 random_;
  std::function<void()> power_out_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Written>> written_;  // open, or with bytes that no sync wrote
  std::vector<Change> changes_;
  std::chrono::steady_clock::time_point ill_until_{};
  bool ended_ = false;
};

}  // namespace postern::bad_disk
