// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/smtp_dialogue.h"

#include "base/bytes.h"

namespace postern::link {
namespace {

// What we call ourselves: an address literal tells nothing of the installation (RFC 5321 section 4.1.4).
constexpr std::string_view kEhlo = "EHLO [127.0.0.1]";
constexpr std::size_t kQuotedReply = 200;  // bytes of the server's words in ours

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

}  // namespace

std::string stuff_dots(std::string_view message) {
  std::string out;
  out.reserve(message.size() + 64);
  bool begins = true;
  for (const char c : message) {
    if (begins && c == '.') out += '.';
    out += c;
    begins = c == '\n';
  }
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out += ".\r\n";
}

SmtpDialogue::SmtpDialogue(Mail mail) : mail_(std::move(mail)), protected_(!mail_.starttls) {}
SmtpDialogue::~SmtpDialogue() { base::wipe(out_); }

void SmtpDialogue::sent(std::size_t size) {
  sent_ += size;
  if (sent_ < out_.size()) return;
  base::wipe(out_);  // the password may have been in it
  sent_ = 0;
}

SmtpDialogue::State SmtpDialogue::feed(std::string_view bytes) {
  while (!bytes.empty() && state_ == State::More) {
    const std::size_t end = bytes.find('\n');
    in_.append(bytes.substr(0, end == std::string_view::npos ? end : end + 1));
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (in_.size() > kLineLimit) {
      fail("it sends a line that is too long for a reply");
      break;
    }
    if (!in_.ends_with('\n')) break;
    const std::string line = std::exchange(in_, {});
    if (!take_line(line)) {
      fail("it does not speak SMTP");
      break;
    }
    if (reply_done_) take_reply();
  }
  // Behind the word for STARTTLS nothing may come in the clear (RFC 3207 section 6; CVE-2011-0411).
  if (state_ == State::WantTls && !bytes.empty()) fail("it sent more before TLS had begun");
  return state_;
}

bool SmtpDialogue::take_line(std::string_view line) {
  if (!line.ends_with("\r\n")) return false;
  line.remove_suffix(2);
  reply_bytes_ += line.size();
  if (reply_bytes_ > kReplyLimit || line.find('\r') != std::string_view::npos) return false;
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2]))
    return false;
  if (line.size() > 3 && line[3] != ' ' && line[3] != '-') return false;
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (reply_.empty()) reply_code_ = code;
  if (code != reply_code_) return false;
  reply_.emplace_back(line.size() > 4 ? line.substr(4) : std::string_view());
  reply_done_ = line.size() == 3 || line[3] == ' ';
  return true;
}

void SmtpDialogue::take_reply() {
  const std::vector<std::string> lines = std::exchange(reply_, {});
  code_ = reply_code_;
  reply_bytes_ = 0;
  reply_done_ = false;
  const auto expect = [&](int wanted, int also = 0) {
    if (code_ == wanted || code_ == also) return true;
    fail("it answered " + std::to_string(code_) + " " + base::printable(lines.front(), kQuotedReply));
    return false;
  };
  switch (step_) {
    case Step::Greeting:
      if (expect(220)) go(Step::Ehlo, kEhlo);
      return;
    case Step::Ehlo:
    case Step::EhloAgain:
      if (!expect(250)) return;
      offers_.assign(lines.begin() + 1, lines.end());
      return after_ehlo();
    case Step::StartTls:
      if (expect(220)) state_ = State::WantTls;
      return;
    case Step::Auth:
      if (code_ == 334 && !offers("AUTH", "PLAIN")) return go(Step::AuthUser, base::to_base64(mail_.user));
      if (expect(235)) go(Step::From, "MAIL FROM:<" + mail_.from + ">");
      return;
    case Step::AuthUser:
      if (expect(334)) go(Step::AuthPassword, base::to_base64(mail_.password->view()));
      return;
    case Step::AuthPassword:
      if (expect(235)) go(Step::From, "MAIL FROM:<" + mail_.from + ">");
      return;
    case Step::From:
      if (expect(250)) after_to();
      return;
    case Step::To:
      if (expect(250, 251)) after_to();
      return;
    case Step::Data:
      if (!expect(354)) return;
      out_ += stuff_dots(mail_.message);
      step_ = Step::Body;
      return;
    case Step::Body:
      if (!expect(250)) return;
      say("QUIT");
      state_ = State::Done;
      return;
  }
}

void SmtpDialogue::after_ehlo() {
  if (!protected_) {
    if (!offers("STARTTLS")) return fail("it does not offer STARTTLS, and nothing is sent in the clear");
    return go(Step::StartTls, "STARTTLS");
  }
  if (mail_.user.empty()) return go(Step::From, "MAIL FROM:<" + mail_.from + ">");
  authenticate();
}

void SmtpDialogue::authenticate() {
  if (offers("AUTH", "PLAIN")) {
    std::string secret =
        std::string("\0", 1) + mail_.user + std::string("\0", 1) + std::string(mail_.password->view());
    std::string coded = base::to_base64(secret);
    std::string line = "AUTH PLAIN " + coded;
    go(Step::Auth, line);
    base::wipe(secret);
    base::wipe(coded);
    return base::wipe(line);
  }
  if (offers("AUTH", "LOGIN")) return go(Step::Auth, "AUTH LOGIN");
  fail("it offers neither AUTH PLAIN nor AUTH LOGIN");
}

void SmtpDialogue::after_to() {
  if (receiver_ == mail_.to.size()) return go(Step::Data, "DATA");
  go(Step::To, "RCPT TO:<" + mail_.to[receiver_++] + ">");
}

SmtpDialogue::State SmtpDialogue::tls_started() {
  if (state_ != State::WantTls) return state_;
  protected_ = true;
  offers_.clear();  // what was said in the clear counts for nothing
  in_.clear();
  state_ = State::More;
  go(Step::EhloAgain, kEhlo);
  return state_;
}

bool SmtpDialogue::offers(std::string_view keyword, std::string_view parameter) const {
  for (const std::string& one : offers_) {
    const std::string line = upper(one) + " ";
    if (!line.starts_with(std::string(keyword) + " ")) continue;
    if (parameter.empty() || line.find(" " + std::string(parameter) + " ") != std::string::npos) return true;
  }
  return false;
}

void SmtpDialogue::say(std::string_view line) { out_.append(line).append("\r\n"); }

void SmtpDialogue::go(Step step, std::string_view line) {
  step_ = step;
  say(line);
}

void SmtpDialogue::fail(std::string why) {
  state_ = State::Failed;
  why_ = std::move(why);
}

}  // namespace postern::link
