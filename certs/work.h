// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What one judgement may cost, whatever a peer sends. Counted in steps, so that a test can hold it.
#pragma once

#include <cstddef>

namespace postern::certs {

inline constexpr std::size_t kChainBytesLimit = 64U << 10U;  // DER bytes of all certificates presented
inline constexpr std::size_t kSignatureLimit = 64;           // signature checks
inline constexpr std::size_t kComparisonLimit = 100'000;   // of a name with a constraint or with another name
inline constexpr std::size_t kOcspSizeLimit = 32U << 10U;  // bytes of an OCSP response
inline constexpr std::size_t kCrlSizeLimit = 64U << 20U;   // bytes of a file of CRLs
inline constexpr std::size_t kCrlsLimit = 128;             // CRLs given

struct Work {
  std::size_t signatures = 0;
  std::size_t comparisons = 0;
  bool exhausted = false;

  // Call before the step; false: it must not be done, and the chain is refused.
  bool may_check() { return !(exhausted = exhausted || signatures == kSignatureLimit) && ++signatures != 0; }
  bool may_compare() {
    return !(exhausted = exhausted || comparisons == kComparisonLimit) && ++comparisons != 0;
  }
};

}  // namespace postern::certs
