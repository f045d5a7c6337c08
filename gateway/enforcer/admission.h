// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who may begin an exchange now: how many are under way and how fast they come, of all, of one origin address, of one
// engineer, of one session. Each enforcer counts what its own terminator brings and nothing else: a limit is one of a
// worker. Which of a client's connections come to which worker nobody chooses, so the whole gateway lets in at most the
// limit times the workers.
//
// At once may come what a limit lets in within kBurstSeconds. Memory is bounded: what is not under way and whose bucket
// is full is forgotten; past kMostTracked of a kind, the others share one place. Pure: time is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/by_text.h"
#include "base/clock.h"
#include "base/limit.h"
#include "base/pace.h"

namespace postern::enforcer {

using base::Limit;

struct AdmissionLimits {
  struct Of {
    std::size_t exchanges = 1000;  // under way
    std::int64_t requests = 0;     // a second; 0: any number
  };
  std::size_t exchanges = 5000;                // under way, of all
  std::size_t memory = std::size_t{1} << 30U;  // bytes in use by this process
  Of address{2000, 0}, engineer, session;
};

struct Reached {
  Limit limit = Limit::None;
  base::Nanos wait = 0;  // until it is worth trying again
};

class Admission {
 public:
  static constexpr std::int64_t kBurstSeconds = 10;
  static constexpr std::size_t kMostTracked = 100'000;  // addresses, engineers, sessions
  static constexpr base::Nanos kMemoryEvery = 100 * base::kMillisecond;
  // Sign-ins of an address that were refused: each is an event.
  static constexpr base::Rate kSignIns{200, base::kSecond};
  // Refusals of clients without a session that are recorded one by one: of one address, and of all of them.
  static constexpr base::Rate kRecorded{4'000, base::kSecond / 2}, kAllRecorded{10'000, base::kSecond / 10};

  struct Use {
    std::size_t under_way = 0;
    base::Pace requests, sign_ins, recorded;
    // Of a session: bytes of responses to what is under way, now and as the ledger was told last.
    std::uint64_t receiving = 0, told = 0;
  };
  // A place among what is under way; given back with its end.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept { *this = std::move(other); }
    Place& operator=(Place&& other) noexcept {
      leave();
      use_ = std::exchange(other.use_, nullptr);
      all_ = std::exchange(other.all_, nullptr);
      return *this;
    }
    ~Place() { leave(); }
    Use* use() const { return use_; }  // nullptr: it is none

   private:
    friend class Admission;
    Place(Use& use, std::size_t* all) : use_(&use), all_(all) {
      ++use.under_way;
      if (all != nullptr) ++*all;
    }
    void leave() {
      if (use_ != nullptr) --use_->under_way;
      if (all_ != nullptr) --*all_;
      use_ = nullptr;
      all_ = nullptr;
    }
    Use* use_ = nullptr;  // entries that are under way stay where they are
    std::size_t* all_ = nullptr;
  };

  // uses_more: whether this process has more than so many bytes in use; asked at most every kMemoryEvery.
  explicit Admission(std::function<bool(std::size_t)> uses_more) : uses_more_(std::move(uses_more)) {}

  // Of everybody, and of the address (base::origin_of).
  Reached enter(const AdmissionLimits& limits, std::string_view address, base::Nanos now, Place& place);
  // Of the engineer and the session.
  Reached enter_session(const AdmissionLimits& limits, std::string_view engineer, std::string_view session,
                        base::Nanos now, Place& of_engineer, Place& of_session);
  // A sign-in is tried; what was not refused is given back.
  Reached try_sign_in(std::string_view address, base::Nanos now);
  void signed_in(std::string_view address);
  // Whether a refusal of a client without a session is recorded by itself.
  bool may_record(std::string_view address, base::Nanos now);
  // The same of a session, for what is refused before its own limits are looked at.
  bool may_record_of_session(std::string_view session, base::Nanos now);

  void forget_idle(base::Nanos now);  // now and then
  std::size_t tracked() const { return addresses_.size() + engineers_.size() + sessions_.size(); }

 private:
  using Uses = base::ByText<Use>;
  static Use& find(Uses& uses, std::string_view name);

  std::function<bool(std::size_t)> uses_more_;
  base::Nanos asked_at_ = -kMemoryEvery;
  bool is_full_ = false;
  std::size_t under_way_ = 0;
  base::Pace all_recorded_;
  Uses addresses_, engineers_, sessions_;
};

}  // namespace postern::enforcer
