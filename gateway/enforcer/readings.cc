// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/readings.h"

#include "gateway/ipc/exchange_protocol.h"

namespace postern::enforcer {
namespace {

// Keys of the pool for readings: behind those of health checks, which are as many as there are nodes.
constexpr std::uint64_t kFirstReadingKey = (std::uint64_t{1} << 62U) + (std::uint64_t{1} << 32U);

}  // namespace

class Readings::Node final : public ComponentUser, public loop::Disposable {
 public:
  Node(Readings& owner, std::size_t node, std::shared_ptr<const Settings> settings)
      : owner_(owner),
        node_(node),
        settings_(std::move(settings)),
        timer_(owner.loop_, [this] { begin(); }),
        timeout_(owner.loop_, [this] { answered("no answer in time"); }) {
    const auto& services = settings_->readings.services;
    if (const auto found = services.find(owner.pool_.node(node).service); found != services.end())
      sources_ = &found->second;
    timer_.start(0, settings_->readings.every);
  }
  ~Node() override { release(); }

  void on_component_head(const http::ResponseHead& head) override {
    if (!head.interim()) status_ = head.status;
  }
  std::size_t component_room() const override { return ipc::kInitialCredit; }
  void on_component_body(std::string_view piece) override {
    if (body_.size() + piece.size() > kMostBytes)
      too_large_ = true;
    else
      body_ += piece;
  }
  void on_component_end(const http::Fields&) override {
    connection_ = nullptr;
    if (status_ != 200) return answered("it answered " + std::to_string(status_));
    answered(too_large_ ? "its answer has more than 8 MiB" : std::string());
  }
  void on_component_failed(base::Refusal, std::string_view why, Loss) override {
    connection_ = nullptr;
    answered(std::string(why));
  }
  void on_component_drained() override {}

 private:
  std::uint64_t key() const { return kFirstReadingKey + node_; }

  void begin() {
    if (under_way_) return;
    reading_ = {};
    why_.clear();
    next_ = 0;
    answers_ = false;
    if (sources_ == nullptr || sources_->empty()) return tell();
    under_way_ = true;
    ask();
  }

  void ask() {
    status_ = 0;
    body_.clear();
    too_large_ = false;
    timeout_.start(settings_->readings.timeout);
    owner_.pool_.acquire(node_, owner_.pool_.node(node_).health_credential.get(), Need::Fresh, key(),
                         [this](base::Result<ComponentCarrier*> connection) {
                           if (!connection.ok()) return answered(connection.error().message);
                           send(**connection);
                         });
  }

  void send(ComponentCarrier& connection) {
    connection_ = &connection;
    connection.begin(*this, http::Method::Get);
    const ReadingSource& source = (*sources_)[next_];
    http::Fields fields;
    fields.put("accept", source.json ? "application/json" : "text/plain;version=0.0.4");
    fields.put("user-agent", "postern-readings");
    const auto& node = owner_.pool_.node(node_);
    send_head(connection, {http::Method::Get, source.path, node.authority}, fields, {},
              {node.health_credential.get(), {}}, false);
    if (connection_ != nullptr) connection_->send_end({});
  }

  // What cannot be read leaves its values out, and the others are read all the same.
  void answered(std::string why) {
    if (!under_way_) return;
    timeout_.stop();
    release();
    const ReadingSource& source = (*sources_)[next_];
    if (why.empty()) {
      const base::Status read = source.json ? measure::read_document(body_, source.values, reading_)
                                            : measure::read_metrics(body_, source.values, reading_);
      if (!read.ok()) why = read.error().message;
    }
    if (!why.empty() && why_.empty()) why_ = source.path + ": " + why;
    answers_ = answers_ || status_ != 0;
    body_.clear();
    if (++next_ < sources_->size()) return ask();
    under_way_ = false;
    tell();
  }

  // Where nobody checks a node's health, that it answered at all says that it is up.
  const char* state() const {
    const ComponentPool::NodeState known = owner_.pool_.state(node_);
    if (known != ComponentPool::NodeState::Unknown)
      return known == ComponentPool::NodeState::Up ? "up" : "down";
    if (sources_ == nullptr || sources_->empty()) return "unknown";
    return answers_ ? "up" : "down";
  }

  void tell() {
    const auto& node = owner_.pool_.node(node_);
    base::Json out{{"service", node.service}, {"node", node.url}, {"state", state()}};
    if (!why_.empty()) out["why"] = why_.substr(0, kWhyLimit);
    if (!reading_.version.empty()) out["version"] = reading_.version;
    out["numbers"] = reading_.numbers;
    owner_.ledger_.measured(base::dump_json(out));
  }

  void release() {
    owner_.pool_.cancel(key());
    if (connection_ != nullptr) std::exchange(connection_, nullptr)->abandon();
  }

  static constexpr std::size_t kWhyLimit = 300;
  Readings& owner_;
  std::size_t node_;
  std::shared_ptr<const Settings> settings_;
  const std::vector<ReadingSource>* sources_ = nullptr;
  loop::Timer timer_;
  loop::Timer timeout_;
  ComponentCarrier* connection_ = nullptr;
  bool under_way_ = false, too_large_ = false, answers_ = false;
  std::size_t next_ = 0;  // of the sources
  int status_ = 0;
  std::string body_, why_;
  measure::Reading reading_;
};

Readings::Readings(loop::Loop& loop, ComponentPool& pool, LedgerClient& ledger)
    : loop_(loop), pool_(pool), ledger_(ledger) {}
Readings::~Readings() = default;

void Readings::restart(const std::shared_ptr<const Settings>& settings) {
  for (auto& node : nodes_) loop_.dispose(std::move(node));
  nodes_.clear();
  settings_ = settings;
  if (settings_->readings.every == 0) return;
  for (const std::size_t node : pool_.current())
    nodes_.push_back(std::make_unique<Node>(*this, node, settings_));
}

}  // namespace postern::enforcer
