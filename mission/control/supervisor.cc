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
  base::UniqueFd line, admin, relay, control;
  supervisor::Address line_address, admin_address, relay_address;  // with the ports that the kernel picked
};

// No terminator serves two faces.
supervisor::Shape shape(bool has_admin, bool relays) {
  supervisor::Shape out{{{"keeper", 0, 0, 1}, {"desk", 0, 0, 0}, {"terminator", 0, 1, 0}},
                        {{0, "desk", 0, false}},
                        {{"terminator", "keeper", SOCK_SEQPACKET}, {"desk", "keeper", SOCK_SEQPACKET}}};
  if (has_admin) {
    out.members.push_back({"terminator", supervisor::kAdminIndex, 1, 0});
    out.pairs.push_back({supervisor::kAdminIndex, "desk", 0, false});
  }
  if (relays) {
    out.members.push_back({"relay", kRelayIndex, 1, 0});
    out.pairs.push_back({kRelayIndex, "desk", 0, false, "relay"});
  }
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
  if (config.has_admin) {
    out.admin_address = config.admin.address;
    auto admin = supervisor::bind_listener(out.admin_address);
    if (!admin.ok()) return admin.error();
    out.admin = *std::move(admin);
  }
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
        crew_(loop, roles, shape(config_->has_admin, config_->relay.has_value()), duties()) {}

  void start() { crew_.start(); }

  void stop() {
    if (std::exchange(stopping_, true)) return crew_.stop_now();
    ::shutdown(bound_.line.get(), SHUT_RDWR);  // whoever comes now is told at once
    if (bound_.admin.valid()) ::shutdown(bound_.admin.get(), SHUT_RDWR);
    if (bound_.relay.valid()) ::shutdown(bound_.relay.get(), SHUT_RDWR);
    crew_.stop(supervisor::Crew::Stop::Asked, kDrain, [this] { loop_.stop(); });
  }

  void reload() {
    Loaded fresh = load(config_path_);
    if (fresh.config == nullptr) return base::log_error("nothing was reloaded:\n" + fresh.faults);
    const bool restart = fresh.config->domain != config_->domain || fresh.config->user != config_->user ||
                         fresh.config->sandbox != config_->sandbox ||
                         fresh.config->line.names != config_->line.names ||
                         fresh.config->retention != config_->retention || admin_differs(*fresh.config) ||
                         relay_text(*fresh.config) != relay_text(*config_) ||
                         alerts_part(*fresh.config) != alerts_part(*config_) ||
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
          "nothing was reloaded: domain, user, sandbox, addresses, names, second_factor, retention, relay, "
          "health, "
          "alerts, "
          "state_directory, store, control_socket and the installations' authority need a restart");
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
  bool admin_differs(const Config& fresh) const {
    return fresh.has_admin != config_->has_admin || fresh.admin.names != config_->admin.names ||
           fresh.admin.address.text() != config_->admin.address.text() ||
           fresh.second_factor_required != config_->second_factor_required;
  }

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
    out.on_all_ready = [this] {
      base::log_info("ready: line " + at(config_->line, bound_.line_address).url() +
                     (config_->has_admin ? " admin " + at(config_->admin, bound_.admin_address).url() : ""));
    };
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

  static supervisor::Listener at(supervisor::Listener listener, const supervisor::Address& bound) {
    listener.address = bound;
    return listener;
  }
  static bool is_admin(const Child& child) { return child.index() == supervisor::kAdminIndex; }

  void on_ask(Child& child, std::uint64_t id, const Json& question) {
    const std::string what = base::json_text_or(question, "ask", "");
    const std::uint64_t life = child.life();
    if (child.kind() != "desk") return child.fail("it asked a question, which only the desk may");
    if (what == "status") return child.answer(life, id, status());
    const auto index = static_cast<std::uint32_t>(base::json_number_or(question, "terminator", 0));
    Child* const terminator = crew_.terminator_of(child, index);
    if (what != "breach" || terminator == nullptr) return child.fail("it asked something unknown");
    terminator->fail("it broke the exchange protocol: " + base::json_text_or(question, "why", ""));
    child.answer(life, id, Json::object());
  }

  static Json listener_json(const char* name, const supervisor::Address& address,
                            const std::vector<Material::Own>& own) {
    const certs::CertificateFacts& leaf = own.front().leaf;
    return {{"name", name},
            {"address", address.text()},
            {"certificate", {{"subject", leaf.subject}, {"not_after", base::format_time(leaf.not_after)}}}};
  }

  Json status() const {
    Json listeners = Json::array({listener_json("line", bound_.line_address, material_->line)});
    if (config_->has_admin)
      listeners.push_back(listener_json("admin", bound_.admin_address, material_->admin));
    if (config_->relay)
      listeners.push_back(Json{{"name", "relay"}, {"address", bound_.relay_address.text()}});
    return {{"roles", crew_.status()}, {"listeners", listeners}};
  }

  static std::string relay_text(const Config& of) {
    return of.relay ? of.relay->address.text() + " " + of.relay->domain : std::string();
  }

  Json part_of(const Child& child) const {
    if (child.kind() == "keeper") return keeper_part();
    if (child.kind() == "desk") return desk_part();
    if (child.kind() == "relay") return relay_part();
    return is_admin(child) ? admin_terminator_part() : line_terminator_part();
  }

  std::string level() const {
    constexpr std::array<const char*, 4> kLevels{"debug", "info", "warning", "error"};
    return kLevels.at(static_cast<std::size_t>(config_->log_level));
  }

  static Json names_json(const supervisor::Listener& listener) {
    Json out = Json::array();
    for (const http::Authority& name : listener.names) out.push_back(http::to_text(name));
    return out;
  }

  static Json chains_json(const std::vector<Material::Own>& own) {
    Json out = Json::array();
    for (const Material::Own& one : own) out.push_back({{"chain", one.chain_pem}});
    return out;
  }

  static void add_keys(Json& keys, const char* listener, const std::vector<Material::Own>& own) {
    for (const Material::Own& one : own)
      keys.push_back({{"fd", one.descriptor},
                      {"listener", listener},
                      {"certificate", one.chain_pem},
                      {"path", one.key_path}});
  }

  // "support" is what keeper and terminator call the listener of those who come from outside.
  Json keeper_part() const {
    Json keys = Json::array();
    add_keys(keys, "support", material_->line);
    add_keys(keys, "admin", material_->admin);
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
    if (material_->audit_key.valid())
      out["log_key"] = {{"fd", "key.audit"}, {"path", config_->audit_key.path}};
    return out;
  }

  static Json alerts_part(const Config& of) {
    return {
        {"late_us", of.alert_late}, {"certificate_us", of.alert_certificate}, {"usage_us", of.alert_usage}};
  }

  Json desk_part() const {
    return {{"log_level", level()},
            {"state_directory", config_->state_directory.path},
            {"domain", config_->domain},
            {"authority", material_->authority_pem},
            {"names", names_json(config_->line)},
            {"retention_us", config_->retention},
            {"admin_names", names_json(config_->admin)},
            {"people", material_->people},
            {"second_factor_required", config_->second_factor_required},
            {"relay_domain", config_->relay ? config_->relay->domain : std::string()},
            {"store", store_part(config_->store, material_->store)},
            {"alerts", alerts_part(*config_)},
            {"health",
             {{"nodes", config_->least_nodes},
              {"cores", config_->least_cores},
              {"memory", config_->least_memory}}}};
  }

  Json relay_part() const {
    return {{"log_level", level()},
            {"limits",
             {{"connections", config_->relayed}, {"connections_per_address", config_->relayed_per_address}}}};
  }

  // No client's certificate is asked for: an installation's means nothing there.
  Json admin_terminator_part() const {
    return {{"log_level", level()},
            {"listener", "admin"},
            {"certificates", chains_json(material_->admin)},
            {"client_roots", ""},
            {"names", names_json(config_->admin)},
            {"http2", true},
            {"timeouts", {{"drain_us", kDrain / 1000}}}};
  }

  Json line_terminator_part() const {
    return {
        {"log_level", level()},
        {"listener", "support"},
        {"certificates", chains_json(material_->line)},
        {"client_roots", material_->authority_pem},
        {"names", names_json(config_->line)},
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
    if (child.kind() == "terminator") give("listener", is_admin(child) ? bound_.admin : bound_.line);
    if (child.kind() == "relay") give("listener", bound_.relay);
    if (child.kind() == "desk") give("control", bound_.control);
    if (child.kind() == "desk" && material_->store.password.valid())
      give("store.password", material_->store.password);
    if (child.kind() == "desk" && material_->store.key.valid()) give("store.key", material_->store.key);
    if (child.kind() != "keeper") return out;
    for (const auto* listener : {&material_->line, &material_->admin}) {
      for (const Material::Own& own : *listener) give(own.descriptor, own.key);
    }
    give("key.installations", material_->authority_key);
    if (material_->witness_key.valid()) give("key.witness", material_->witness_key);
    if (material_->audit_key.valid()) give("key.audit", material_->audit_key);
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
