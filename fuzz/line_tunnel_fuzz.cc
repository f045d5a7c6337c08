// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a hostile Mission Control answers to a wish for the tunnel, in one piece and byte by byte: the same pieces, or the same
// fault; and a head that is taken is written in a form that is taken again.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "line/tunnel.h"

using namespace postern;

namespace {

// What was read, as text; how it ended stands behind it.
std::string read_all(std::string_view whole, std::size_t step) {
  line::TunnelReader reader;
  std::string out;
  while (!whole.empty()) {
    std::string_view in = whole.substr(0, step);
    whole.remove_prefix(in.size());
    while (!in.empty()) {
      const auto piece = reader.next(in);
      if (!piece.ok()) return out + "|fault " + piece.error().message;
      if (piece->what == line::TunnelReader::What::Head) out += line::format(reader.head()) + "|";
      if (piece->what == line::TunnelReader::What::Bytes) out += piece->bytes;
      if (piece->what == line::TunnelReader::What::End) out += "|end";
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  POSTERN_CHECK(read_all(text, text.size() + 1) == read_all(text, 1));
  if (const auto head = line::parse_tunnel_head(text); head.ok()) {
    std::string written = line::format(*head);
    written.pop_back();
    const auto again = line::parse_tunnel_head(written);
    POSTERN_CHECK(again.ok() && line::format(*again) == written + "\n");
  }
  return 0;
}
