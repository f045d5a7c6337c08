// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1_write.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "base/check.h"
#include "gateway/http/chars.h"
#include "gateway/http/request_rules.h"

namespace postern::http {
namespace {

// What a head needs beside its fields, target and host: the first line, framing, an added field or two.
constexpr std::size_t kHeadRest = 256;

std::size_t room_for(const Fields& fields) { return fields.bytes() + fields.size() * 4; }

void write_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void write_fields(std::string& out, const Fields& fields) {
  fields.for_each([&](const Field& field) {
    const bool ours = rule_of(field.id).hop_by_hop || field.id == FieldId::Host ||
                      field.id == FieldId::ContentLength || field.id == FieldId::TransferEncoding;
    if (!ours) write_field(out, field.name, field.value);
  });
}

void write_length(std::string& out, std::uint64_t size) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size).ptr;
  write_field(out, "content-length", {digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void write_upgrade(std::string& out) {
  write_field(out, "connection", "Upgrade");
  write_field(out, "upgrade", "websocket");
}

void write_response_framing(std::string& out, const StatusLine& line, Framing body) {
  if (line.status < 200 || line.status == 204) return;
  if (body.kind == BodyKind::Sized) write_length(out, body.size);
  if (body.kind == BodyKind::Chunked) write_field(out, "transfer-encoding", "chunked");
  if (body.kind == BodyKind::None && line.status != 304 && !line.to_head) write_length(out, 0);
}

}  // namespace

void write_request_head(std::string& out, const RequestLine& line, const Fields& fields, Framing body,
                        bool keep_alive, std::span<const AddedField> added) {
  POSTERN_CHECK(is_target_text(line.target) && is_target_text(line.host));
  POSTERN_CHECK(body.kind != BodyKind::UntilClose);  // a request cannot end that way
  out.reserve(out.size() + kHeadRest + line.target.size() + line.host.size() + room_for(fields));
  out.append(to_text(line.method)).append(" ").append(line.target).append(" HTTP/1.1\r\n");
  write_field(out, "host", line.host);
  write_fields(out, fields);
  for (const AddedField& field : added) {
    POSTERN_CHECK(is_lower_token(field.name) && classify_value(field.value) != ValueText::Invalid);
    write_field(out, field.name, field.value);
  }
  if (body.kind == BodyKind::Sized) write_length(out, body.size);
  if (body.kind == BodyKind::Chunked) write_field(out, "transfer-encoding", "chunked");
  if (body.kind == BodyKind::None && carries_content(line.method)) write_length(out, 0);
  if (body.kind == BodyKind::WebSocket)
    write_upgrade(out);
  else if (!keep_alive)
    write_field(out, "connection", "close");
  out.append("\r\n");
}

void write_response_head(std::string& out, StatusLine line, const Fields& fields, Framing body,
                         bool keep_alive) {
  POSTERN_CHECK(line.status >= 100 && line.status <= 599);
  if (line.reason.empty()) line.reason = reason_of(line.status);
  POSTERN_CHECK(classify_value(line.reason) != ValueText::Invalid);
  out.reserve(out.size() + kHeadRest + room_for(fields));
  out.append("HTTP/1.1 ").append(std::to_string(line.status)).append(" ").append(line.reason).append("\r\n");
  write_fields(out, fields);
  write_response_framing(out, line, body);
  if (body.kind == BodyKind::WebSocket) write_upgrade(out);
  if (line.status >= 200 && (!keep_alive || body.kind == BodyKind::UntilClose))
    write_field(out, "connection", "close");
  out.append("\r\n");
}

}  // namespace postern::http
