// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/line_enroller.h"

#include <utility>

namespace postern::link {

std::string refusal_sentence(const LineAnswer& answer, const line::Refusal& refusal, std::string_view of) {
  if (!refusal.detail.empty()) return refusal.detail;
  if (refusal.code == line::kWrongCode) return "the code is wrong, or was used: ask for another one";
  if (refusal.code == line::kExpiredCode) return "the code has expired: ask for another one";
  if (refusal.code == line::kUnknownInstallation) return "Mission Control does not know this installation";
  if (refusal.code == line::kRetiredInstallation) return "Mission Control has retired this installation";
  if (refusal.code == line::kTwice) return "another one with this installation's certificate is connected";
  return "it answered " + std::string(of) + " with " + std::to_string(answer.status) +
         (refusal.code.empty() ? "" : " (" + refusal.code + ")");
}

LineEnroller::LineEnroller(loop::Loop& loop, const LineConnection::Connect& connect,
                           std::shared_ptr<const LineSettings> settings, const LineTimes& times, Done done)
    : settings_(std::move(settings)),
      done_(std::move(done)),
      loop_(loop),
      connection_(std::make_unique<LineConnection>(loop, connect, settings_, LineConnection::Name::None,
                                                   times, static_cast<LineConnection::User&>(*this))) {}

LineEnroller::~LineEnroller() {
  if (connection_ != nullptr) connection_->close();
}

void LineEnroller::cancel() {
  done_ = nullptr;
  if (connection_ != nullptr) connection_->close();
}

void LineEnroller::on_step(LineConnection::Step step, const std::string&) {
  if (step != LineConnection::Step::Http2) return;
  const LineEnrolment& enrol = *settings_->enrol;
  const std::string document =
      line::format(line::EnrolRequest{enrol.code, enrol.request, settings_->version});
  connection_->post(line::kEnrolPath, document, [this](base::Result<LineAnswer> answer) {
    answer.ok() ? answered(*answer) : finish({{}, answer.error().message, {}});
  });
}

void LineEnroller::answered(const LineAnswer& answer) {
  if (answer.status != 200) {
    const line::Refusal refusal = line::parse_refusal(answer.body);
    return finish({refusal.code, refusal_sentence(answer, refusal, "the enrolment"), {}});
  }
  auto enrolled = line::parse_enrolled(answer.body);
  if (!enrolled.ok()) return finish({{}, "its answer to the enrolment: " + enrolled.error().message, {}});
  finish({{}, {}, std::move(*enrolled)});
}

// The connection is what calls: it goes after the turn.
void LineEnroller::finish(const Outcome& outcome) {
  if (!done_) return;
  const Done done = std::exchange(done_, nullptr);
  connection_->close();
  loop_.dispose(std::move(connection_));
  done(outcome);
}

}  // namespace postern::link
