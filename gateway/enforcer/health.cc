// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/health.h"

namespace postern::enforcer {
namespace {

// Keys of the pool for checks: exchanges count from 1 upwards and never get here.
constexpr std::uint64_t kFirstCheckKey = std::uint64_t{1} << 62U;

}  // namespace

class HealthChecks::Check final : public ComponentUser, public loop::Disposable {
 public:
  Check(HealthChecks& owner, std::size_t node)
      : owner_(owner), node_(node), timer_(owner.loop_, [this] { begin(); }), timeout_(owner.loop_, [this] {
          finish(false, "no answer within " + base::format_duration(settings().timeout / 1000));
        }) {
    timer_.start(0, settings().interval);
  }
  ~Check() override { release(); }

  void on_component_head(const http::ResponseHead& head) override {
    if (!head.interim()) status_ = head.status;
  }
  std::size_t component_room() const override { return ipc::kInitialCredit; }
  void on_component_body(std::string_view piece) override { received_ += piece.size(); }
  void on_component_end(const http::Fields&) override {
    connection_ = nullptr;
    const bool good = status_ >= settings().status_from && status_ <= settings().status_to;
    finish(good, good ? "" : "it answered " + std::to_string(status_));
  }
  void on_component_failed(base::Refusal, std::string_view why, Loss) override {
    connection_ = nullptr;
    finish(false, std::string(why));
  }
  void on_component_drained() override {}

 private:
  const HealthCheck& settings() const { return owner_.pool_.node(node_).health; }
  std::uint64_t key() const { return kFirstCheckKey + node_; }

  void begin() {
    if (under_way_) return;
    under_way_ = true;
    status_ = 0;
    timeout_.start(settings().timeout);
    // A connection of its own: one that rested may be closed by the node in this very moment, and that says
    // nothing.
    const Credential* shown = owner_.pool_.node(node_).health_credential.get();
    owner_.pool_.acquire(node_, shown, Need::Fresh, key(),
                         [this](base::Result<ComponentCarrier*> connection) {
                           if (!connection.ok()) return finish(false, connection.error().message);
                           ask(**connection);
                         });
  }
  void ask(ComponentCarrier& connection) {
    connection_ = &connection;
    connection.begin(*this, http::Method::Get);
    http::Fields fields;
    fields.put("user-agent", "postern-health");
    const Node& node = owner_.pool_.node(node_);
    send_head(connection, {http::Method::Get, settings().path, node.authority}, fields, {},
              {node.health_credential.get(), {}}, false);
    if (connection_ != nullptr) connection_->send_end({});
  }
  void finish(bool good, const std::string& why) {
    if (!under_way_) return;
    under_way_ = false;
    timeout_.stop();
    release();
    failures_ = good ? 0 : failures_ + 1;
    if (good || failures_ >= kFailuresToBeDown) owner_.report(node_, good, why);
  }
  void release() {
    owner_.pool_.cancel(key());
    if (connection_ != nullptr) std::exchange(connection_, nullptr)->abandon();
  }

  HealthChecks& owner_;
  std::size_t node_;
  loop::Timer timer_;
  loop::Timer timeout_;
  ComponentCarrier* connection_ = nullptr;
  bool under_way_ = false;
  int status_ = 0;
  int failures_ = 0;
  std::uint64_t received_ = 0;
};

HealthChecks::HealthChecks(loop::Loop& loop, ComponentPool& pool, Recorder& recorder)
    : loop_(loop), pool_(pool), recorder_(recorder) {}
HealthChecks::~HealthChecks() = default;

void HealthChecks::restart(bool records) {
  records_ = records;
  for (auto& check : checks_) loop_.dispose(std::move(check));
  checks_.clear();
  for (const std::size_t node : pool_.current()) {
    if (!pool_.node(node).health.path.empty()) checks_.push_back(std::make_unique<Check>(*this, node));
  }
}

void HealthChecks::report(std::size_t node, bool healthy, const std::string& why) {
  const auto now = healthy ? ComponentPool::NodeState::Up : ComponentPool::NodeState::Down;
  if (pool_.state(node) == now) return;
  pool_.set_state(node, now);
  if (records_) recorder_.node(healthy, pool_.node(node).service, pool_.node(node).url, why);
}

}  // namespace postern::enforcer
