// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/ledger_protocol.h"

#include <algorithm>

namespace postern::ipc {
namespace {

// A boolean on the wire is 0 or 1; anything else is a breach.
bool read_bool(base::BinaryReader& in, bool& value) {
  const std::uint8_t byte = in.u8();
  value = byte == 1;
  return byte <= 1;
}

// It is written into a field of requests.
bool is_of_cookie(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return c == ';' || c == 0x7F || (static_cast<unsigned char>(c) < 0x20 && c != '\t');
  });
}

}  // namespace

void encode(const Append& m, base::BinaryWriter& out) {
  out.clear();
  out.u8(m.wants_durable ? 1 : 0);
  out.u8(static_cast<std::uint8_t>(m.kind));
  out.text(m.session);
  out.u64(m.request_bytes);
  out.u64(m.response_bytes);
  out.u64(m.redacted);
  out.text(m.line);
}
bool decode(std::string_view payload, Append& m) {
  base::BinaryReader in(payload);
  const bool flag = read_bool(in, m.wants_durable);
  const std::uint8_t kind = in.u8();
  m.kind = static_cast<AppendKind>(kind);
  m.session = in.text();
  m.request_bytes = in.u64();
  m.response_bytes = in.u64();
  m.redacted = in.u64();
  m.line = in.text();
  return in.done() && flag && kind <= static_cast<std::uint8_t>(AppendKind::Refused) &&
         m.line.size() <= kLargestEvent;
}

void encode(const Command& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.id);
  out.text(m.json);
}
bool decode(std::string_view payload, Command& m) {
  base::BinaryReader in(payload);
  m.id = in.u64();
  m.json = in.text();
  return in.done();
}

void encode(const Applied& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.version);
  out.u32(m.cut);
  out.u64(m.slowest_ns);
}
bool decode(std::string_view payload, Applied& m) {
  base::BinaryReader in(payload);
  m.version = in.u64();
  m.cut = in.u32();
  m.slowest_ns = in.u64();
  return in.done();
}

void encode(const Receiving& m, base::BinaryWriter& out) {
  out.clear();
  out.text(m.session);
  out.u64(m.bytes);
}
bool decode(std::string_view payload, Receiving& m) {
  base::BinaryReader in(payload);
  m.session = in.text();
  m.bytes = in.u64();
  return in.done();
}

void encode(const Measured& m, base::BinaryWriter& out) {
  out.clear();
  out.text(m.json);
}
bool decode(std::string_view payload, Measured& m) {
  base::BinaryReader in(payload);
  m.json = in.text();
  return in.done() && m.json.size() <= kMeasuredFrame;
}

void encode(const NodeTask& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.id);
  out.text(m.json);
}
bool decode(std::string_view payload, NodeTask& m) {
  base::BinaryReader in(payload);
  m.id = in.u64();
  m.json = in.text();
  return in.done() && m.json.size() <= kNodeTaskFrame;
}

void encode(const NodeTaskDone& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.id);
  out.text(m.json);
}
bool decode(std::string_view payload, NodeTaskDone& m) {
  base::BinaryReader in(payload);
  m.id = in.u64();
  m.json = in.text();
  return in.done() && m.json.size() <= kNodeTaskFrame;
}

void encode(const Change& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.version);
  out.u64(m.stop);
  out.u64(static_cast<std::uint64_t>(m.commanded));
  out.u8(m.wants_applied ? 1 : 0);
  out.text(m.line);
}
bool decode(std::string_view payload, Change& m) {
  base::BinaryReader in(payload);
  m.version = in.u64();
  m.stop = in.u64();
  m.commanded = static_cast<std::int64_t>(in.u64());
  const bool flag = read_bool(in, m.wants_applied);
  m.line = in.text();
  return in.done() && flag;
}

void encode(const StateSnapshot& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.version);
  out.u64(m.stop);
  out.u8(m.last ? 1 : 0);
  out.text(m.json);
}
bool decode(std::string_view payload, StateSnapshot& m) {
  base::BinaryReader in(payload);
  m.version = in.u64();
  m.stop = in.u64();
  const bool flag = read_bool(in, m.last);
  m.json = in.text();
  return in.done() && flag;
}

void encode(const PolicyPiece& m, base::BinaryWriter& out) {
  out.clear();
  out.u8(m.last ? 1 : 0);
  out.text(m.text);
}
bool decode(std::string_view payload, PolicyPiece& m) {
  base::BinaryReader in(payload);
  const bool flag = read_bool(in, m.last);
  m.text = in.text();
  return in.done() && flag;
}

