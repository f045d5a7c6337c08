// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/control_protocol.h"

namespace postern::ipc {

void encode(const ChannelOffer& m, base::BinaryWriter& out) {
  out.clear();
  out.u32(m.index);
  out.text(m.peer);
}
void encode(const Numbered& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.id);
  out.text(m.text);
}
void encode(const ConnectRequest& m, base::BinaryWriter& out) {
  out.clear();
  out.u64(m.id);
  out.u32(m.node);
}
void encode(const AcceptedClient& m, base::BinaryWriter& out) {
  out.clear();
  out.text(m.client);
  out.text(m.relay);
}

bool decode(std::string_view payload, ChannelOffer& m) {
  base::BinaryReader in(payload);
  m.index = in.u32();
  m.peer = in.text();
  return in.done();
}
bool decode(std::string_view payload, Numbered& m) {
  base::BinaryReader in(payload);
  m.id = in.u64();
  m.text = in.text();
  return in.done();
}
bool decode(std::string_view payload, ConnectRequest& m) {
  base::BinaryReader in(payload);
  m.id = in.u64();
  m.node = in.u32();
  return in.done();
}
bool decode(std::string_view payload, AcceptedClient& m) {
  base::BinaryReader in(payload);
  m.client = in.text();
  m.relay = in.text();
  return in.done();
}

}  // namespace postern::ipc
