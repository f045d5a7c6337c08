// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A lying authority: the bytes are its answers, one after the other (each ends with a zero byte; the first byte of each
// says its status). The dialogue ends, asks nobody but the authority, and shows no token that is not one.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gateway/link/acme_dialogue.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int kStatuses[] = {200, 201, 204, 301, 400, 403, 429, 500};
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  link::AcmeDialogue dialogue("https://a.example", "/dir", "http-01");
  for (int steps = 0;; ++steps) {
    POSTERN_CHECK(steps < 2000);
    const link::AcmeNext next = dialogue.next();
    if (std::holds_alternative<link::AcmeDone>(next) || std::holds_alternative<link::AcmeFailed>(next))
      return 0;
    POSTERN_CHECK(dialogue.token().find('/') == std::string::npos);
    const auto* ask = std::get_if<link::AcmeAsk>(&next);
    if (ask == nullptr) continue;
    POSTERN_CHECK(ask->url == "https://a.example" + ask->target && ask->target.starts_with('/'));
    const std::string_view one = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const int status = one.empty() ? 500 : kStatuses[static_cast<unsigned char>(one[0]) % 8];
    dialogue.answered({status, std::string(one.substr(one.empty() ? 0 : 1)), "n", "https://a.example/l", "1"},
                      1);
  }
}
