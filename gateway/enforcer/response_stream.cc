// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/response_stream.h"

#include <algorithm>

#include "gateway/http/forwarding.h"
#include "gateway/http/ws_frame.h"

namespace postern::enforcer {
bool ResponseStream::give_credit(std::uint32_t bytes) {
  if (bytes > ipc::kInitialCredit - credit_) return false;
  credit_ += bytes;
  if (own_) pump();
  return true;
}

void ResponseStream::make(int status, const http::Fields& fields) {
  ipc::ResponseHead& wire = making_.head;
  wire.status = static_cast<std::uint16_t>(status);
  wire.body = {};
  wire.length = 0;
  wire.close = false;
  wire.fields.clear();
  wire.fields.reserve(fields.size());
  fields.for_each([&](const http::Field& field) { wire.fields.push_back({field.name, field.value}); });
}

// False, and nothing sent, if it does not fit into a frame.
bool ResponseStream::send_made(ipc::ExchangeFrame type) {
  ipc::encode(making_.head, making_.frame);
  const std::string& frame = making_.frame.bytes();
  const bool fits = frame.size() <= ipc::kLargestFrame && making_.head.fields.size() <= ipc::kMostFields;
  if (fits) send_(type, exchange_, frame);
  return fits;
}

void ResponseStream::interim(int status, const http::Fields& fields) {
  make(status, fields);
  send_made(ipc::ExchangeFrame::InformationalHead);
}

bool ResponseStream::head(int status, const http::Fields& fields, ipc::BodyKind kind, std::uint64_t length) {
  begun_ = true;
  make(status, fields);
  making_.head.body = kind;
  making_.head.length = length;
  return send_made(ipc::ExchangeFrame::ResponseHead);
}

void ResponseStream::body(std::string_view bytes) {
  credit_ -= bytes.size();
  handed_ += bytes.size();
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), ipc::kBodyPiece);
    send_(ipc::ExchangeFrame::ResponseBody, exchange_, bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

void ResponseStream::frame(std::string_view wire) {
  credit_ -= wire.size();
  handed_ += wire.size();
  framing_ += http::kWsHeader;
  send_(ipc::ExchangeFrame::ResponseBody, exchange_, wire);
}

void ResponseStream::end(const http::Fields& trailers) {
  ended_ = true;
  std::vector<ipc::WireField> wire;
  trailers.for_each([&](const http::Field& field) {
    if (http::may_be_trailer(field)) wire.push_back({field.name, field.value});
  });
  base::BinaryWriter out;
  ipc::encode_trailers(wire, out);
  send_(ipc::ExchangeFrame::ResponseEnd, exchange_, out.bytes());
}

void ResponseStream::whole_body(std::string bytes) {
  own_ = true;
  own_body_ = std::move(bytes);
  pump();
}

void ResponseStream::pump() {
  const std::size_t size = std::min(own_body_.size() - own_sent_, credit_);
  body(std::string_view(own_body_).substr(own_sent_, size));
  own_sent_ += size;
  if (own_sent_ == own_body_.size() && !ended_) end({});
}

void ResponseStream::cut(ipc::CutReason reason) {
  own_ = false;
  const char code = static_cast<char>(reason);
  send_(ipc::ExchangeFrame::Cut, exchange_, {&code, 1});
}

}  // namespace postern::enforcer