void encode(const AccountsPiece& m, base::BinaryWriter& out) {
  out.clear();
  out.u8(m.last ? 1 : 0);
  out.text(m.text);
}
bool decode(std::string_view payload, AccountsPiece& m) {
  base::BinaryReader in(payload);
  const bool flag = read_bool(in, m.last);
  m.text = in.text();
  return in.done() && flag;
}

void encode(const LogStatus& m, base::BinaryWriter& out) {
  out.clear();
  out.u8(m.writable ? 1 : 0);
  out.text(m.reason);
}
bool decode(std::string_view payload, LogStatus& m) {
  base::BinaryReader in(payload);
  const bool flag = read_bool(in, m.writable);
  m.reason = in.text();
  return in.done() && flag;
}

void encode(const Acked& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.count);
}
bool decode(std::string_view payload, Acked& m) {
  base::BinaryReader in(payload);
  m.count = in.u64();
  return in.done();
}

void encode(const Reply& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.id);
  out.u8(m.ok ? 1 : 0);
  out.text(m.json);
  out.text(m.event);
}
bool decode(std::string_view payload, Reply& m) {
  base::BinaryReader in(payload);
  m.id = in.u64();
  const bool flag = read_bool(in, m.ok);
  m.json = in.text();
  m.event = in.text();
  return in.done() && flag;
}

void encode(const Size& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.written);
  out.u64(m.durable);
  out.u64(m.indexed);
}
bool decode(std::string_view payload, Size& m) {
  base::BinaryReader in(payload);
  m.written = in.u64();
  m.durable = in.u64();
  m.indexed = in.u64();
  return in.done();
}

void encode(const Cookie& m, base::BinaryWriter& out) {
  out.clear();
  for (const std::string_view text : {m.session, m.service, m.account, m.name, m.value, m.path})
    out.text(text);
  out.u64(m.version);
  out.u64(static_cast<std::uint64_t>(m.expires));
  out.u8(m.secure ? 1 : 0);
  out.u8(m.deleted ? 1 : 0);
}
bool decode(std::string_view payload, Cookie& m) {
  base::BinaryReader in(payload);
  for (std::string_view* text : {&m.session, &m.service, &m.account, &m.name, &m.value, &m.path})
    *text = in.text();
  m.version = in.u64();
  m.expires = static_cast<std::int64_t>(in.u64());
  const bool secure = read_bool(in, m.secure);
  const bool deleted = read_bool(in, m.deleted);
  return in.done() && secure && deleted && payload.size() <= kCookieFrame && is_of_cookie(m.name) &&
         is_of_cookie(m.value) && is_of_cookie(m.path);
}

void encode(const Published& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.size);
  out.u64(static_cast<std::uint64_t>(m.at));
  out.text(m.verifier_key);
  out.text(m.problem);
}
bool decode(std::string_view payload, Published& m) {
  base::BinaryReader in(payload);
  m.size = in.u64();
  m.at = static_cast<std::int64_t>(in.u64());
  m.verifier_key = in.text();
  m.problem = in.text();
  return in.done();
}

void encode(const IntakeTokens& m, base::BinaryWriter& out) {
  out.clear();
  out.text(m.json);
}
bool decode(std::string_view payload, IntakeTokens& m) {
  base::BinaryReader in(payload);
  m.json = in.text();
  return in.done();
}

void encode(const Witnessing& m, base::BinaryWriter& out) {
  out.clear();
  out.text(m.json);
}
bool decode(std::string_view payload, Witnessing& m) {
  base::BinaryReader in(payload);
  m.json = in.text();
  return in.done();
}

void encode(const Errand& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.id);
  out.text(m.place);
  out.text(m.body);
  out.text(m.webhook_id);
  out.text(m.webhook_timestamp);
  out.text(m.webhook_signature);
}
bool decode(std::string_view payload, Errand& m) {
  base::BinaryReader in(payload);
  m.id = in.u64();
  m.place = in.text();
  m.body = in.text();
  m.webhook_id = in.text();
  m.webhook_timestamp = in.text();
  m.webhook_signature = in.text();
  return in.done() && m.body.size() <= kErrandBody;
}

void encode(const Delivered& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.id);
  out.u16(m.status);
  out.text(m.body);
}
bool decode(std::string_view payload, Delivered& m) {
  base::BinaryReader in(payload);
  m.id = in.u64();
  m.status = in.u16();
  m.body = in.text();
  const bool answer = m.status >= 200 && m.status <= 599;
  return in.done() && (answer || m.status == 0) && m.body.size() <= kDeliveredBody;
}

}  // namespace postern::ipc
