// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/request_rules.h"

#include <bitset>
#include <limits>
#include <string>

#include "base/bytes.h"
#include "gateway/http/authority.h"
#include "gateway/http/chars.h"
#include "gateway/http/forwarding.h"
#include "gateway/http/ws_handshake.h"

namespace postern::http {
namespace {

using base::Refusal;

constexpr Verdict ambiguous(std::string_view sentence) {
  return refused(Refusal::AmbiguousFraming, sentence);
}

// What one walk over the fields finds out; the rules below then ask this instead of walking again.
struct Seen {
  std::bitset<256> ids;
  FieldId doubled = FieldId::Other;

  bool has(FieldId id) const { return ids[static_cast<std::size_t>(id)]; }
};

Seen look(const Fields& fields) {
  Seen seen;
  fields.for_each([&](const Field& field) {
    if (field.id == FieldId::Other) return;
    const auto index = static_cast<std::size_t>(field.id);
    if (seen.ids[index] && rule_of(field.id).once && seen.doubled == FieldId::Other) seen.doubled = field.id;
    seen.ids.set(index);
  });
  return seen;
}

Verdict judge_doubled(FieldId doubled) {
  switch (doubled) {
    case FieldId::Other:
      return accepted();
    case FieldId::ContentLength:
      return ambiguous("Content-Length stands twice");
    case FieldId::TransferEncoding:
      return ambiguous("Transfer-Encoding stands twice");
    case FieldId::Host:
      return malformed("Host stands twice");
    default:
      return malformed("a field that may stand once stands twice");
  }
}

Verdict judge_host(const RequestHead& head, const Seen& seen) {
  // Demanded of HTTP/1.0 too: without it nobody can say whom the request was meant for.
  if (!seen.has(FieldId::Host)) return malformed("Host is missing");
  if (!is_authority(*head.fields.find(FieldId::Host))) return malformed("Host is not host[:port]");
  return accepted();
}

// RFC 9112 section 6.3, without its repairs: whatever two readers could measure differently is refused.
Verdict judge_framing(RequestHead& head, const Seen& seen) {
  const bool sized = seen.has(FieldId::ContentLength);
  const bool coded = seen.has(FieldId::TransferEncoding);
  head.body = {};
  if (sized && coded) return ambiguous("both Content-Length and Transfer-Encoding are given");
  if (coded) {
    if (head.version == Version::Http10) return ambiguous("HTTP/1.0 has no Transfer-Encoding");
    if (!base::equals_ignoring_case(*head.fields.find(FieldId::TransferEncoding), "chunked")) {
      return ambiguous("Transfer-Encoding is not chunked alone");
    }
    head.body = {BodyKind::Chunked, 0};
  } else if (sized) {
    const auto size = parse_content_length(*head.fields.find(FieldId::ContentLength));
    if (!size) return ambiguous("Content-Length is not one plain number");
    head.body = {*size == 0 ? BodyKind::None : BodyKind::Sized, *size};
  }
  return accepted();
}

Verdict judge_connection(RequestHead& head, const Seen& seen) {
  head.keep_alive = head.version == Version::Http11;
  if (!seen.has(FieldId::Connection)) return accepted();
  const ConnectionOptions options = connection_options(head.fields);
  if (!options.valid) return malformed("Connection names something that is not a connection's own");
  head.keep_alive = !options.close && (head.version == Version::Http11 || options.keep_alive);
  return accepted();
}

Verdict judge_expect(RequestHead& head, const Seen& seen) {
  head.expect_continue = false;
  if (!seen.has(FieldId::Expect)) return accepted();
  if (!base::equals_ignoring_case(*head.fields.find(FieldId::Expect), "100-continue")) {
    return refused(Refusal::ExpectationNotSupported, "Expect is not 100-continue");
  }
  // RFC 9110 section 10.1.1: a server ignores it in HTTP/1.0, and there is nothing to wait for without a
  // body.
  head.expect_continue = head.version == Version::Http11 && head.body.kind != BodyKind::None;
  return accepted();
}

// A server may ignore Upgrade (RFC 9110 section 7.8), and h2c is ignored and taken out. A WebSocket client,
// though, waits for nothing but 101.
Verdict judge_upgrade(RequestHead& head, const Seen& seen) {
  if (!seen.has(FieldId::Upgrade)) return accepted();
  bool websocket = false;
  bool valid = true;
  head.fields.for_each([&](const Field& field) {
    if (field.id != FieldId::Upgrade) return;
    std::string_view rest = field.value;
    for (std::string_view member; next_member(rest, member);) {
      const std::string_view name = member.substr(0, member.find('/'));
      valid &= is_token(name) && (name.size() == member.size() || is_token(member.substr(name.size() + 1)));
      websocket |= base::equals_ignoring_case(name, "websocket");
    }
  });
  if (!valid) return malformed("Upgrade is not a list of protocols");
  if (!websocket) return accepted();
  if (const Verdict verdict = judge_websocket_request(head); !verdict.ok()) return verdict;
  head.body = {BodyKind::WebSocket, 0};
  head.keep_alive = false;  // nothing comes behind it
  return accepted();
}

bool is_named_by_connection_legally(std::string_view member) {
  if (!is_token(member)) return false;
  const std::string name = base::to_lower(member);
  const FieldId id = identify(name);
  return rule_of(id).hop_by_hop || !has_meaning({name, {}, id});
}

}  // namespace

Verdict judge_request(RequestHead& head) {
  if (!is_target_text(head.target)) return malformed("the target is not made of visible ASCII");
  if (head.fields.has_obs_text()) return malformed("a field value holds bytes outside ASCII");
  const Seen seen = look(head.fields);
  if (const Verdict verdict = judge_doubled(seen.doubled); !verdict.ok()) return verdict;
  // RFC 9110 section 7.6.2: it counts the intermediaries down that may still pass OPTIONS on. We are not counted: nobody
  // behind us is asked that.
  if (head.method == Method::Options && seen.has(FieldId::MaxForwards))
    return refused(Refusal::MethodNotSupported, "OPTIONS with Max-Forwards is not forwarded");
  if (const Verdict verdict = judge_host(head, seen); !verdict.ok()) return verdict;
  if (const Verdict verdict = judge_framing(head, seen); !verdict.ok()) return verdict;
  if (const Verdict verdict = judge_connection(head, seen); !verdict.ok()) return verdict;
  if (const Verdict verdict = judge_expect(head, seen); !verdict.ok()) return verdict;
  return judge_upgrade(head, seen);
}

bool is_target_text(std::string_view target) {
  return !target.empty() && classify_value(target) == ValueText::Ascii &&
         target.find(' ') == std::string_view::npos && target.find('\t') == std::string_view::npos;
}

std::optional<std::uint64_t> parse_content_length(std::string_view text) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

bool carries_content(Method method) {
  return method == Method::Post || method == Method::Put || method == Method::Patch;
}

ConnectionOptions connection_options(const Fields& fields) {
  ConnectionOptions options;
  fields.for_each([&](const Field& field) {
    if (field.id != FieldId::Connection) return;
    std::string_view rest = field.value;
    for (std::string_view member; next_member(rest, member);) {
      if (base::equals_ignoring_case(member, "close")) {
        options.close = true;
      } else if (base::equals_ignoring_case(member, "keep-alive")) {
        options.keep_alive = true;
      } else if (!is_named_by_connection_legally(member)) {
        options.valid = false;
      } else {
        options.upgrade = options.upgrade || base::equals_ignoring_case(member, "upgrade");
      }
    }
  });
  return options;
}

}  // namespace postern::http
