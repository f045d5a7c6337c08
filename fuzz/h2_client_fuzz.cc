// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A component's frames: never a crash, the same answer whole and in two, and each request ends once.
#include "base/check.h"
#include "gateway/http/h2_client.h"

using namespace postern::http;
struct Component final : Http2Client::Listener {
  Component() {
    client.begin({Method::Get, "https", "h", "/", {}}, {}, {});
    client.begin({Method::Head, "https", "h", "/", {}}, {}, {});
    client.begin({Method::Put, "https", "h", "/", {BodyKind::Chunked, 0}}, {}, {});
    client.take({"\0\0\0\4\0\0\0\0\0", 9}, 0), client.body(3, "a body"), client.produce(out, 1U << 20U);
  }
  void on_settled() override {}
  void on_head(std::uint32_t, const ResponseHead& head) override { log += std::to_string(head.status); }
  void on_body(std::uint32_t r, std::string_view piece) override { log += piece, client.consumed(r, 1); }
  void on_end(std::uint32_t request, const Fields&) override { finish(request, "end"); }
  void on_lost(std::uint32_t request, Verdict why, bool) override { finish(request, why.sentence); }
  void on_drained(std::uint32_t request) override { client.end(request, {}); }
  void finish(std::uint32_t request, std::string_view how) {
    POSTERN_CHECK(!std::exchange(over[request], true));
    log += how;
  }
  bool over[4] = {};
  std::string log, out;
  Http2Client client{{.head = {512, 256, 16}, .streams = 4, .budget = 50}, *this};
};

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Component whole, cut;
  whole.client.take(bytes, 0);
  cut.client.take(bytes.substr(0, size / 2), 0), cut.client.take(bytes.substr(size / 2), 0);
  for (Component* one : {&whole, &cut}) one->client.produce(one->out, 1U << 20U);
  POSTERN_CHECK(whole.log == cut.log && whole.out == cut.out);
  return 0;
}
