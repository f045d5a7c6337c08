// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Makes lists of revoked certificates (RFC 5280 5): direct, whole, for all reasons, with a number and an end, as
// revocation.h wants them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "certs/issue.h"

namespace postern::certs {

// Of RFC 5280 5.3.1, those that fit an engineer's certificate; the first is said by saying nothing.
std::span<const std::string_view> revocation_reasons();  // "unspecified", "keyCompromise", ...

struct TakenBack {
  std::string serial;  // lower-case hexadecimal, as of CertificateFacts
  base::Micros at = 0;
  std::string reason = "unspecified";
};

struct CrlTemplate {
  std::uint64_t number = 1;
  Validity validity;
  std::vector<TakenBack> revoked;
};

// PEM. Invalid if the authority's key is not its certificate's, or a serial number or reason is none.
base::Result<std::string> make_crl(const CrlTemplate& wanted, const Credentials& authority);

}  // namespace postern::certs
