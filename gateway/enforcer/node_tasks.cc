// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/node_tasks.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/bytes.h"
#include "gateway/ipc/exchange_protocol.h"

namespace postern::enforcer {
namespace {

using base::Json;

// Keys of the pool: behind those of readings.
constexpr std::uint64_t kFirstTaskKey = (std::uint64_t{1} << 62U) + (std::uint64_t{2} << 32U);
constexpr base::Nanos kDrainLook = 20 * base::kMillisecond;
constexpr int kTaskDepth = 4;
constexpr std::size_t kWhy = 300;  // bytes

struct Asked {
  http::Method method = http::Method::Get;
  std::string path, body, type;
  std::string accept = "*/*";
  const Credential* credential = nullptr;
  base::Nanos limit = 0;
  std::size_t keep = 0;    // bytes of the answer
  bool keep_last = false;  // or the first
};

struct Answered {
  int status = 0;   // 0: none came
  std::string why;  // none came, or it broke off
  std::string body;
  std::uint64_t bytes = 0;
};

}  // namespace

std::string filled_in(std::string text, const Json& task) {
  constexpr std::array<const char*, 4> kNames{"version", "before", "node", "service"};
  for (const char* name : kNames) {
    const std::string mark = std::string("${") + name + "}", value = base::json_text_or(task, name, "");
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
      text.replace(at, mark.size(), value);
  }
  return text;
}

// One request on a connection of its own.
class NodeTasks::Question final : public ComponentUser, public loop::Disposable {
 public:
  using Then = std::function<void(Answered answered)>;
  Question(loop::Loop& loop, ComponentPool& pool, std::size_t node, std::uint64_t key)
      : pool_(pool), node_(node), key_(key), timeout_(loop, [this] { finish("no answer in time"); }) {}
  ~Question() override { release(); }

  void ask(Asked asked, Then then) {
    asked_ = std::move(asked);
    then_ = std::move(then);
    answered_ = {};
    timeout_.start(asked_.limit);
    pool_.acquire(node_, asked_.credential, Need::Fresh, key_, [this](base::Result<ComponentCarrier*> got) {
      if (!got.ok()) return finish(got.error().message);
      send(**got);
    });
  }

  void on_component_head(const http::ResponseHead& head) override {
    if (!head.interim()) answered_.status = head.status;
  }
  std::size_t component_room() const override { return ipc::kInitialCredit; }
  void on_component_body(std::string_view piece) override {
    answered_.bytes += piece.size();
    answered_.body += piece;
    if (answered_.body.size() <= asked_.keep) return;
    if (asked_.keep_last)
      answered_.body.erase(0, answered_.body.size() - asked_.keep);
    else
      answered_.body.resize(asked_.keep);
  }
  void on_component_end(const http::Fields&) override {
    connection_ = nullptr;
    finish({});
  }
  void on_component_failed(base::Refusal, std::string_view why, Loss) override {
    connection_ = nullptr;
    finish(std::string(why));
  }
  void on_component_drained() override {}

 private:
  void send(ComponentCarrier& connection) {
    connection_ = &connection;
    connection.begin(*this, asked_.method);
    http::Fields fields;
    fields.put("accept", asked_.accept);
    fields.put("user-agent", "postern-update");
    http::Framing framing;
    if (!asked_.body.empty() || asked_.method != http::Method::Get) {
      if (!asked_.body.empty()) fields.put("content-type", asked_.type);
      framing = {http::BodyKind::Sized, asked_.body.size()};
    }
    const Node& node = pool_.node(node_);
    send_head(connection, {asked_.method, asked_.path, node.authority}, fields, framing,
              {asked_.credential, {}}, false);
    if (connection_ != nullptr && !asked_.body.empty()) connection_->send_body(asked_.body);
    if (connection_ != nullptr) connection_->send_end({});
  }

  void finish(std::string why) {
    if (!then_) return;
    timeout_.stop();
    release();
    answered_.why = std::move(why);
    const Then then = std::exchange(then_, nullptr);
    then(std::move(answered_));
  }

  void release() {
    pool_.cancel(key_);
    if (connection_ != nullptr) std::exchange(connection_, nullptr)->abandon();
  }

