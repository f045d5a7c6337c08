// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/line.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/link/acme.h"
#include "gateway/link/jitter.h"
#include "line/updates.h"
#include "line/witness.h"

namespace postern::link {
namespace {

using Step = LineConnection::Step;

// What Mission Control says and the supervisor makes events of: a conflict, and clocks that are apart or agree again. Each is
// told so often at most.
constexpr base::Nanos kWordPace = 60 * base::kSecond;

// Between two renewals: a Mission Control whose certificates are old when they are new would have them asked for without end.
constexpr base::Micros kRenewalLeast = 600 * base::kWallSecond;

bool is_time(base::Nanos now, base::Nanos& last) {
  if (last != 0 && now - last < kWordPace) return false;
  last = now;
  return true;
}
constexpr int kTooOften = 429, kNotNow = 503;  // with Retry-After
constexpr int kGreeted = static_cast<int>(Step::Open) + 1;
constexpr const char* kNoLine = "there is no line to Mission Control: ";

bool refuses_installation(std::string_view code) {
  return code == line::kUnknownInstallation || code == line::kRetiredInstallation || code == line::kTwice;
}

}  // namespace

Line::Line(loop::Loop& loop, LineConnection::Connect connect, Tell tell, const LineTimes& times,
           Terminators terminators)
    : loop_(loop),
      connect_(std::move(connect)),
      tell_(std::move(tell)),
      times_(times),
      tunnel_(loop,
              {[terminators = std::move(terminators)](const line::TunnelHead& head, auto done) {
                 if (terminators) return terminators(head, std::move(done));
                 done(base::fail(base::Code::Unavailable, "nobody is there to take a connection"));
               },
               [this](const Tunnel::Figures& now) {
                 base::Json said{{"open", now.open}, {"waiting", now.waiting}, {"connected", now.connected}};
                 if (!now.why.empty()) said["why"] = now.why.substr(0, kLongestWhy);
                 this->tell("tunnel", std::move(said));
               }}),
      retry_(loop, [this] { again(); }),
      silence_(loop,
               [this] {
                 lost(hello_ ? "nothing came from it for " + base::format_duration(times_.silence / 1000)
                             : "it did not greet us within " + base::format_duration(times_.hello / 1000));
               }),
      settled_(loop, [this] { good(); }),
      renewal_(loop, [this] { look_at_renewal(); }) {}

Line::~Line() {
  *alive_ = false;
  tunnel_.on_line(nullptr);
  if (connection_ != nullptr) connection_->close();
}

template <typename Wish>
void Line::give_up(std::unique_ptr<Wish>& wish) {
  if (wish == nullptr) return;
  wish->cancel();
  loop_.dispose(std::move(wish));
}

void Line::configure(std::shared_ptr<LineSettings> settings) {
  const bool same = settings_ && settings && settings_->identity == settings->identity;
  const bool other_certificate =
      !settings_ || !settings || settings_->from != settings->from || settings_->until != settings->until;
  if (same) settings->memory = settings_->memory;
  settings_ = std::move(settings);
  if (other_certificate) {
    renewal_chance_ = random_part();
    renewal_failures_ = 0;
    renewing_ = false;
    renewal_.stop();
  }
  if (!same) {
    drop();
    // Whoever waits for a check waits for one of what is configured now. An enrolment has used its code.
    if (checker_ != nullptr) check_seen_ = 0;
    give_up(checker_);
    checker_instead_ = false;
    if (settings_ == nullptr) give_up(enroller_);
    good();
    why_ = settings_ == nullptr        ? "none is configured"
           : settings_->own == nullptr ? "this installation is not enrolled"
                                       : "it is being set up anew";
    deliver_none(why_);
  }
  look_at_wishes();
  if (!same) begin();
}

// --- connection

void Line::begin() {
  if (settings_ == nullptr || settings_->own == nullptr || connection_ != nullptr || checker_instead_) return;
  retry_.stop();
  reached_ = 0;
  base::Json said{{"state", "connecting"}, {"attempts", pauses_.failures()}};
  if (pauses_.failures() > 0) said["why"] = why_;  // of the attempt before
  tell("state", std::move(said));
  connection_ = std::make_unique<LineConnection>(loop_, connect_, settings_, LineConnection::Name::Own,
                                                 times_, static_cast<LineConnection::User&>(*this));
}

// Without a word to anybody.
void Line::drop() {
  hello_ = false;
  tunnel_.on_line(nullptr);
  errand_.request = witness_.request = update_.request = 0;
  renewing_ = false;
  for (loop::Timer* timer : {&retry_, &silence_, &settled_}) timer->stop();
  if (connection_ == nullptr) return;
  connection_->close();
  loop_.dispose(std::move(connection_));
}

void Line::lost(const std::string& why, base::Micros at_least, bool denied) {
  drop();
  if (denied) pauses_.failed();
  const base::Micros wait =
      denied ? line_refused_again_after(times_, random_part())
             : pauses_.after_failure(reached_, reached_ == kGreeted, times_, random_part());
  pause("waiting", why, {}, std::max(wait, at_least));
}

void Line::refused(const LineAnswer& answer, std::string_view of) {
  const line::Refusal refusal = line::parse_refusal(answer.body);
  const std::string why = refusal_sentence(answer, refusal, of);
  if (!refuses_installation(refusal.code)) return lost(why, answer.retry_after);
  drop();
  pauses_.failed();
  const base::Micros wait = refusal.code == line::kTwice ? line_twice_again_after(times_, random_part())
                                                         : line_refused_again_after(times_, random_part());
  pause("refused", why, refusal.code, std::max(wait, answer.retry_after));
}

void Line::pause(const std::string& state, const std::string& why, const std::string& code,
                 base::Micros wait) {
  why_ = why;
  retry_.start(wait * 1000);
  base::Json said{
      {"state", state}, {"why", why}, {"attempts", pauses_.failures()}, {"next", loop_.wall() + wait}};
  if (!code.empty()) said["code"] = code;
  tell("state", std::move(said));
  deliver_none(why);
}

void Line::on_step(Step step, const std::string&) {
  reached_ = static_cast<int>(step) + 1;
  if (step == Step::Http2) ask_orders();
}

void Line::ask_orders() {
  pace_ = {};
  silence_.start(times_.hello);
  connection_->listen(
      std::string(line::kOrdersPath) + "?life=" + settings_->life,
      [this](std::string_view text) { ordered(text); },
      [this](const base::Result<LineAnswer>& answer) { orders_over(answer); });
}

void Line::orders_over(const base::Result<LineAnswer>& answer) {
  if (!answer.ok()) return lost(answer.error().message);
  if (answer->status == kNotNow || answer->status == kTooOften) return put_off(*answer);
  if (answer->status != 200) return refused(*answer, "the wish for orders");
  lost("it ended the line");
}

// The connection is good, and another one would meet the same: where a fleet comes back before the store does, each costs a
// request every half minute, and no handshake.
void Line::put_off(const LineAnswer& answer) {
  silence_.stop();
  const base::Micros wait = pauses_.after_failure(reached_, true, times_, random_part());
  pause("waiting", refusal_sentence(answer, line::parse_refusal(answer.body), "the wish for orders"), {},
        std::max(wait, answer.retry_after));
}

void Line::again() {
  if (connection_ == nullptr) return begin();
  if (!connection_->room()) return lost("it takes no more requests on this connection");
  tell("state", {{"state", "connecting"}, {"attempts", pauses_.failures()}, {"why", why_}});
  ask_orders();
}

void Line::good() { pauses_.good(); }

void Line::on_over(const LineConnection::Over& over) { lost(over.why, 0, over.denied); }

// --- orders

void Line::ordered(std::string_view text) {
  if (pace_.take(kOrders, loop_.now()) > 0) return connection_->break_off("it floods us with orders");
  const auto order = line::parse_order(text);
  if (!order.ok()) return connection_->break_off("one of its orders: " + order.error().message);
  if (!hello_ && order->kind != line::OrderKind::Hello)
    return connection_->break_off("its first order is not its hello");
  silence_.start(times_.silence);
  if (!hello_) return greeted(*order);
  if (order->kind == line::OrderKind::Pulse) pulsed(order->time);
  if (order->kind == line::OrderKind::Conflict) conflict(*order);
  if (order->kind == line::OrderKind::Asks && asks_) asks_();
}

void Line::greeted(const line::Order& hello) {
  hello_ = true;
  reached_ = kGreeted;
  version_ = hello.text;
  skew_ = hello.time - loop_.wall();
  settled_.start(times_.settled);
  say_up();
  tunnel_.on_line(connection_.get());
  look_at_renewal();
  // What waits in the ledger need not wait for its next try.
  if (asks_) asks_();
}

// Told again when the clocks drift apart, or agree again.
void Line::pulsed(base::Micros time) {
  const base::Micros skew = time - loop_.wall();
  const bool differs = skew_sentence(skew_).empty() != skew_sentence(skew).empty();
  if (differs && !is_time(loop_.now(), skew_told_)) return;
  skew_ = skew;
  if (differs) say_up();
}

void Line::say_up() {
  base::Json said{
      {"state", "up"}, {"attempts", pauses_.failures()}, {"version", version_}, {"skew_us", skew_}};
  if (const std::string apart = skew_sentence(skew_); !apart.empty()) said["why"] = apart;
  tell("state", std::move(said));
}

void Line::conflict(const line::Order& order) {
  if (is_time(loop_.now(), conflict_told_)) tell("order", {{"order", "conflict"}, {"client", order.text}});
}

// --- reports

void Line::errand(std::string_view reports, Delivered delivered) {
  drop_errand(errand_);
  errand_.done = std::move(delivered);
  post(errand_, line::kReportsPath, reports, &Line::reported);
}

void Line::witness(std::string_view request, Delivered delivered) {
  drop_errand(witness_);
  witness_.done = std::move(delivered);
  post(witness_, line::kCheckpointsPath, line::format_checkpoint_request(request), &Line::witnessed);
}

void Line::update(std::string_view path, std::string_view document, Delivered delivered) {
  drop_errand(update_);
  update_.done = std::move(delivered);
  post(update_, path, document, &Line::updated, line::kUpdatePiece);
}

// spared: bytes of an answer, of which a longer one is spared us; 0: it would end the line.
void Line::post(Errand& errand, std::string_view path, std::string_view document,
                void (Line::*answered)(const base::Result<LineAnswer>&), std::size_t spared) {
  if (!hello_) return deliver(errand, 0, kNoLine + why_);
  if (!connection_->room()) return lost("it takes no more requests on this connection");
  const auto done = [this, &errand, answered](const base::Result<LineAnswer>& answer) {
    errand.request = 0;
    if (answer.ok()) return (this->*answered)(answer);
    deliver(errand, answer.error().code == base::Code::Limit ? ipc::kTooLongAnswer : std::uint16_t{0},
            answer.error().message);
  };
  errand.request = connection_->post(path, document, done, spared);
}

void Line::drop_errand() {
  for (Errand* errand : {&errand_, &witness_, &update_}) drop_errand(*errand);
}

void Line::drop_errand(Errand& errand) {
  errand.done = nullptr;
  if (const std::uint32_t request = std::exchange(errand.request, 0); request != 0 && connection_ != nullptr)
    connection_->forget(request);
}

void Line::reported(const base::Result<LineAnswer>& answer) {
  if (answer->status == 200) {
    const auto taken = line::parse_taken(answer->body);
    const std::string written = taken.ok() ? line::format(*taken) : std::string();
    if (taken.ok() && written.size() <= ipc::kDeliveredBody) {
      good();
      return deliver(errand_, 200, written);
    }
    return connection_->break_off("its answer to reports: " +
                                  (taken.ok() ? "it is too long" : taken.error().message));
  }
  const line::Refusal refusal = line::parse_refusal(answer->body);
  deliver(errand_, static_cast<std::uint16_t>(answer->status),
          base::dump_json(
              base::Json{{"code", refusal.code}, {"detail", refusal_sentence(*answer, refusal, "reports")}}));
  if (refuses_installation(refusal.code)) refused(*answer, "reports");
}

// A refusal of the line's own, which is none of tlog-witness, is as if the witness could not be reached.
void Line::witnessed(const base::Result<LineAnswer>& answer) {
  if (answer->status == 200) {
    const auto said = line::parse_checkpoint_answer(answer->body);
    if (said.ok()) return deliver(witness_, said->status, said->body);
    return connection_->break_off("its answer as a witness: " + said.error().message);
  }
  const line::Refusal refusal = line::parse_refusal(answer->body);
  deliver(witness_, 0, refusal_sentence(*answer, refusal, "a checkpoint"));
  if (refuses_installation(refusal.code)) refused(*answer, "a checkpoint");
}

// What came is told as it is; of a refusal, that it was one.
void Line::updated(const base::Result<LineAnswer>& answer) {
  if (answer->status == 200) return deliver(update_, 200, answer->body);
  const line::Refusal refusal = line::parse_refusal(answer->body);
  deliver(update_, static_cast<std::uint16_t>(answer->status),
          refusal_sentence(*answer, refusal, "a question about updates"));
  if (refuses_installation(refusal.code)) refused(*answer, "a question about updates");
}

void Line::deliver(Errand& errand, std::uint16_t status, std::string_view body) {
  errand.request = 0;
  if (const Delivered delivered = std::exchange(errand.done, nullptr); delivered)
    delivered(status, status == 0 ? body.substr(0, kLongestWhy) : body);
}

void Line::deliver_none(const std::string& why) {
  for (Errand* errand : {&errand_, &witness_, &update_}) deliver(*errand, 0, kNoLine + why);
}

// --- the certificate

// After two thirds of its time; at once when the line comes up later than that.
void Line::look_at_renewal() {
  if (!hello_ || renewing_ || settings_->until == 0 || renewal_.running()) return;
  const base::Micros now = loop_.wall();
  base::Micros due = acme_renewal(settings_->from, settings_->until, renewal_chance_);
  if (renewed_at_ != 0) due = std::max(due, now + (renewed_at_ - loop_.now()) / 1000 + kRenewalLeast);
  if (due <= now) return renew();
  // No longer than a timer can be set to, or a clock be trusted: it is looked at again.
  constexpr base::Micros kLongestLook = 24LL * 3600 * base::kWallSecond;
  renewal_.start(std::min(due - now, kLongestLook) * 1000);
}

void Line::renew() {
  renewing_ = true;
  tell("renew", base::Json::object(), [this](const base::Json& answer) {
    if (!renewing_) return;
    if (base::json_bool_or(answer, "ok", false)) return renewing(base::json_text_or(answer, "request", ""));
    not_renewed(base::json_text_or(answer, "why", "for no reason given"));
  });
}

void Line::renewing(const std::string& request) {
  if (!hello_ || !connection_->room()) return not_renewed("the line is not up");
  connection_->post(line::kRenewPath, line::format(line::RenewRequest{request}),
                    [this](const base::Result<LineAnswer>& answer) { renewed(answer); });
}

void Line::renewed(const base::Result<LineAnswer>& answer) {
  if (!renewing_) return;
  if (!answer.ok()) return not_renewed(answer.error().message);
  if (answer->status != 200)
    return not_renewed(refusal_sentence(*answer, line::parse_refusal(answer->body), "the renewal"));
  const auto document = line::parse_renewed(answer->body);
  if (!document.ok()) {
    not_renewed("its answer to the renewal: " + document.error().message);
    return connection_->break_off("its answer to the renewal: " + document.error().message);
  }
  renewed_at_ = loop_.now();
  // The configuration that names the new one comes before this answer, or right after.
  tell("renewed", {{"chain", document->chain}}, [this](const base::Json& taken) {
    if (renewing_ && !base::json_bool_or(taken, "ok", false))
      not_renewed("its certificate was not taken: " +
                  base::json_text_or(taken, "why", "for no reason given"));
  });
}

void Line::not_renewed(const std::string& why) {
  renewing_ = false;
  base::log_warning("Mission Control did not renew this installation's certificate: " + why);
  const base::Micros left = settings_->until - loop_.wall();
  renewal_.start(acme_again_after(++renewal_failures_, left, random_part()) * 1000);
}

// --- what a person asked for

void Line::look_at_wishes() {
  if (settings_ == nullptr) return;
  if (settings_->enrol && settings_->enrol->asked > enrol_seen_) {
    enrol_seen_ = settings_->enrol->asked;
    give_up(enroller_);
    enroller_ = std::make_unique<LineEnroller>(
        loop_, connect_, settings_, times_,
        [this, asked = enrol_seen_](const LineEnroller::Outcome& outcome) { enrolled(asked, outcome); });
  }
  if (settings_->check <= check_seen_) return;
  check_seen_ = settings_->check;
  give_up(checker_);
  checker_instead_ = !hello_;
  if (checker_instead_) drop();
  checker_ = std::make_unique<LineChecker>(
      loop_, connect_, settings_, hello_ ? std::optional(skew_) : std::nullopt, times_,
      [this, number = check_seen_](base::Json steps, bool ok) { checked(number, std::move(steps), ok); });
}

void Line::enrolled(std::int64_t asked, const LineEnroller::Outcome& outcome) {
  loop_.dispose(std::move(enroller_));
  if (!outcome.why.empty())
    return tell("enrol_failed", {{"asked", asked}, {"code", outcome.code}, {"why", outcome.why}});
  tell("enrolled",
       {{"asked", asked},
        {"installation", outcome.enrolled.installation},
        {"customer", outcome.enrolled.customer},
        {"chain", outcome.enrolled.chain}},
       [](const base::Json& taken) {
         if (!base::json_bool_or(taken, "ok", false))
           base::log_error("Mission Control's certificate for this installation was not taken: " +
                           base::json_text_or(taken, "why", "for no reason given"));
       });
}

// What a check found to be good is tried at once.
void Line::checked(std::int64_t number, base::Json steps, bool ok) {
  loop_.dispose(std::move(checker_));
  tell("checked", {{"check", number}, {"steps", std::move(steps)}});
  if (!std::exchange(checker_instead_, false)) return;
  if (ok) good();
  retry_.start(ok ? 0 : line_again_after(std::max(pauses_.failures(), 1), times_, random_part()) * 1000);
}

void Line::tell(const char* what, base::Json said, Taken taken) {
  said["do"] = what;
  tell_(std::move(said), [taken = std::move(taken), alive = alive_](const base::Json& answer) {
    if (*alive && taken) taken(answer);
  });
}

}  // namespace postern::link
