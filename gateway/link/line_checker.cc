// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/line_checker.h"

#include <utility>

#include "gateway/link/line_enroller.h"

namespace postern::link {
namespace {

using Step = LineConnection::Step;

const char* name_of(Step step) {
  switch (step) {
    case Step::Connection:
      return "connection";
    case Step::Proxy:
      return "proxy";
    case Step::Tls:
      return "tls";
    case Step::Http2:
      return "http2";
    case Step::Open:
      return "identity";
  }
  return "connection";
}

LineConnection::Name name_for(const LineSettings& settings) {
  return settings.own ? LineConnection::Name::Own : LineConnection::Name::None;
}

}  // namespace

std::string skew_sentence(base::Micros skew) {
  const base::Micros apart = skew < 0 ? -skew : skew;
  if (apart <= kMostSkew) return {};
  const std::string seconds = base::format_duration(apart / base::kWallSecond * base::kWallSecond);
  return "this machine's clock is " + seconds + (skew < 0 ? " ahead of" : " behind") +
         " Mission Control's: set it by NTP";
}

LineChecker::LineChecker(loop::Loop& loop, const LineConnection::Connect& connect,
                         std::shared_ptr<const LineSettings> settings, std::optional<base::Micros> skew,
                         const LineTimes& times, Done done)
    : loop_(loop),
      settings_(std::move(settings)),
      skew_(skew),
      done_(std::move(done)),
      since_(loop.now()),
      connection_(std::make_unique<LineConnection>(loop, connect, settings_, name_for(*settings_), times,
                                                   static_cast<LineConnection::User&>(*this))),
      patience_(loop, [this, times] {
        add("identity", false, "it did not answer within " + base::format_duration(times.answer / 1000));
        finish();
      }) {
  patience_.start(times.establish + times.answer);
}

LineChecker::~LineChecker() {
  if (connection_ != nullptr) connection_->close();
}

void LineChecker::cancel() {
  done_ = nullptr;
  patience_.stop();
  if (connection_ != nullptr) connection_->close();
}

void LineChecker::on_step(Step step, const std::string& said) {
  add(name_of(step), true, said);
  if (step == Step::Http2) ask();
}

void LineChecker::ask() {
  if (!settings_->own) {
    add("identity", false, "this installation is not enrolled: enrol it with a code of Mission Control");
    return finish();
  }
  const auto on_answer = [this](const base::Result<LineAnswer>& answer) { answered(answer); };
  if (skew_) {
    connection_->post(line::kReportsPath, line::format(std::vector<line::Report>()), on_answer);
  } else {
    connection_->listen(
        std::string(line::kOrdersPath) + "?life=" + settings_->life,
        [this](std::string_view text) { take_order(text); }, on_answer);
  }
}

void LineChecker::answered(const base::Result<LineAnswer>& answer) {
  if (!done_) return;
  if (answer.ok() && answer->status == 200 && skew_) return known(*skew_);
  const std::string what = skew_ ? "reports" : "the wish for orders";
  add("identity", false,
      !answer.ok()            ? answer.error().message
      : answer->status == 200 ? "it ended its orders before the first"
                              : refusal_sentence(*answer, line::parse_refusal(answer->body), what));
  finish();
}

void LineChecker::take_order(std::string_view text) {
  if (!done_) return;
  const auto order = line::parse_order(text);
  if (order.ok() && order->kind == line::OrderKind::Hello) return known(order->time - loop_.wall());
  add("identity", false,
      order.ok() ? "its first order is not its hello" : "its first order: " + order.error().message);
  finish();
}

void LineChecker::known(base::Micros skew) {
  add("identity", true, "Mission Control knows this installation");
  const std::string apart = skew_sentence(skew);
  add("clock", apart.empty(), apart.empty() ? "the clocks agree to a minute" : apart);
  finish();
}

void LineChecker::on_over(const LineConnection::Over& over) {
  if (!done_) return;
  add(over.nameless ? "identity" : name_of(over.step), false, over.why);
  finish();
}

void LineChecker::add(const char* step, bool ok, const std::string& said) {
  const base::Nanos now = loop_.now();
  steps_.push_back({{"step", step}, {"ok", ok}, {"said", said}, {"took_us", (now - since_) / 1000}});
  since_ = now;
  ok_ = ok_ && ok;
}

void LineChecker::finish() {
  if (!done_) return;
  patience_.stop();
  const Done done = std::exchange(done_, nullptr);
  connection_->close();
  loop_.dispose(std::move(connection_));
  done(std::move(steps_), ok_);
}

}  // namespace postern::link
