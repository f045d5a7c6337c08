// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// For what is replaced or given up while its own callback may be running, and is no Disposable itself: it
// lives until the turn is over, out of reach of its owner.
#pragma once

#include <memory>
#include <utility>

#include "gateway/loop/loop.h"

namespace postern::loop {

// Owner is a unique_ptr or shared_ptr; an empty one is fine.
template <typename Owner>
void dispose_later(Loop& loop, Owner owner) {
  struct Last final : Disposable {
    explicit Last(Owner held) : owner(std::move(held)) {}
    Owner owner;
  };
  loop.dispose(std::make_unique<Last>(std::move(owner)));
}

}  // namespace postern::loop
