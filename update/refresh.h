// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One look at whether the vendor has something new, as The Update Framework orders it: roots until there is no next one, then
// the timestamp, and the snapshot and targets that it names, where they are others than those that are known. Says which
// document is wanted next and is shown it; who fetches it is no matter of this. The first document that is not taken ends it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "update/trust.h"

namespace postern::update {

// Bytes of one document that are asked for at once, and that an artefact is fetched in.
inline constexpr std::size_t kPiece = 192U << 10U;

class Refresh {
 public:
  explicit Refresh(const Trust& known) : trust_(known) {}

  std::optional<std::string> wanted() const;  // a name (metadata.h); nothing: it is over
  // The document that was wanted; nothing: there is none. Whether it was taken, or why not: then it is over.
  Taken take(std::optional<std::string_view> document, base::Micros now);

  bool over() const { return step_ == Step::Over; }
  const Trust& trust() const { return trust_; }  // what was taken so far, whatever became of the rest

 private:
  enum class Step : std::uint8_t { Root, Timestamp, Snapshot, Targets, Over };
  Taken take_document(std::optional<std::string_view> document, base::Micros now);
  void next();

  Trust trust_;
  Step step_ = Step::Root;
};

}  // namespace postern::update
