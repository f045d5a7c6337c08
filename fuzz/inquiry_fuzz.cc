// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where a certificate says that its authority can be asked, and what came from there, as lists and as an answer. Nothing that
// was not signed by the authority is evidence.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "certs/inquiry.h"
#include "fuzz/issued.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto one = certs::take_apart(text); one.ok()) {
    const certs::Whereabouts where = certs::whereabouts_of(*one);
    POSTERN_CHECK(where.lists.size() <= certs::kListAddressesLimit);
  }
  const auto& [issuer, leaf] = fuzz::issued();
  static const std::string kIssuer = certs::der_to_pem(issuer.der),
                           kPair = certs::der_to_pem(leaf.der) + kIssuer;
  POSTERN_CHECK(!certs::read_lists({kIssuer, kPair}, text, fuzz::kNow).ok());
  POSTERN_CHECK(!certs::read_answer(kPair, text, fuzz::kNow).ok());
  return 0;
}
