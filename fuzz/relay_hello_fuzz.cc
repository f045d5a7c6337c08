// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What strangers send to Mission Control's relay. A name that is read is a DNS name in lower case; what is whole with all bytes
// was not anything else with fewer, and stays what it is with more of the same.
#include <algorithm>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "mission/relay/client_hello.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), std::min(size, mission::kHelloBytes));
  const mission::Hello whole = mission::read_hello(bytes);
  POSTERN_CHECK(whole.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos);
  POSTERN_CHECK(whole.name.size() <= 253);
  POSTERN_CHECK(whole.name.empty() || whole.state == mission::Hello::State::Whole);
  for (const std::size_t part : {bytes.size() / 2, bytes.size() / 3, bytes.size() / 7 * 6}) {
    const mission::Hello early = mission::read_hello(bytes.substr(0, part));
    if (early.state == mission::Hello::State::More) continue;
    // A verdict stands, but for bytes behind a message in its last record.
    POSTERN_CHECK(early.state == whole.state || early.state == mission::Hello::State::Whole);
  }
  return 0;
}
