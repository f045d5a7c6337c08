// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/component_pool.h"

#include <algorithm>
#include <set>

#include "certs/revocation.h"
#include "gateway/ipc/figures.h"

namespace postern::enforcer {
namespace {

constexpr std::size_t kScratch = 64U << 10U;
constexpr base::Nanos kSweepEvery = 5 * base::kSecond;

// Of one service; what nothing is known about is asked, and not waited for.
class AnswersAboutNodes final : public tls::AnswerSource {
 public:
  AnswersAboutNodes(Inquirer& inquirer, std::string whose) : inquirer_(inquirer), whose_(std::move(whose)) {}
  const certs::Answers* answers() const override { return inquirer_.answers().get(); }
  void asks(const std::vector<std::string>& chain, const std::string& host) const override {
    inquirer_.ask(whose_, host, chain);
  }

 private:
  Inquirer& inquirer_;
  std::string whose_;
};

base::Code code_of(base::Refusal refusal) {
  switch (refusal) {
    case base::Refusal::ComponentCertificate:
      return base::Code::Invalid;
    case base::Refusal::ComponentCredential:
      return base::Code::Denied;
    case base::Refusal::GatewayError:
      return base::Code::Internal;
    default:
      return base::Code::Closed;
  }
}

}  // namespace

base::Refusal connect_refusal(const base::Error& error) {
  switch (error.code) {
    case base::Code::Invalid:
      return base::Refusal::ComponentCertificate;
    case base::Code::Denied:
      return base::Refusal::ComponentCredential;
    case base::Code::Internal:
      return base::Refusal::GatewayError;
    case base::Code::Closed:
      return base::Refusal::ComponentClosed;
    default:
      return base::Refusal::ComponentUnreachable;
  }
}

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

ComponentPool::Answers ComponentPool::answers_about(const Service& service) const {
  if (inquirer_ == nullptr || !service.asks) return nullptr;
  return std::make_shared<const AnswersAboutNodes>(*inquirer_, "service " + service.name);
}

base::Result<std::unique_ptr<ComponentPool::NodeEntry>> ComponentPool::make_entry(
    const Service& service, const Node& node, const Certificates& certificates, const CrlList& crls,
    const Answers& answers) const {
  auto entry = std::make_unique<NodeEntry>();
  entry->node = node;
  entry->ways.emplace_back();
  if (!node.https) return entry;
  for (const auto& [role, certificate] : certificates) entry->ways.emplace_back().role = role;
  for (std::size_t i = 0; i < entry->ways.size(); ++i) {
    auto tls = tls::ClientContext::make(
        {node.roots_pem, node.http2 == Http2::Off ? "http/1.1" : "h2,http/1.1",
         i == 0 ? nullptr : certificates[i - 1].second, crls, service.revocation, answers},
        clock_);
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
    CrlList crls;
    if (!service.crls.empty()) {
      auto read = certs::read_crls(service.crls);
      if (!read.ok()) return std::move(read).error();
      crls = std::make_shared<const std::vector<certs::CrlPtr>>(std::move(*read));
    }
    for (const Node& node : service.nodes) {
      auto entry = make_entry(service, node, *certificates, crls, answers_about(service));
      if (!entry.ok()) return std::move(entry).error();
      added.push_back(std::move(*entry));
    }
  }
  limits_ = limits;
  limits_.fields = std::max<std::size_t>(limits_.fields, 100);
  for (const std::size_t index : current_) {
    for (Way& way : nodes_[index]->ways) {
      while (!way.resting.empty()) way.resting.back()->abandon();
      for (ComponentH2* shared : way.shared) shared->leave();
    }
  }
  current_.clear();
  for (auto& entry : added) {
    entry->out = is_out_ && is_out_(entry->node.service, entry->node.url);
    current_.push_back(nodes_.size());
    nodes_.push_back(std::move(entry));
  }
  return base::Ok{};
}

void ComponentPool::set_out(IsOut is_out) {
  is_out_ = std::move(is_out);
  for (const std::size_t index : current_) {
    NodeEntry& entry = *nodes_[index];
    entry.out = is_out_ && is_out_(entry.node.service, entry.node.url);
  }
}

int ComponentPool::find(std::string_view service, std::string_view url) const {
  for (const std::size_t index : current_) {
    const Node& node = nodes_[index]->node;
    if (node.service == service && node.url == url) return static_cast<int>(index);
  }
  return -1;
}

int ComponentPool::choose(std::string_view service, int avoid) const {
  const base::Nanos now = loop_.now();
  int best = -1;
  std::tuple<bool, int, bool, std::size_t> best_rank;
  for (const std::size_t index : current_) {
    const NodeEntry& entry = *nodes_[index];
    if (entry.node.service != service || entry.out) continue;
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

ComponentH2* ComponentPool::with_room(const Way& way) {
  const auto it = std::find_if(way.shared.begin(), way.shared.end(),
                               [](const ComponentH2* one) { return one->room() > 0; });
  return it == way.shared.end() ? nullptr : *it;
}

void ComponentPool::acquire(std::size_t node, const Credential* shown, Need need, std::uint64_t key,
                            Acquired then) {
  NodeEntry& entry = *nodes_[node];
  const Place place{node, way_of(entry, shown)};
  if (place.way == kNoWay) {
    return then(base::fail(base::Code::Unavailable,
                           "the configuration has no client certificate for this role any more"));
  }
  Way& way = way_at(place);
  ++entry.busy;
  if (need == Need::Any) {
    if (ComponentH2* shared = with_room(way)) return then(&shared->carry());
    if (ComponentConnection* resting = take_resting(way)) return then(resting);
  }
  const std::uint64_t ticket = ++last_ticket_;
  const bool may_share = need == Need::Any && entry.node.http2 != Http2::Off && !way.http1;
  const bool waits = may_share && way.pioneer != 0;
  wanted_.emplace(ticket, Wanted{key, std::move(then), place, waits});
  if (waits) return way.waiting.push_back(ticket);
  if (may_share) way.pioneer = ticket;
  connect(place, ticket, need);
}

void ComponentPool::connect(Place place, std::uint64_t ticket, Need need) {
  connector_(nodes_[place.node]->node.id, [this, place, ticket, need](base::Result<base::UniqueFd> socket) {
    connected(place, ticket, need, std::move(socket));
  });
}

void ComponentPool::connected(Place place, std::uint64_t ticket, Need need,
                              base::Result<base::UniqueFd> socket) {
  NodeEntry& entry = *nodes_[place.node];
  tls::ClientContext* tls = entry.ways[place.way].tls.get();
  std::unique_ptr<tls::Session> session;
  if (socket.ok() && tls != nullptr) {
    auto started = tls->start(entry.node.name, need == Need::Http1 ? "http/1.1" : "");
    if (!started.ok()) return fail(place, ticket, started.error());
    session = std::move(*started);
  }
  if (!socket.ok()) {
    entry.avoid_until = loop_.now() + kAvoidFor;
    return fail(place, ticket, base::fail(base::Code::Unavailable, socket.error().message));
  }
  entry.avoid_until = 0;
  const Way& way = entry.ways[place.way];
  if (!wanted_.contains(ticket) && (way.pioneer != ticket || way.waiting.empty()))
    return fail(place, ticket, base::fail(base::Code::Unavailable, "nobody waits for it any more"));
  ipc::count(ipc::Figure::ComponentConnects);
  const bool may_share = need != Need::Http1 && entry.node.http2 != Http2::Off;
  auto transport = std::make_unique<ComponentTransport>(loop_, std::move(*socket), std::move(session));
  if (!may_share) return make_http1(place, ticket, std::move(transport));
  if (!entry.node.https) return make_shared(place, ticket, std::move(transport));
  ComponentGreeting& greeting =
      adopt(std::make_unique<ComponentGreeting>(*this, place, ticket, std::move(transport)));
  greetings_.emplace(ticket, &greeting);
  touch(greeting);
}

void ComponentPool::greeted(ComponentGreeting& greeting, std::unique_ptr<ComponentTransport> transport) {
  const Place place = greeting.place();
  const std::uint64_t ticket = greeting.ticket();
  greetings_.erase(ticket);
  dispose(greeting);
  if (transport->session()->protocol() == "h2") return make_shared(place, ticket, std::move(transport));
  way_at(place).http1 = true;
  make_http1(place, ticket, std::move(transport));
}

void ComponentPool::not_greeted(ComponentGreeting& greeting, base::Refusal refusal, std::string_view why) {
  const Place place = greeting.place();
  const std::uint64_t ticket = greeting.ticket();
  greetings_.erase(ticket);
  dispose(greeting);
  fail(place, ticket, base::fail(code_of(refusal), std::string(why)));
}

void ComponentPool::make_http1(Place place, std::uint64_t ticket,
                               std::unique_ptr<ComponentTransport> transport) {
  ComponentConnection& made =
      adopt(std::make_unique<ComponentConnection>(loop_, *this, place, std::move(transport), limits_));
  auto wanted = wanted_.extract(ticket);
  if (wanted.empty()) {
    made.abandon();
  } else {
    wanted.mapped().then(&made);
    made.look();
  }
  Way& way = way_at(place);
  if (way.pioneer != ticket) return;
  // Whoever waited for it needs one of its own.
  way.pioneer = 0;
  for (const std::uint64_t waiting : std::exchange(way.waiting, {})) {
    const auto it = wanted_.find(waiting);
    if (it == wanted_.end()) continue;
    it->second.waits = false;
    connect(place, waiting, Need::Any);
  }
}

void ComponentPool::make_shared(Place place, std::uint64_t ticket,
                                std::unique_ptr<ComponentTransport> transport) {
  ComponentH2& made =
      adopt(std::make_unique<ComponentH2>(loop_, *this, place, std::move(transport), limits_));
  Way& way = way_at(place);
  way.shared.push_back(&made);
  way.http1 = false;
  if (way.pioneer == ticket) way.settling = &made;
  if (!is_current(place.node)) made.leave();
  auto wanted = wanted_.extract(ticket);
  if (wanted.empty()) {
    --nodes_[place.node]->busy;
  } else {
    wanted.mapped().then(&made.carry());
  }
  touch(made);  // how HTTP/2 begins
  made.look();
}

// Its room is known: whoever waited for it is carried, and if it is too small, one of them opens the next.
void ComponentPool::settled(ComponentH2& connection) {
  Way& way = way_at(connection.place());
  if (way.settling != &connection) return;
  way.settling = nullptr;
  way.pioneer = 0;
  serve(connection.place());
}

void ComponentPool::serve(Place place) {
  while (true) {
    Way& way = way_at(place);
    if (way.waiting.empty() || way.pioneer != 0) return;
    const std::uint64_t ticket = way.waiting.front();
    way.waiting.pop_front();
    const auto it = wanted_.find(ticket);
    if (it == wanted_.end()) continue;
    if (ComponentH2* shared = with_room(way); shared != nullptr) {
      const Acquired then = std::move(it->second.then);
      wanted_.erase(it);
      then(&shared->carry());
    } else {
      it->second.waits = false;
      way.pioneer = ticket;
      connect(place, ticket, Need::Any);
    }
  }
}

void ComponentPool::fail(Place place, std::uint64_t ticket, const base::Error& error) {
  --nodes_[place.node]->busy;
  auto wanted = wanted_.extract(ticket);
  if (way_at(place).pioneer == ticket) {
    way_at(place).pioneer = 0;
    fail_waiting(place, error);
  }
  if (!wanted.empty()) wanted.mapped().then(error);
}

// Those who wait now: who comes while they are told opens one of its own.
void ComponentPool::fail_waiting(Place place, const base::Error& error) {
  for (const std::uint64_t ticket : std::exchange(way_at(place).waiting, {})) {
    auto wanted = wanted_.extract(ticket);
    if (wanted.empty()) continue;
    --nodes_[place.node]->busy;
    wanted.mapped().then(error);
  }
}

void ComponentPool::cancel(std::uint64_t key) {
  std::vector<ComponentGreeting*> idle;
  for (auto it = wanted_.begin(); it != wanted_.end();) {
    if (it->second.key != key) {
      ++it;
      continue;
    }
    Way& way = way_at(it->second.place);
    if (it->second.waits) {
      std::erase(way.waiting, it->first);
      --nodes_[it->second.place.node]->busy;
    }
    // A handshake that nobody waits for any more would be waited for without end.
    const std::uint64_t opener = it->second.waits ? way.pioneer : it->first;
    it = wanted_.erase(it);
    const auto greeting = greetings_.find(opener);
    const bool others = wanted_.contains(opener) || (way.pioneer == opener && !way.waiting.empty());
    if (greeting != greetings_.end() && !others) idle.push_back(greeting->second);
  }
  for (ComponentGreeting* greeting : idle) greeting->abandon();
}

template <typename Connection>
Connection& ComponentPool::adopt(std::unique_ptr<Connection> made) {
  Connection& adopted = *made;
  connections_.emplace(&adopted, std::move(made));
  ipc::level(ipc::Figure::ComponentConnections, connections_.size());
  return adopted;
}

void ComponentPool::dispose(PooledConnection& connection) {
  if (connection.touched_) std::erase(touched_, &connection);
  auto owned = connections_.extract(&connection);
  loop_.dispose(std::move(owned.mapped()));
  ipc::level(ipc::Figure::ComponentConnections, connections_.size());
}

bool ComponentPool::is_current(std::size_t node) const {
  return std::find(current_.begin(), current_.end(), node) != current_.end();
}

void ComponentPool::touch(PooledConnection& connection) {
  if (connection.touched_) return;
  connection.touched_ = true;
  touched_.push_back(&connection);
}

// Behind the records: while one of them is still in our memory, nothing that it records may leave.
bool ComponentPool::flush() {
  if (touched_.empty() || !may_send_()) return false;
  while (!touched_.empty()) {
    PooledConnection* connection = touched_.back();
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
  std::vector<ComponentConnection*>& resting = entry.ways[place.way].resting;
  resting.push_back(&connection);
  if (!is_current(place.node) || resting.size() > kMostResting) resting.front()->abandon();
}

void ComponentPool::retire(ComponentConnection& connection) {
  NodeEntry& entry = *nodes_[connection.place().node];
  if (std::erase(entry.ways[connection.place().way].resting, &connection) == 0) --entry.busy;
  dispose(connection);
}

void ComponentPool::freed(ComponentH2& connection) { --nodes_[connection.place().node]->busy; }

void ComponentPool::retire(ComponentH2& connection) {
  const Place place = connection.place();
  Way& way = way_at(place);
  std::erase(way.shared, &connection);
  dispose(connection);
  if (way.settling != &connection) return;
  way.settling = nullptr;
  way.pioneer = 0;
  fail_waiting(place,
               base::fail(base::Code::Closed, "the component closed the connection without an answer"));
}

// Of nodes that a reload has replaced, once nothing of theirs is under way: their lists of revoked certificates are long.
void ComponentPool::forget_replaced() {
  std::set<std::size_t> used(current_.begin(), current_.end());
  for (const auto& [ticket, wanted] : wanted_) used.insert(wanted.place.node);
  for (const auto& [connection, owned] : connections_) used.insert(connection->place().node);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (used.contains(i)) continue;
    for (Way& way : nodes_[i]->ways) way.tls.reset();
  }
}

void ComponentPool::sweep() {
  forget_replaced();
  const base::Nanos oldest = loop_.now() - kRestingLasts;
  for (const auto& entry : nodes_) {
    for (Way& way : entry->ways) {
      while (!way.resting.empty() && way.resting.front()->rested_since() < oldest)
        way.resting.front()->abandon();
      for (ComponentH2* shared : way.shared) {
        if (shared->idle() && shared->rested_since() < oldest) shared->leave();
      }
    }
  }
}

}  // namespace postern::enforcer
