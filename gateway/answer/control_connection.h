// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One connection of the control socket.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/buffer.h"
#include "base/unique_fd.h"
#include "gateway/answer/answerer.h"
#include "gateway/answer/outgoing.h"
#include "gateway/http/h1_body.h"
#include "gateway/http/h1_request.h"
#include "gateway/loop/loop.h"

namespace postern::answer {

class ControlConnection final : public loop::Disposable {
 public:
  // gone: called once when the connection is over; the owner disposes of this from there.
  ControlConnection(loop::Loop& loop, base::UniqueFd socket, Identity identity, Answerer& answerer,
                    std::function<void()> gone);
  ~ControlConnection() override;
  ControlConnection(const ControlConnection&) = delete;
  ControlConnection& operator=(const ControlConnection&) = delete;

  bool busy() const { return phase_ != Phase::Head; }

 private:
  enum class Phase { Head, Body, Waiting, Sending, Over };

  void on_ready(unsigned ready);
  void receive();
  void advance();
  bool take_head();
  bool take_body();
  void dispatch();
  void respond(Response response);
  void refuse(base::Refusal refusal, std::string_view why);
  void fill();
  void transmit();
  void finish_response();
  void over();
  void watch();

  base::UniqueFd socket_;
  Identity identity_;
  Answerer& answerer_;
  std::function<void()> gone_;
  Phase phase_ = Phase::Head;
  base::Buffer in_;
  base::Buffer out_;
  http::RequestParser parser_;
  std::unique_ptr<http::BodyDecoder> decoder_;
  std::shared_ptr<Call> call_;
  std::unique_ptr<Outgoing> outgoing_;
  std::unique_ptr<http::BodyEncoder> encoder_;
  bool keep_alive_ = true;
  bool http10_ = false;
  std::shared_ptr<bool> woken_;  // a waiting source has something again; shared with its waker
  loop::Poller poller_;
  loop::Timer patience_;
  std::unique_ptr<loop::Loop::Hook> hook_;
};

}  // namespace postern::answer
