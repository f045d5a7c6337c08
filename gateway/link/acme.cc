// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/acme.h"

#include <algorithm>

#include "base/log.h"
#include "gateway/http/authority.h"
#include "gateway/http/request_rules.h"
#include "gateway/link/jitter.h"

namespace postern::link {
namespace {

constexpr base::Micros kAcmeFirstAgain = 60 * base::kWallSecond,
                       kAcmeLastAgain = 6LL * 3600 * base::kWallSecond;
constexpr int kAcmeDoublings = 9;
constexpr std::size_t kAcmeAnswer = 128U << 10U;  // bytes of one answer
constexpr std::string_view kJose = "application/jose+json";

}  // namespace

base::Micros acme_renewal(base::Micros from, base::Micros until, double chance) {
  const base::Micros life = until - from;
  return from + life / 3 * 2 + share(life / 24, chance);
}

base::Micros acme_again_after(int failures, base::Micros left, double chance) {
  const base::Micros wait =
      std::min(kAcmeFirstAgain << std::clamp(failures - 1, 0, kAcmeDoublings), kAcmeLastAgain);
  const base::Micros spread = wait + share(wait / 4, chance);
  return left <= 0 ? spread : std::min(spread, std::max(left / 2, kAcmeFirstAgain));
}

base::Result<AcmeSettings> AcmeSettings::read(const base::Json& json, const base::Clock& clock) {
  AcmeSettings out;
  out.place = static_cast<std::uint32_t>(base::json_number_or(json, "id", 0));
  out.host = base::json_text_or(json, "host", "");
  out.target = base::json_text_or(json, "target", "");
  out.tls_name = base::json_text_or(json, "tls_name", "");
  out.challenge = base::json_text_or(json, "challenge", "");
  out.from = base::json_number_or(json, "from", 0);
  out.until = base::json_number_or(json, "until", 0);
  out.asked = base::json_number_or(json, "asked", 0);
  out.failures = static_cast<int>(base::json_number_or(json, "failures", 0));
  out.next = base::json_number_or(json, "next", 0);
  if (!http::is_authority(out.host) || !http::is_target_text(out.target))
    return base::fail(base::Code::Invalid, "the authority of the link's configuration is none");
  auto context = tls::ClientContext::make({base::json_text_or(json, "roots", ""), "http/1.1"}, clock);
  if (!context.ok()) return context.error();
  out.tls = std::move(*context);
  return out;
}

Acme::Acme(loop::Loop& loop, Connect connect, Tell tell, certs::KeeperChannel& keeper,
           ChallengeServer& server)
    : loop_(loop),
      connect_(std::move(connect)),
      tell_(std::move(tell)),
      keeper_(keeper),
      server_(server),
      timer_(loop, [this] { dialogue_ != nullptr ? go_on() : begin(); }) {}

Acme::~Acme() { *alive_ = false; }

void Acme::drop() {
  under_way_ = 0;
  if (call_ != nullptr) loop_.dispose(std::move(call_));
}

// An attempt goes on over a reload, unless the authority is another one or there is none any more. What has failed is
// tried again when it was to be, unless somebody asks for it now.
void Acme::configure(std::optional<AcmeSettings> settings) {
  const bool same = settings_ && settings && settings_->place == settings->place &&
                    settings_->host == settings->host && settings_->target == settings->target;
  const bool asked = same && settings->asked > settings_->asked;
  const bool renewed = same && settings->from != settings_->from;
  settings_ = std::move(settings);
  if (!same) {
    drop();
    dialogue_.reset();
    hide_challenge();
    failures_ = settings_ ? settings_->failures : 0;
  }
  if (!settings_) return timer_.stop();
  if (dialogue_ != nullptr) return;
  if (asked) return timer_.start(0);
  if (!same && failures_ > 0) {
    const base::Micros rest = settings_->next - loop_.wall();
    return timer_.start(std::clamp<base::Micros>(rest, 0, AcmeDialogue::kLongestRest) * 1000);
  }
  if (!same || renewed) schedule();
}

void Acme::schedule() {
  const base::Micros now = loop_.wall();
  const base::Micros due =
      settings_->until == 0 ? now : acme_renewal(settings_->from, settings_->until, random_part());
  timer_.start(std::max<base::Micros>(due - now, 0) * 1000);
  tell_({{"due", due}}, [](const std::string&) {});
}

void Acme::begin() {
  if (!settings_) return;
  dialogue_ =
      std::make_unique<AcmeDialogue>("https://" + settings_->host, settings_->target, settings_->challenge);
  go_on();
}

void Acme::go_on() {
  const AcmeNext next = dialogue_->next();
  if (const auto* question = std::get_if<AcmeAsk>(&next)) return ask(*question);
  if (const auto* pause = std::get_if<AcmeWait>(&next)) return timer_.start(pause->time * 1000);
  if (const auto* done = std::get_if<AcmeDone>(&next)) return issued(done->chain_pem);
  const auto& failure = std::get<AcmeFailed>(next);
  failed(failure.why, failure.not_before);
}

void Acme::ask(const AcmeAsk& question) {
  question_ = question;
  signed_body_.clear();
  if (!question.step.empty()) {
    auto body = keeper_.sign_acme(question.step, question.url, question.nonce, question.account);
    if (!body.ok()) return failed("the keeper: " + body.error().message, 0);
    signed_body_ = std::move(*body);
  }
  if (base::Status shown = show_challenge(); !shown.ok())
    return failed("the keeper: " + shown.error().message, 0);
  const std::uint64_t id = under_way_ = next_id_++;
  connect_(settings_->place, [this, id, alive = alive_](base::Result<base::UniqueFd> socket) {
    if (*alive) connected(id, std::move(socket));
  });
}

// What the authority may come and look at from now on: before it is told that it may.
base::Status Acme::show_challenge() {
  const std::string& token = dialogue_->token();
  if (token == shown_) return base::Ok{};
  hide_challenge();
  if (token.empty()) return base::Ok{};
  if (settings_->challenge == "tls-alpn-01") {
    if (base::Status begun = keeper_.begin_challenge(dialogue_->name(), token); !begun.ok()) return begun;
  } else {
    auto thumbprint = keeper_.acme_thumbprint();
    if (!thumbprint.ok()) return thumbprint.error();
    server_.answer({{token, token + "." + *thumbprint}});
  }
  shown_ = token;
  return base::Ok{};
}

void Acme::hide_challenge() {
  if (shown_.empty()) return;
  shown_.clear();
  server_.answer({});
  // A keeper that cannot be told so ends it by itself.
  static_cast<void>(keeper_.end_challenge());
}

void Acme::connected(std::uint64_t id, base::Result<base::UniqueFd> socket) {
  if (under_way_ != id) return;  // dropped meanwhile
  if (!socket.ok()) return answered(id, socket.error());
  auto session = settings_->tls->start(settings_->tls_name);
  if (!session.ok()) return answered(id, session.error());
  Call::Limits limits;
  limits.body = kAcmeAnswer;
  Question question{settings_->host, question_.target, kJose, signed_body_};
  question.method = question_.method;
  call_ = std::make_unique<Call>(loop_, std::move(*socket), std::move(*session), question, limits,
                                 [this, id](const base::Result<Answer>& answer) { answered(id, answer); });
}

void Acme::answered(std::uint64_t id, const base::Result<Answer>& answer) {
  if (under_way_ != id) return;
  drop();
  if (!answer.ok()) return failed(answer.error().message, 0);
  dialogue_->answered(*answer, loop_.wall());
  go_on();
}

void Acme::issued(const std::string& chain) {
  hide_challenge();
  tell_({{"chain", chain}}, [this, alive = alive_](const std::string& refusal) {
    if (!*alive || dialogue_ == nullptr) return;
    if (!refusal.empty()) return failed("its certificate was not taken: " + refusal, 0);
    // The configuration that names the new one has come before this answer.
    dialogue_.reset();
    failures_ = 0;
    if (settings_) schedule();
  });
}

void Acme::failed(const std::string& why, base::Micros not_before) {
  drop();
  dialogue_.reset();
  hide_challenge();
  const base::Micros left = settings_ ? settings_->until - loop_.wall() : 0;
  const base::Micros wait = std::max(acme_again_after(++failures_, left, random_part()), not_before);
  timer_.start(wait * 1000);
  base::log_warning("no certificate from " + settings_->host + ": " + why);
  tell_({{"why", why}, {"failures", failures_}, {"next", loop_.wall() + wait}}, [](const std::string&) {});
}

}  // namespace postern::link
