// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What was counted within the last day, in pieces of a quarter of an hour: how long something was up and how long down, and how
// much was processed and how much failed. Time of which nothing is known is in neither. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/clock.h"
#include "base/json.h"

namespace postern::ledger {

// What enforcers count has a sum, too: as a number that JSON has exactly, however often they say the most.
std::int64_t whole_number(double sum);

struct Counted {
  base::Micros up = 0, down = 0;
  double processed = 0, failed = 0;

  void add(const Counted& other);
  std::optional<double> availability() const;  // percent; nothing: nothing is known
  std::optional<double> processing() const;    // percent of what was processed that did not fail
};

class Window {
 public:
  static constexpr base::Micros kPiece = 900 * base::kWallSecond;
  static constexpr std::int64_t kPieces = 96;  // and the one that is not over

  void add(base::Micros now, const Counted& counted);
  Counted sum(base::Micros now) const;

  // [[number of the piece, seconds up, seconds down, processed, failed]]
  base::Json to_json() const;
  static Window from_json(const base::Json& json);  // what is not of that form is left out

 private:
  struct Piece {
    std::int64_t number = 0;  // since 1970
    Counted counted;
  };
  std::deque<Piece> pieces_;  // rising
};

// How much a counter grew since it was seen last; one that fell began anew.
class Growth {
 public:
  double take(double now);  // 0 the first time
  const std::optional<double>& last() const { return last_; }
  void set(double last) { last_ = last; }

 private:
  std::optional<double> last_;
};

}  // namespace postern::ledger
