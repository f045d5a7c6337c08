// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How the gateway is: what the supervisor knows of the processes, the ledger of the log, and the log of the
// component's nodes.
#include "console/api.h"
#include "console/commands.h"
#include "console/expiring.h"
#include "console/metrics.h"
#include "console/version.h"

namespace postern::console::api {
namespace {

// What the log says of a node counts only while it is checked: without a check nobody would say that it is back.
base::Json nodes_of(const Parts& parts) {
  base::Json nodes = parts.facts.component.value("nodes", base::Json::array());
  for (base::Json& node : nodes) {
    const bool checked = base::json_bool_or(node, "checked", false);
    node.erase("checked");
    node.update(
        checked ? parts.nodes.of(base::json_text_or(node, "service", ""), base::json_text_or(node, "url", ""))
                : base::Json{{"state", "not_checked"}});
    base::Json refused = parts.nodes.refused_credentials(base::json_text_or(node, "service", ""),
                                                         base::json_text_or(node, "url", ""));
    if (!refused.empty()) node["refused_credentials"] = std::move(refused);
  }
  return nodes;
}

base::Json log_figures(const Parts& parts) {
  const LedgerClient& ledger = parts.ledger;
  const LedgerClient::Published& published = ledger.published();
  base::Json log{{"directory", parts.log.log_directory()},
                 {"verifier_key", published.verifier_key},
                 {"size", ledger.written()},
                 {"durable", ledger.durable()},
                 {"checkpoint", {{"size", published.size}}},
                 {"writable", ledger.writable()}};
  if (published.at != 0) log["checkpoint"]["time"] = base::format_time(published.at);
  if (!published.problem.empty()) log["checkpoint"]["problem"] = published.problem;
  if (const std::string reason = ledger.reason(); !reason.empty()) log["reason"] = reason;
  log["witnesses"] = ledger.witnessing().value("witnesses", base::Json::array());
  return log;
}

base::Json policy_figures(const Parts& parts) {
  const auto& policy = parts.ledger.policy();
  if (policy == nullptr) return {{"hash", ""}, {"capabilities", 0}, {"operations", 0}};
  base::Json figures{{"hash", policy->hash()},
                     {"capabilities", policy->capabilities().size()},
                     {"operations", policy->operations().size()},
                     {"waits", parts.ledger.policy_waits()}};
  if (const auto loaded = parts.ledger.policy_loaded()) figures["loaded"] = base::format_time(*loaded);
  return figures;
}

base::Json status_of(const Parts& parts, const base::Json& supervisor) {
  base::Json status{
      {"version", kVersion}, {"roles", base::Json::array()}, {"listeners", parts.facts.listeners}};
  status["component"] = parts.facts.component;
  if (supervisor.is_object()) status.update(supervisor);
  status["state_version"] = parts.ledger.version();
  status["component"]["nodes"] = nodes_of(parts);
  status["log"] = log_figures(parts);
  if (base::Json witness = parts.ledger.witnessing().value("witness", base::Json()); witness.is_object())
    status["witness"] = std::move(witness);
  if (const base::Json reports = parts.ledger.witnessing().value("reports", base::Json());
      reports.is_object() && status.value("link", base::Json()).is_object())
    status["link"]["reports"] = reports;
  status["monitoring"] = parts.ledger.witnessing().value("measured", base::Json());
  status["policy"] = policy_figures(parts);
  status["grants"] = parts.facts.grants;
  if (const auto& provider = parts.facts.provider)
    status["admin_openid"] = {{"issuer", provider->issuer}, {"local_accounts", provider->local_accounts}};
  const base::Micros now = parts.loop.wall();
  base::Json& certificates = status["certificates"];
  if (!certificates.is_array()) certificates = base::Json::array();
  put_time_left(certificates, now);
  const state::State& state = parts.ledger.state();
  base::Json& tokens = status["tokens"] = base::Json::array();
  for (const auto& [id, token] : state.tokens()) {
    base::Json left = time_left(token.expires, now);
    if (left["urgency"] == "fine") continue;
    left.update({{"id", id},
                 {"name", "API token " + token.name + " of " + token.owner},
                 {"not_after", base::format_time(token.expires)}});
    tokens.push_back(std::move(left));
  }
  status["remote_access"] = {{"mode", state::to_text(state.remote_access(now))}};
  if (const auto& until = state.remote_access_toggle().until; until && *until > now) {
    status["remote_access"]["until"] = base::format_time(*until);
  }
  status["sessions"] = {{"active", state.sessions().size()}};
  return status;
}

// The log is looked at on another thread for what came since the last time.
void answer_metrics(Parts& parts, const Reply& reply, MetricsFormat format, base::Json status,
                    base::Json roles) {
  std::optional<std::uint64_t> known;
  if (parts.figures) known = parts.figures->end;
  ask_log<LogFigures>(
      parts, reply, [known](LogReader& log) { return figures_since(log, known); },
      [&parts, format, status = std::move(status), roles = std::move(roles)](const LogFigures& more) {
        // Of two who ask at the same time one adds nothing: the other did.
        if (parts.figures)
          parts.figures->add(more);
        else
          parts.figures = more;
        Response response;
        response.content_type = format == MetricsFormat::OpenMetrics ? kOpenMetricsType : kPlainMetricsType;
        response.body = write_metrics(
            {status, roles, parts.ledger.state(), *parts.figures, parts.ledger.indexed(), parts.loop.wall()},
            format);
        return response;
      });
}

}  // namespace

void show_status(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  parts.live.look();
  parts.ask({{"ask", "status"}},
            [&parts, reply](const base::Json& answer) { reply(json_response(status_of(parts, answer))); });
}

void show_metrics(Parts& parts, const CallPtr& call, const Reply& reply) {
  parts.live.look();
  const MetricsFormat format = metrics_format(call->fields.find("accept").value_or(std::string_view()));
  parts.ask({{"ask", "status"}}, [&parts, reply, format](const base::Json& status) {
    parts.ask({{"ask", "figures"}}, [&parts, reply, format, status](const base::Json& roles) {
      answer_metrics(parts, reply, format, status_of(parts, status), roles);
    });
  });
}

// The supervisor reads both files, checks them whole, and puts them in force or not; its answer says which. A
// faulty file is an answer, not a failure of the request.
void reload(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const base::Json question{{"ask", "reload"}, {"actor", call->identity.actor()}, {"from", call->client}};
  parts.ask(question, [reply](const base::Json& answer) { reply(json_response(answer)); });
}

namespace {

// One that the supervisor does, or says why not in "message".
void order(Parts& parts, const CallPtr& call, const Reply& reply, const char* question, const char* title) {
  auto body = read_body(*call, {});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  parts.ask({{"ask", question}}, [reply, title](const base::Json& answer) {
    if (base::json_bool_or(answer, "ok", false)) return reply(json_response(answer));
    reply(problem(409, "not_configured", title, base::json_text_or(answer, "message", "")));
  });
}

}  // namespace

void renew_certificate(Parts& parts, const CallPtr& call, const Reply& reply) {
  order(parts, call, reply, "renew_certificate", "No certificate is ordered");
}

void refresh_revocations(Parts& parts, const CallPtr& call, const Reply& reply) {
  order(parts, call, reply, "refresh_revocations", "Nothing is fetched about revocations");
}

void show_openapi(Parts& /*parts*/, const CallPtr& /*call*/, const Reply& reply) {
  Response response;
  response.content_type = "application/json";
  response.constant = openapi_document();
  reply(std::move(response));
}

void show_health(Parts& /*parts*/, const CallPtr& /*call*/, const Reply& reply) {
  reply(json_response({{"status", "serving"}}));
}

void show_readiness(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  base::Json reasons = base::Json::array();
  if (!parts.ledger.writable()) reasons.push_back(parts.ledger.reason());
  if (parts.ledger.up() && parts.ledger.policy() == nullptr)
    reasons.push_back("there is no policy in force yet");
  const bool ready = reasons.empty();
  reply(json_response({{"status", ready ? "ready" : "not ready"}, {"reasons", std::move(reasons)}},
                      ready ? 200 : 503));
}

}  // namespace postern::console::api
