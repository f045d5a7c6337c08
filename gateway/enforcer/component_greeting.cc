// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/component_greeting.h"

#include <string>
#include <utility>

namespace postern::enforcer {

ComponentGreeting::ComponentGreeting(GreetingOwner& owner, Place place, std::uint64_t ticket,
                                     std::unique_ptr<ComponentTransport> transport)
    : PooledConnection(place), owner_(owner), ticket_(ticket), transport_(std::move(transport)) {
  transport_->set_protocol(*this);
}

ComponentGreeting::~ComponentGreeting() = default;

void ComponentGreeting::flush() {
  if (!transport_ || transport_->closed()) return;
  transport_->flush();
  if (transport_) transport_->watch(true);
}

void ComponentGreeting::on_input() {
  if (!transport_) return;
  if (transport_->session()->handshake_done()) return owner_.greeted(*this, std::move(transport_));
  if (transport_->ended())
    on_broken(base::Refusal::ComponentClosed, "the component closed the connection without an answer");
}

void ComponentGreeting::on_broken(base::Refusal refusal, std::string_view why) {
  if (!transport_ || transport_->closed()) return;
  const std::string sentence(why);
  transport_->close();
  owner_.not_greeted(*this, refusal, sentence);
}

void ComponentGreeting::abandon() {
  on_broken(base::Refusal::ComponentTimeout, "nobody waits for it any more");
}

}  // namespace postern::enforcer
