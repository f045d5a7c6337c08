// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/exchange_protocol.h"

namespace postern::ipc {
namespace {

// Bytes of fields in a message: so that it is written into memory that was asked for once.
std::size_t size_of(const std::vector<WireField>& fields) {
  constexpr std::size_t kLengths = 2 * sizeof(std::uint32_t);
  std::size_t size = sizeof(std::uint16_t);
  for (const WireField& field : fields) size += kLengths + field.name.size() + field.value.size();
  return size;
}

void put_fields(const std::vector<WireField>& fields, base::BinaryWriter& out) {
  out.u16(static_cast<std::uint16_t>(fields.size()));
  for (const WireField& field : fields) {
    out.text(field.name);
    out.text(field.value);
  }
}

bool take_fields(base::BinaryReader& in, std::vector<WireField>& fields) {
  const std::size_t count = in.u16();
  fields.clear();
  if (count > kMostFields) return false;
  fields.reserve(count);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view name = in.text();
    fields.push_back({name, in.text()});
  }
  return in.ok();
}

bool take_body_kind(base::BinaryReader& in, BodyKind& kind) {
  const std::uint8_t byte = in.u8();
  kind = static_cast<BodyKind>(byte);
  return byte <= static_cast<std::uint8_t>(BodyKind::Frames);
}

bool take_flag(base::BinaryReader& in, bool& flag) {
  const std::uint8_t byte = in.u8();
  flag = byte == 1;
  return byte <= 1;
}

}  // namespace

void encode(const ConnectionOpened& m, base::BinaryWriter& out) {
  out.clear();
  out.text(m.client);
  out.text(m.tls);
  out.u8(m.resumed ? 1 : 0);
  out.u8(static_cast<std::uint8_t>(m.certificates.size()));
  for (const std::string_view certificate : m.certificates) out.text(certificate);
  out.text(m.relay);
}
bool decode(std::string_view payload, ConnectionOpened& m) {
  base::BinaryReader in(payload);
  m.client = in.text();
  m.tls = in.text();
  if (!take_flag(in, m.resumed)) return false;
  const std::size_t count = in.u8();
  m.certificates.clear();
  if (count > kMostCertificates) return false;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    m.certificates.push_back(in.text());
    bytes += m.certificates.back().size();
  }
  if (bytes > kCertificateBytes) return false;
  m.relay = in.text();
  return in.done();
}

void encode(const RequestHead& m, base::BinaryWriter& out) {
  constexpr std::size_t kRest = 32;  // bytes of everything that is not a text
  out.clear();
  out.reserve(kRest + m.method.size() + m.target.size() + size_of(m.fields));
  out.u64(m.connection);
  out.u8(m.minor);
  out.u8(m.expects_continue ? 1 : 0);
  out.u8(static_cast<std::uint8_t>(m.body));
  out.u64(m.length);
  out.text(m.method);
  out.text(m.target);
  put_fields(m.fields, out);
}
bool decode(std::string_view payload, RequestHead& m) {
  base::BinaryReader in(payload);
  m.connection = in.u64();
  m.minor = in.u8();
  if (!take_flag(in, m.expects_continue) || !take_body_kind(in, m.body)) return false;
  m.length = in.u64();
  m.method = in.text();
  m.target = in.text();
  return take_fields(in, m.fields) && in.done();
}

void encode(const RequestRefused& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.connection);
  out.u8(static_cast<std::uint8_t>(m.refusal));
  out.text(m.why);
  out.text(m.excerpt);
}
bool decode(std::string_view payload, RequestRefused& m) {
  base::BinaryReader in(payload);
  m.connection = in.u64();
  const std::uint8_t refusal = in.u8();
  m.refusal = static_cast<base::Refusal>(refusal);
  m.why = in.text();
  m.excerpt = in.text();
  // Who may what is said behind the second door.
  return in.done() && m.refusal >= base::Refusal::Malformed &&
         m.refusal <= base::Refusal::WebsocketProtocolError;
}

void encode(const ResponseHead& m, base::BinaryWriter& out) {
  constexpr std::size_t kRest = 16;
  out.clear();
  out.reserve(kRest + size_of(m.fields));
  out.u16(m.status);
  out.u8(static_cast<std::uint8_t>(m.body));
  out.u64(m.length);
  out.u8(m.close ? 1 : 0);
  put_fields(m.fields, out);
}
bool decode(std::string_view payload, ResponseHead& m) {
  base::BinaryReader in(payload);
  m.status = in.u16();
  if (!take_body_kind(in, m.body)) return false;
  m.length = in.u64();
  return take_flag(in, m.close) && take_fields(in, m.fields) && in.done();
}

void encode(const ExchangeDone& m, base::BinaryWriter& out) {
  out.clear();
  out.reserve(4 * sizeof(std::uint64_t) + 1);
  out.u64(m.request_bytes);
  out.u64(m.response_bytes);
  out.u64(m.after_cut);
  out.u64(static_cast<std::uint64_t>(m.ended));
  out.u8(m.complete ? 1 : 0);
}
bool decode(std::string_view payload, ExchangeDone& m) {
  base::BinaryReader in(payload);
  m.request_bytes = in.u64();
  m.response_bytes = in.u64();
  m.after_cut = in.u64();
  m.ended = static_cast<std::int64_t>(in.u64());
  return take_flag(in, m.complete) && in.done();
}

void encode(const ConnectionsRefused& m, base::BinaryWriter& out) {
  out.clear();
  out.u8(m.per_address ? 1 : 0);
  out.u32(m.count);
  out.text(m.client);
}
bool decode(std::string_view payload, ConnectionsRefused& m) {
  base::BinaryReader in(payload);
  const bool flag = take_flag(in, m.per_address);
  m.count = in.u32();
  m.client = in.text();
  return in.done() && flag;
}

void encode_trailers(const std::vector<WireField>& trailers, base::BinaryWriter& out) {
  out.clear();
  put_fields(trailers, out);
}
bool decode_trailers(std::string_view payload, std::vector<WireField>& trailers) {
  base::BinaryReader in(payload);
  return take_fields(in, trailers) && in.done();
}

}  // namespace postern::ipc
