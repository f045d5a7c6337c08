// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/smtp_dialogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"

namespace postern::link {
namespace {

using Stage = SmtpDialogue::State;
using testing::HasSubstr;

[[maybe_unused]] const bool kCryptoReady = base::init_crypto().ok();

Mail mail(bool starttls = false) {
  return {"postern@example.org",
          {"a@example.org", "b@example.org"},
          "postern",
          std::make_shared<const base::Secret>("pa.ss"),
          starttls,
          "Subject: x\r\n\r\n.hidden\r\nbody\r\n"};
}

class Smtp : public ::testing::Test {
 protected:
  explicit Smtp(Mail wish = mail()) : dialogue(std::move(wish)) {}
  // What we say to that.
  std::string hear(std::string_view bytes) {
    dialogue.feed(bytes);
    return said();
  }
  std::string said() {
    std::string out(dialogue.out());
    dialogue.sent(out.size());
    return out;
  }
  SmtpDialogue dialogue;
};

TEST_F(Smtp, DeliversToEverybodyWithAuthPlain) {
  EXPECT_EQ(hear("220 mx ready\r\n"), "EHLO [127.0.0.1]\r\n");
  EXPECT_EQ(hear("250-mx\r\n250-SIZE 1000\r\n250 AUTH LOGIN PLAIN\r\n"),
            "AUTH PLAIN " + base::to_base64(std::string_view("\0postern\0pa.ss", 14)) + "\r\n");
  EXPECT_EQ(hear("235 ok\r\n"), "MAIL FROM:<postern@example.org>\r\n");
  EXPECT_EQ(hear("250 ok\r\n"), "RCPT TO:<a@example.org>\r\n");
  EXPECT_EQ(hear("250 ok\r\n"), "RCPT TO:<b@example.org>\r\n");
  EXPECT_EQ(hear("251 ok\r\n"), "DATA\r\n");
  EXPECT_EQ(hear("354 go\r\n"), "Subject: x\r\n\r\n..hidden\r\nbody\r\n.\r\n");
  EXPECT_EQ(hear("250 queued\r\n"), "QUIT\r\n");
  EXPECT_EQ(dialogue.state(), Stage::Done);
}

TEST_F(Smtp, UsesLoginWhereThereIsNoPlain) {
  hear("220 mx\r\n");
  EXPECT_EQ(hear("250-mx\r\n250 AUTH LOGIN CRAM-MD5\r\n"), "AUTH LOGIN\r\n");
  EXPECT_EQ(hear("334 VXNlcm5hbWU6\r\n"), base::to_base64("postern") + "\r\n");
  EXPECT_EQ(hear("334 UGFzc3dvcmQ6\r\n"), base::to_base64("pa.ss") + "\r\n");
  EXPECT_EQ(hear("235 ok\r\n"), "MAIL FROM:<postern@example.org>\r\n");
}

class SmtpWithStartTls : public Smtp {
 protected:
  SmtpWithStartTls() : Smtp(mail(true)) {}
};

TEST_F(SmtpWithStartTls, SaysNothingOfItsOwnBeforeTls) {
  EXPECT_EQ(hear("220 mx\r\n"), "EHLO [127.0.0.1]\r\n");
  EXPECT_EQ(hear("250-mx\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"), "STARTTLS\r\n");
  EXPECT_EQ(hear("220 go\r\n"), "");
  EXPECT_EQ(dialogue.state(), Stage::WantTls);
  dialogue.tls_started();
  EXPECT_EQ(said(), "EHLO [127.0.0.1]\r\n");
  hear("250 mx\r\n");
  EXPECT_EQ(dialogue.state(), Stage::Failed) << "what was offered in the clear is forgotten";
}

TEST_F(SmtpWithStartTls, SendsNothingInTheClear) {
  hear("220 mx\r\n");
  EXPECT_EQ(hear("250-mx\r\n250 AUTH PLAIN\r\n"), "");
  EXPECT_EQ(dialogue.state(), Stage::Failed);
  EXPECT_THAT(dialogue.why(), HasSubstr("STARTTLS"));
}

TEST_F(SmtpWithStartTls, TakesNothingThatCameInTheClearBehindIt) {
  hear("220 mx\r\n");
  hear("250-mx\r\n250 STARTTLS\r\n");
  hear("220 go\r\n250 mx\r\n");
  EXPECT_EQ(dialogue.state(), Stage::Failed);
}

TEST_F(Smtp, QuotesARefusalWithoutItsControlCharacters) {
  hear("550 go \x1b[2Jaway\r\n");
  EXPECT_EQ(dialogue.state(), Stage::Failed);
  EXPECT_EQ(dialogue.code(), 550);
  EXPECT_THAT(dialogue.why(), HasSubstr("it answered 550 go"));
  EXPECT_EQ(dialogue.why().find('\x1b'), std::string::npos);
}

TEST(SmtpReplies, AreReadStrictly) {
  for (const std::string wrong : {"220 mx\n", "mx\r\n", "22\r\n", "220_mx\r\n", "120 mx\r\n", "620 mx\r\n",
                                  "220 m\rx\r\n", "220-a\r\n250 b\r\n", "HTTP/1.1 200 OK\r\n"}) {
    SmtpDialogue dialogue(mail());
    EXPECT_EQ(dialogue.feed(wrong), Stage::Failed) << wrong;
  }
  SmtpDialogue endless(mail());
  EXPECT_EQ(endless.feed(std::string(SmtpDialogue::kLineLimit + 1, '2')), Stage::Failed);
  SmtpDialogue many(mail());
  std::string lines;
  for (int i = 0; i < 2'000; ++i) lines += "220-hello there\r\n";
  EXPECT_EQ(many.feed(lines), Stage::Failed);
}

TEST(SmtpReplies, MayComeInPieces) {
  SmtpDialogue dialogue(mail());
  for (const char c : std::string("220-one\r\n220\r\n")) dialogue.feed({&c, 1});
  EXPECT_EQ(dialogue.out(), "EHLO [127.0.0.1]\r\n");
}

TEST(StuffDots, DoublesEachDotThatBeginsALineAndEndsTheMessage) {
  EXPECT_EQ(stuff_dots(".\r\n..a\r\nb."), "..\r\n...a\r\nb.\r\n.\r\n");
  EXPECT_EQ(stuff_dots(""), "\r\n.\r\n");
}

}  // namespace
}  // namespace postern::link
