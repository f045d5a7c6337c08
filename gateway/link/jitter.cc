// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/jitter.h"

#include <cstdint>

#include "base/crypto.h"

namespace postern::link {

double random_part() {
  std::uint32_t number = 0;
  base::fill_random(&number, sizeof number);
  return static_cast<double>(number) / static_cast<double>(UINT32_MAX);
}

base::Micros share(base::Micros of, double part) {
  return static_cast<base::Micros>(static_cast<double>(of) * part);
}

}  // namespace postern::link
