// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the answer of a server outside, whole and in pieces: the same comes of them, within the limits.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gateway/link/answer_reader.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kBody = 1024;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  link::AnswerReader whole(http::Method::Post, kBody), pieces(http::Method::Post, kBody);
  whole.feed(text);
  const std::size_t piece = size == 0 ? 1 : 1 + data[0] % 7;
  for (std::size_t at = 0; at < size; at += piece) pieces.feed(text.substr(at, piece));
  whole.end(true);
  pieces.end(true);
  POSTERN_CHECK(whole.state() != link::AnswerReader::State::More && whole.state() == pieces.state());
  if (whole.state() == link::AnswerReader::State::Failed) return 0;
  POSTERN_CHECK(whole.answer() == pieces.answer() && whole.answer().body.size() <= kBody);
  POSTERN_CHECK(whole.answer().status >= 200 && whole.answer().status <= 599);
  return 0;
}
