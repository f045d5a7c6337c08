// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Signing in by the admins' identity provider (docs/OPENID.md): the browser's part. Nothing here speaks to the provider: the ledger
// has it asked, and says who came. The page brings what the provider sent the browser back with, so that a refusal is said where
// everything else is, and the sign-in's cookie can stay SameSite=Strict.
#include <algorithm>

#include "base/bytes.h"
#include "console/api.h"
#include "console/commands.h"
#include "console/site.h"
#include "face/signing_in.h"
#include "gateway/http/cookie.h"
#include "gateway/http/form.h"
#include "openid/flow.h"

namespace postern::console::api {
namespace {

using base::Json;

// Not the engineers' cookie: a browser keeps one jar for a host, whatever the port.
constexpr std::string_view kFlowCookie = "__Host-postern-admin-openid";
constexpr std::string_view kSigningIn = "in ",
                           kProving = "prove ";  // what a flow is for, then where to or whose
constexpr std::size_t kLongestPlace = 512, kShownFault = 200;
constexpr int kMostAsking = 32, kMostDeparting = 8;              // of all browsers; logout tokens among them
constexpr base::Micros kShortestProof = 60 * base::kWallSecond;  // of max_age, as the provider is asked

std::string flow_cookie(std::string_view value) {
  const std::int64_t seconds = value.empty() ? 0 : openid::kFlowTime / base::kWallSecond;
  return http::format_set_cookie({kFlowCookie, value, seconds, http::SameSite::Strict});
}

// A place in the console; the start page for all else.
std::string place_in(const Json& body) {
  std::string place = base::json_text_or(body, "return", "/");
  const auto plain = [](char c) { return c > ' ' && c < 0x7f && c != '\\'; };
  const bool sound = place.starts_with('/') && !place.starts_with("//") && place.size() <= kLongestPlace &&
                     std::all_of(place.begin(), place.end(), plain);
  return sound ? place : "/";
}

Response no_provider() {
  return problem(404, "not_found", "No identity provider is configured for this console");
}

// In nobody's name: who asks is not known before the provider has said it. Anybody can, and a provider may be slow: so many at a
// time, that an admin's own command never waits for them.
void ask_ledger(Parts& parts, const CallPtr& call, const char* command, Json order, const Reply& reply,
                Then then) {
  if (parts.asking_provider >= kMostAsking)
    return reply(
        problem(base::Refusal::LimitReached, "Too many are signing in right now: try again in a moment."));
  ++parts.asking_provider;
  const Reply counted = [&parts, reply](Response response) {
    --parts.asking_provider;
    reply(std::move(response));
  };
  send_command_as(parts, call, "admin:unknown", command, std::move(order), counted, std::move(then));
}

// As a person reads it; it may hold the provider's own words.
std::string as_sentence(const std::string& why) {
  std::string text = base::printable(why) + ".";
  if (text.front() >= 'a' && text.front() <= 'z') text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

// What the ledger says instead of who came: {"refused", "why", and whom the provider named}.
Response refused_by_provider(Parts& parts, const Call& call, const Json& said) {
  const std::string code = base::json_text_or(said, "refused", ""), why = base::json_text_or(said, "why", "");
  const std::string name = base::json_text_or(said, "name", "");
  note_refusal(parts, call, "admin:" + (name.empty() ? "unknown" : name), code, why,
               {base::json_text_or(said, "issuer", ""), base::json_text_or(said, "subject", "")});
  if (code == "provider_unavailable") {
    return problem(502, code, "Your company's sign-in cannot be used now",
                   as_sentence(why) + " An account of the console itself works as ever.");
  }
  count_failure(parts, call);
  return problem(403, code, "Your company's account does not come in here", as_sentence(why));
}

void begin_flow_for(Parts& parts, const CallPtr& call, const std::string& what, Json order,
                    const Reply& reply) {
  const openid::Flow flow = openid::begin_flow(parts.flow_key, parts.loop.wall(), what);
  order.update({{"state", flow.state}, {"nonce", flow.nonce}, {"challenge", flow.challenge}});
  ask_ledger(parts, call, "admin_openid.begin", std::move(order), reply,
             [&parts, call, cookie = flow.cookie](const Json& said) {
               if (said.contains("refused")) return refused_by_provider(parts, *call, said);
               Response response = json_response({{"location", base::json_text_or(said, "location", "")}});
               response.fields.emplace_back("set-cookie", flow_cookie(cookie));
               return response;
             });
}

// What the provider said instead of a code (RFC 6749 section 4.1.2.1): outside text, for the log and the page.
std::string fault_in(const Json& body) {
  const std::string error = base::json_text_or(body, "error", "");
  if (error.empty()) return base::json_text(body, "code") ? "" : "the provider's answer has no code";
  const std::string words = base::json_text_or(body, "error_description", "");
  return "the provider refused: " + base::printable(error, kShownFault) +
         (words.empty() ? "" : " (" + base::printable(words, kShownFault) + ")");
}

// The flow that this browser began, and whose answer this is.
std::optional<openid::Flow> flow_of_browser(Parts& parts, const Call& call, const Json& body) {
  const auto cookie = http::find_cookie(call.fields.find("cookie").value_or(std::string_view()), kFlowCookie);
  if (cookie.state != http::CookieState::Found) return std::nullopt;
  return openid::resume_flow(parts.flow_key, parts.loop.wall(), cookie.value,
                             base::json_text_or(body, "state", ""));
}

// An account that the provider named and that does not come in any more is not in by an earlier sign-in either.
void end_sign_ins_of(Parts& parts, const Json& refused) {
  const std::string code = base::json_text_or(refused, "refused", "");
  const std::string name = base::json_text_or(refused, "name", "");
  if (code != "no_role" || name.empty()) return;
  const std::size_t ended = parts.sign_ins.close_others(name, {});
  for (std::size_t i = 0; i < ended; ++i) (void)note_sign_out(parts, "gateway", name, "account_changed");
}

Response came_back(Parts& parts, const CallPtr& call, const std::string& what, const Json& said) {
  if (said.contains("refused")) {
    end_sign_ins_of(parts, said);
    return refused_by_provider(parts, *call, said);
  }
  const accounts::Account* account = parts.ledger.accounts().find(base::json_text_or(said, "name", ""));
  if (account == nullptr) return problem(base::Refusal::LogUnavailable, parts.ledger.reason());
  parts.guard.succeeded(call->client, parts.loop.now());
  const bool demanding = parts.facts.provider && parts.facts.provider->demanding;
  const face::Verified verified{*account, "openid", demanding, base::json_text_or(said, "sid", "")};
  if (what.starts_with(kProving)) return prove_again(parts, call, what.substr(kProving.size()), verified);
  Response response = welcome(parts, call, verified);
  if (response.status != 200) return response;
  Json body = base::parse_json(response.body).value();
  body["return"] = what.substr(kSigningIn.size());
  response.body = base::dump_json(body);
  return response;
}

Response wrong_departure(Parts& parts, const Call& call, int status, const std::string& why) {
  Response response = json_response({{"error", "invalid_request"}, {"error_description", why}}, status);
  if (status != 400) return response;
  parts.departure_guard.failed(call.client, parts.loop.now());
  note_refusal(parts, call, "admin:unknown", "logout_token", why);
  return response;
}

Response departed(Parts& parts, const Call& call, const Json& said) {
  if (said.contains("refused")) {
    const bool away = base::json_text_or(said, "refused", "") == "provider_unavailable";
    return wrong_departure(parts, call, away ? 502 : 400, base::json_text_or(said, "why", ""));
  }
  parts.departure_guard.succeeded(call.client, parts.loop.now());
  const auto text = [&said](const char* key) { return base::json_text_or(said, key, ""); };
  for (const std::string& admin : parts.sign_ins.close_departed(text("issuer"), text("subject"), text("sid")))
    (void)note_sign_out(parts, "gateway", admin, "signed_out_at_provider");
  return json_response(Json::object());
}

}  // namespace

// How one can sign in, for the page that asks.
void show_sign_in(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  reply(json_response({{"openid", parts.facts.provider.has_value()}}));
}

void begin_openid(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (!parts.facts.provider || call->local) return reply(no_provider());
  auto body = read_body(*call, {"return"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  if (auto refused = refuse_for_now(parts, *call)) return reply(*std::move(refused));
  begin_flow_for(parts, call, std::string(kSigningIn) + place_in(*body), Json::object(), reply);
}

// Who they are is asked anew, however short ago they signed in there.
void begin_openid_proof(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (!parts.facts.provider || call->identity.session.empty()) return reply(no_provider());
  begin_flow_for(parts, call, std::string(kProving) + call->identity.session,
                 {{"anew", true}, {"max_age_us", kShortestProof}}, reply);
}

void come_back_by_openid(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (!parts.facts.provider || call->local) return reply(no_provider());
  auto body = read_body(*call, {"code", "state", "iss", "error", "error_description"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  if (auto refused = refuse_for_now(parts, *call)) return reply(*std::move(refused));
  const Reply answer = [reply](Response response) {  // whatever comes of it, the flow is over
    response.fields.emplace_back("set-cookie", flow_cookie({}));
    reply(std::move(response));
  };
  const auto flow = flow_of_browser(parts, *call, *body);
  if (!flow) {
    const Json said{{"refused", "sign_in_refused"},
                    {"why", "this sign-in was not begun in this browser, or took too long: begin again"}};
    return answer(refused_by_provider(parts, *call, said));
  }
  Json order{{"state", flow->state}, {"nonce", flow->nonce}, {"verifier", flow->verifier}};
  const std::string what = flow->return_to;
  if (what.starts_with(kProving)) {
    order["name"] = parts.sign_ins.holder(what.substr(kProving.size()), parts.loop.now());
    if (order["name"] == "")
      return answer(problem(401, "no_session", "You are not signed in", "Sign in again."));
    // Since they were sent there: what they had proved before does not count.
    order["max_age_us"] = std::max(parts.loop.wall() - flow->began, base::kWallSecond);
  }
  if (const std::string fault = fault_in(*body); !fault.empty()) order["fault"] = fault;
  for (const char* key : {"code", "iss"}) {
    if (const std::string* text = base::json_text(*body, key)) order[key] = *text;
  }
  ask_ledger(parts, call, "admin_openid.open", std::move(order), answer,
             [&parts, call, what](const Json& said) { return came_back(parts, call, what, said); });
}

// Where a browser signs out at the provider too; whoever asks is signed out here already.
void end_openid(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (!parts.facts.provider || call->local) return reply(no_provider());
  if (auto refused = refuse_for_now(parts, *call)) return reply(*std::move(refused));
  ask_ledger(parts, call, "admin_openid.end", Json::object(), reply, [&parts, call](const Json& said) {
    return said.contains("refused") ? refused_by_provider(parts, *call, said) : json_response(said);
  });
}

// Back-Channel Logout 1.0 section 2.8: 200, or 400 and what is wrong. It comes from the provider, of whom no cookie speaks.
void depart_by_openid(Parts& parts, const CallPtr& call, const Reply& reply) {
  if (!parts.facts.provider || call->local) return reply(no_provider());
  if (parts.departing >= kMostDeparting || parts.departure_guard.wait(call->client, parts.loop.now()) > 0)
    return reply(problem(base::Refusal::LimitReached));
  http::Parameters form;
  const bool sound = http::is_form(call->fields.find("content-type").value_or(std::string_view())) &&
                     http::parse_form(call->body, {}, form).ok() && form.only("logout_token");
  if (!sound) return reply(wrong_departure(parts, *call, 400, "a logout without a logout_token in a form"));
  ++parts.departing;
  const Reply counted = [&parts, reply](Response response) {
    --parts.departing;
    reply(std::move(response));
  };
  ask_ledger(parts, call, "admin_openid.depart", {{"token", std::string(*form.only("logout_token"))}},
             counted, [&parts, call](const Json& said) { return departed(parts, *call, said); });
}

}  // namespace postern::console::api
