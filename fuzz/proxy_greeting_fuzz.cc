// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what a proxy answers to CONNECT, whole and in pieces: the same comes of them, and what is said next is one
// head whose lines nobody else has broken.
#include <algorithm>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "gateway/link/proxy_greeting.h"

using namespace postern;
using State = link::ProxyGreeting::State;

namespace {

State greet(link::ProxyGreeting& greeting, std::string_view answer, std::size_t piece) {
  greeting.begin();
  greeting.sent(greeting.out().size());
  for (std::size_t at = 0; at < answer.size(); at += piece) greeting.feed(answer.substr(at, piece));
  return greeting.end();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = base::init_crypto().ok();
  POSTERN_CHECK(ready);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const link::ProxyLogin login{"user", std::make_shared<const base::Secret>("password")};
  const auto memory = std::make_shared<link::ProxyMemory>(), other = std::make_shared<link::ProxyMemory>();
  link::ProxyGreeting whole("mc.example:443", login, memory, "postern/1"),
      pieces("mc.example:443", login, other, "postern/1");
  const State state = greet(whole, text, std::max<std::size_t>(size, 1));
  POSTERN_CHECK(state != State::More && state == greet(pieces, text, size == 0 ? 1 : 1 + data[0] % 7));
  POSTERN_CHECK(whole.why() == pieces.why());
  if (state != State::Again || whole.begin() != State::More) return 0;
  const std::string_view said = whole.out();
  POSTERN_CHECK(said.starts_with("CONNECT mc.example:443 HTTP/1.1\r\n") && said.ends_with("\r\n\r\n"));
  POSTERN_CHECK(said.find("\r\n\r\n") == said.size() - 4 && std::count(said.begin(), said.end(), '\n') == 5);
  POSTERN_CHECK(greet(whole, text, 3) == State::Failed || memory->demand->stale);  // it is answered once
  return 0;
}
