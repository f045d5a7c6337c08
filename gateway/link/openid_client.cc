// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/openid_client.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "gateway/http/form.h"
#include "gateway/ipc/ledger_protocol.h"

namespace postern::link {
namespace {

using base::Code;
using base::Json;
using base::Result;
using base::Side;

constexpr std::size_t kTokensLimit = 128U << 10U;  // bytes of the token endpoint's answer
constexpr int kTokensDepth = 8;
constexpr std::size_t kLongestCode = 4096;
constexpr base::Micros kLongestAsked = 86400 * base::kWallSecond;
constexpr std::uint16_t kFine = 200, kRefused = 403, kUnusable = 502;
constexpr std::string_view kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
constexpr std::string_view kForm = "application/x-www-form-urlencoded";
constexpr std::array<std::string_view, 1> kIdToken{"jwt"};
constexpr std::array<std::string_view, 2> kLogoutToken{"jwt", "logout+jwt"};

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

base::Error unusable(std::string why) {
  return base::fail(Code::Unavailable, Side::Component, std::move(why));
}

// What the provider says went wrong (RFC 6749 section 5.2), for the log; it is outside text.
std::string error_in(const std::string& body) {
  const auto json = base::parse_json(body, kTokensDepth);
  if (!json.ok()) return {};
  const std::string code = base::json_text_or(*json, "error", "");
  const std::string words = base::json_text_or(*json, "error_description", "");
  return base::printable(words.empty() ? code : code + " (" + words + ")", 200);
}

}  // namespace

OpenIdClient::OpenIdClient(loop::Loop& loop, Connect connect, Assert assertion)
    : loop_(loop), connect_(std::move(connect)), assertion_(std::move(assertion)) {}

OpenIdClient::~OpenIdClient() { *alive_ = false; }

void OpenIdClient::configure(std::shared_ptr<const OpenIdSettings> settings) {
  const auto fail_all = [](std::vector<Then> waiting) {
    for (const Then& then : waiting) then(unusable("the configuration was changed meanwhile: begin again"));
  };
  settings_ = std::move(settings);
  provider_.reset();
  keys_.reset();
  auto former = std::exchange(calls_, {});
  for (auto& [id, under] : former) {
    if (under.call != nullptr) loop_.dispose(std::move(under.call));
  }
  fail_all(std::exchange(kept_provider_, {}).waiting);
  fail_all(std::exchange(kept_keys_, {}).waiting);
  for (const AskPtr& ask : std::set<AskPtr>(asks_))
    finish(ask, kUnusable, "the configuration was changed meanwhile: begin again");
}

void OpenIdClient::give_up() {
  for (const AskPtr& ask : asks_) ask->done = nullptr;
  asks_.clear();
}

void OpenIdClient::finish(const AskPtr& ask, std::uint16_t status, std::string_view body) {
  asks_.erase(ask);
  const Done done = std::exchange(ask->done, nullptr);
  // More than a Delivered holds would cost the channel to the ledger, and with it all that others are to be told.
  if (done && status == kFine && body.size() > ipc::kDeliveredBody)
    return done(kRefused, "what the identity provider says of this person is too long");
  if (done) done(status, status == kFine ? body : body.substr(0, kLongestWhy));
}

void OpenIdClient::ask(std::string_view body, Done done) {
  const auto ask = std::make_shared<Ask>();
  ask->done = std::move(done);
  asks_.insert(ask);
  auto order = base::parse_json(body, kTokensDepth);
  if (settings_ == nullptr || !order.ok() || !order->is_object())
    return finish(ask, kUnusable, "no identity provider is configured");
  if (asks_.size() > kMostAsks) return finish(ask, kUnusable, "too many sign-ins are under way: try again");
  ask->order = std::move(*order);
  with_provider([this, ask](const base::Status& known) {
    if (!ask->done) return;
    if (!known.ok())
      return finish(ask, kUnusable, "the identity provider cannot be used: " + known.error().message);
    const std::string what = base::json_text_or(ask->order, "do", "");
    if (what == "begin") return begin(ask);
    if (what == "redeem") return redeem(ask);
    if (what == "end") return end(ask);
    auto token = openid::parse_jws(base::json_text_or(ask->order, "token", ""), kLogoutToken);
    if (!token.ok()) return finish(ask, kRefused, token.error().message);
    ask->token = std::move(*token);
    judge(ask);
  });
}

// --- what is kept

void OpenIdClient::settle(Kept& kept, const base::Status& status, base::Nanos keep) {
  kept.until = loop_.now() + (status.ok() ? keep : kFailureKeptFor);
  kept.failure = status.ok() ? std::nullopt : std::optional(status.error());
  for (const Then& then : std::exchange(kept.waiting, {})) then(status);
}

void OpenIdClient::with_provider(Then then) {
  if (loop_.now() < kept_provider_.until && kept_provider_.failure) return then(*kept_provider_.failure);
  if (loop_.now() < kept_provider_.until && provider_) return then(base::Ok{});
  kept_provider_.waiting.push_back(std::move(then));
  if (kept_provider_.waiting.size() > 1) return;
  std::string_view issuer = settings_->issuer;
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  const auto address = openid::parse_address(std::string(issuer) + std::string(openid::kDiscoveryPath));
  if (!address) return settle(kept_provider_, unusable("its issuer is no https address"), 0);
  fetch(*address, {true, {}, {}, openid::kDiscoveryLimit}, [this](const base::Result<Answer>& answer) {
    settle(kept_provider_, take_provider(answer), kProviderKeptFor);
  });
}

base::Status OpenIdClient::take_provider(const base::Result<Answer>& answer) {
  if (!answer.ok()) return answer.error();
  if (answer->status != kFine)
    return unusable("it answered " + std::to_string(answer->status) + " when it was asked what it is");
  auto provider = openid::parse_discovery(answer->body, settings_->issuer);
  if (!provider.ok()) return provider.error();
  provider_ = std::move(*provider);
  return base::Ok{};
}

void OpenIdClient::with_keys(Then then) {
  if (loop_.now() < kept_keys_.until && kept_keys_.failure) return then(*kept_keys_.failure);
  if (loop_.now() < kept_keys_.until && keys_) return then(base::Ok{});
  kept_keys_.waiting.push_back(std::move(then));
  if (kept_keys_.waiting.size() > 1) return;
  fetch(provider_->keys, {true, {}, {}, openid::kKeySetLimit},
        [this](const base::Result<Answer>& answer) { settle(kept_keys_, take_keys(answer), kKeysKeptFor); });
}

base::Status OpenIdClient::take_keys(const base::Result<Answer>& answer) {
  if (!answer.ok()) return answer.error();
  if (answer->status != kFine)
    return unusable("it answered " + std::to_string(answer->status) + " when it was asked for its keys");
  auto keys = openid::KeySet::parse(answer->body);
  if (!keys.ok()) return keys.error();
  keys_ = std::move(*keys);
  return base::Ok{};
}

// Whoever sends tokens with invented key names must not have us knock at the provider's door for each.
bool OpenIdClient::may_refresh() {
  const base::Nanos now = loop_.now();
  while (!refreshes_.empty() && refreshes_.front() + kRefreshWindow <= now) refreshes_.pop_front();
  if (refreshes_.size() >= kMostRefreshes) return false;
  refreshes_.push_back(now);
  return true;
}

// --- the four errands

// So long ago the person may have proved who they are: the configuration's word, or the asker's where that is shorter. 0: any.
base::Micros OpenIdClient::oldest_proof(const Ask& ask) const {
  const base::Micros asked = base::json_number_or(ask.order, "max_age_us", 0);
  if (asked <= 0 || asked > kLongestAsked) return settings_->max_age;
  return settings_->max_age > 0 ? std::min(asked, settings_->max_age) : asked;
}

void OpenIdClient::begin(const AskPtr& ask) {
  const auto text = [&](const char* key) { return base::json_text_or(ask->order, key, ""); };
  std::string query;
  http::append_parameter(query, "response_type", "code");
  http::append_parameter(query, "client_id", settings_->client_id);
  http::append_parameter(query, "redirect_uri", settings_->redirect_uri);
  http::append_parameter(query, "scope", joined(settings_->scopes));
  http::append_parameter(query, "state", text("state"));
  http::append_parameter(query, "nonce", text("nonce"));
  http::append_parameter(query, "code_challenge", text("challenge"));
  http::append_parameter(query, "code_challenge_method", "S256");
  if (const base::Micros age = oldest_proof(*ask); age > 0)
    http::append_parameter(query, "max_age", std::to_string(age / base::kWallSecond));
  if (base::json_bool_or(ask->order, "anew", false)) http::append_parameter(query, "prompt", "login");
  if (!settings_->acr.empty()) http::append_parameter(query, "acr_values", joined(settings_->acr));
  const std::string& to = provider_->authorization;
  const char* const joint = to.find('?') == std::string::npos ? "?" : "&";
  finish(ask, kFine, base::dump_json(Json{{"location", to + joint + query}}));
}

void OpenIdClient::end(const AskPtr& ask) {
  std::string location = provider_->end_session;
  if (!location.empty()) {
    std::string query;
    http::append_parameter(query, "client_id", settings_->client_id);
    http::append_parameter(query, "post_logout_redirect_uri", settings_->home_uri);
    location += (location.find('?') == std::string::npos ? "?" : "&") + query;
  }
  finish(ask, kFine, base::dump_json(Json{{"location", location}}));
}

// RFC 9207: an answer of another provider's must not have its code shown to this one.
void OpenIdClient::redeem(const AskPtr& ask) {
  const std::string* const named = base::json_text(ask->order, "iss");
  if (named == nullptr && provider_->names_itself)
    return finish(ask, kRefused,
                  "the answer does not say which provider it is of, as this provider's do (iss)");
  if (named != nullptr && *named != settings_->issuer)
    return finish(ask, kRefused, "the answer is another provider's (iss)");
  const std::string code = base::json_text_or(ask->order, "code", "");
  if (code.empty() || code.size() > kLongestCode)
    return finish(ask, kRefused, "the provider's answer has no code");
  auto form = token_form(*ask);
  if (!form.ok()) return finish(ask, kUnusable, "the client cannot show who it is: " + form.error().message);
  Fetch what{false, *std::move(form), {}, kTokensLimit};
  if (settings_->secret != nullptr && provider_->secret_in_field) {
    // RFC 6749 section 2.3.1: each half is form-encoded before they are joined.
    what.authorization = "Basic " + base::to_base64(http::encode_value(settings_->client_id) + ":" +
                                                    http::encode_value(settings_->secret->view()));
  }
  fetch(provider_->token, std::move(what), [this, ask](const base::Result<Answer>& answer) {
    if (ask->done) take_tokens(ask, answer);
  });
}

base::Result<std::string> OpenIdClient::token_form(const Ask& ask) const {
  std::string form;
  http::append_parameter(form, "grant_type", "authorization_code");
  http::append_parameter(form, "code", base::json_text_or(ask.order, "code", ""));
  http::append_parameter(form, "redirect_uri", settings_->redirect_uri);
  http::append_parameter(form, "code_verifier", base::json_text_or(ask.order, "verifier", ""));
  if (settings_->secret == nullptr || !provider_->secret_in_field)
    http::append_parameter(form, "client_id", settings_->client_id);
  if (settings_->secret != nullptr && !provider_->secret_in_field)
    http::append_parameter(form, "client_secret", settings_->secret->view());
  if (!settings_->by_key) return form;
  auto assertion = assertion_ ? assertion_() : Result<std::string>(unusable("there is no keeper to ask"));
  if (!assertion.ok()) return assertion;
  http::append_parameter(form, "client_assertion_type", kAssertionType);
  http::append_parameter(form, "client_assertion", *assertion);
  return form;
}

void OpenIdClient::take_tokens(const AskPtr& ask, const base::Result<Answer>& answer) {
  if (!answer.ok())
    return finish(ask, kUnusable, "the identity provider cannot be used: " + answer.error().message);
  if (answer->status != kFine) {
    const bool refuses = answer->status >= 400 && answer->status < 500;
    return finish(ask, refuses ? kRefused : kUnusable,
                  "the identity provider did not take the code: it answered " +
                      std::to_string(answer->status) + " " + error_in(answer->body));
  }
  const auto json = base::parse_json(answer->body, kTokensDepth);
  const std::string* text = json.ok() ? base::json_text(*json, "id_token") : nullptr;
  if (text == nullptr) return finish(ask, kRefused, "the identity provider gave no ID token for the code");
  auto token = openid::parse_jws(*text, kIdToken);
  if (!token.ok()) return finish(ask, kRefused, token.error().message);
  ask->token = std::move(*token);
  judge(ask);
}

// --- tokens

void OpenIdClient::judge(const AskPtr& ask) {
  with_keys([this, ask](const base::Status& known) {
    if (!ask->done) return;
    if (!known.ok())
      return finish(ask, kUnusable, "the identity provider cannot be used: " + known.error().message);
    const openid::SignatureVerdict verdict = keys_->judge(*ask->token);
    if (verdict == openid::SignatureVerdict::Good) return believe(ask);
    if (verdict == openid::SignatureVerdict::Wrong)
      return finish(ask, kRefused, "the token's signature is not the provider's");
    if (std::exchange(ask->refreshed, true) || !may_refresh())
      return finish(ask, kRefused, "the token is signed by a key that the provider does not publish");
    if (kept_keys_.waiting.empty()) kept_keys_.until = 0;  // unless it is under way already
    judge(ask);
  });
}

openid::Expected OpenIdClient::expected(const Ask& ask) const {
  openid::Expected out;
  out.issuer = settings_->issuer;
  out.client_id = settings_->client_id;
  out.nonce = base::json_text_or(ask.order, "nonce", "");
  out.now = loop_.wall();
  out.skew = settings_->skew;
  out.max_age = oldest_proof(ask);
  out.acr = settings_->acr;
  out.amr = settings_->amr;
  out.groups_claim = settings_->groups_claim;
  return out;
}

void OpenIdClient::believe(const AskPtr& ask) {
  Json out{{"issuer", settings_->issuer}};
  const auto put = [&out](const char* key, const std::string& value) {
    if (!value.empty()) out[key] = value;
  };
  if (base::json_text_or(ask->order, "do", "") != "redeem") {
    const auto departure = openid::judge_logout_token(ask->token->claims, expected(*ask));
    if (!departure.ok()) return finish(ask, kRefused, departure.error().message);
    if (std::find(logout_ids_.begin(), logout_ids_.end(), departure->id) != logout_ids_.end())
      return finish(ask, kRefused, "this logout token was shown before (jti)");
    logout_ids_.push_back(departure->id);
    if (logout_ids_.size() > kMostLogoutIds) logout_ids_.pop_front();
    put("subject", departure->subject);
    put("sid", departure->sid);
    return finish(ask, kFine, base::dump_json(out));
  }
  const auto person = openid::judge_id_token(ask->token->claims, expected(*ask));
  if (!person.ok()) return finish(ask, kRefused, person.error().message);
  put("subject", person->subject);
  put("sid", person->sid);
  put("email", person->email);
  put("preferred_username", person->preferred_username);
  put("acr", person->acr);
  out["amr"] = person->amr;
  out["groups"] = Json::array();
  for (const std::string& group : settings_->groups) {
    if (std::find(person->groups.begin(), person->groups.end(), group) != person->groups.end())
      out["groups"].push_back(group);
  }
  finish(ask, kFine, base::dump_json(out));
}

// --- calls

void OpenIdClient::fetch(const openid::Address& to, Fetch what, Fetched then) {
  const auto& hosts = settings_->hosts;
  const auto host = std::find_if(hosts.begin(), hosts.end(),
                                 [&](const auto& one) { return one.authority == to.authority; });
  if (host == hosts.end()) {
    return then(unusable("it sends us to " + http::to_text(to.authority) +
                         ", which its hosts in the configuration do not name"));
  }
  const std::uint64_t id = ++last_call_;
  calls_[id].then = std::move(then);
  connect_(host->id, [this, id, host = *host, target = to.target, what = std::move(what),
                      alive = alive_](base::Result<base::UniqueFd> socket) {
    if (*alive && calls_.contains(id)) connected(id, host, target, what, std::move(socket));
  });
}

void OpenIdClient::connected(std::uint64_t id, const OpenIdSettings::Host& host, const std::string& target,
                             const Fetch& what, base::Result<base::UniqueFd> socket) {
  if (!socket.ok()) return called(id, socket.error());
  auto session = settings_->tls->start(host.tls_name);
  if (!session.ok()) return called(id, session.error());
  Question question{host.host, target, kForm, what.form};
  if (what.get) question.method = http::Method::Get;
  question.authorization = what.authorization;
  calls_[id].call = std::make_unique<Call>(
      loop_, std::move(*socket), std::move(*session), question, Call::Limits{kCallTime, what.limit},
      [this, id](base::Result<Answer> answer) { called(id, std::move(answer)); });
}

// Not at once: it may be the call itself that says it has ended.
void OpenIdClient::called(std::uint64_t id, base::Result<Answer> answer) {
  auto found = calls_.extract(id);
  if (found.empty()) return;
  if (found.mapped().call != nullptr) loop_.dispose(std::move(found.mapped().call));
  found.mapped().then(std::move(answer));
}

}  // namespace postern::link
