// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/request_stream.h"

#include "gateway/enforcer/rewrite.h"
#include "gateway/http/forwarding.h"

namespace postern::enforcer {
namespace {

// What may wait for the component before the client has to: small, so that what was accepted is soon on its
// way.
constexpr std::size_t kCreditAt = 64U << 10U;

}  // namespace

void RequestStream::expect(const http::Framing& body) {
  body_ = body;
  done_ = body.kind == http::BodyKind::None;
}

bool RequestStream::arrived(std::string_view piece) {
  if (done_ || piece.size() > credit_ || piece.size() > ipc::kBodyPiece) return false;
  if (body_.kind == http::BodyKind::Sized && piece.size() > body_.size - bytes_) return false;
  credit_ -= piece.size();
  bytes_ += piece.size();
  return true;
}

bool RequestStream::end(const std::vector<ipc::WireField>& trailers) {
  if (done_ || (body_.kind == http::BodyKind::Sized && bytes_ != body_.size)) return false;
  for (const ipc::WireField& field : trailers) {
    if (!trailers_.add(field.name, field.value) || !http::may_be_trailer(trailers_[trailers_.size() - 1]))
      return false;
  }
  if (trailers_.has_obs_text()) return false;
  done_ = true;
  return true;
}

void RequestStream::pass(ComponentCarrier*& to, const std::vector<std::string>& strip) {
  if (to == nullptr) return;
  if (!waiting_.empty() && to->unsent() < kCreditAt) {
    to->send_body(waiting_.view());
    waiting_.clear();
  }
  if (to != nullptr && done_ && waiting_.empty() && !ended_) pass_end(to, strip);
  if (to != nullptr) give_credit(to->unsent());
}

void RequestStream::pass_end(ComponentCarrier*& to, const std::vector<std::string>& strip) {
  ended_ = true;
  enforcer::strip(trailers_, strip);
  to->send_end(trailers_);
}

// The client may send again as much as has left our hands.
void RequestStream::give_credit(std::size_t unsent) {
  if (done_ || unsent + waiting_.size() >= kCreditAt) return;
  const std::size_t give = ipc::kInitialCredit - credit_ - waiting_.size();
  if (give < kCreditAt / 2) return;
  credit_ += give;
  base::BinaryWriter out;
  out.u32(static_cast<std::uint32_t>(give));
  send_(ipc::ExchangeFrame::RequestCredit, exchange_, out.bytes());
}

}  // namespace postern::enforcer
