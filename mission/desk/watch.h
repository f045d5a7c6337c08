// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The live line of Mission Control's page (server-sent events):
//
//   event: state   data: {}                          standings, codes or people changed: fetch again. At most once per kBeat
//   event: event   data: {"installation","id","by","type","time"}     a new event, durable
//   event: more    data: {"skipped":n}               so many came within one beat that they were left out
//   event: ping    data: {}
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "face/audience.h"
#include "gateway/loop/loop.h"
#include "mission/desk/commits.h"
#include "mission/store/events.h"

namespace postern::mission {

class Watch {
 public:
  static constexpr std::size_t kMostPerBeat = 50;
  static constexpr base::Nanos kBeat = 500 * base::kMillisecond;
  static constexpr base::Nanos kPing = 15 * base::kSecond;

  Watch(loop::Loop& loop, Commits& commits);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void changed();
  void came(const StoredEvent& event);  // told once it is durable
  bool full() const { return audience_.full(); }
  std::unique_ptr<answer::Source> open(std::function<bool()> allowed) {
    return audience_.open(std::move(allowed));
  }
  void close_all() { audience_.close_all(); }

 private:
  void beat();
  void beat_soon();

  Commits& commits_;
  face::Audience audience_;
  bool changed_ = false;
  std::vector<std::string> waiting_;  // documents
  std::size_t skipped_ = 0;
  loop::Timer beat_, ping_;
};

base::Json brief_of(const StoredEvent& event);  // without its body

}  // namespace postern::mission
