// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The real ledger, with its walls, on a disk that goes wrong (bad_disk.h). When the power goes it says so and stands still:
// whoever started the gateway ends all of it, as power would, and starts it again.
#include <poll.h>

#include <cstdio>
#include <random>

#include "gateway/roles/ledger.h"
#include "tests/bad_disk/bad_disk.h"

int main() {
  const std::uint64_t seed = std::random_device{}();
  postern::bad_disk::BadDisk disk(postern::audit::system_files(),
                                  {.seed = seed, .cut_one_in = 2500, .ill_one_in = 800}, [seed] {
                                    std::fprintf(stderr, "bad disk: the power is out (seed %llu)\n",
                                                 static_cast<unsigned long long>(seed));
                                    for (;;) ::poll(nullptr, 0, -1);
                                  });
  return postern::roles::keep_ledger(disk);
}
