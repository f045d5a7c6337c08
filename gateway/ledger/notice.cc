// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/notice.h"

#include <array>
#include <chrono>
#include <cstdio>

#include "audit/sentence.h"
#include "base/bytes.h"
#include "base/json.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;

constexpr std::size_t kWordBytes =
    39;  // 52 in base64, 12 around them, "Subject: " before them: within 76 (RFC 2047)
constexpr std::size_t kMailLine = 76;  // RFC 2045 section 6.8
constexpr std::size_t kSubject = 160;  // bytes, before they are encoded

// At most so many bytes, and no part of a character.
std::string_view cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

std::string shown(std::string_view text, std::size_t most) {
  return std::string(cut(base::printable(text, most), most));
}

bool tells_of_a_call(EventType type) {
  return audit::text_of(type).name.starts_with("exchange.") || type == EventType::HoldCreated ||
         type == EventType::ProposalReceived || type == EventType::ProposalNotTaken ||
         type == EventType::ProposalStarted;
}

// In the event's own sentence, but for calls: there it would hold a target.
std::string sentence_of(const audit::EventFields& event, const Json& detail) {
  if (event.type == EventType::HoldCreated) {
    return "A call of engineer " + base::json_text_or(detail, "engineer", "unknown") + " (" +
           base::json_text_or(detail, "capability", "") + ") waits for an administrator to let it pass.";
  }
  if (tells_of_a_call(event.type)) return std::string(audit::text_of(event.type).says);
  return audit::describe(event, detail);
}

std::string in_lines(const std::string& coded) {
  std::string out;
  for (std::size_t at = 0; at < coded.size(); at += kMailLine)
    out.append(coded, at, kMailLine).append("\r\n");
  return out;
}

std::string mail_text(const Notice& notice) {
  std::string text = notice.sentence + "\r\n\r\n";
  const std::pair<const char*, const std::string&> facts[] = {
      {"Engineer: ", notice.engineer}, {"Ticket: ", notice.ticket}, {"About: ", notice.subject}};
  for (const auto& [name, value] : facts) {
    if (!value.empty()) text.append(name).append(value).append("\r\n");
  }
  text.append("Time: ").append(base::format_time(notice.time)).append("\r\n");
  text.append("Event: ")
      .append(notice.id)
      .append(" (")
      .append(audit::text_of(notice.type).name)
      .append(")\r\n");
  return text;
}

}  // namespace

Notice notice_of(std::uint64_t index, const audit::EventFields& event) {
  Notice notice{index, std::string(event.id), event.time, event.type, event.severity, {}, {}, {}, {}, {}};
  const auto parsed = base::parse_json(event.detail, audit::kDetailDepthLimit);
  const Json detail = parsed.ok() ? *parsed : Json::object();
  notice.sentence = shown(sentence_of(event, detail), kNoticeSentence);
  notice.subject = shown(audit::unescape(event.subject), kNoticeWord);
  notice.outcome = shown(audit::unescape(event.outcome), kNoticeWord);
  notice.engineer = shown(base::json_text_or(detail, "engineer", ""), kNoticeWord);
  notice.ticket = shown(base::json_text_or(detail, "ticket", ""), kNoticeWord);
  if (audit::text_of(event.type).subject == "target") {
    // A window that was missed was to begin at "start", and the next one begins at "next".
    const char* planned = event.type == EventType::UpdateMissed ? "next" : "start";
    notice.start = shown(base::json_text_or(detail, planned, ""), kNoticeWord);
    notice.why = shown(base::json_text_or(detail, "why", ""), kNoticeWord);
  }
  return notice;
}

std::string webhook_body(const Notice& notice) {
  Json data{
      {"event", notice.id}, {"severity", audit::name_of(notice.severity)}, {"summary", notice.sentence}};
  const std::pair<const char*, const std::string&> facts[] = {
      {"subject", notice.subject}, {"engineer", notice.engineer}, {"ticket", notice.ticket}};
  for (const auto& [name, value] : facts) {
    if (!value.empty()) data[name] = value;
  }
  return base::dump_json(Json{{"type", audit::text_of(notice.type).name},
                              {"timestamp", base::format_time(notice.time)},
                              {"data", std::move(data)}});
}

std::string webhook_payload(std::string_view id, std::string_view timestamp, std::string_view body) {
  std::string out(id);
  return out.append(".").append(timestamp).append(".").append(body);
}

std::string encoded_words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::string_view piece = cut(text, kWordBytes);
    if (piece.empty()) piece = text.substr(0, kWordBytes);  // no UTF-8: cut anywhere, it is base64
    if (!out.empty()) out += "\r\n ";
    out.append("=?utf-8?B?").append(base::to_base64(piece)).append("?=");
    text.remove_prefix(piece.size());
  }
  return out;
}

std::string mail_date(base::Micros time) {
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_seconds seconds{std::chrono::seconds(time / base::kWallSecond)};
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{seconds - day};
  std::array<char, 40> out{};
  std::snprintf(out.data(), out.size(), "%s, %02u %s %04d %02d:%02d:%02d +0000",
                kDays.at(std::chrono::weekday{day}.c_encoding()), static_cast<unsigned>(date.day()),
                kMonths.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return out.data();
}

std::string mail_message(const Notice& notice, const MailHead& head, base::Micros now) {
  const std::string domain = head.from.substr(head.from.find('@') + 1);
  std::string to;
  for (const std::string& one : head.to)
    to.append(to.empty() ? "" : ",\r\n ").append("<").append(one).append(">");
  std::string out = "From: Postern <" + head.from + ">\r\nTo: " + to + "\r\n";
  out += "Date: " + mail_date(now) + "\r\n";
  out += "Message-ID: <" + notice.id + "@" + domain + ">\r\n";
  out += "Subject: " + encoded_words(cut("Postern: " + notice.sentence, kSubject)) + "\r\n";
  out += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
  out += "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  return out + in_lines(base::to_base64(mail_text(notice)));
}

}  // namespace postern::ledger
