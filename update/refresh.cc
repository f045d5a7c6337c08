// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "update/refresh.h"

namespace postern::update {

std::optional<std::string> Refresh::wanted() const {
  switch (step_) {
    case Step::Root:
      return root_name(trust_.root().version + 1);
    case Step::Timestamp:
      return std::string(kTimestampName);
    case Step::Snapshot:
      return snapshot_name(trust_.timestamp()->snapshot.version);
    case Step::Targets:
      return targets_name(trust_.snapshot()->targets.version);
    case Step::Over:
      break;
  }
  return std::nullopt;
}

Taken Refresh::take(std::optional<std::string_view> document, base::Micros now) {
  Taken taken = take_document(document, now);
  if (taken) step_ = Step::Over;
  return taken;
}

Taken Refresh::take_document(std::optional<std::string_view> document, base::Micros now) {
  if (over()) return Refused{Reason::Malformed, "the vendor's metadata has come to its end"};
  if (step_ == Step::Root && !document) {
    step_ = Step::Timestamp;
    return trust_.no_more_roots(now);
  }
  if (!document) return Refused{Reason::Missing, "the vendor's metadata has no " + *wanted()};
  Taken taken;
  switch (step_) {
    case Step::Root:
      return trust_.take_root(*document);
    case Step::Timestamp:
      taken = trust_.take_timestamp(*document, now);
      break;
    case Step::Snapshot:
      taken = trust_.take_snapshot(*document, now);
      break;
    default:
      taken = trust_.take_targets(*document, now);
      break;
  }
  if (taken) return taken;
  next();
  return over() ? trust_.look(now) : std::nullopt;
}

void Refresh::next() {
  step_ = !trust_.snapshot_is_named()   ? Step::Snapshot
          : !trust_.targets_are_named() ? Step::Targets
                                        : Step::Over;
}

}  // namespace postern::update
