// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/joint.h"

#include <algorithm>

namespace postern::mission {

using answer::Response;
using answer::Sink;
using answer::Source;

class Joint::Speaker final : public Sink {
 public:
  Speaker(std::shared_ptr<Joint> joint, Direction way) : joint_(std::move(joint)), way_(way) {}
  ~Speaker() override {
    if (!joint_->ways_[way_].ended)
      joint_->break_off(way_ == Down ? "the engineer's connection ended"
                                     : "the installation's connection ended");
    joint_->ways_[way_].give_back = nullptr;
  }
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;

  void take(std::string_view piece) override {
    Way& way = joint_->ways_[way_];
    // Before an engineer is there an installation has nothing to say.
    if (way_ == Up && !joint_->joined_)
      return joint_->break_off("the installation spoke before it was spoken to");
    way.held += piece;
    way.bytes += piece.size();
    joint_->wake(way_);
  }
  void end() override {
    joint_->ways_[way_].ended = true;
    if (way_ == Up && !joint_->joined_) return joint_->break_off("the installation took its request back");
    joint_->wake(Up);
    joint_->wake(Down);
  }
  void on_begun(std::function<void(std::size_t)> give_back) override {
    joint_->ways_[way_].give_back = std::move(give_back);
  }

 private:
  std::shared_ptr<Joint> joint_;
  Direction way_;
};

// What the engineer says, in the form that the line has for it.
class Joint::DownSource final : public Source {
 public:
  explicit DownSource(std::shared_ptr<Joint> joint) : joint_(std::move(joint)) {}
  ~DownSource() override {
    if (!joint_->ways_[Down].done) joint_->break_off("the installation's connection ended");
    joint_->ways_[Down].wake = nullptr;
  }
  DownSource(const DownSource&) = delete;
  DownSource& operator=(const DownSource&) = delete;

  void on_ready(std::function<void()> wake) override { joint_->ways_[Down].wake = std::move(wake); }
  State read(std::string& out, std::size_t most) override {
    Joint& joint = *joint_;
    Way& way = joint.ways_[Down];
    if (joint.broken_) return State::Failed;
    if (!joint.joined_) return State::Waiting;
    out += std::exchange(joint.head_, {});
    const std::size_t left = way.held.size() - way.taken;
    const std::size_t size = std::min({left, line::kTunnelChunk, std::max<std::size_t>(most, 256)});
    if (size > 0) {
      out += line::tunnel_chunk(size);
      out.append(way.held, way.taken, size);
      way.taken += size;
      if (way.taken == way.held.size()) way.held.clear(), way.taken = 0;
      if (way.give_back) way.give_back(size);
      return State::More;
    }
    if (way.ended && !std::exchange(joint.end_told_, true)) out += line::tunnel_chunk(0);
    // The answer's end would throw away what the installation still has to say.
    if (way.ended && joint.ways_[Up].ended && joint.ways_[Up].done) {
      way.done = true;
      joint.settle();
      return State::Done;
    }
    return State::Waiting;
  }

 private:
  std::shared_ptr<Joint> joint_;
};

class Joint::UpSource final : public Source {
 public:
  explicit UpSource(std::shared_ptr<Joint> joint) : joint_(std::move(joint)) {}
  ~UpSource() override {
    if (!joint_->ways_[Up].done) joint_->break_off("the engineer's connection ended");
    joint_->ways_[Up].wake = nullptr;
  }
  UpSource(const UpSource&) = delete;
  UpSource& operator=(const UpSource&) = delete;

  void on_ready(std::function<void()> wake) override { joint_->ways_[Up].wake = std::move(wake); }
  State read(std::string& out, std::size_t most) override {
    Joint& joint = *joint_;
    Way& way = joint.ways_[Up];
    if (joint.broken_) return State::Failed;
    const std::size_t size = std::min(most, way.held.size() - way.taken);
    if (size > 0) {
      out.append(way.held, way.taken, size);
      way.taken += size;
      if (way.taken == way.held.size()) way.held.clear(), way.taken = 0;
      if (way.give_back) way.give_back(size);
      return State::More;
    }
    if (!way.ended) return State::Waiting;
    way.done = true;
    joint.wake(Down);
    return State::Done;
  }

 private:
  std::shared_ptr<Joint> joint_;
};

Response Joint::to_installation() {
  Response out;
  out.content_type = "application/octet-stream";
  out.fields.emplace_back("cache-control", "no-store");
  out.source = std::make_unique<DownSource>(shared_from_this());
  out.sink = std::make_unique<Speaker>(shared_from_this(), Up);
  return out;
}

Response Joint::to_engineer(const line::TunnelHead& head) {
  head_ = line::format(head);
  joined_ = true;
  Response out;
  out.content_type = "application/octet-stream";
  out.source = std::make_unique<UpSource>(shared_from_this());
  out.sink = std::make_unique<Speaker>(shared_from_this(), Down);
  wake(Down);
  return out;
}

void Joint::break_off(std::string_view why) {
  if (broken_ || over_) return;
  broken_ = true;
  why_ = why;
  wake(Down);
  wake(Up);
  settle();
}

void Joint::wake(Direction way) {
  if (ways_[way].wake) ways_[way].wake();
}

void Joint::settle() {
  if (std::exchange(over_, true)) return;
  if (on_over_) on_over_(*this);
}

}  // namespace postern::mission
