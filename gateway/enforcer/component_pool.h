// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The component's nodes as this enforcer knows them: which are up, and connections to each: those of HTTP/1.1 that rest
// until the next exchange, those of HTTP/2 that carry many. Connections are opened by the supervisor; this process
// cannot.
//
// While it is not known whether a node speaks HTTP/2, or how many exchanges it lets a new connection carry, those who
// want one wait for the first that was opened, so that few are.
//
// A connection on which a certificate of ours was shown, of either version, serves the sessions of that credential and no others, and its
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
#include "gateway/enforcer/component_greeting.h"
#include "gateway/enforcer/component_h2.h"
#include "gateway/enforcer/inquirer.h"
#include "gateway/enforcer/settings.h"
#include "gateway/tls/client_context.h"

namespace postern::enforcer {

// Asks the supervisor for a connected socket to the node of that id.
using Connector =
    std::function<void(std::uint32_t node, std::function<void(base::Result<base::UniqueFd>)> done)>;

// Who asks for a connection is known by a key. An exchange's is its id; from here on are those of what this process asks for itself
// (documents, health, figures, updates, calls that were proposed), which no terminator may number an exchange with: it could call them off.
inline constexpr std::uint64_t kFirstOwnKey = std::uint64_t{1} << 60U;

// What an exchange needs: any connection; one that was not used before; and one of HTTP/1.1, for a WebSocket.
enum class Need { Any, Fresh, Http1 };

// What failing to get a connection is called.
base::Refusal connect_refusal(const base::Error& error);

class ComponentPool final : public ComponentOwner, public GreetingOwner, public SharedOwner {
 public:
  static constexpr std::size_t kMostResting = 1024;                 // connections per node and certificate
  static constexpr base::Nanos kRestingLasts = 50 * base::kSecond;  // below the keep-alive that servers use
  static constexpr base::Nanos kAvoidFor = 2 * base::kSecond;       // after a failure to connect

  enum class NodeState { Unknown, Up, Down };

  // signer: for the keys of our certificates; it outlives this.
  ComponentPool(loop::Loop& loop, const base::Clock& clock, Connector connector, tls::RemoteSigner& signer,
                std::function<bool()> may_send);
  ~ComponentPool() override;

  // Before set_services; who is not given one asks nobody. It outlives this.
  void ask_with(Inquirer& inquirer) { inquirer_ = &inquirer; }
  // The nodes of the configuration, also after a reload; connections to nodes that are gone are closed when
  // their exchange ends.
  base::Status set_services(const std::vector<Service>& services, const http::HeadLimits& limits);

  const std::vector<std::size_t>& current() const { return current_; }  // the nodes in force
  const Node& node(std::size_t index) const { return nodes_[index]->node; }
  NodeState state(std::size_t index) const { return nodes_[index]->state; }
  void set_state(std::size_t index, NodeState state) { nodes_[index]->state = state; }

  // Nodes that get nothing new, because they are being updated; and those that the configuration brings later.
  using IsOut = std::function<bool(std::string_view service, std::string_view url)>;
  void set_out(IsOut is_out);
  bool is_out(std::size_t index) const { return nodes_[index]->out; }
  // The node in force of that service and URL; -1: there is none.
  int find(std::string_view service, std::string_view url) const;

  // The node of that service to use now, none that is out: up before unknown before down, the one with the fewest exchanges;
  // not avoid if there is another. -1: the service has none.
  int choose(std::string_view service, int avoid) const;

  // What carries one exchange to the node, resting or new, where that credential is shown if it is a certificate
  // (nullptr or another kind: none is shown). then is called at once where there is one.
  // Errors: see connect_refusal; Unavailable also where a configuration came in which the credential's role has no
  // certificate any more.
  void acquire(std::size_t node, const Credential* shown, Need need, std::uint64_t key,
               std::function<void(base::Result<ComponentCarrier*>)> then);
  void cancel(std::uint64_t key);

  // ComponentOwner, GreetingOwner, SharedOwner
  void touch(PooledConnection& connection) override;
  void rest(ComponentConnection& connection) override;
  void retire(ComponentConnection& connection) override;
  std::span<char> scratch() override { return scratch_; }
  void greeted(ComponentGreeting& greeting, std::unique_ptr<ComponentTransport> transport) override;
  void not_greeted(ComponentGreeting& greeting, base::Refusal refusal, std::string_view why) override;
  void settled(ComponentH2& connection) override;
  void freed(ComponentH2& connection) override;
  void retire(ComponentH2& connection) override;

