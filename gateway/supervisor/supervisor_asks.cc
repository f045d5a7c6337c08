// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "base/bytes.h"
#include "gateway/supervisor/parts.h"
#include "gateway/supervisor/secret.h"
#include "gateway/supervisor/staples.h"
#include "gateway/supervisor/supervisor_internals.h"

namespace postern::supervisor {

void Supervisor::Internals::on_ended(Child& child, pid_t pid, const std::string& reason) {
  leaving.erase(&child);
  if (taking() && !stopping && inherited.taker->may_give_back())
    return give_up(child.name() + " ended" + (reason.empty() ? "" : " with " + reason));
  const bool ending = stopping || (giver != nullptr && giver->ending());
  if (child.kind() == "link" && !is_admin_link(child) && !ending) line.link_gone();
  if (reason.empty() || ending) return;
  ledger.append(audit::EventType::RoleEnded, "gateway", child.name(),
                {{"role", child.name()}, {"pid", pid}, {"reason", reason}});
}

const http::Authority* Supervisor::Internals::place_of(const Child& child, std::uint32_t id) const {
  if (is_admin_link(child)) return config->admin_provider(id);
  if (child.kind() == "link") {
    const http::Authority* to = config->outside(id);
    if (to == nullptr) to = responder_of(*material, id);
    return to != nullptr ? to : revocations.place_of(id);
  }
  const Node* node = config->node(id);
  return node == nullptr ? nullptr : &node->authority;
}

Connector& Supervisor::Internals::connector_of(const Child& child) {
  if (child.kind() != "link") return connector;
  return is_admin_link(child) ? admin_link_connector : link_connector;
}

void Supervisor::Internals::on_connect(Child& child, const ipc::ConnectRequest& request) {
  if (child.kind() != "enforcer" && child.kind() != "link")
    return child.fail("it asked for a connection, which only enforcers and the link may");
  const std::uint64_t life = child.life();
  const http::Authority* to = place_of(child, request.node);
  if (to == nullptr)
    return child.connect_failed(life, request.id, "the configuration has no such node any more");
  connector_of(child).connect(
      *to, config->timeouts.component_connect,
      [&child, life, id = request.id](base::Result<base::UniqueFd> socket) {
        if (socket.ok()) return child.connected(life, id, std::move(socket).value());
        child.connect_failed(life, id, socket.error().message);
      },
      child.waiting());
}

void Supervisor::Internals::on_ask(Child& child, std::uint64_t id, const base::Json& question) {
  const std::string what = base::json_text_or(question, "ask", "");
  const std::uint64_t life = child.life();
  if (Child* const terminator = crew.terminator_of(child); what == "breach" && terminator != nullptr) {
    terminator->fail("it broke the exchange protocol: " + base::json_text_or(question, "why", ""));
    return child.answer(life, id, base::Json::object());
  }
  // The keeper starts again and again; the PIN is not to be tried as often.
  if (child.kind() == "keeper" && what == "pin_refused" && material->token_pin.valid()) {
    struct stat now {};
    if (::fstat(material->token_pin.get(), &now) == 0) refused_pin = now;
    return child.answer(life, id, base::Json::object());
  }
  if (child.kind() == "terminator" && what == "left") {
    on_left(child);
    return child.answer(life, id, base::Json::object());
  }
  const bool outside = child.kind() == "link" && !is_admin_link(child);
  if (outside && what == "acme")
    return child.answer(
        life, id, judge_for(child, question.contains("chain"), [&] { return upkeep.on_acme(question); }));
  if (outside && what == "line") return child.answer(life, id, line.on_link(question));
  if (outside && what == "tunnel") {
    auto socket = open_relayed(question);
    if (socket.ok()) return child.connected(life, id, *std::move(socket));
    return child.connect_failed(life, id, socket.error().message);
  }
  if (outside && what == "fetched") return child.answer(life, id, on_fetched(child, question));
  if (child.kind() == "enforcer" && what == "inquire") {
    const auto answer = [&child, life, id](const base::Json& said) { child.answer(life, id, said); };
    base::Status asked = base::Ok{};
    const base::Json no_time = judge_for(child, true, [&]() -> base::Json {
      asked = revocations.on_inquire(question, answer);
      return nullptr;  // answered when something is known
    });
    if (!no_time.is_null()) return answer(no_time);
    if (!asked.ok()) child.fail(asked.error().message);
    return;
  }
  if (child.kind() != "console") return child.fail("it asked a question, which only the console may");
  if (what == "status") return child.answer(life, id, status());
  if (what == "figures") return child.answer(life, id, figures());
  if (what == "log_keys") return child.answer(life, id, read_log_keys());
  if (what == "line") return child.answer(life, id, line.on_console(question));
  if (what == "renew_certificate") return child.answer(life, id, upkeep.renew());
  if (what == "refresh_revocations") {
    words.ask_again();
    return child.answer(life, id, revocations.refresh());
  }
  if (what != "reload") return child.fail("it asked something unknown");
  reload(base::json_text_or(question, "actor", "gateway"), base::json_text_or(question, "from", ""),
         [&child, life, id](const base::Json& answer) { child.answer(life, id, answer); });
}

base::Result<base::UniqueFd> Supervisor::Internals::open_relayed(const base::Json& question) {
  if (!config->mission_control || !config->mission_control->tunnel)
    return base::fail(base::Code::Denied, base::Side::Component, "the configuration has no tunnel");
  return relayed.open(question, loop.now());
}

std::vector<Child*> Supervisor::Internals::support_terminators() {
  std::vector<Child*> out;
  crew.each([&out](Child& child) {
    if (child.kind() == "terminator" && listener_of(child) == "support" &&
        child.state() == ChildState::Running)
      out.push_back(&child);
  });
  return out;
}

base::Json Supervisor::Internals::on_fetched(const Child& link, const base::Json& said) {
  const std::string name = base::json_text_or(said, "name", "");
  if (!is_fetched(name)) return {{"ok", false}, {"why", "nobody asks for it any more"}};
  if (!words.has(name)) words.keep_only([this](const std::string& one) { return is_fetched(one); });
  if (!words.may_speak(name, loop.now()))
    return {{"ok", false}, {"why", "it is said more often than anybody fetches it"}};
  const auto decoded = base::from_base64(base::json_text_or(said, "body", ""));
  base::Result<std::string> body =
      base::fail(base::Code::Unavailable, base::json_text_or(said, "why", "it gave nothing"));
  if (decoded && !decoded->empty()) body = *decoded;
  return judge_for(link, body.ok(), [&]() -> base::Json {
    base::Result<certs::StapleTimes> verdict = find_stapled(*material, name) != nullptr
                                                   ? upkeep.on_staple(name, body)
                                                   : revocations.on_fetched(name, body);
    if (!verdict.ok()) return {{"ok", false}, {"why", verdict.error().message}};
    return {{"ok", true}, {"from", verdict->from}, {"until", verdict->until}};
  });
}

bool Supervisor::Internals::is_fetched(const std::string& name) const {
  return find_stapled(*material, name) != nullptr || revocations.has(name);
}

base::Json Supervisor::Internals::judge_for(const Child& child, bool in_copy,
                                            const std::function<base::Json()>& judge) {
  if (!in_copy) return judge();
  JudgingTime& time = judging[child.name()];
  const base::Nanos from = loop.now();
  if (!time.has_some(from))
    return {{"ok", false}, {"why", "what came from outside takes too long to judge: it is looked at later"}};
  base::Json answer = judge();
  time.use(loop.now() - from);
  return answer;
}

base::Json Supervisor::Internals::read_log_keys() {
  base::Result<LogKeyFiles> files =
      open_log_keys(config->log_key.path, secrets_account(*config), config->pkcs11.has_value());
  if (!files.ok()) return {{"ok", false}, {"message", files.error().message}};
  const bool same = same_log_keys(material->log_keys, *files);
  material->log_keys = std::move(files).value();
  if (!same) crew.renew_keys(beginning_of(crew.keeper(), given()));
  return {{"ok", true}};
}

}  // namespace postern::supervisor
