// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One enrolment: a connection of its own, on which nobody is named, the one-time code, and the answer. Tried once: a person
// waits, and a code that was used is used.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/link/line_connection.h"

namespace postern::link {

class LineEnroller final : public loop::Disposable, private LineConnection::User {
 public:
  struct Outcome {
    std::string code, why;    // why: empty, it was enrolled. code: Mission Control's, of a refusal
    line::Enrolled enrolled;  // without why
  };
  using Done = std::function<void(const Outcome& outcome)>;  // once; the owner disposes of this

  // settings->enrol is there.
  LineEnroller(loop::Loop& loop, const LineConnection::Connect& connect,
               std::shared_ptr<const LineSettings> settings, const LineTimes& times, Done done);
  ~LineEnroller() override;
  void cancel();  // done is not called any more

 private:
  void on_step(LineConnection::Step step, const std::string& said) override;
  void on_over(const LineConnection::Over& over) override { finish({{}, over.why, {}}); }
  void answered(const LineAnswer& answer);
  void finish(const Outcome& outcome);

  std::shared_ptr<const LineSettings> settings_;
  Done done_;
  loop::Loop& loop_;
  std::unique_ptr<LineConnection> connection_;
};

// What an answer that is no 200 says: its own words where it has some. of: "reports"
std::string refusal_sentence(const LineAnswer& answer, const line::Refusal& refusal, std::string_view of);

}  // namespace postern::link