 private:
  using Place = PooledConnection::Place;
  // With one certificate, or with none: connections of one never become connections of another.
  struct Way {
    std::string role;                           // Credential::role
    std::unique_ptr<tls::ClientContext> tls;    // nullptr: plain TCP
    std::vector<ComponentConnection*> resting;  // the last one is the one used last
    std::vector<ComponentH2*> shared;
    bool http1 = false;         // the node was asked, and does not speak HTTP/2
    std::uint64_t pioneer = 0;  // ticket of whoever opens the connection that others wait for; 0: nobody
    ComponentH2* settling = nullptr;  // that connection, once it is of HTTP/2
    std::deque<std::uint64_t> waiting;
  };
  struct NodeEntry {
    Node node;
    NodeState state = NodeState::Unknown;
    base::Nanos avoid_until = 0;
    std::size_t busy = 0;
    bool out = false;
    std::vector<Way> ways;  // the first is the one without a certificate; never empty
  };
  using Acquired = std::function<void(base::Result<ComponentCarrier*>)>;
  using Certificates =
      std::vector<std::pair<std::string, std::shared_ptr<tls::RemoteCertificate>>>;  // by role
  static constexpr std::size_t kNoWay = SIZE_MAX;
  using Answers = std::shared_ptr<const tls::AnswerSource>;
  Answers answers_about(const Service& service) const;
  base::Result<Certificates> certificates_of(const Service& service) const;
  using CrlList = std::shared_ptr<const std::vector<certs::CrlPtr>>;  // nullptr: none
  base::Result<std::unique_ptr<NodeEntry>> make_entry(const Service& service, const Node& node,
                                                      const Certificates& certificates, const CrlList& crls,
                                                      const Answers& answers) const;
  static std::size_t way_of(const NodeEntry& entry, const Credential* shown);
  Way& way_at(Place place) { return nodes_[place.node]->ways[place.way]; }
  ComponentConnection* take_resting(Way& way);
  static ComponentH2* with_room(const Way& way);
  void connect(Place place, std::uint64_t ticket, Need need);
  void connected(Place place, std::uint64_t ticket, Need need, base::Result<base::UniqueFd> socket);
  void make_http1(Place place, std::uint64_t ticket, std::unique_ptr<ComponentTransport> transport);
  void make_shared(Place place, std::uint64_t ticket, std::unique_ptr<ComponentTransport> transport);
  template <typename Connection>
  Connection& adopt(std::unique_ptr<Connection> made);
  void dispose(PooledConnection& connection);
  void serve(Place place);
  void fail(Place place, std::uint64_t ticket, const base::Error& error);
  void fail_waiting(Place place, const base::Error& error);
  bool is_current(std::size_t node) const;
  bool flush();
  void sweep();
  void forget_replaced();

  loop::Loop& loop_;
  Inquirer* inquirer_ = nullptr;
  IsOut is_out_;
  const base::Clock& clock_;
  Connector connector_;
  tls::RemoteSigner& signer_;
  std::function<bool()> may_send_;
  http::HeadLimits limits_;
  std::vector<std::unique_ptr<NodeEntry>> nodes_;  // grows at a reload; indices stay
  std::vector<std::size_t> current_;               // those of the configuration in force
  std::unordered_map<PooledConnection*, std::unique_ptr<PooledConnection>> connections_;
  std::vector<PooledConnection*> touched_;
  struct Wanted {
    std::uint64_t key;
    Acquired then;
    Place place;
    bool waits = false;  // in waiting, of its way
  };
  std::map<std::uint64_t, Wanted> wanted_;                           // by ticket
  std::unordered_map<std::uint64_t, ComponentGreeting*> greetings_;  // by ticket
  std::uint64_t last_ticket_ = 0;
  std::vector<char> scratch_;
  loop::Timer sweep_timer_;
  std::unique_ptr<loop::Loop::Hook> flush_hook_;
};

}  // namespace postern::enforcer
