// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The component's nodes as this enforcer knows them: which are up, and connections to each that rest until
// the next exchange. Connections are opened by the supervisor; this process cannot.
//
// A connection on which a certificate of ours was shown serves the sessions of that credential and no others, and its
// TLS tickets resume connections of that credential and no others: the component takes all that comes on it for the
// account in the certificate.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/enforcer/component_connection.h"
#include "gateway/enforcer/settings.h"
#include "gateway/tls/client_context.h"

namespace postern::enforcer {

// Asks the supervisor for a connected socket to the node of that id.
using Connector =
    std::function<void(std::uint32_t node, std::function<void(base::Result<base::UniqueFd>)> done)>;

class ComponentPool final : public ComponentOwner {
 public:
  static constexpr std::size_t kMostResting = 1024;                 // connections per node and certificate
  static constexpr base::Nanos kRestingLasts = 50 * base::kSecond;  // below the keep-alive that servers use
  static constexpr base::Nanos kAvoidFor = 2 * base::kSecond;       // after a failure to connect

  enum class NodeState { Unknown, Up, Down };

  // signer: for the keys of our certificates; it outlives this.
  ComponentPool(loop::Loop& loop, const base::Clock& clock, Connector connector, tls::RemoteSigner& signer,
                std::function<bool()> may_send);
  ~ComponentPool() override;

  // The nodes of the configuration, also after a reload; connections to nodes that are gone are closed when
  // their exchange ends.
  base::Status set_services(const std::vector<Service>& services, const http::HeadLimits& limits);

  const std::vector<std::size_t>& current() const { return current_; }  // the nodes in force
  const Node& node(std::size_t index) const { return nodes_[index]->node; }
  NodeState state(std::size_t index) const { return nodes_[index]->state; }
  void set_state(std::size_t index, NodeState state) { nodes_[index]->state = state; }

  // The node of that service to use now: up before unknown before down, the one with the fewest exchanges;
  // not avoid if there is another. -1: the service has none.
  int choose(std::string_view service, int avoid) const;

  // A connection to the node, resting or new, on which that credential is shown if it is a certificate (nullptr or
  // another kind: none is shown). then is called at once for a resting one. fresh: not one that was used before.
  // Errors: Unavailable (also: a configuration came in which the credential's role has no certificate any more).
  void acquire(std::size_t node, const Credential* shown, bool fresh, std::uint64_t key,
               std::function<void(base::Result<ComponentConnection*>)> then);
  void cancel(std::uint64_t key);

  // ComponentOwner
  void touch(ComponentConnection& connection) override;
  void rest(ComponentConnection& connection) override;
  void retire(ComponentConnection& connection) override;
  std::span<char> scratch() override { return scratch_; }

 private:
  using Place = ComponentConnection::Place;
  // With one certificate, or with none: connections of one never become connections of another.
  struct Way {
    std::string role;                           // Credential::role
    std::unique_ptr<tls::ClientContext> tls;    // nullptr: plain TCP
    std::vector<ComponentConnection*> resting;  // the last one is the one used last
  };
  struct NodeEntry {
    Node node;
    NodeState state = NodeState::Unknown;
    base::Nanos avoid_until = 0;
    std::size_t busy = 0;
    std::vector<Way> ways;  // the first is the one without a certificate; never empty
  };
  using Acquired = std::function<void(base::Result<ComponentConnection*>)>;
  using Certificates =
      std::vector<std::pair<std::string, std::shared_ptr<tls::RemoteCertificate>>>;  // by role
  static constexpr std::size_t kNoWay = SIZE_MAX;
  base::Result<Certificates> certificates_of(const Service& service) const;
  base::Result<std::unique_ptr<NodeEntry>> make_entry(const Node& node,
                                                      const Certificates& certificates) const;
  static std::size_t way_of(const NodeEntry& entry, const Credential* shown);
  ComponentConnection* take_resting(Way& way);
  void connected(Place place, std::uint64_t ticket, base::Result<base::UniqueFd> socket);
  bool flush();
  void sweep();

  loop::Loop& loop_;
  const base::Clock& clock_;
  Connector connector_;
  tls::RemoteSigner& signer_;
  std::function<bool()> may_send_;
  http::HeadLimits limits_;
  std::vector<std::unique_ptr<NodeEntry>> nodes_;  // grows at a reload; indices stay
  std::vector<std::size_t> current_;               // those of the configuration in force
  std::unordered_map<ComponentConnection*, std::unique_ptr<ComponentConnection>> connections_;
  std::vector<ComponentConnection*> touched_;
  struct Wanted {
    std::uint64_t key;
    Acquired then;
  };
  std::map<std::uint64_t, Wanted> wanted_;  // by ticket
  std::uint64_t last_ticket_ = 0;
  std::vector<char> scratch_;
  loop::Timer sweep_timer_;
  std::unique_ptr<loop::Loop::Hook> flush_hook_;
};

}  // namespace postern::enforcer
