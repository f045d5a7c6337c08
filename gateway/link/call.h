// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One request to a server outside and its answer: HTTP/1.1 over TLS (or over plain TCP within this machine), on a
// connection that the supervisor opened, which ends with it. Sizes and time are bounded. The certificate is checked as
// towards the component (gateway/tls/client_context.h); nothing is sent before it was.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/link/answer_reader.h"
#include "gateway/loop/loop.h"
#include "gateway/tls/session.h"

namespace postern::link {

// Bytes of what a failed call is said to have failed of, or of the answer that says so.
inline constexpr std::size_t kLongestWhy = 512;

struct Question {
  std::string_view host;    // Host to send
  std::string_view target;  // of the request line
  std::string_view content_type;
  std::string_view body;
  std::string_view webhook_id = {}, webhook_timestamp = {},
                   webhook_signature = {};   // fields of a webhook; may be empty
  http::Method method = http::Method::Post;  // Get and Head have no body, and no content type
  std::string_view authorization = {};       // may be empty
};

class Call final : public loop::Disposable {
 public:
  struct Limits {
    base::Nanos time = 20 * base::kSecond;  // from now to the answer's last byte
    std::size_t body = 16U << 10U;          // bytes of the answer's body
  };
  // Called once, never from inside the constructor: the answer, or why there is none, in a sentence about "it". The
  // owner disposes of the call then.
  using Done = std::function<void(base::Result<Answer>)>;

  // session: nullptr for plain TCP. question is copied.
  Call(loop::Loop& loop, base::UniqueFd socket, std::unique_ptr<tls::Session> session,
       const Question& question, Limits limits, Done done);
  ~Call() override;

 private:
  void on_ready(unsigned ready);
  void transmit();
  bool encrypt();
  void receive();
  void take(std::string_view bytes);
  void decrypt(std::string_view bytes);
  void on_end(bool broken);
  void look();
  void finish(base::Result<Answer> result);
  void fail(std::string why);

  static constexpr std::size_t kPending = 256U << 10U;  // bytes of TLS records that wait, either way
  base::UniqueFd socket_;
  std::unique_ptr<tls::Session> tls_;
  std::string request_;   // what is not sent yet
  std::size_t sent_ = 0;  // of it
  AnswerReader reader_;
  base::Buffer cipher_in_{kPending}, cipher_out_{kPending};
  Done done_;
  loop::Timer deadline_;
  std::unique_ptr<loop::Poller> poller_;
};

}  // namespace postern::link
