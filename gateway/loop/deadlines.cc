// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/loop/deadlines.h"

namespace postern::loop {
namespace {

// Slots begin at multiples of their length, so that a deadline is due when its slot begins.
base::Nanos begin_of_slot(base::Nanos time) { return time / Deadlines::kSlot * Deadlines::kSlot; }

}  // namespace

void Deadline::set(base::Nanos after) {
  clear();
  due_ = wheel_.loop_.now() + after;
  wheel_.insert(*this);
}

void Deadline::clear() {
  if (previous_ == nullptr) return;
  *previous_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  previous_ = nullptr;
  next_ = nullptr;
}

Deadlines::Deadlines(Loop& loop)
    : loop_(loop), reached_(begin_of_slot(loop.now())), timer_(loop, [this] { advance(); }) {
  timer_.start(kSlot, kSlot);
}

void Deadlines::insert(Deadline& deadline) {
  // Rounded up: never early. Never into the slot that is being emptied.
  base::Nanos slot_time = deadline.due_ + kSlot - 1;
  if (slot_time < reached_ + kSlot) slot_time = reached_ + kSlot;
  Deadline*& head = slots_[static_cast<std::size_t>(slot_time / kSlot) % kSlots];
  deadline.next_ = head;
  deadline.previous_ = &head;
  if (head != nullptr) head->previous_ = &deadline.next_;
  head = &deadline;
}

void Deadlines::advance() {
  const base::Nanos now = loop_.now();
  // After a long stop (a suspended machine) one time round the wheel sees every slot.
  if (now - reached_ > kSlot * static_cast<base::Nanos>(kSlots))
    reached_ = begin_of_slot(now) - kSlot * static_cast<base::Nanos>(kSlots);
  while (reached_ + kSlot <= now) {
    reached_ += kSlot;
    // The slot's list is taken over, so that a callback may add and remove deadlines, also in this very slot.
    Deadline* list = std::exchange(slots_[static_cast<std::size_t>(reached_ / kSlot) % kSlots], nullptr);
    if (list != nullptr) list->previous_ = &list;
    while (list != nullptr) {
      Deadline& deadline = *list;
      deadline.clear();
      if (deadline.due_ <= now) {
        deadline.on_due_();
      } else {
        insert(deadline);  // it lies further round the wheel
      }
    }
  }
}

}  // namespace postern::loop
