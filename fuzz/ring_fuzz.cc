// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A ring beside a hostile peer, who writes any position at any time: what is believed is never more than there is memory, and a position
// that cannot be ends it. The bytes are the peer's moves and ours.
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "gateway/ipc/ring.h"

using namespace postern::ipc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::vector<char> memory(kRingSize);
  static std::vector<char> copy(kRingSize);
  RingControl control{};
  RingWriter writer(&control, memory.data());
  RingReader reader(&control, memory.data());
  for (std::size_t i = 0; i + 5 <= size; i += 5) {
    std::uint64_t number = 0;
    for (std::size_t k = 1; k < 5; ++k) number = number << 8U | data[i + k];
    if (data[i] % 8 == 0) control.head = data[i] < 128 ? number : ~number;
    if (data[i] % 8 == 1) control.tail = data[i] < 128 ? number : ~number;
    if (data[i] % 8 == 2) control.reader_sleeps = data[i + 1], control.writer_waits = data[i + 2];
    const std::size_t room = writer.room();
    const std::size_t available = reader.available();
    POSTERN_CHECK(room <= kRingSize && available <= kRingSize);
    POSTERN_CHECK((!writer.broken() || room == 0) && (!reader.broken() || available == 0));
    if (data[i] % 8 == 3) writer.write({copy.data(), std::min<std::size_t>(room, number % kRingSize)});
    if (data[i] % 8 == 4) static_cast<void>(writer.publish());
    if (data[i] % 8 == 5 && available > 0) {
      const std::size_t some = number % available + 1;
      reader.peek(available - some, copy.data(), some);
      reader.consume(some);
    }
    if (data[i] % 8 == 6) static_cast<void>(reader.release());
    if (data[i] % 8 == 7 && reader.sleep()) reader.awake();
  }
  return 0;
}
