// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A chunked body: the same content whole and in pieces whose size the first byte says. A client's is refused where the
// component's may pass, and where it passes both say the same.
#include <algorithm>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "gateway/http/h1_body.h"

using namespace postern::http;

static std::string decode(std::string_view bytes, std::size_t piece, BodySide side) {
  BodyDecoder decoder({BodyKind::Chunked, 0}, side);
  std::string content;
  std::size_t used = 0;
  BodyState state = BodyState::More;
  for (std::size_t arrived = std::min(piece, bytes.size()); state == BodyState::More;) {
    const BodyStep step = decoder.feed(bytes.substr(used, arrived - used));
    POSTERN_CHECK(step.consumed <= arrived - used);
    used += step.consumed;
    content += step.piece;
    state = step.state;
    if (step.consumed != 0 || state != BodyState::More) continue;
    if (arrived == bytes.size()) return content + " more";
    arrived = std::min(arrived + piece, bytes.size());
  }
  return content + (state == BodyState::Done ? " done" : " refused");
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] % 16 + 1U;
  const std::string request = decode(bytes, size, BodySide::Request),
                    answer = decode(bytes, size, BodySide::Response);
  POSTERN_CHECK(request == decode(bytes, piece, BodySide::Request));
  POSTERN_CHECK(answer == decode(bytes, piece, BodySide::Response));
  POSTERN_CHECK(request == answer || request.ends_with(" refused"));
  return 0;
}
