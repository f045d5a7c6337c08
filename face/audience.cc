// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/audience.h"

#include <algorithm>
#include <utility>

#include "base/json.h"

namespace postern::face {
namespace {

void append_message(std::string& out, std::string_view event, std::string_view data) {
  out.append("event: ").append(event).append("\ndata: ").append(data).append("\n\n");
}

}  // namespace

// What one client has not taken yet.
class Audience::Stream final : public Source {
 public:
  Stream(Audience& audience, std::function<bool()> allowed)
      : audience_(audience), allowed_(std::move(allowed)) {
    audience_.streams_.push_back(this);
    append_message(queue_, "ping", "{}");  // the head leaves at once, and a proxy between us sees bytes
  }
  ~Stream() override { std::erase(audience_.streams_, this); }

  State read(std::string& out, std::size_t most) override {
    const std::size_t size = std::min(most, queue_.size());
    out.append(queue_, 0, size);
    queue_.erase(0, size);
    if (!queue_.empty()) return State::More;
    return ended_ ? State::Done : State::Waiting;
  }
  void on_ready(std::function<void()> wake) override { wake_ = std::move(wake); }

  void put(std::string_view event, const std::string& data) {
    if (ended_) return;
    if (queue_.size() + data.size() > kMostQueued) {
      missed_ += event == "event" ? 1 : 0;
      if (event == "state") missed_state_ = data;
      return;
    }
    if (const std::uint64_t missed = std::exchange(missed_, 0); missed > 0) {
      append_message(queue_, "more", base::dump_json(base::Json{{"skipped", missed}}));
    }
    if (const std::string state = std::exchange(missed_state_, {}); !state.empty() && event != "state") {
      append_message(queue_, "state", state);
    }
    append_message(queue_, event, data);
    wake();
  }
  void end_unless_allowed() {
    if (!allowed_()) end();
  }
  void end() {
    ended_ = true;
    wake();
  }

 private:
  void wake() {
    if (wake_) wake_();
  }
  Audience& audience_;
  std::function<bool()> allowed_;
  std::function<void()> wake_;
  std::string queue_;
  std::uint64_t missed_ = 0;
  std::string missed_state_;  // the newest that did not fit
  bool ended_ = false;
};

std::unique_ptr<Source> Audience::open(std::function<bool()> allowed) {
  return std::make_unique<Stream>(*this, std::move(allowed));
}

void Audience::tell(std::string_view event, const std::string& data) {
  for (Stream* one : std::vector<Stream*>(streams_)) one->put(event, data);
}

void Audience::ask() {
  for (Stream* one : std::vector<Stream*>(streams_)) one->end_unless_allowed();
}

void Audience::close_all() {
  for (Stream* one : std::vector<Stream*>(streams_)) one->end();
}

Response stream_response(std::unique_ptr<Source> source) {
  Response response;
  response.content_type = "text/event-stream";
  response.fields.emplace_back("cache-control", "no-store, no-transform");
  response.fields.emplace_back("x-accel-buffering", "no");
  response.source = std::move(source);
  return response;
}

}  // namespace postern::face