  ComponentPool& pool_;
  std::size_t node_;
  std::uint64_t key_;
  loop::Timer timeout_;
  Asked asked_;
  Then then_;
  Answered answered_;
  ComponentCarrier* connection_ = nullptr;
};

// Is it healthy, and of which version?
class NodeTasks::Look final : public loop::Disposable {
 public:
  Look(NodeTasks& owner, std::uint64_t id, std::size_t node)
      : owner_(owner),
        id_(id),
        node_(node),
        settings_(owner.settings_),
        question_(owner.loop_, owner.pool_, node, ++owner.last_key_) {}

  void begin() {
    const HealthCheck& health = owner_.pool_.node(node_).health;
    if (health.path.empty()) return tell("the service has no health check");
    Asked asked;
    asked.path = health.path;
    asked.credential = owner_.pool_.node(node_).health_credential.get();
    asked.limit = health.timeout;
    question_.ask(std::move(asked), [this](const Answered& answered) {
      const HealthCheck& wanted = owner_.pool_.node(node_).health;
      if (answered.status == 0 || !answered.why.empty())
        return tell(answered.why.empty() ? "no answer" : answered.why);
      if (answered.status < wanted.status_from || answered.status > wanted.status_to)
        return tell("it answered " + std::to_string(answered.status));
      healthy_ = true;
      ask_version();
    });
  }

 private:
  const ReadingSource* version_source() const {
    const auto found = settings_->readings.services.find(owner_.pool_.node(node_).service);
    if (found == settings_->readings.services.end()) return nullptr;
    const auto source =
        std::find_if(found->second.begin(), found->second.end(), [](const ReadingSource& one) {
          return std::any_of(one.values.begin(), one.values.end(),
                             [](const measure::Wanted& value) { return value.name == measure::kVersion; });
        });
    return source == found->second.end() ? nullptr : &*source;
  }

  void ask_version() {
    const ReadingSource* source = version_source();
    if (source == nullptr) return tell({});
    Asked asked;
    asked.path = source->path;
    asked.accept = source->json ? "application/json" : "text/plain;version=0.0.4";
    asked.credential = owner_.pool_.node(node_).health_credential.get();
    asked.limit = settings_->readings.timeout;
    asked.keep = kDocument;
    question_.ask(std::move(asked), [this, source](const Answered& answered) {
      measure::Reading reading;
      if (answered.status == 200 && answered.why.empty()) {
        const base::Status read = source->json
                                      ? measure::read_document(answered.body, source->values, reading)
                                      : measure::read_metrics(answered.body, source->values, reading);
        if (!read.ok()) return tell(source->path + ": " + read.error().message);
      }
      version_ = reading.version;
      tell({});
    });
  }

  void tell(const std::string& why) {
    Json answer{{"healthy", healthy_}};
    if (!why.empty()) answer["why"] = base::printable(why, kWhy);
    if (!version_.empty()) answer["version"] = version_;
    owner_.done(id_, answer);
  }

  NodeTasks& owner_;
  std::uint64_t id_;
  std::size_t node_;
  std::shared_ptr<const Settings> settings_;
  bool healthy_ = false;
  std::string version_;
  Question question_;
};

class NodeTasks::Call final : public loop::Disposable {
 public:
  Call(NodeTasks& owner, std::uint64_t id, std::size_t node)
      : owner_(owner),
        id_(id),
        settings_(owner.settings_),
        question_(owner.loop_, owner.pool_, node, ++owner.last_key_) {}

  void begin(const Json& task, const std::string& service, const UpdateCall& call) {
    Asked asked;
    asked.method = call.method;
    asked.path = filled_in(call.path, task);
    asked.body = filled_in(call.body, task);
    asked.type = call.type;
    asked.limit = call.limit;
    asked.keep = kTail;
    asked.keep_last = true;
    for (const Service& one : settings_->services) {
      if (one.name == service) asked.credential = one.credential_for(call.role);
    }
    from_ = call.status_from;
    to_ = call.status_to;
    question_.ask(std::move(asked), [this](const Answered& answered) {
      Json answer{{"ok", answered.why.empty() && answered.status >= from_ && answered.status <= to_},
                  {"bytes", answered.bytes}};
      if (answered.status != 0) answer["status"] = answered.status;
      if (!answered.why.empty()) answer["why"] = base::printable(answered.why, kWhy);
      if (!answered.body.empty()) answer["tail"] = base::printable(answered.body, kTail);
      owner_.done(id_, answer);
    });
  }

