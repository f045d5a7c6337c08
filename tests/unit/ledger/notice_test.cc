// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/notice.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "audit/event_line.h"
#include "base/bytes.h"
#include "base/json.h"
#include "gateway/ledger/draft.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr base::Micros kNoticeTime = 1'772'366'400'000'000;  // 2026-03-01T12:00:00Z
constexpr const char* kEvil = "full\r\nBcc: x@example.org\r\n\r\n<b>\u202E gr\u00F6\u00DFer \xFF";

Notice notice_with(EventType type, const std::string& detail) {
  const std::string line =
      audit::event_line("01JD7Z3V5T4Q2N8M6K0H1F9C3B", kNoticeTime,
                        head_of({type, "engineer:alice", {}, "S", {}, {}, false}), detail);
  return notice_of(7, *audit::read_event_head(line));
}
Notice hostile() {
  return notice_with(EventType::RequestCreated,
                     Detail().text("engineer", "alice").text("reason", kEvil).text("ticket", kEvil).done());
}

TEST(Notice, HoldsNoControlCharacterAndNoneThatTurnsTheWritingAround) {
  for (const std::string& text : {hostile().sentence, hostile().ticket}) {
    EXPECT_TRUE(base::is_utf8(text));
    EXPECT_TRUE(std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
        << text;
    EXPECT_THAT(text, Not(HasSubstr("\u202E")));
  }
}

TEST(Notice, TellsNoTargetAndNoBodyOfACall) {
  const std::string detail = Detail()
                                 .text("engineer", "alice")
                                 .text("capability", "silences.write")
                                 .text("target", "/x?key=secret")
                                 .text("body", "secret")
                                 .text("method", "POST")
                                 .done();
  for (const EventType type :
       {EventType::HoldCreated, EventType::ExchangeRefused, EventType::ExchangeForwarded}) {
    const Notice notice = notice_with(type, detail);
    for (const std::string& text : {webhook_body(notice), base::dump_json(base::Json(notice.sentence))})
      EXPECT_THAT(text, Not(HasSubstr("secret")));
  }
  EXPECT_THAT(notice_with(EventType::HoldCreated, detail).sentence, HasSubstr("silences.write"));
}

TEST(Notice, IsCutWithinItsBounds) {
  const Notice notice =
      notice_with(EventType::RequestCreated,
                  Detail().text("engineer", "alice").text("reason", std::string(1'900, 'x')).done());
  EXPECT_LE(notice.sentence.size(), kNoticeSentence);
  EXPECT_LT(webhook_body(notice).size(), 4'000U) << "the keeper takes 8 KiB";
}

TEST(WebhookBody, IsJsonWithTheEventsNumber) {
  const auto json = base::parse_json(webhook_body(hostile()));
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["type"], "request.created");
  EXPECT_EQ((*json)["timestamp"], "2026-03-01T12:00:00.000000Z");
  EXPECT_EQ((*json)["data"]["event"], "01JD7Z3V5T4Q2N8M6K0H1F9C3B");
  EXPECT_EQ((*json)["data"]["engineer"], "alice");
}

TEST(MailMessage, HasOnlyTheFieldsThatItIsMeantToHave) {
  const std::string mail =
      mail_message(hostile(), {"postern@example.org", {"a@example.org", "b@example.org"}}, kNoticeTime);
  const std::string head = mail.substr(0, mail.find("\r\n\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nTo: <a@example.org>,\r\n <b@example.org>\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nDate: Sun, 01 Mar 2026 12:00:00 +0000\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nMessage-ID: <01JD7Z3V5T4Q2N8M6K0H1F9C3B@example.org>\r\n"));
  EXPECT_THAT(mail, Not(HasSubstr("Bcc")));
  std::size_t longest = 0;
  for (std::size_t at = 0; at < mail.size();) {
    const std::size_t end = mail.find("\r\n", at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_EQ(mail.substr(at, end - at).find_first_of("\r\n"), std::string::npos);
    longest = std::max(longest, end - at);
    at = end + 2;
  }
  EXPECT_LE(longest, 76U);
}

TEST(EncodedWords, AreShortAndCutNoCharacter) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "gr\u00F6\u00DFer ";
  const std::string words = encoded_words(text);
  std::string back;
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find("\r\n ", at), words.size());
    const std::string word = words.substr(at, end - at);
    EXPECT_LE(word.size(), 67U);
    const auto piece = base::from_base64(word.substr(10, word.size() - 12));
    ASSERT_TRUE(piece && base::is_utf8(*piece)) << word;
    back += *piece;
    at = end + 3;
  }
  EXPECT_EQ(back, text);
  EXPECT_EQ(encoded_words(""), "");
  EXPECT_FALSE(encoded_words(std::string(100, '\x80')).empty()) << "no UTF-8 at all, and it ends";
}

}  // namespace
}  // namespace postern::ledger
