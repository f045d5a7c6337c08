// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The client's side of one mail: SMTP (RFC 5321) with STARTTLS (RFC 3207) or TLS from the first byte (RFC 8314), AUTH PLAIN
// or LOGIN (RFC 4954). Pure: bytes in, bytes out; the owner moves them and makes the TLS.
//
// Nothing but EHLO and STARTTLS is said in the clear: neither who we are, nor for whom, nor what. A server that does not
// offer STARTTLS gets no mail. What it sent in the clear behind its word for STARTTLS is a failure: somebody in between
// could have put it there. Replies are read strictly: three digits, a blank or a dash, text, CR LF, one code in all lines
// of a reply; at most kReplyLimit bytes of one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"

namespace postern::link {

struct Mail {
  std::string from;
  std::vector<std::string> to;
  std::string user;                              // empty: no AUTH
  std::shared_ptr<const base::Secret> password;  // with a user
  bool starttls = false;
  std::string message;  // header, empty line, body; lines end with CR LF, none longer than 998 bytes
};

class SmtpDialogue {
 public:
  enum class State : std::uint8_t {
    More,     // needs bytes; send what out() has
    WantTls,  // send out(), then begin TLS and say so: tls_started()
    Done,     // the server has taken the mail
    Failed,
  };
  static constexpr std::size_t kReplyLimit = 16U << 10U;  // bytes of one reply, all lines
  static constexpr std::size_t kLineLimit = 1'000;        // bytes of one line; RFC 5321 promises 512

  explicit SmtpDialogue(Mail mail);
  ~SmtpDialogue();
  SmtpDialogue(const SmtpDialogue&) = delete;
  SmtpDialogue& operator=(const SmtpDialogue&) = delete;

  State feed(std::string_view bytes);
  State tls_started();
  State state() const { return state_; }
  std::string_view out() const { return std::string_view(out_).substr(sent_); }
  void sent(std::size_t size);

  int code() const { return code_; }               // of the reply that decided; 0: none did
  const std::string& why() const { return why_; }  // after Failed: one sentence about "it"

 private:
  enum class Step : std::uint8_t {
    Greeting,
    Ehlo,
    StartTls,
    EhloAgain,
    Auth,
    AuthUser,
    AuthPassword,
    From,
    To,
    Data,
    Body
  };
  bool take_line(std::string_view line);
  void take_reply();
  void after_ehlo();
  void after_to();
  void authenticate();
  void say(std::string_view line);
  void go(Step step, std::string_view line);
  void fail(std::string why);
  bool offers(std::string_view keyword, std::string_view parameter = {}) const;

  Mail mail_;
  Step step_ = Step::Greeting;
  State state_ = State::More;
  bool protected_ = false;  // TLS has begun
  std::string in_;          // of the line that is not whole yet
  std::size_t reply_bytes_ = 0;
  int reply_code_ = 0;  // of the reply that is not whole yet
  bool reply_done_ = false;
  std::vector<std::string> reply_;  // texts of its lines
  std::vector<std::string> offers_;
  std::size_t receiver_ = 0;
  std::string out_;
  std::size_t sent_ = 0;
  int code_ = 0;
  std::string why_;
};

// The message as DATA carries it: dots at the beginning of a line doubled, and the line that ends it.
std::string stuff_dots(std::string_view message);

}  // namespace postern::link