 private:
  NodeTasks& owner_;
  std::uint64_t id_;
  std::shared_ptr<const Settings> settings_;
  int from_ = 200, to_ = 299;
  Question question_;
};

class NodeTasks::Drain final : public loop::Disposable {
 public:
  Drain(NodeTasks& owner, std::uint64_t id, int node)
      : owner_(owner), id_(id), node_(node), timer_(owner.loop_, [this] { look(); }) {}

  void begin(base::Nanos least, base::Nanos limit) {
    least_ = owner_.loop_.now() + least;
    until_ = owner_.loop_.now() + std::max(least, limit);
    timer_.start(0, kDrainLook);
  }

 private:
  void look() {
    const base::Nanos now = owner_.loop_.now();
    const std::size_t under_way = owner_.calls_.under_way(node_);
    if (now < least_ || (under_way > 0 && now < until_)) return;
    timer_.stop();
    owner_.done(id_, {{"cut", under_way > 0 ? owner_.calls_.cut(node_) : 0}});
  }

  NodeTasks& owner_;
  std::uint64_t id_;
  int node_;
  base::Nanos least_ = 0, until_ = 0;
  loop::Timer timer_;
};

NodeTasks::NodeTasks(loop::Loop& loop, ComponentPool& pool, Calls calls)
    : loop_(loop), pool_(pool), calls_(std::move(calls)), last_key_(kFirstTaskKey) {}
NodeTasks::~NodeTasks() = default;

void NodeTasks::forget() {
  for (auto& [id, task] : tasks_) loop_.dispose(std::move(task));
  tasks_.clear();
}

void NodeTasks::done(std::uint64_t id, const Json& answer) {
  auto task = tasks_.extract(id);
  if (!task.empty()) loop_.dispose(std::move(task.mapped()));
  calls_.answer(id, answer);
}

void NodeTasks::take(const ipc::NodeTask& task) {
  const auto json = base::parse_json(task.json, kTaskDepth);
  if (!json.ok() || !json->is_object() || settings_ == nullptr || tasks_.size() >= kMostTasks)
    return calls_.answer(task.id, {{"ok", false}, {"healthy", false}, {"why", "it cannot be done now"}});
  const int node =
      pool_.find(base::json_text_or(*json, "service", ""), base::json_text_or(*json, "node", ""));
  if (node < 0) {
    return calls_.answer(
        task.id,
        {{"ok", false}, {"healthy", false}, {"cut", 0}, {"why", "the configuration has no such node"}});
  }
  begin(task.id, *json, node);
}

void NodeTasks::begin(std::uint64_t id, const Json& json, int node) {
  const std::string what = base::json_text_or(json, "do", "");
  const auto index = static_cast<std::size_t>(node);
  if (what == "look") {
    auto look = std::make_unique<Look>(*this, id, index);
    Look& begun = *look;
    tasks_[id] = std::move(look);
    return begun.begin();
  }
  if (what == "drain") {
    auto drain = std::make_unique<Drain>(*this, id, node);
    Drain& begun = *drain;
    tasks_[id] = std::move(drain);
    return begun.begin(base::json_number_or(json, "least_us", 0) * 1000,
                       base::json_number_or(json, "limit_us", 0) * 1000);
  }
  const std::string service = base::json_text_or(json, "service", "");
  const UpdateCall* call = settings_->update_call(service, base::json_text_or(json, "list", ""),
                                                  base::json_number_or(json, "step", 0));
  if (what != "call" || call == nullptr)
    return calls_.answer(id, {{"ok", false}, {"why", "the configuration has no such call"}});
  auto made = std::make_unique<Call>(*this, id, index);
  Call& begun = *made;
  tasks_[id] = std::move(made);
  begun.begin(json, service, *call);
}

}  // namespace postern::enforcer
