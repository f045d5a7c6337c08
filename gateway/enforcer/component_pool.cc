// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/component_pool.h"

#include <algorithm>

#include "gateway/ipc/figures.h"

namespace postern::enforcer {
namespace {

constexpr std::size_t kScratch = 64U << 10U;
constexpr base::Nanos kSweepEvery = 5 * base::kSecond;

}  // namespace

ComponentPool::ComponentPool(loop::Loop& loop, const base::Clock& clock, Connector connector,
                             tls::RemoteSigner& signer, std::function<bool()> may_send)
    : loop_(loop),
      clock_(clock),
      connector_(std::move(connector)),
      signer_(signer),
      may_send_(std::move(may_send)),
      scratch_(kScratch),
      sweep_timer_(loop, [this] { sweep(); }),
      flush_hook_(loop.at_turn_end(loop::Stage::Send, [this] { return flush(); })) {
  sweep_timer_.start(kSweepEvery, kSweepEvery);
}

ComponentPool::~ComponentPool() = default;

base::Result<ComponentPool::Certificates> ComponentPool::certificates_of(const Service& service) const {
  Certificates out;
  for (const auto& credential : service.credentials) {
    if (!credential->is_certificate()) continue;
    auto certificate = tls::RemoteCertificate::make(credential->certificate_pem, signer_);
    if (!certificate.ok()) return std::move(certificate).error();
    out.emplace_back(credential->role, std::move(*certificate));
  }
  return out;
}

base::Result<std::unique_ptr<ComponentPool::NodeEntry>> ComponentPool::make_entry(
    const Node& node, const Certificates& certificates) const {
  auto entry = std::make_unique<NodeEntry>();
  entry->node = node;
  entry->ways.emplace_back();
  if (!node.https) return entry;
  for (const auto& [role, certificate] : certificates) entry->ways.emplace_back().role = role;
  for (std::size_t i = 0; i < entry->ways.size(); ++i) {
    auto tls = tls::ClientContext::make(
        {node.roots_pem, "http/1.1", i == 0 ? nullptr : certificates[i - 1].second}, clock_);
    if (!tls.ok()) return std::move(tls).error();
    entry->ways[i].tls = std::move(*tls);
  }
  return entry;
}

base::Status ComponentPool::set_services(const std::vector<Service>& services,
                                         const http::HeadLimits& limits) {
  std::vector<std::unique_ptr<NodeEntry>> added;
  for (const Service& service : services) {
    auto certificates = certificates_of(service);
    if (!certificates.ok()) return std::move(certificates).error();
    for (const Node& node : service.nodes) {
      auto entry = make_entry(node, *certificates);
      if (!entry.ok()) return std::move(entry).error();
      added.push_back(std::move(*entry));
    }
  }
  limits_ = limits;
  limits_.fields = std::max<std::size_t>(limits_.fields, 100);
  for (const std::size_t index : current_) {
    for (Way& way : nodes_[index]->ways) {
      while (!way.resting.empty()) way.resting.back()->abandon();
    }
  }
  current_.clear();
  for (auto& entry : added) {
    current_.push_back(nodes_.size());
    nodes_.push_back(std::move(entry));
  }
  return base::Ok{};
}

int ComponentPool::choose(std::string_view service, int avoid) const {
  const base::Nanos now = loop_.now();
  int best = -1;
  std::tuple<bool, int, bool, std::size_t> best_rank;
  for (const std::size_t index : current_) {
    const NodeEntry& entry = *nodes_[index];
    if (entry.node.service != service) continue;
    const int rank_of_state = entry.state == NodeState::Up ? 0 : entry.state == NodeState::Unknown ? 1 : 2;
    const std::tuple rank(static_cast<int>(index) == avoid, rank_of_state, entry.avoid_until > now,
                          entry.busy);
    if (best >= 0 && !(rank < best_rank)) continue;
    best = static_cast<int>(index);
    best_rank = rank;
  }
  return best;
}

// By the role, not by the credential: an exchange that began before a reload may come to a node of after it.
std::size_t ComponentPool::way_of(const NodeEntry& entry, const Credential* shown) {
  if (shown == nullptr || !shown->is_certificate()) return 0;
  for (std::size_t i = 1; i < entry.ways.size(); ++i) {
    if (entry.ways[i].role == shown->role) return i;
  }
  return kNoWay;
}

// One that has been closed meanwhile leaves the pool when it is looked at. So does one on which more than
// the last answer came: it would be taken for the answer to the next request.
ComponentConnection* ComponentPool::take_resting(Way& way) {
  while (!way.resting.empty()) {
    ComponentConnection* connection = way.resting.back();
    if (!connection->still_rests()) continue;
    way.resting.pop_back();
    return connection;
  }
  return nullptr;
}

void ComponentPool::acquire(std::size_t node, const Credential* shown, bool fresh, std::uint64_t key,
                            Acquired then) {
  NodeEntry& entry = *nodes_[node];
  const Place place{node, way_of(entry, shown)};
  if (place.way == kNoWay) {
    return then(base::fail(base::Code::Unavailable,
                           "the configuration has no client certificate for this role any more"));
  }
  if (ComponentConnection* resting = fresh ? nullptr : take_resting(entry.ways[place.way])) {
    ++entry.busy;
    return then(resting);
  }
  const std::uint64_t ticket = ++last_ticket_;
  wanted_.emplace(ticket, Wanted{key, std::move(then)});
  ++entry.busy;
  connector_(entry.node.id, [this, place, ticket](base::Result<base::UniqueFd> socket) {
    connected(place, ticket, std::move(socket));
  });
}

void ComponentPool::connected(Place place, std::uint64_t ticket, base::Result<base::UniqueFd> socket) {
  NodeEntry& entry = *nodes_[place.node];
  tls::ClientContext* tls = entry.ways[place.way].tls.get();
  auto wanted = wanted_.extract(ticket);
  std::unique_ptr<tls::Session> session;
  if (socket.ok() && tls != nullptr) {
    auto started = tls->start(entry.node.name);
    if (started.ok()) {
      session = std::move(*started);
    } else {
      socket = std::move(started).error();
    }
  }
  if (!socket.ok() || wanted.empty()) {
    --entry.busy;
    if (!socket.ok()) entry.avoid_until = loop_.now() + kAvoidFor;
    if (!wanted.empty()) wanted.mapped().then(std::move(socket).error());
    return;
  }
  entry.avoid_until = 0;
  auto connection = std::make_unique<ComponentConnection>(loop_, *this, place, std::move(*socket),
                                                          std::move(session), limits_);
  ComponentConnection* raw = connection.get();
  connections_.emplace(raw, std::move(connection));
  ipc::count(ipc::Figure::ComponentConnects);
  ipc::level(ipc::Figure::ComponentConnections, connections_.size());
  wanted.mapped().then(raw);
}

void ComponentPool::cancel(std::uint64_t key) {
  std::erase_if(wanted_, [&](const auto& entry) { return entry.second.key == key; });
}

void ComponentPool::touch(ComponentConnection& connection) {
  if (connection.touched_) return;
  connection.touched_ = true;
  touched_.push_back(&connection);
}

// Behind the records: while one of them is still in our memory, nothing that it records may leave.
bool ComponentPool::flush() {
  if (touched_.empty() || !may_send_()) return false;
  while (!touched_.empty()) {
    ComponentConnection* connection = touched_.back();
    touched_.pop_back();
    connection->touched_ = false;
    connection->flush();
  }
  return true;
}

void ComponentPool::rest(ComponentConnection& connection) {
  const Place& place = connection.place();
  NodeEntry& entry = *nodes_[place.node];
  --entry.busy;
  const bool wanted = std::find(current_.begin(), current_.end(), place.node) != current_.end();
  std::vector<ComponentConnection*>& resting = entry.ways[place.way].resting;
  resting.push_back(&connection);
  if (!wanted || resting.size() > kMostResting) resting.front()->abandon();
}

void ComponentPool::retire(ComponentConnection& connection) {
  NodeEntry& entry = *nodes_[connection.place().node];
  if (std::erase(entry.ways[connection.place().way].resting, &connection) == 0) --entry.busy;
  if (connection.touched_) std::erase(touched_, &connection);
  auto owned = connections_.extract(&connection);
  loop_.dispose(std::move(owned.mapped()));
  ipc::level(ipc::Figure::ComponentConnections, connections_.size());
}

void ComponentPool::sweep() {
  const base::Nanos oldest = loop_.now() - kRestingLasts;
  for (const auto& entry : nodes_) {
    for (Way& way : entry->ways) {
      while (!way.resting.empty() && way.resting.front()->rested_since() < oldest)
        way.resting.front()->abandon();
    }
  }
}

}  // namespace postern::enforcer
