// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/terminator/exchange.h"

#include <algorithm>

#include "base/bytes.h"

namespace postern::terminator {
namespace {

ipc::BodyKind to_wire(http::BodyKind kind) {
  switch (kind) {
    case http::BodyKind::None:
      return ipc::BodyKind::None;
    case http::BodyKind::Sized:
      return ipc::BodyKind::Sized;
    case http::BodyKind::WebSocket:
      return ipc::BodyKind::Frames;
    case http::BodyKind::Chunked:
    case http::BodyKind::UntilClose:
      break;
  }
  return ipc::BodyKind::Streamed;
}

std::vector<ipc::WireField> wire_fields(const http::Fields& fields) {
  std::vector<ipc::WireField> wire;
  wire.reserve(fields.size());
  fields.for_each([&](const http::Field& f) { wire.push_back({f.name, f.value}); });
  return wire;
}

}  // namespace

HandOver hand_over(Host& host, std::uint64_t connection, Exchange& exchange, const http::RequestHead& head) {
  exchange.method = head.method;
  exchange.request_done = head.body.kind == http::BodyKind::None;
  ipc::RequestHead wire;
  wire.connection = connection;
  wire.minor = head.version == http::Version::Http10 ? 0 : 1;
  wire.expects_continue = head.expect_continue;
  wire.body = to_wire(head.body.kind);
  wire.length = head.body.size;
  wire.method = http::to_text(head.method);
  wire.target = head.target;
  wire.fields = wire_fields(head.fields);
  base::BinaryWriter out;
  ipc::encode(wire, out);
  if (out.bytes().size() > ipc::kLargestFrame) return HandOver::TooLarge;
  return host.send(ipc::ExchangeFrame::RequestHead, exchange.id, out.bytes()) ? HandOver::Sent
                                                                              : HandOver::NobodyThere;
}

bool report_refused(Host& host, std::uint64_t connection, Exchange& exchange, const http::Verdict& verdict,
                    std::string_view first_line) {
  exchange.refused = true;
  ipc::RequestRefused wire;
  wire.connection = connection;
  wire.refusal = verdict.refusal;
  wire.why = verdict.sentence;
  wire.excerpt = first_line.substr(0, ipc::kMostExcerpt);
  base::BinaryWriter out;
  ipc::encode(wire, out);
  return host.send(ipc::ExchangeFrame::RequestRefused, exchange.id, out.bytes());
}

void pass_body(Host& host, Exchange& exchange, std::string_view piece) {
  exchange.request_credit -= piece.size();
  host.send(ipc::ExchangeFrame::RequestBody, exchange.id, piece);
}

void pass_end(Host& host, Exchange& exchange, const http::Fields& trailers) {
  exchange.request_done = true;
  base::BinaryWriter out;
  ipc::encode_trailers(wire_fields(trailers), out);
  host.send(ipc::ExchangeFrame::RequestEnd, exchange.id, out.bytes());
}

void give_credit(Host& host, Exchange& exchange, std::size_t bytes) {
  base::BinaryWriter out;
  out.u32(static_cast<std::uint32_t>(bytes));
  exchange.response_uncredited -= bytes;
  host.send(ipc::ExchangeFrame::ResponseCredit, exchange.id, out.bytes());
}

void report_gone(Host& host, const Exchange& exchange) {
  if (!exchange.orphaned) host.send(ipc::ExchangeFrame::ClientGone, exchange.id, {});
}

void report_done(Host& host, Exchange& exchange, base::Nanos now, std::uint64_t unsent, bool complete) {
  if (exchange.orphaned) return;
  ipc::ExchangeDone done;
  done.request_bytes = exchange.request_bytes;
  done.response_bytes = exchange.response_bytes - std::min(exchange.response_bytes, unsent);
  done.ended = now;
  done.complete = complete;
  base::BinaryWriter out;
  ipc::encode(done, out);
  host.send(ipc::ExchangeFrame::ExchangeDone, exchange.id, out.bytes());
  host.end_exchange(exchange.id);
}

bool has_body(http::Method method, std::uint16_t status) {
  return method != http::Method::Head && status != 204 && status != 304;
}

bool read_fields(const std::vector<ipc::WireField>& wire, http::Fields& fields) {
  return std::all_of(wire.begin(), wire.end(),
                     [&](const ipc::WireField& f) { return fields.add(f.name, f.value); });
}

http::Fields own_answer_fields() {
  http::Fields fields;
  fields.put("content-type", "application/problem+json");
  fields.put("cache-control", "no-store");
  fields.put("retry-after", "1");
  return fields;
}

void orphan(Host& host, Exchange& exchange) {
  host.end_exchange(exchange.id);
  exchange.orphaned = exchange.refused = true;
  exchange.response_started = exchange.response_ended = true;
}

}  // namespace postern::terminator
