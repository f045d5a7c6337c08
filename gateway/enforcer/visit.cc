// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/visit.h"

#include <algorithm>

#include "gateway/enforcer/assets.h"
#include "gateway/enforcer/pages.h"
#include "gateway/enforcer/visit_parts.h"
#include "gateway/http/accept.h"
#include "gateway/http/cookie.h"
#include "gateway/http/form.h"
#include "gateway/state/view.h"

namespace postern::enforcer {
namespace {

using base::Json;

constexpr std::string_view kCookie = "__Host-postern";
constexpr std::string_view kSignIn = "/.postern/sign-in";
constexpr std::string_view kRequests = "/.postern/api/requests";
constexpr std::size_t kLocalTime = 16;  // "2026-03-01T08:09"
constexpr std::string_view kAssets = "/.postern/assets/";

bool wants_page(const Exchange& exchange) {
  return http::wants_html(exchange.head().fields.find(http::FieldId::Accept).value_or(""));
}

std::string_view content_type(const Exchange& exchange) {
  return exchange.head().fields.find(http::FieldId::ContentType).value_or("");
}

bool is_json(std::string_view type) {
  return type == "application/json" || type.starts_with("application/json;");
}

// Of a body that is not JSON.
http::Verdict read_form(const Exchange& exchange, http::Parameters& form) {
  if (!http::is_form(content_type(exchange))) return http::malformed("send a form or JSON");
  return http::parse_form(exchange.body(), {}, form);
}

http::Fields json_fields() {
  http::Fields fields;
  fields.put("content-type", "application/json");
  fields.put("cache-control", "no-store");
  return fields;
}

void answer_json(Exchange& exchange, int status, const Json& json) {
  exchange.answer(status, json_fields(), base::dump_json(json));
}

void answer_problem(Exchange& exchange, const LedgerRefusal& refusal) {
  const auto known = base::refusal_from_code(refusal.code);
  Json problem{{"type", "about:blank"},
               {"title", known ? std::string(base::text_of(*known).title) : refusal.message},
               {"status", refusal.status},
               {"code", refusal.code},
               {"detail", refusal.message}};
  if (const std::string event = exchange.event_id(); !event.empty()) problem["event"] = event;
  http::Fields fields = json_fields();
  fields.set("content-type", "application/problem+json");
  exchange.answer(refusal.status, std::move(fields), base::dump_json(problem));
}

std::string optional_time(const std::optional<base::Micros>& time) {
  return time ? base::format_time(*time) : std::string();
}

Json texts(const std::vector<std::string>& items) { return Json(items); }

// The id in "/.postern/api/requests/{id}" and what; empty if the path is not one of those.
std::string_view request_of(std::string_view path, std::string_view what) {
  const std::size_t begin = kRequests.size() + 1;
  if (!path.starts_with(kRequests) || !path.ends_with(what) || path.size() <= begin + what.size()) return {};
  return path.substr(begin, path.size() - begin - what.size());
}

std::string terms_text(const state::Terms& terms) {
  std::string text = terms.role;
  for (const std::string& name : terms.capabilities) text += (text.empty() ? "" : ", ") + name;
  return text;
}

RequestView request_view(const state::Request& request) {
  RequestView view;
  view.id = request.id;
  view.state = state::to_text(request.state);
  view.asked = terms_text(request.asked);
  view.reason = request.reason;
  view.note = request.note;
  view.created = request.created;
  view.ticket = request.ticket;
  view.duration = base::format_duration(request.asked.duration);
  view.start = request.asked.start;
  view.by_admin = !request.asked_by.empty();
  view.by_vendor = state::from_mission_control(request.asked_by);
  view.approvals = static_cast<int>(request.approvals.size());
  view.approvals_needed = static_cast<int>(request.approvals_needed);
  if (request.offer != request.asked)
    view.offered = terms_text(request.offer) + ", " + base::format_duration(request.offer.duration);
  for (const state::Message& one : request.talk)
    view.talk.push_back({state::is_own_word(request, one), one.text, one.at});
  return view;
}

// The engineer's own requests, newest first: ids sort by time.
std::vector<const state::Request*> own_requests(const Site& site, std::string_view engineer) {
  std::vector<const state::Request*> out;
  for (const auto& [id, request] : site.access.state().requests()) {
    if (request.engineer == engineer) out.insert(out.begin(), &request);
  }
  return out;
}

// The session's own calls that wait, oldest first.
std::vector<const state::Hold*> own_holds(const Site& site, std::string_view session) {
  std::vector<const state::Hold*> out;
  for (const auto& [id, hold] : site.access.state().holds()) {
    if (hold.session == session) out.push_back(&hold);
  }
  return out;
}

Standing to_standing(base::Refusal why) {
  if (why == base::Refusal::None) return Standing::On;
  return why == base::Refusal::ApprovalNeeded || why == base::Refusal::GrantEnded ? Standing::Ask
                                                                                  : Standing::Off;
}

std::vector<std::string> operations_of(const policy::Policy& policy, const policy::Capability& capability) {
  std::vector<std::string> out;
  for (int i = capability.first_operation; i < capability.end_operation; ++i)
    out.push_back(policy.operations()[static_cast<std::size_t>(i)].text());
  return out;
}

std::optional<base::Micros> until_of(const Site& site, std::string_view capability) {
  const state::Toggle* toggle = site.access.state().capability_toggle(capability);
  return toggle == nullptr ? std::nullopt : toggle->until;
}

base::Micros idle_until(const SessionView& session) {
  return std::min(session.expires, session.last_active + session.idle);
}

}  // namespace

http::Fields page_fields() {
  http::Fields fields;
  fields.put("content-type", "text/html; charset=utf-8");
  fields.put("content-security-policy", kPageContentSecurityPolicy);
  fields.put("cache-control", "no-store");
  return fields;
}

void answer_page(Exchange& exchange, int status, std::string html) {
  exchange.answer(status, page_fields(), std::move(html));
}
void redirect(Exchange& exchange, std::string_view to, std::string_view cookie,
              std::string_view second_cookie) {
  http::Fields fields;
  fields.put("location", to);
  fields.put("cache-control", "no-store");
  if (!cookie.empty()) fields.put("set-cookie", cookie);
  if (!second_cookie.empty()) fields.put("set-cookie", second_cookie);
  exchange.answer(303, std::move(fields), {});
}

std::string session_cookie(std::string_view token) {
  return http::format_set_cookie({kCookie, token, token.empty() ? 0 : -1, http::SameSite::Lax});
}

// Browsers pass over tabs and line ends in an address, and take a backslash for a slash.
bool is_local_path(std::string_view path) {
  const auto plain = [](char c) { return c > ' ' && c < 0x7f && c != '\\'; };
  return path.starts_with('/') && !path.starts_with("//") && path.size() < 2048 &&
         std::all_of(path.begin(), path.end(), plain);
}

LedgerRefusal refusal_of(const base::Error& error) {
  LedgerRefusal out;
  const auto json = base::parse_json(error.message);
  if (!json.ok() || !json->is_object()) {
    out.message = error.message;
    return out;
  }
  out.status = static_cast<int>(base::json_number_or(*json, "status", 400));
  out.code = base::json_text_or(*json, "code", "invalid");
  out.message = base::json_text_or(*json, "message", "refused");
  return out;
}

void VisitPages::serve(Exchange& exchange) {
  const std::string_view path = exchange.target().path();
  const bool get =
      exchange.head().method == http::Method::Get || exchange.head().method == http::Method::Head;
  const bool post = exchange.head().method == http::Method::Post;
  if (get && path.starts_with(kAssets)) return asset(exchange);
  if (get && path == kSignIn) return show_sign_in(exchange);
  if (post && path == kSignIn) return sign_in(exchange);
  if (serve_openid(exchange, path, get, post)) return;
  if (get && path == "/.postern") return redirect(exchange, kHome);
  if (post && path == "/.postern/sign-out") return sign_out(exchange);
  const bool known = path == kHome || path == "/.postern/api/session" || path == kRequests ||
                     path.starts_with(std::string(kRequests) + "/");
  if (!known)
    return exchange.refuse(base::Refusal::OperationNotListed, "there is no such page below /.postern/");
  // An API client with a certificate signs in by calling.
  if (exchange.session_view() == nullptr && exchange.session().empty() && exchange.client().identity) {
    return open_by_certificate(exchange, [this, id = exchange.id()](base::Status opened) {
      Exchange* waiting = site_.find(id);
      if (waiting == nullptr) return;
      if (!opened.ok()) return waiting->refuse(base::Refusal::SignInRefused, opened.error().message);
      serve(*waiting);
    });
  }
  if (exchange.session_view() == nullptr) {
    if (get && path == kHome) return redirect(exchange, kSignIn);
    return exchange.refuse(base::Refusal::NoSession, exchange.client().identity_fault);
  }
  if (!site_.access.ready())
    return exchange.refuse(base::Refusal::LogUnavailable, "the policy in force is not known yet");
  if (get && path == kHome) return home(exchange);
  if (get && path == "/.postern/api/session") return session_json(exchange);
  if (get && path == kRequests) return requests_json(exchange);
  if (post && path == kRequests) return create_request(exchange);
  if (const auto id = request_of(path, "/withdraw"); post && !id.empty())
    return withdraw_request(exchange, id);
  if (const auto id = request_of(path, "/answer"); post && !id.empty()) return answer_request(exchange, id);
  exchange.refuse(base::Refusal::OperationNotListed, "this method is not known here");
}

// The exchange may be gone when the answer comes: it is looked up by its id.
void VisitPages::command(Exchange& exchange, Json order,
                         std::function<void(Exchange&, base::Result<Json>)> then) {
  order["from"] = exchange.client().text;
  order["client"] = exchange.client().text;
  order["tls"] = exchange.client().tls;
  if (!exchange.client().relay.empty()) order["relay"] = exchange.client().relay;
  order["user_agent"] =
      std::string(exchange.head().fields.find(http::FieldId::UserAgent).value_or("").substr(0, 512));
  if (const SessionView* session = exchange.session_view(); session != nullptr) {
    order["session"] = session->id;
    order["actor"] = "engineer:" + session->engineer;
  } else {
    order["actor"] = "client:" + exchange.client().text;
  }
  site_.ledger.command(std::move(order), [this, id = exchange.id(), serial = exchange.serial(),
                                          then = std::move(then)](LedgerAnswer answer) {
    // The terminator that a restart brought counts from 1 again: the same id may be somebody else.
    Exchange* waiting = site_.find(id);
    if (waiting == nullptr || waiting->serial() != serial || waiting->answered()) return;
    if (!answer.event.empty()) waiting->made_event(answer.event);
    then(*waiting, std::move(answer.reply));
  });
}

void VisitPages::show_sign_in(Exchange& exchange) {
  SignInView view;
  view.openid = openid_link({});
  answer_page(exchange, 200, render_sign_in(view));
}

void VisitPages::sign_in(Exchange& exchange) {
  std::string pass, return_to;
  const bool json = is_json(content_type(exchange));
  if (json) {
    const auto body = base::parse_json(exchange.body());
    if (!body.ok() || base::json_text(*body, "pass") == nullptr)
      return exchange.refuse(base::Refusal::Malformed, "send {\"pass\": \"...\"}");
    pass = *base::json_text(*body, "pass");
  } else {
    http::Parameters form;
    if (const http::Verdict verdict = read_form(exchange, form); !verdict.ok())
      return exchange.refuse(verdict.refusal, verdict.sentence);
    pass = form.only("pass").value_or("");
    return_to = form.only("return").value_or("");
  }
  const auto begin = pass.find_first_not_of(" \t\r\n");
  pass = begin == std::string::npos ? "" : pass.substr(begin, pass.find_last_not_of(" \t\r\n") - begin + 1);
  sign_in_with(exchange, {{"command", "pass.verify_and_open"}, {"pass", pass}}, !json,
               is_local_path(return_to) ? return_to : std::string(kHome));
}

// Sign-ins that are refused are events: of one address, so many. Those that are not count nowhere.
bool VisitPages::may_sign_in(Exchange& exchange) {
  const Reached reached = site_.admission.try_sign_in(exchange.client().origin, site_.loop.now());
  if (reached.limit == Limit::None) return true;
  exchange.refuse(reached);
  return false;
}

void VisitPages::sign_in_with(Exchange& exchange, Json order, bool as_page, const std::string& return_to) {
  if (!may_sign_in(exchange)) return;
  command(exchange, std::move(order),
          [this, as_page, return_to](Exchange& waiting, base::Result<Json> reply) {
            if (!reply.ok()) {
              const LedgerRefusal refusal = refusal_of(reply.error());
              if (!as_page) return answer_problem(waiting, refusal);
              return answer_page(
                  waiting, refusal.status,
                  render_sign_in({refusal.message, return_to, waiting.event_id(), openid_link(return_to)}));
            }
            site_.admission.signed_in(waiting.client().origin);
            waiting.use_session(base::json_text_or(*reply, "session", ""));
            const std::string cookie = session_cookie(base::json_text_or(*reply, "token", ""));
            if (as_page) return redirect(waiting, return_to, cookie);
            Json shown = *reply;
            shown.erase("token");
            http::Fields fields = json_fields();
            fields.put("set-cookie", cookie);
            waiting.answer(200, std::move(fields), base::dump_json(Json{{"session", shown}}));
          });
}

void VisitPages::open_by_certificate(Exchange& exchange, std::function<void(base::Status)> then) {
  if (!may_sign_in(exchange)) return;
  const certs::ClientIdentity& identity = *exchange.client().identity;
  Json order{{"command", "certificate.open"},
             {"fingerprint", identity.fingerprint},
             {"emails", identity.emails},
             {"uris", identity.uris},
             {"subject", identity.subject}};
  command(
      exchange, std::move(order),
      [this, then = std::move(then)](Exchange& waiting, base::Result<Json> reply) {
        if (!reply.ok())
          return then(base::fail(base::Code::Denied, base::Side::Client, refusal_of(reply.error()).message));
        site_.admission.signed_in(waiting.client().origin);
        waiting.use_session(base::json_text_or(*reply, "session", ""));
        if (const Client& client = waiting.client(); client.identity)
          site_.certificate_watch.keep(*client.identity, *client.certificates);
        then(base::Ok{});
      });
}

void VisitPages::sign_out(Exchange& exchange) {
  const bool page = !is_json(content_type(exchange)) && wants_page(exchange);
  const auto done = [page](Exchange& waiting, const std::string& provider) {
    http::Fields fields = page ? page_fields() : http::Fields();
    fields.put("set-cookie", session_cookie(""));
    waiting.answer(page ? 200 : 204, std::move(fields),
                   page ? render_signed_out(waiting.event_id(), provider) : "");
  };
  const SessionView* session = exchange.session_view();
  if (session == nullptr) return done(exchange, {});
  const auto known = site_.access.state().sessions().find(session->id);
  const bool openid = page && site_.settings->openid && known != site_.access.state().sessions().end() &&
                      known->second.method == "openid";
  // What shows that it is this session's browser; a certificate shows it otherwise.
  const http::CookieAnswer cookie =
      http::find_cookie(exchange.head().fields.find(http::FieldId::Cookie).value_or(""), kCookie);
  command(exchange,
          {{"command", "session.end"},
           {"id", session->id},
           {"reason", "signed_out"},
           {"token", std::string(cookie.value)}},
          [this, done, openid](Exchange& waiting, base::Result<Json> reply) {
            if (!reply.ok()) return answer_problem(waiting, refusal_of(reply.error()));
            if (!openid) return done(waiting, {});
            // A link and no redirect: our forms send nobody elsewhere (kPageContentSecurityPolicy). Without an answer there
            // is no link.
            command(waiting, {{"command", "openid.end"}}, [done](Exchange& ended, base::Result<Json> where) {
              done(ended, where.ok() ? base::json_text_or(*where, "location", "") : std::string());
            });
          });
}

void VisitPages::home(Exchange& exchange, const std::string& message) {
  const SessionView& session = *exchange.session_view();
  const base::Micros now = site_.loop.wall();
  const state::State& state = site_.access.state();
  HomeView view;
  view.engineer = session.engineer;
  view.now = now;
  view.expires = session.expires;
  view.idle_until = idle_until(session);
  view.remote_access = state::to_text(state.remote_access(now));
  view.remote_access_until = state.remote_access_toggle().until;
  view.message = message;
  view.event_id = session.opened_event;
  const std::vector<base::Refusal>& standing = site_.access.standing(session, now);
  const policy::Policy& policy = site_.access.policy();
  view.policy_waits = site_.access.acceptance() != nullptr;
  for (std::size_t i = 0; i < policy.capabilities().size(); ++i) {
    const policy::Capability& capability = policy.capabilities()[i];
    view.capabilities.push_back({capability.name, capability.title, capability.description, capability.group,
                                 capability.klass == policy::Class::Write, to_standing(standing[i]),
                                 standing[i], until_of(site_, capability.name),
                                 operations_of(policy, capability), capability.approvals});
  }
  for (const Service& service : site_.settings->services)
    view.services.push_back({service.name, service.path});
  for (const auto& [id, grant] : state.grants()) {
    if (grant.engineer == session.engineer && !grant.ended && grant.until > now)
      view.grants.push_back({id, grant.capabilities, grant.until, grant.from, grant.reason});
  }
  for (const state::Hold* hold : own_holds(site_, session.id)) {
    const int index = policy.find_capability(hold->capability);
    view.waiting.push_back(
        {hold->id, hold->method, hold->target,
         index < 0 ? hold->capability : policy.capabilities()[static_cast<std::size_t>(index)].title,
         hold->created, hold->expires});
  }
  for (const state::Request* request : own_requests(site_, session.engineer)) {
    view.requests.push_back(request_view(*request));
    if (view.requests.size() == 10) break;
  }
  for (const policy::Role& role : policy.roles()) view.roles.push_back(role.name);
  const RequestHints& hints = site_.settings->requests;
  view.hints = {hints.reasons, hints.ticket_pattern, hints.ticket_hint, hints.ticket_required,
                hints.longest_grant};
  answer_page(exchange, message.empty() ? 200 : 400, render_home(view));
}

void VisitPages::session_json(Exchange& exchange) {
  const SessionView& session = *exchange.session_view();
  const base::Micros now = site_.loop.wall();
  const state::State& state = site_.access.state();
  Json capabilities = Json::array();
  const std::vector<base::Refusal>& standing = site_.access.standing(session, now);
  const policy::Policy& policy = site_.access.policy();
  static constexpr std::string_view kStanding[] = {"on", "ask", "off"};
  for (std::size_t i = 0; i < policy.capabilities().size(); ++i) {
    const policy::Capability& capability = policy.capabilities()[i];
    Json item{{"name", capability.name},
              {"title", capability.title},
              {"description", capability.description},
              {"group", capability.group},
              {"class", policy::to_text(capability.klass)},
              {"standing", kStanding[static_cast<std::size_t>(to_standing(standing[i]))]},
              {"code", base::text_of(standing[i]).code},
              {"approvals", capability.approvals},
              {"operations", operations_of(policy, capability)}};
    if (const auto until = until_of(site_, capability.name)) item["until"] = base::format_time(*until);
    capabilities.push_back(std::move(item));
  }
  Json services = Json::array(), grants = Json::array(), waiting = Json::array(), roles = Json::object();
  for (const Service& service : site_.settings->services)
    services.push_back({{"name", service.name}, {"path", service.path}});
  for (const auto& [id, grant] : state.grants()) {
    if (grant.engineer != session.engineer || grant.ended || grant.until <= now) continue;
    grants.push_back({{"id", id},
                      {"from", base::format_time(grant.from)},
                      {"until", base::format_time(grant.until)},
                      {"capabilities", texts(grant.capabilities)}});
  }
  for (const state::Hold* hold : own_holds(site_, session.id)) {
    waiting.push_back({{"id", hold->id},
                       {"capability", hold->capability},
                       {"method", hold->method},
                       {"target", hold->target},
                       {"created", base::format_time(hold->created)},
                       {"expires", base::format_time(hold->expires)}});
  }
  for (const policy::Role& role : policy.roles()) {
    for (const int index : role.capabilities)
      roles[role.name].push_back(policy.capabilities()[static_cast<std::size_t>(index)].name);
  }
  Json remote{{"mode", state::to_text(state.remote_access(now))}};
  if (const std::string until = optional_time(state.remote_access_toggle().until); !until.empty())
    remote["until"] = until;
  const base::Micros idle = idle_until(session);
  answer_json(exchange, 200,
              {{"session",
                {{"id", session.id},
                 {"engineer", session.engineer},
                 {"expires", base::format_time(session.expires)},
                 {"idle_until", base::format_time(idle)},
                 {"remaining_seconds", (session.expires - now) / base::kWallSecond},
                 {"idle_seconds", (idle - now) / base::kWallSecond}}},
               {"remote_access", remote},
               {"policy_waits", site_.access.acceptance() != nullptr},
               {"capabilities", capabilities},
               {"grants", grants},
               {"waiting", waiting},
               {"services", services},
               {"roles", roles}});
}

void VisitPages::requests_json(Exchange& exchange) {
  Json items = Json::array();
  for (const state::Request* request : own_requests(site_, exchange.session_view()->engineer))
    items.push_back(state::view_own(*request));
  answer_json(exchange, 200, {{"items", items}});
}

void VisitPages::create_request(Exchange& exchange) {
  const bool json = is_json(content_type(exchange));
  Json order = Json::object();
  if (json) {
    auto body = base::parse_json(exchange.body());
    if (!body.ok() || !body->is_object()) {
      return exchange.refuse(base::Refusal::Malformed,
                             body.ok() ? "send a JSON object" : body.error().message);
    }
    for (const char* key :
         {"capabilities", "role", "reason", "template", "ticket", "duration", "start", "extends"}) {
      if (body->contains(key)) order[key] = (*body)[key];
    }
  } else {
    http::Parameters form;
    if (const http::Verdict verdict = read_form(exchange, form); !verdict.ok())
      return exchange.refuse(verdict.refusal, verdict.sentence);
    for (const http::Parameter& parameter : form.all()) {
      if (parameter.value.empty()) continue;
      if (parameter.name == "capabilities")
        order["capabilities"].push_back(std::string(parameter.value));
      else
        order[std::string(parameter.name)] = std::string(parameter.value);
    }
  }
  // A browser's field for a time has no zone: without script it is UTC, as the page says.
  if (const std::string start = base::json_text_or(order, "start", ""); !json && start.size() == kLocalTime)
    order["start"] = start + ":00Z";
  order["command"] = "request.create";
  command(exchange, std::move(order), [this, json](Exchange& waiting, base::Result<Json> reply) {
    if (!reply.ok()) {
      const LedgerRefusal refusal = refusal_of(reply.error());
      if (!json && waiting.session_view() != nullptr) return home(waiting, refusal.message);
      return answer_problem(waiting, refusal);
    }
    json ? answer_json(waiting, 201, *reply) : redirect(waiting, kHome);
  });
}

void VisitPages::withdraw_request(Exchange& exchange, std::string_view id) {
  const bool json = is_json(content_type(exchange));
  command(exchange, {{"command", "request.withdraw"}, {"id", std::string(id)}},
          [json](Exchange& waiting, base::Result<Json> reply) {
            if (!reply.ok()) return answer_problem(waiting, refusal_of(reply.error()));
            json ? answer_json(waiting, 200, *reply) : redirect(waiting, kHome);
          });
}

void VisitPages::answer_request(Exchange& exchange, std::string_view id) {
  const bool json = is_json(content_type(exchange));
  std::string text;
  if (json) {
    const auto body = base::parse_json(exchange.body());
    if (body.ok()) text = base::json_text_or(*body, "text", "");
  } else {
    http::Parameters form;
    if (const http::Verdict verdict = read_form(exchange, form); !verdict.ok())
      return exchange.refuse(verdict.refusal, verdict.sentence);
    text = form.only("text").value_or("");
  }
  command(exchange, {{"command", "request.answer"}, {"id", std::string(id)}, {"text", text}},
          [this, json](Exchange& waiting, base::Result<Json> reply) {
            if (!reply.ok()) {
              const LedgerRefusal refusal = refusal_of(reply.error());
              if (!json && waiting.session_view() != nullptr) return home(waiting, refusal.message);
              return answer_problem(waiting, refusal);
            }
            json ? answer_json(waiting, 200, *reply) : redirect(waiting, kHome);
          });
}

void VisitPages::asset(Exchange& exchange) {
  const base::Asset* found = find_visit_asset(exchange.target().path());
  if (found == nullptr) return exchange.refuse(base::Refusal::OperationNotListed, "there is no such file");
  http::Fields fields;
  fields.put("etag", found->etag);
  fields.put("cache-control", "no-cache");
  fields.put("vary", "Accept-Encoding");
  if (exchange.head().fields.find("if-none-match").value_or("") == found->etag)
    return exchange.answer(304, std::move(fields), {});
  fields.put("content-type", found->content_type);
  const bool gzip =
      !found->gzip.empty() &&
      exchange.head().fields.find("accept-encoding").value_or("").find("gzip") != std::string_view::npos;
  if (gzip) fields.put("content-encoding", "gzip");
  exchange.answer(200, std::move(fields), std::string(gzip ? found->gzip : found->bytes));
}

}  // namespace postern::enforcer
