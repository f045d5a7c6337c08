// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Signing in by an identity provider (docs/OPENID.md): the browser's part. Nothing here speaks to the provider.
#include "gateway/enforcer/pages.h"
#include "gateway/enforcer/visit.h"
#include "gateway/enforcer/visit_parts.h"
#include "gateway/http/cookie.h"
#include "gateway/http/form.h"
#include "openid/flow.h"

namespace postern::enforcer {
namespace {

using base::Json;

constexpr std::string_view kFlowCookie = "__Host-postern-openid";
constexpr std::string_view kFlowKey = "postern openid flow";
constexpr std::size_t kShownError = 200;
constexpr std::int64_t kFlowSeconds = openid::kFlowTime / base::kWallSecond;

// Lax: it must come along when the provider sends the browser back.
std::string flow_cookie(std::string_view value) {
  return http::format_set_cookie({kFlowCookie, value, value.empty() ? 0 : kFlowSeconds, http::SameSite::Lax});
}

std::string flow_key(const Settings& settings) { return base::keyed_hash(settings.redaction_key, kFlowKey); }

void put_text(Json& order, const char* key, std::optional<std::string_view> value) {
  if (value) order[key] = std::string(*value);
}

// What the provider says instead of a code (RFC 6749 section 4.1.2.1): outside text, for the log and the page.
std::string fault_of(const http::Parameters& answer) {
  const auto error = answer.only("error");
  if (!error) return answer.only("code") ? std::string() : "the provider's answer has no code";
  const auto words = answer.only("error_description");
  return "the provider refused: " + base::printable(*error, kShownError) +
         (words ? " (" + base::printable(*words, kShownError) + ")" : std::string());
}

}  // namespace

bool VisitPages::serve_openid(Exchange& exchange, std::string_view path, bool get, bool post) {
  if (!site_.settings->openid) return false;
  if (get && path == "/.postern/openid/start") return openid_start(exchange), true;
  if (get && path == "/.postern/openid/callback") return openid_callback(exchange), true;
  if (post && path == "/.postern/openid/backchannel-logout") return openid_depart(exchange), true;
  return false;
}

std::string VisitPages::openid_link(std::string_view return_to) const {
  if (!site_.settings->openid) return {};
  std::string link = "/.postern/openid/start";
  if (!return_to.empty() && return_to != kHome) link += "?return=" + http::encode_value(return_to);
  return link;
}

void VisitPages::openid_start(Exchange& exchange) {
  if (!may_sign_in(exchange)) return;
  http::Parameters parameters;
  std::string return_to(kHome);
  if (http::parse_form(exchange.target().query(), {}, parameters).ok()) {
    const std::string_view wanted = parameters.only("return").value_or("");
    if (is_local_path(wanted)) return_to = wanted;
  }
  const openid::Flow flow = openid::begin_flow(flow_key(*site_.settings), site_.loop.wall(), return_to);
  Json order{{"command", "openid.begin"},
             {"state", flow.state},
             {"nonce", flow.nonce},
             {"challenge", flow.challenge}};
  command(exchange, std::move(order), [this, flow](Exchange& waiting, base::Result<Json> reply) {
    if (!reply.ok()) return openid_refused(waiting, reply.error(), flow.return_to);
    site_.admission.signed_in(waiting.client().origin);
    redirect(waiting, base::json_text_or(*reply, "location", ""), flow_cookie(flow.cookie));
  });
}

// The code is in the target: whatever happens, it is not to stand in the log, so refusals are the ledger's here and never
// exchange.refuse().
void VisitPages::openid_callback(Exchange& exchange) {
  http::Parameters answer;
  const bool sound = http::parse_form(exchange.target().query(), {}, answer).ok();
  const auto cookie =
      http::find_cookie(exchange.head().fields.find(http::FieldId::Cookie).value_or(""), kFlowCookie);
  const auto flow = sound && cookie.state == http::CookieState::Found
                        ? openid::resume_flow(flow_key(*site_.settings), site_.loop.wall(), cookie.value,
                                              answer.only("state").value_or(""))
                        : std::nullopt;
  if (!flow && site_.admission.try_sign_in(exchange.client().origin, site_.loop.now()).limit != Limit::None)
    return answer_page(exchange, 429,
                       render_sign_in({"Too many sign-ins from this address. Wait.", {}, {}, {}}));
  Json order{{"command", "openid.open"}};
  std::string fault =
      flow ? fault_of(answer) : "this sign-in was not begun in this browser, or took too long: begin again";
  if (fault.empty()) {
    order.update({{"verifier", flow->verifier}, {"nonce", flow->nonce}, {"state", flow->state}});
    put_text(order, "code", answer.only("code"));
    put_text(order, "iss", answer.only("iss"));
    if (answer.count("iss") > 1) fault = "the provider's answer says twice whose it is";
  }
  if (!fault.empty()) order["fault"] = fault;
  command(exchange, std::move(order),
          [this, return_to = flow ? flow->return_to : std::string(kHome)](Exchange& waiting,
                                                                          base::Result<Json> reply) {
            if (!reply.ok()) return openid_refused(waiting, reply.error(), return_to);
            waiting.use_session(base::json_text_or(*reply, "session", ""));
            redirect(waiting, return_to, session_cookie(base::json_text_or(*reply, "token", "")),
                     flow_cookie(""));
          });
}

void VisitPages::openid_refused(Exchange& exchange, const base::Error& error, const std::string& return_to) {
  const LedgerRefusal refusal = refusal_of(error);
  http::Fields fields = page_fields();
  fields.put("set-cookie", flow_cookie(""));
  exchange.answer(refusal.status, std::move(fields),
                  render_sign_in({refusal.message, return_to, exchange.event_id(), openid_link(return_to)}));
}

// Back-Channel Logout 1.0 section 2.8: 200, or 400 and what is wrong; never cached.
void VisitPages::openid_depart(Exchange& exchange) {
  if (!may_sign_in(exchange)) return;
  http::Parameters form;
  const std::string_view type = exchange.head().fields.find(http::FieldId::ContentType).value_or("");
  const bool sound = http::is_form(type) && http::parse_form(exchange.body(), {}, form).ok();
  Json order{{"command", "openid.depart"}, {"token", std::string(form.only("logout_token").value_or(""))}};
  if (!sound || !form.only("logout_token")) order["fault"] = "a logout without a logout_token in a form";
  command(exchange, std::move(order), [this](Exchange& waiting, base::Result<Json> reply) {
    http::Fields fields;
    fields.put("cache-control", "no-store");
    if (reply.ok()) {
      site_.admission.signed_in(waiting.client().origin);
      return waiting.answer(200, std::move(fields), {});
    }
    fields.put("content-type", "application/json");
    const LedgerRefusal refusal = refusal_of(reply.error());
    waiting.answer(
        refusal.status == 502 ? 502 : 400, std::move(fields),
        base::dump_json(Json{{"error", "invalid_request"}, {"error_description", refusal.message}}));
  });
}

}  // namespace postern::enforcer
