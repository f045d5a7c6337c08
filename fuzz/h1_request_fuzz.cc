// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A request head: never a crash, the same answer whole and in two pieces, and what is accepted can be written
// and read back.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "gateway/http/h1_request.h"
#include "gateway/http/h1_write.h"

using namespace postern::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const HeadLimits limits{.head = 512, .target = 256, .fields = 16};
  RequestParser whole(limits);
  RequestParser cut(limits);
  const HeadStep step = whole.parse(bytes);
  cut.parse(bytes.substr(0, size / 2));
  const HeadStep again = cut.parse(bytes);
  POSTERN_CHECK(step.state == again.state && step.consumed == again.consumed);
  POSTERN_CHECK(step.verdict.sentence == again.verdict.sentence && step.consumed <= size);
  if (step.state != HeadState::Complete) return 0;

  const RequestHead& head = whole.head();
  std::string written;
  write_request_head(written, {head.method, head.target, "host.test"}, head.fields, head.body,
                     head.keep_alive);
  RequestParser back{HeadLimits{}};
  POSTERN_CHECK(back.parse(written).consumed == written.size());
  POSTERN_CHECK(back.head().body == head.body && back.head().target == head.target);
  return 0;
}
