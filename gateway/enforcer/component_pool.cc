// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/component_pool.h"

#include <algorithm>

namespace postern::enforcer {
namespace {

constexpr std::size_t kScratch = 64U << 10U;
constexpr base::Nanos kSweepEvery = 5 * base::kSecond;

}  // namespace

ComponentPool::ComponentPool(loop::Loop& loop, const base::Clock& clock, Connector connector,
                             std::function<bool()> may_send)
    : loop_(loop),
      clock_(clock),
      connector_(std::move(connector)),
      may_send_(std::move(may_send)),
      scratch_(kScratch),
      sweep_timer_(loop, [this] { sweep(); }),
      flush_hook_(loop.at_turn_end(loop::Stage::Send, [this] { return flush(); })) {
  sweep_timer_.start(kSweepEvery, kSweepEvery);
}

ComponentPool::~ComponentPool() = default;

base::Status ComponentPool::set_services(const std::vector<Service>& services,
                                         const http::HeadLimits& limits) {
  std::vector<std::unique_ptr<NodeEntry>> added;
  for (const Service& service : services) {
    for (const Node& node : service.nodes) {
      auto entry = std::make_unique<NodeEntry>();
      entry->node = node;
      if (node.https) {
        auto tls = tls::ClientContext::make({node.roots_pem, "http/1.1"}, clock_);
        if (!tls.ok()) return std::move(tls).error();
        entry->tls = std::move(*tls);
      }
      added.push_back(std::move(entry));
    }
  }
  limits_ = limits;
  limits_.fields = std::max<std::size_t>(limits_.fields, 100);
  for (const std::size_t index : current_) {
    while (!nodes_[index]->resting.empty()) nodes_[index]->resting.back()->abandon();
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

void ComponentPool::acquire(std::size_t node, bool fresh, std::uint64_t key, Acquired then) {
  NodeEntry& entry = *nodes_[node];
  // One that has been closed meanwhile leaves the pool when it is looked at. So does one on which more than
  // the last answer came: it would be taken for the answer to the next request.
  while (!fresh && !entry.resting.empty()) {
    ComponentConnection* connection = entry.resting.back();
    if (!connection->still_rests()) continue;
    entry.resting.pop_back();
    ++entry.busy;
    return then(connection);
  }
  const std::uint64_t ticket = ++last_ticket_;
  wanted_.emplace(ticket, Wanted{key, std::move(then)});
  ++entry.busy;
  connector_(entry.node.id, [this, node, ticket](base::Result<base::UniqueFd> socket) {
    connected(node, ticket, std::move(socket));
  });
}

void ComponentPool::connected(std::size_t node, std::uint64_t ticket, base::Result<base::UniqueFd> socket) {
  NodeEntry& entry = *nodes_[node];
  auto wanted = wanted_.extract(ticket);
  std::unique_ptr<tls::Session> session;
  if (socket.ok() && entry.tls) {
    auto started = entry.tls->start(entry.node.name);
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
  auto connection = std::make_unique<ComponentConnection>(loop_, *this, node, std::move(*socket),
                                                          std::move(session), limits_);
  ComponentConnection* raw = connection.get();
  connections_.emplace(raw, std::move(connection));
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
  NodeEntry& entry = *nodes_[connection.node()];
  --entry.busy;
  const bool wanted = std::find(current_.begin(), current_.end(), connection.node()) != current_.end();
  entry.resting.push_back(&connection);
  if (!wanted || entry.resting.size() > kMostResting) entry.resting.front()->abandon();
}

void ComponentPool::retire(ComponentConnection& connection) {
  NodeEntry& entry = *nodes_[connection.node()];
  if (std::erase(entry.resting, &connection) == 0) --entry.busy;
  if (connection.touched_) std::erase(touched_, &connection);
  auto owned = connections_.extract(&connection);
  loop_.dispose(std::move(owned.mapped()));
}

void ComponentPool::sweep() {
  const base::Nanos oldest = loop_.now() - kRestingLasts;
  for (const auto& entry : nodes_) {
    while (!entry->resting.empty() && entry->resting.front()->rested_since() < oldest)
      entry->resting.front()->abandon();
  }
}

}  // namespace postern::enforcer
