// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/watch.h"

#include <utility>

#include "base/json.h"

namespace postern::mission {

Watch::Watch(loop::Loop& loop, Commits& commits)
    : commits_(commits), beat_(loop, [this] { beat(); }), ping_(loop, [this] {
        audience_.ask();
        audience_.tell("ping", "{}");
      }) {
  ping_.start(kPing, kPing);
}

void Watch::changed() {
  if (audience_.size() == 0) return;
  changed_ = true;
  beat_soon();
}

void Watch::came(const StoredEvent& event) {
  if (audience_.size() == 0) return;
  if (event.own) changed_ = true;
  if (waiting_.size() >= kMostPerBeat) {
    ++skipped_;
    return;
  }
  commits_.then([this, text = base::dump_json(brief_of(event))](bool durable) {
    if (durable) waiting_.push_back(text);
    beat_soon();
  });
}

void Watch::beat_soon() {
  if (!beat_.running()) beat_.start(kBeat);
}

void Watch::beat() {
  audience_.ask();
  if (std::exchange(changed_, false)) audience_.tell("state", "{}");
  for (const std::string& text : std::exchange(waiting_, {})) audience_.tell("event", text);
  if (const std::size_t skipped = std::exchange(skipped_, 0); skipped > 0)
    audience_.tell("more", base::dump_json(base::Json{{"skipped", skipped}}));
}

base::Json brief_of(const StoredEvent& event) {
  return {{"installation", event.installation},
          {"id", event.id},
          {"by", event.own ? "mission-control" : "installation"},
          {"type", event.type},
          {"time", base::format_time(event.time)}};
}

}  // namespace postern::mission
