// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what a client sends to a listener, in one piece and in two: the same answer, an alert or a server's first flight.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/crypto.h"
#include "certs/authority.h"
#include "gateway/tls/server_context.h"

using namespace postern;

struct NoKeeper final : tls::RemoteSigner {
  base::Result<std::string> sign(std::string_view, certs::Scheme, std::string_view) override {
    return base::fail(base::Code::Denied, "nobody signs here");
  }
};

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr base::Micros kNow = 1'790'000'000 * base::kWallSecond;
  static const bool ready = base::init_crypto().ok();
  static NoKeeper keeper;
  static const base::ManualClock clock(kNow);
  static const auto validity = certs::valid_for(kNow, 86'400 * base::kWallSecond);
  static const auto leaf =
      *certs::make_server_certificate(*certs::make_authority("A", validity), {"a.example"}, validity);
  static const auto context =
      *tls::ServerContext::make({"support", {{leaf.certificate_pem}}, {}, true, true}, keeper, clock);
  POSTERN_CHECK(ready);
  const auto session = context->start();
  base::Buffer out(64U << 10U);
  for (const std::size_t end : {size / 2, size}) {
    std::string_view in(reinterpret_cast<const char*>(data), end);
    const tls::Progress progress = session->handshake(in, out);
    POSTERN_CHECK(progress != tls::Progress::Done);  // without a signature there is none
    if (progress == tls::Progress::Failed) break;
  }
  return 0;
}
