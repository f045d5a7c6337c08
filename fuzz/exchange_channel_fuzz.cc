// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Every message between processes, out of arbitrary bytes. What is accepted has one form only: written again
// it is the same bytes.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gateway/ipc/control_protocol.h"
#include "gateway/ipc/exchange_protocol.h"
#include "gateway/ipc/ledger_protocol.h"

using namespace postern;

namespace {

template <typename... Messages>
void read_and_write_again(std::string_view bytes) {
  const auto one = [bytes](auto message) {
    base::BinaryWriter out;
    if (!ipc::decode(bytes, message)) return;
    ipc::encode(message, out);
    POSTERN_CHECK(out.bytes() == bytes);
  };
  (one(Messages{}), ...);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_and_write_again<ipc::ConnectionOpened, ipc::RequestHead, ipc::RequestRefused, ipc::ResponseHead,
                       ipc::ExchangeDone>(bytes);
  read_and_write_again<ipc::Append, ipc::Command, ipc::Applied, ipc::Change, ipc::StateSnapshot,
                       ipc::PolicyPiece, ipc::LogStatus, ipc::Acked, ipc::Reply, ipc::Size>(bytes);
  read_and_write_again<ipc::ChannelOffer, ipc::Numbered, ipc::ConnectRequest>(bytes);
  std::vector<ipc::WireField> trailers;
  if (!ipc::decode_trailers(bytes, trailers)) return 0;
  base::BinaryWriter out;
  ipc::encode_trailers(trailers, out);
  POSTERN_CHECK(out.bytes() == bytes);
  return 0;
}
