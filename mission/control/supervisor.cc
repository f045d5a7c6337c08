// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/control/supervisor.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "gateway/loop/loop.h"
#include "gateway/supervisor/crew.h"
#include "gateway/supervisor/process.h"
#include "gateway/supervisor/sockets.h"
#include "line/protocol.h"
#include "mission/control/config.h"

namespace postern::mission {
namespace {

using base::Json;
using supervisor::Child;

constexpr base::Nanos kDrain = 10 * base::kSecond;

// Of the relay among those whose exchanges the desk answers (mission/roles/desk.cc).
constexpr std::uint32_t kRelayIndex = 1001;

struct Bound {
  base::UniqueFd line, relay, control;
  supervisor::Address line_address, relay_address;  // with the port that the kernel picked
};

supervisor::Shape shape(bool relays) {
  supervisor::Shape out{{{"keeper", 0, 0, 1}, {"desk", 0, 0, 0}, {"terminator", 0, 1, 0}},
                        {{0, "desk", 0, false}},
                        {{"terminator", "keeper", SOCK_SEQPACKET}, {"desk", "keeper", SOCK_SEQPACKET}}};
  if (!relays) return out;
  out.members.push_back({"relay", kRelayIndex, 1, 0});
  out.pairs.push_back({kRelayIndex, "desk", 0, false, "relay"});
  return out;
}

// What is accepted from a listener has these too: an installation that is cut off without a word is gone after line::kSilence,
// because its pulses are not acknowledged.
base::Status give_up_on_the_silent(int listener) {
  const int on = 1;
  const int idle = static_cast<int>(line::kPulse / base::kSecond);
  const unsigned patience = static_cast<unsigned>(line::kSilence / base::kMillisecond);
  if (::setsockopt(listener, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0 ||
      ::setsockopt(listener, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle) != 0 ||
      ::setsockopt(listener, IPPROTO_TCP, TCP_KEEPINTVL, &idle, sizeof idle) != 0 ||
      ::setsockopt(listener, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience) != 0)
    return base::fail_errno("the line's listener", errno);
  return base::Ok{};
}

base::Result<Bound> bind_all(const Config& config, const std::optional<proc::Account>& account) {
  const std::string& control = config.control_socket.path;
  const std::string folder = control.substr(0, control.rfind('/'));
  base::Status made =
      folder.empty() ? base::Status(base::Ok{}) : supervisor::make_directory(folder, 0750, account);
  if (made.ok()) made = supervisor::make_directory(config.state_directory.path, 0700, account);
  if (!made.ok()) return std::move(made).error();
  Bound out;
  out.line_address = config.line.address;
  auto line = supervisor::bind_listener(out.line_address);
  if (!line.ok()) return line.error();
  out.line = *std::move(line);
  if (base::Status set = give_up_on_the_silent(out.line.get()); !set.ok()) return std::move(set).error();
  if (config.relay) {
    out.relay_address = config.relay->address;
    auto relay = supervisor::bind_listener(out.relay_address);
    if (!relay.ok()) return relay.error();
    out.relay = *std::move(relay);
    if (base::Status set = give_up_on_the_silent(out.relay.get()); !set.ok()) return std::move(set).error();
  }
  auto socket = supervisor::bind_control(control, account);
  if (!socket.ok()) return socket.error();
  out.control = *std::move(socket);
  return out;
}

class Parent {
 public:
  Parent(loop::Loop& loop, std::string config_path, const std::string& roles, Loaded loaded, Bound bound)
      : loop_(loop),
        config_path_(std::move(config_path)),
        config_(std::move(loaded.config)),
        material_(std::move(loaded.material)),
        bound_(std::move(bound)),
        connector_(loop),
        crew_(loop, roles, shape(config_->relay.has_value()), duties()) {}

  void start() { crew_.start(); }

  void stop() {
    if (std::exchange(stopping_, true)) return crew_.stop_now();
    ::shutdown(bound_.line.get(), SHUT_RDWR);  // whoever comes now is told at once
    if (bound_.relay.valid()) ::shutdown(bound_.relay.get(), SHUT_RDWR);
    crew_.stop(kDrain, [this] { loop_.stop(); });
  }

  void reload() {
    Loaded fresh = load(config_path_);
    if (fresh.config == nullptr) return base::log_error("nothing was reloaded:\n" + fresh.faults);
    const bool restart = fresh.config->domain != config_->domain || fresh.config->user != config_->user ||
                         fresh.config->line.names != config_->line.names ||
                         fresh.config->retention != config_->retention ||
                         relay_text(*fresh.config) != relay_text(*config_) ||
                         fresh.config->least_nodes != config_->least_nodes ||
                         fresh.config->least_cores != config_->least_cores ||
                         fresh.config->least_memory != config_->least_memory ||
                         fresh.config->line.address.text() != config_->line.address.text() ||
                         fresh.config->state_directory.path != config_->state_directory.path ||
                         fresh.config->control_socket.path != config_->control_socket.path ||
                         store_part(fresh.config->store, fresh.material->store) !=
                             store_part(config_->store, material_->store) ||
                         fresh.material->authority_pem != material_->authority_pem;
    if (restart)
      return base::log_error(
          "nothing was reloaded: domain, user, address, relay, state_directory, store, control_socket and "
          "the "
          "installations' authority need a restart");
    config_ = std::move(fresh.config);
    material_ = std::move(fresh.material);
    base::set_log_level(config_->log_level);
    crew_.renew_keys(beginning(crew_.keeper()));
    crew_.each([this](Child& child) {
      if (child.alive() && child.kind() != "keeper") child.reload(part_of(child));
    });
    base::log_info("the configuration is reloaded");
  }

 private:
  supervisor::Crew::Duties duties() {
    supervisor::Crew::Duties out;
    out.beginning = [this](const Child& child) { return beginning(child); };
    out.on_ledger = [](base::UniqueFd) {};
    out.on_started = [](Child& child) {
      base::log_info("role.started " + child.name() + " pid " + std::to_string(child.pid()));
    };
    out.on_ready = [](Child& child) {
      base::log_info("sandbox.attested " + child.name() + " " + base::dump_json(child.proof()));
    };
    out.on_violated = [](Child& child, const std::string& call) {
      base::log_error("sandbox.violated " + child.name() + " tried " + call + " and was killed");
    };
    out.on_all_ready = [this] { base::log_info("ready: line " + as_bound().url()); };
    out.on_connect = [this](Child& child, const ipc::ConnectRequest& request) { on_connect(child, request); };
    out.on_ask = [this](Child& child, std::uint64_t id, const Json& question) {
      on_ask(child, id, question);
    };
    out.on_ended = [](Child& child, pid_t pid, const std::string& reason) {
      if (!reason.empty())
        base::log_warning("role.ended " + child.name() + " pid " + std::to_string(pid) + ": " + reason);
    };
    return out;
  }

  // To the store and to nothing else.
  void on_connect(Child& child, const ipc::ConnectRequest& request) {
    if (child.kind() != "desk" || !config_->store.postgresql)
      return child.fail("it asked for a connection, which only the desk may, to its PostgreSQL");
    connect_store(connector_, config_->store,
                  [&child, life = child.life(), id = request.id](base::Result<base::UniqueFd> socket) {
                    if (socket.ok()) return child.connected(life, id, std::move(socket).value());
                    child.connect_failed(life, id, socket.error().message);
                  });
  }

  supervisor::Listener as_bound() const {
    supervisor::Listener out = config_->line;
    out.address = bound_.line_address;
    return out;
  }

  void on_ask(Child& child, std::uint64_t id, const Json& question) {
    const std::string what = base::json_text_or(question, "ask", "");
    const std::uint64_t life = child.life();
    if (child.kind() != "desk") return child.fail("it asked a question, which only the desk may");
    if (what == "status") return child.answer(life, id, status());
    Child* terminator = crew_.terminator_of(child);
    if (base::json_text_or(question, "of", "") == "relay")
      crew_.each([&](Child& one) {
        if (one.kind() == "relay") terminator = &one;
      });
    if (what != "breach" || terminator == nullptr) return child.fail("it asked something unknown");
    terminator->fail("it broke the exchange protocol: " + base::json_text_or(question, "why", ""));
    child.answer(life, id, Json::object());
  }

  Json status() const {
    const certs::CertificateFacts& leaf = material_->line.front().leaf;
    Json out{
        {"roles", crew_.status()},
        {"listeners",
         {{{"name", "line"},
           {"address", bound_.line_address.text()},
           {"certificate", {{"subject", leaf.subject}, {"not_after", base::format_time(leaf.not_after)}}}}}}};
    if (config_->relay)
      out["listeners"].push_back(Json{{"name", "relay"}, {"address", bound_.relay_address.text()}});
    return out;
  }

  static std::string relay_text(const Config& of) {
    return of.relay ? of.relay->address.text() + " " + of.relay->domain : std::string();
  }

  Json part_of(const Child& child) const {
    if (child.kind() == "keeper") return keeper_part();
    if (child.kind() == "desk") return desk_part();
    if (child.kind() == "relay")
      return {
          {"log_level", level()},
          {"limits",
           {{"connections", config_->relayed}, {"connections_per_address", config_->relayed_per_address}}}};
    return terminator_part();
  }

  std::string level() const {
    constexpr std::array<const char*, 4> kLevels{"debug", "info", "warning", "error"};
    return kLevels.at(static_cast<std::size_t>(config_->log_level));
  }

  Json names() const {
    Json out = Json::array();
    for (const http::Authority& name : config_->line.names) out.push_back(http::to_text(name));
    return out;
  }

  // "support" is what keeper and terminator call the listener of those who come from outside.
  Json keeper_part() const {
    Json keys = Json::array();
    for (const Material::Own& own : material_->line)
      keys.push_back({{"fd", own.descriptor},
                      {"listener", "support"},
                      {"certificate", own.chain_pem},
                      {"path", own.key_path}});
    Json out{{"log_level", level()},
             {"tls_keys", keys},
             {"installations",
              {{"fd", "key.installations"},
               {"path", config_->authority_key.path},
               {"certificate", material_->authority_pem},
               {"domain", config_->domain}}}};
    if (material_->witness_key.valid())
      out["witness_key"] = {
          {"fd", "key.witness"}, {"path", config_->witness_key.path}, {"logs", Json::array()}};
    return out;
  }

  Json desk_part() const {
    return {{"log_level", level()},
            {"state_directory", config_->state_directory.path},
            {"domain", config_->domain},
            {"authority", material_->authority_pem},
            {"names", names()},
            {"retention_us", config_->retention},
            {"relay_domain", config_->relay ? config_->relay->domain : std::string()},
            {"store", store_part(config_->store, material_->store)},
            {"health",
             {{"nodes", config_->least_nodes},
              {"cores", config_->least_cores},
              {"memory", config_->least_memory}}}};
  }

  Json terminator_part() const {
    Json certificates = Json::array();
    for (const Material::Own& own : material_->line) certificates.push_back({{"chain", own.chain_pem}});
    return {
        {"log_level", level()},
        {"listener", "support"},
        {"certificates", certificates},
        {"client_roots", material_->authority_pem},
        {"names", names()},
        {"http2", true},
        {"limits",
         {{"connections", config_->connections},
          {"connections_per_address", config_->connections_per_address},
          // Each installation's orders are an exchange for ever, and it reports beside them; requests for the tunnel
          // are Tunnels::kMostStreams.
          {"multiplexed", config_->connections + 10'000 + (config_->relay ? 20'000 : 0)},
          // The desk says what of a document is too much. Of a connection that is relayed nothing is.
          {"request_body",
           config_->relay ? std::int64_t{1} << 50U : static_cast<std::int64_t>(line::kDocumentLimit)}}},
        {"timeouts", {{"drain_us", kDrain / 1000}}}};
  }

  Child::Beginning beginning(const Child& child) const {
    Child::Beginning out;
    out.config = part_of(child);
    out.config["sandbox"] = supervisor::to_text(config_->sandbox);
    const auto give = [&out](std::string name, const base::UniqueFd& fd) {
      out.names.push_back(std::move(name));
      out.fds.emplace_back(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
    };
    if (child.kind() == "terminator") give("listener", bound_.line);
    if (child.kind() == "relay") give("listener", bound_.relay);
    if (child.kind() == "desk") give("control", bound_.control);
    if (child.kind() == "desk" && material_->store.password.valid())
      give("store.password", material_->store.password);
    if (child.kind() == "desk" && material_->store.key.valid()) give("store.key", material_->store.key);
    if (child.kind() != "keeper") return out;
    for (const Material::Own& own : material_->line) give(own.descriptor, own.key);
    give("key.installations", material_->authority_key);
    if (material_->witness_key.valid()) give("key.witness", material_->witness_key);
    return out;
  }

  loop::Loop& loop_;
  const std::string config_path_;
  std::shared_ptr<const Config> config_;
  std::shared_ptr<const Material> material_;
  Bound bound_;
  supervisor::Connector connector_;
  bool stopping_ = false;
  supervisor::Crew crew_;
};

int refuse_to_serve(std::string_view why) {
  base::log_error(why);
  return 1;
}

int serve_until_stopped(const std::string& path, const std::string& roles, Loaded loaded, Bound bound) {
  const std::string control = loaded.config->control_socket.path;
  loop::Loop loop;
  Parent parent(loop, path, roles, std::move(loaded), std::move(bound));
  const loop::Signal terminate(loop, SIGTERM, [&] { parent.stop(); });
  const loop::Signal interrupt(loop, SIGINT, [&] { parent.stop(); });
  const loop::Signal hang_up(loop, SIGHUP, [&] { parent.reload(); });
  parent.start();
  loop.run();
  ::unlink(control.c_str());
  base::log_info("stopped");
  return 0;
}

}  // namespace

int supervise(const std::string& config_path) {
  ::signal(SIGPIPE, SIG_IGN);  // NOLINT: a write to a gone peer is told by its result
  base::set_log_name("supervisor");
  const std::string path = supervisor::absolute(config_path);
  Loaded loaded = load(path);
  if (loaded.config == nullptr) return refuse_to_serve("the configuration has faults:\n" + loaded.faults);
  const Config& config = *loaded.config;
  base::set_log_level(config.log_level);
  const auto account = supervisor::choose_account(config.user, config.user_mark, path);
  if (!account.ok()) return refuse_to_serve(account.error().message);
  const auto roles = supervisor::find_roles();
  if (!roles.ok()) return refuse_to_serve(roles.error().message);
  proc::raise_descriptor_limit();
  auto bound = bind_all(config, *account);
  if (!bound.ok()) return refuse_to_serve(bound.error().message);
  base::Status ready = supervisor::give_up_root(*account);
  if (ready.ok())
    ready = supervisor::check_roles(
        *roles, config.relay ? std::vector<std::string_view>{"keeper", "desk", "terminator", "relay"}
                             : std::vector<std::string_view>{"keeper", "desk", "terminator"});
  if (!ready.ok()) return refuse_to_serve(ready.error().message);
  const std::string& control = config.control_socket.path;
  const auto wall = supervisor::wall_in(
      {*roles, config.state_directory.path, control.substr(0, control.rfind('/') + 1)}, config.sandbox);
  if (!wall.ok()) return refuse_to_serve(wall.error().message);
  base::log_info("sandbox.attested supervisor " + base::dump_json(*wall));
  return serve_until_stopped(path, *roles, std::move(loaded), *std::move(bound));
}

}  // namespace postern::mission
