// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Warnings about resources, each with a value where it begins and another where it ends, so that what swings around one number
// is one warning and not hundreds. Pure but for the record.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "gateway/ledger/draft.h"

namespace postern::ledger {

struct Band {
  double raise = 0, clear = 0;  // raise below clear: what is low is a warning, and not what is high
  const char* unit = "%";
  bool raises(double value) const { return raise < clear ? value <= raise : value >= raise; }
  bool clears(double value) const { return raise < clear ? value >= clear : value <= clear && value < raise; }
};

// Of what: a node of a service, or of this host where both are empty.
struct Watched {
  std::string service, node;
  int number = 0;        // of the node
  std::string resource;  // "disk", "memory" ...
  std::string folder;    // of a disk: not told to anybody outside
  auto operator<=>(const Watched& other) const {
    if (const auto order = node <=> other.node; order != 0) return order;
    if (const auto order = service <=> other.service; order != 0) return order;
    return resource <=> other.resource;
  }
  bool operator==(const Watched& other) const { return (*this <=> other) == 0; }
};

class Warnings {
 public:
  using Record = std::function<void(const Draft&)>;
  explicit Warnings(Record record) : record_(std::move(record)) {}

  // True if a warning began or ended.
  bool judge(const Watched& what, double value, const Band& band, base::Micros now);
  // Those that gone says are not watched any more end; silently where a node went, which is an event of its own.
  bool drop(const std::function<bool(const Watched&)>& gone, base::Micros now);

  bool empty() const { return raised_.empty(); }
  base::Json list(
      bool for_vendor) const;  // as line/health.h; for the customer with "folder", "since", "warns_at"
  base::Json to_json() const;
  void from_json(const base::Json& json);

 private:
  struct Raised {
    double value = 0;
    Band band;
    base::Micros since = 0;
  };
  void record(const Watched& what, const Raised& raised, bool over, base::Micros now);

  Record record_;
  std::map<Watched, Raised> raised_;
};

}  // namespace postern::ledger
