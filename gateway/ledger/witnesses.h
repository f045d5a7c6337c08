// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Has our log cosigned: shows each configured witness the newest checkpoint (audit/witness.h), through the link, which
// carries the bytes and sees no event. What comes back is believed only if it is a cosignature by the key that the
// configuration names. It goes beside the log (audit/witnessed.h), and into `checkpoint` if that is still the same one.
//
// Asked at most every kEvery, and only while there is something that the witness has not cosigned besides what
// witnesses themselves cause: the events of is_about_witnesses() alone are no reason. Two gateways that witness each
// other would otherwise never come to rest, each for the other's event. They are covered with the next event that
// counts.
//
// Events, few by construction: log.witnessed when a witness cosigned for the first time or again after
// log.witness_failed; that one once when it has failed for kFailedFor; log.witness_refused when it has seen another
// history, at most every kRefusedAgain while it goes on saying so.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "audit/event.h"
#include "audit/witness.h"
#include "audit/witnessed.h"
#include "base/clock.h"
#include "base/json.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/loop/loop.h"

namespace postern::ledger {

// The ledger's part of the configuration:
//   {"witnesses": [{"name", "url", "verifier_key"}], "witnessed_logs": [verifier keys]}          both may be missing
struct Witnessing {
  struct Witness {
    std::string name, url;
    certs::VerifierKey key;
    bool operator==(const Witness&) const = default;
  };
  std::vector<Witness> witnesses;        // of our log
  std::vector<certs::VerifierKey> logs;  // whose witness we are
};
base::Result<Witnessing> parse_witnessing(const base::Json& part);

bool is_about_witnesses(audit::EventType type);

class Witnesses {
 public:
  struct Calls {
    std::function<bool(const ipc::Errand&)> carry;  // false: there is no link now
    std::function<void(audit::EventType type, const std::string& witness, std::string detail)> record;
    // A cosignature line for the checkpoint of that size, verified.
    std::function<void(std::uint64_t size, const std::string& line)> on_cosigned;
    std::function<std::string()> log_key;  // a verifier key; empty while it is not known
  };
  // directory: the log's. files outlives the last task on the pool.
  Witnesses(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files, std::string directory,
            Calls calls);
  ~Witnesses();
  Witnesses(const Witnesses&) = delete;
  Witnesses& operator=(const Witnesses&) = delete;

  // Those that stay keep what is known of them.
  void configure(const std::vector<Witnessing::Witness>& witnesses);
  // counts: events in the log up to the last one that is a reason to ask; published: events under the checkpoint.
  void look(std::uint64_t counts, std::uint64_t published);
  bool take(const ipc::Delivered& delivered);  // false: of an errand that was never given
  void link_gone();

  // [{"name", "url", "state": "new"|"cosigned"|"failing"|"refused", "size"*, "time"*, "problem"*}]
  base::Json status() const;

  static constexpr base::Nanos kEvery = 10 * base::kSecond;
  static constexpr base::Nanos kLongestPause = 300 * base::kSecond;  // between attempts that fail
  static constexpr base::Nanos kPatience = 30 * base::kSecond;  // for an errand; the link gives up sooner
  static constexpr base::Micros kFailedFor = 600 * base::kWallSecond;
  static constexpr base::Micros kRefusedAgain = 3600 * base::kWallSecond;

 private:
  struct Disk;
  enum class Phase : std::uint8_t { Resting, Preparing, Asked, Keeping };
  struct Witness {
    Witnessing::Witness settings;
    Phase phase = Phase::Resting;
    bool loaded = false;         // what lies beside the log was looked at
    std::uint64_t size = 0;      // cosigned; 0: nothing yet
    std::uint64_t seconds = 0;   // the time that the cosignature states
    std::uint64_t old_size = 0;  // what it has seen, as far as we know
    std::uint64_t errand = 0;    // under way; or the last
    int rounds = 0;              // of the present attempt: it may tell once where it is
    std::uint64_t asked_size = 0;
    std::string asked;                   // the checkpoint
    base::Nanos next = 0, deadline = 0;  // monotonic
    int failures = 0;                    // in a row
    base::Micros failing_since = 0;      // 0: it is not
    bool told = false;                   // log.witness_failed or log.witness_refused was recorded
    bool refused = false;
    base::Micros refused_told = 0;
    std::string problem;
  };
  using WitnessPtr = std::shared_ptr<Witness>;

  bool wanted(const Witness& witness) const;
  void prepare(const WitnessPtr& witness);
  void send(Witness& witness, base::Result<audit::AddCheckpoint> request);
  void take_answer(const WitnessPtr& witness, std::uint16_t status, std::string_view body);
  void take_conflict(const WitnessPtr& witness, std::string_view body);
  void keep(const WitnessPtr& witness, audit::Cosigned cosigned);
  void cosigned(Witness& witness, std::uint64_t seconds, const std::string& line);
  void fail(Witness& witness, std::string why);
  void refuse(Witness& witness, std::uint64_t seen, std::string why);
  void rest(Witness& witness, base::Nanos pause);
  template <typename Result>
  void elsewhere(const WitnessPtr& witness, std::function<Result()> work, std::function<void(Result)> done);

  loop::Loop& loop_;
  const base::Clock& clock_;
  std::shared_ptr<Disk> disk_;
  Calls calls_;
  std::vector<WitnessPtr> witnesses_;
  std::uint64_t counts_ = 0, published_ = 0;
  std::uint64_t last_errand_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::ledger
