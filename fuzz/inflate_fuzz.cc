// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A compressed body as components send it; the first byte says the coding. In one piece with much room, and byte by byte
// with little: the same bytes come out, and it is sound in both or in neither.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "gateway/http/inflate.h"

using namespace postern::http;

namespace {

constexpr std::size_t kMost = 1U << 20U;  // of a body that unfolds: enough to see it

struct Unpacked {
  std::string text;
  bool failed = false, complete = false;
};

Unpacked unpack(Coding coding, std::string_view in, std::size_t piece, std::size_t room) {
  Inflater inflater(coding);
  Unpacked out;
  std::array<char, 4096> buffer{};
  for (; !in.empty() && out.text.size() < kMost; in.remove_prefix(std::min(piece, in.size()))) {
    std::string_view some = in.substr(0, piece);
    for (std::size_t size = 1; size > 0 && out.text.size() < kMost; out.text.append(buffer.data(), size)) {
      const auto step = inflater.step(some, std::span(buffer).first(room));
      out.failed = !step.ok();
      if (out.failed) return out;
      size = *step;
      POSTERN_CHECK(size <= room);
    }
  }
  out.complete = inflater.complete();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Coding coding = data[0] % 2 == 0 ? Coding::Gzip : Coding::Deflate;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Unpacked whole = unpack(coding, body, body.size() + 1, 4096);
  const Unpacked pieces = unpack(coding, body, 1, 7);
  if (whole.text.size() >= kMost || pieces.text.size() >= kMost) return 0;
  POSTERN_CHECK(whole.failed == pieces.failed && whole.complete == pieces.complete);
  POSTERN_CHECK(whole.failed || whole.text == pieces.text);
  return 0;
}
