// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a server shows: its chain and its staple, for `postern cert check URL`. The handshake goes on until the server has
// proved that it has the key, and is then always ended from this side: nothing is judged here, and so nothing can be
// sent over such a connection.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"

namespace postern::tls {

struct Presented {
  std::vector<std::string> chain;  // DER, in the order in which it was sent
  std::string staple;              // an OCSP response in DER; empty: none came
};

class Glimpse {
 public:
  // host: the DNS name or IP literal that the server is asked for. Invalid if it is neither.
  static base::Result<std::unique_ptr<Glimpse>> make(std::string_view host);
  ~Glimpse();
  Glimpse(const Glimpse&) = delete;
  Glimpse& operator=(const Glimpse&) = delete;

  // As Session::handshake, in and out too; call it once with an empty in to begin. Nothing while it goes on and wants more
  // input, or room in out. An error if the server showed nothing.
  base::Result<std::optional<Presented>> step(std::string_view& in, base::Buffer& out);

 private:
  struct State;
  explicit Glimpse(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace postern::tls
