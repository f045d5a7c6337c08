// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Whether bytes are DER (X.690 10): one way to write a thing. OpenSSL reads BER as well, in which the same
// certificate can be written in many ways, and two readers can be made to see different ones. Pure.
#pragma once

#include <string_view>

namespace postern::certs {

// One element from the first byte to the last: definite lengths in their shortest form, one-byte tags, whole strings,
// shortest integers, booleans 00 or FF, no stray bits; at most 32 levels deep. What is inside an OCTET STRING or behind
// an implicit tag is not looked at.
bool is_der(std::string_view bytes);

}  // namespace postern::certs
