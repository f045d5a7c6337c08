// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/answer/outgoing.h"

#include <utility>

namespace postern::answer {

Outgoing::Outgoing(Response response, std::function<void()> wake) : response_(std::move(response)) {
  if (streamed()) response_.source->on_ready(std::move(wake));
}

std::string_view Outgoing::next(std::size_t most) {
  if (!streamed()) return response_.bytes().substr(consumed_, most);
  if (consumed_ == made_.size() && !ended_ && !failed_ && most > 0) {
    made_.clear();
    consumed_ = 0;
    const Source::State state = response_.source->read(made_, most);
    ended_ = state == Source::State::Done;
    failed_ = state == Source::State::Failed;
  }
  return std::string_view(made_).substr(consumed_, most);
}

void Outgoing::consume(std::size_t size) { consumed_ += size; }

bool Outgoing::done() const {
  if (!streamed()) return consumed_ == response_.bytes().size();
  return ended_ && consumed_ == made_.size();
}

}  // namespace postern::answer
