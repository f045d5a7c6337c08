// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/signed_grant.h"

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "base/ulid.h"

namespace postern::certs {
namespace {

using base::Code;
using base::fail;

constexpr std::string_view kFirstLine = "postern-grant/v1";

base::Error not_a_grant(const std::string& why) {
  return fail(Code::Invalid, "this is not a signed grant: " + why);
}

bool is_grant_line(std::string_view text, std::size_t limit) {
  // It is signed by what people read: nothing in it that is not seen, or ends a line for some.
  return !text.empty() && text.size() <= limit && base::is_utf8(text) &&
         base::printable(text, text.size() + 1) == text;
}

std::string worded(std::string_view word, std::string_view value) {
  return std::string(word) + " " + std::string(value) + "\n";
}

// The value of the next line if it has that word; text loses the line then.
std::optional<std::string> take_word(std::string_view& text, std::string_view word) {
  std::string_view rest = text;
  const auto found = take_line(rest);
  if (!found || !found->starts_with(word) || found->size() <= word.size() || (*found)[word.size()] != ' ')
    return std::nullopt;
  text = rest;
  return std::string(found->substr(word.size() + 1));
}

base::Result<base::Micros> take_time(std::string_view& text, std::string_view word) {
  const auto value = take_word(text, word);
  if (!value) return not_a_grant("it does not say " + std::string(word) + " when");
  const auto time = base::parse_time(*value);
  if (!time.ok()) return not_a_grant(std::string(word) + ": " + time.error().message);
  return *time;
}

// 0: no such line. What is no number comes out as one that cannot be.
std::int64_t take_most(std::string_view& text, std::string_view word) {
  const auto value = take_word(text, word);
  if (!value) return 0;
  const auto number = parse_decimal(*value);
  return number && *number > 0 && *number <= kGrantMost ? static_cast<std::int64_t>(*number) : -1;
}

std::string write_grant(const SignedGrant& grant) {
  std::string out = std::string(kFirstLine) + "\n" + worded("for", grant.installation) +
                    worded("id", grant.id) + worded("engineer", grant.engineer);
  if (!grant.role.empty()) out += worded("role", grant.role);
  for (const std::string& each : grant.capabilities) out += worded("capability", each);
  out += worded("from", base::format_time(grant.from)) + worded("until", base::format_time(grant.until));
  if (grant.exchanges != 0) out += worded("exchanges", std::to_string(grant.exchanges));
  if (grant.response_bytes != 0) out += worded("response-bytes", std::to_string(grant.response_bytes));
  if (!grant.ticket.empty()) out += worded("ticket", grant.ticket);
  if (!grant.reason.empty()) out += worded("reason", grant.reason);
  return out;
}

base::Status check_grant(const SignedGrant& grant) {
  const auto& list = grant.capabilities;
  if (!is_key_name(grant.installation)) return not_a_grant("it names no installation");
  if (!base::is_ulid(grant.id)) return not_a_grant("its id is no ULID");
  if (!is_grant_line(grant.engineer, kKeyNameLimit)) return not_a_grant("it names no engineer");
  if (grant.role.empty() == list.empty()) return not_a_grant("it must give either a role or capabilities");
  if (!grant.role.empty() && !is_grant_line(grant.role, kKeyNameLimit))
    return not_a_grant("its role cannot be");
  if (list.size() > kGrantCapabilities || !std::is_sorted(list.begin(), list.end()) ||
      std::adjacent_find(list.begin(), list.end()) != list.end() ||
      !std::all_of(list.begin(), list.end(),
                   [](const std::string& each) { return is_grant_line(each, kKeyNameLimit); }))
    return not_a_grant("its capabilities must rise, each once, 200 at most");
  if (grant.until <= grant.from) return not_a_grant("it ends before it begins");
  for (const std::int64_t most : {grant.exchanges, grant.response_bytes}) {
    if (most < 0 || most > kGrantMost) return not_a_grant("what may be used up is a number up to 10^15");
  }
  for (const std::string* text : {&grant.ticket, &grant.reason}) {
    if (!text->empty() && !is_grant_line(*text, kGrantTextLimit))
      return not_a_grant("ticket and reason are one line each, of 2000 bytes at most");
  }
  return base::Ok{};
}

base::Result<SignedGrant> parse_grant(std::string_view text) {
  std::string_view rest = text;
  const auto first = take_line(rest);
  if (!first || *first != kFirstLine) return not_a_grant("it does not begin as one");
  SignedGrant grant;
  grant.installation = take_word(rest, "for").value_or("");
  grant.id = take_word(rest, "id").value_or("");
  grant.engineer = take_word(rest, "engineer").value_or("");
  grant.role = take_word(rest, "role").value_or("");
  while (grant.capabilities.size() <= kGrantCapabilities) {
    auto capability = take_word(rest, "capability");
    if (!capability) break;
    grant.capabilities.push_back(*std::move(capability));
  }
  const auto from = take_time(rest, "from");
  if (!from.ok()) return from.error();
  const auto until = take_time(rest, "until");
  if (!until.ok()) return until.error();
  grant.from = *from;
  grant.until = *until;
  grant.exchanges = take_most(rest, "exchanges");
  grant.response_bytes = take_most(rest, "response-bytes");
  grant.ticket = take_word(rest, "ticket").value_or("");
  grant.reason = take_word(rest, "reason").value_or("");
  if (const base::Status sound = check_grant(grant); !sound.ok()) return sound.error();
  if (write_grant(grant) != text) return not_a_grant("it has another form than the one that grants have");
  return grant;
}

}  // namespace

base::Result<std::string> format_grant(const SignedGrant& grant) {
  if (const base::Status sound = check_grant(grant); !sound.ok()) return sound.error();
  return write_grant(grant);
}

base::Result<OpenedGrant> open_grant(std::string_view document, const std::vector<VerifierKey>& keys) {
  if (document.size() > kSignedGrantLimit) return fail(Code::Limit, "a signed grant has 32 KiB at most");
  const auto note = parse_note(document);
  if (!note.ok()) return not_a_grant(note.error().message);
  auto grant = parse_grant(note->text);
  if (!grant.ok()) return grant.error();
  OpenedGrant out{*std::move(grant), {}};
  for (const VerifierKey& key : keys) {
    const Signed by = check_signature(*note, key);
    if (by == Signed::No)
      return fail(Code::Invalid, "the signature by " + key.name + " does not fit: the document was changed");
    if (by == Signed::Yes && std::find(out.signers.begin(), out.signers.end(), key.name) == out.signers.end())
      out.signers.push_back(key.name);
  }
  if (out.signers.empty()) return fail(Code::Invalid, "no key of grants.signers has signed this grant");
  return out;
}

}  // namespace postern::certs
