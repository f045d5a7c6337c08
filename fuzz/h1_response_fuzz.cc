// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A response head from the component, as an answer to GET or, if the first byte is odd, to HEAD.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "gateway/http/forwarding.h"
#include "gateway/http/h1_response.h"
#include "gateway/http/h1_write.h"

using namespace postern::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Method method = data[0] % 2 != 0 ? Method::Head : Method::Get;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  ResponseParser whole{HeadLimits{}};
  ResponseParser cut{HeadLimits{}};
  const HeadStep step = whole.parse(bytes, method);
  cut.parse(bytes.substr(0, size / 3), method);
  const HeadStep again = cut.parse(bytes, method);
  POSTERN_CHECK(step.state == again.state && step.verdict.sentence == again.verdict.sentence);
  if (step.state != HeadState::Complete) return 0;

  ResponseHead& head = whole.head();
  strip_response_fields(head.fields);
  std::string written;
  write_response_head(written, {head.status, head.reason, method == Method::Head}, head.fields, head.body,
                      head.keep_alive);
  // What we add, of framing and connection and a space behind each name, may take a head that was as large as it may be beyond that.
  ResponseParser back{HeadLimits{.head = 40 * 1024, .fields = 104}};
  POSTERN_CHECK(back.parse(written, method).consumed == written.size());
  POSTERN_CHECK(back.head().status == head.status);
  return 0;
}
