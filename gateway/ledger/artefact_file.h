// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The file of one update while it is being fetched: updates/SHA256.part in the state directory, which becomes updates/SHA256 once all
// of it is there and its hash is the signed one. What is there already, from before an outage or a restart, is hashed and gone on
// with at the next whole piece. Whatever blocks is done on the pool, in pieces: 8 GiB keep the ledger from nothing.
//
// Never the last bytes of a disk: the log is on it too, and without it the door is closed. So kSpared stay free.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "audit/files.h"
#include "gateway/loop/loop.h"

namespace postern::ledger {

class ArtefactFile final : public loop::Disposable {
 public:
  enum class End : std::uint8_t {
    Whole,     // it stands under its name
    Wrong,     // its bytes were not those that were signed: it is thrown away
    NoRoom,    // and what is there stays
    DiskFails  // likewise
  };
  struct Calls {
    std::function<void()> ready;  // for the next piece; have() is where it belongs
    std::function<void(End end, const std::string& why)> ended;  // once, and the last
  };
  struct Name {
    std::string folder, sha256;
    std::int64_t length = 0;
  };

  ArtefactFile(loop::Loop& loop, audit::FileSystem& files, Name name, Calls calls);
  ~ArtefactFile() override;

  // After ready. A piece of another size than the next one has is Wrong.
  void add(std::string_view piece);
  std::int64_t have() const { return have_; }
  bool resumed() const { return resumed_; }  // some of it is from before
  // Nothing of it is wanted any more, and neither is the caller told: what is there is removed.
  void discard();

  static constexpr std::int64_t kSpared = std::int64_t{512} << 20U;
  static constexpr std::size_t kHashStep = 4U << 20U;        // bytes that are read and hashed in one go
  static constexpr std::int64_t kSyncEvery = 32LL << 20U;    // bytes
  static constexpr std::int64_t kLookForRoom = 12LL << 20U;  // bytes

 private:
  struct Work;
  using Step = std::function<void(Work&)>;
  void run(Step step);
  void done(const std::shared_ptr<Work>& work);

  loop::Loop& loop_;
  Calls calls_;
  std::shared_ptr<Work> work_;  // the pool's, while a step of it runs there
  std::int64_t have_ = 0;
  bool resumed_ = false, running_ = false, over_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::ledger
