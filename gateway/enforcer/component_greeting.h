// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A connection to a node on which TLS is being agreed, and with it whether the node speaks HTTP/2 (ALPN, RFC 7301). No
// byte of a request is written before.
#pragma once

#include <memory>
#include <string_view>

#include "gateway/enforcer/component_connection.h"
#include "gateway/enforcer/component_transport.h"

namespace postern::enforcer {

class ComponentGreeting;

class GreetingOwner {
 public:
  virtual ~GreetingOwner() = default;
  virtual void touch(PooledConnection& connection) = 0;
  virtual std::span<char> scratch() = 0;
  // Of either, one: the greeting is over and is disposed of by its owner.
  virtual void greeted(ComponentGreeting& greeting, std::unique_ptr<ComponentTransport> transport) = 0;
  virtual void not_greeted(ComponentGreeting& greeting, base::Refusal refusal, std::string_view why) = 0;
};

class ComponentGreeting final : public PooledConnection, private ComponentTransport::Protocol {
 public:
  // ticket: the owner's, of whom it is for.
  ComponentGreeting(GreetingOwner& owner, Place place, std::uint64_t ticket,
                    std::unique_ptr<ComponentTransport> transport);
  ~ComponentGreeting() override;

  std::uint64_t ticket() const { return ticket_; }
  void abandon();
  void flush() override;

 private:
  std::span<char> scratch() override { return owner_.scratch(); }
  void touch() override { owner_.touch(*this); }
  void on_input() override;
  void on_output() override { flush(); }
  void on_broken(base::Refusal refusal, std::string_view why) override;

  GreetingOwner& owner_;
  std::uint64_t ticket_;
  std::unique_ptr<ComponentTransport> transport_;  // nullptr: it is over
};

}  // namespace postern::enforcer
