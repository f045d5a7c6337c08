// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The certificates of a file in the order in which TLS sends them (RFC 8446 section 4.4.2): the leaf, then whoever issued
// the one before. Files are often made in another order, and only some clients forgive it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::certs {

struct OrderedChain {
  std::string pem;  // as it was given, unless changed
  bool changed =
      false;  // it was in another order; nothing is left out: what issued nothing here stands at the end
};

// The leaf is the first that issued none of the others. Invalid as pem_to_der.
base::Result<OrderedChain> order_chain(std::string_view pem);

}  // namespace postern::certs
