// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One mail to a server outside, on a connection that the supervisor opened and that ends with it: moves the bytes of an
// SmtpDialogue, and begins TLS when it asks for it. The certificate is checked as towards the component; before it was, no
// more is said than SmtpDialogue says in the clear. Sizes and time are bounded.
#pragma once

#include <functional>
#include <memory>

#include "base/buffer.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/link/answer_reader.h"
#include "gateway/link/smtp_dialogue.h"
#include "gateway/loop/loop.h"
#include "gateway/tls/session.h"

namespace postern::link {

class MailCall final : public loop::Disposable {
 public:
  static constexpr base::Nanos kTime = 60 * base::kSecond;  // from now to the server's last word
  // As Call::Done; the status is the reply's that decided, 250 when the mail was taken.
  using Done = std::function<void(base::Result<Answer>)>;

  MailCall(loop::Loop& loop, base::UniqueFd socket, std::unique_ptr<tls::Session> session, Mail mail,
           Done done);
  ~MailCall() override;

 private:
  void on_ready(unsigned ready);
  void receive();
  void decrypt();
  void transmit();
  bool encrypt();
  void look();
  void finish(base::Result<Answer> result);
  void fail(std::string why);

  static constexpr std::size_t kPending = 256U << 10U;  // bytes of TLS records that wait, either way
  base::UniqueFd socket_;
  std::unique_ptr<tls::Session> tls_;
  bool protected_;  // TLS has begun
  SmtpDialogue dialogue_;
  base::Buffer cipher_in_{kPending}, cipher_out_{kPending};
  Done done_;
  loop::Timer deadline_;
  std::unique_ptr<loop::Poller> poller_;
};

}  // namespace postern::link
