// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The certificates that clients have shown, as their terminator says, for as long as their connections last.
//
// A client's connections show the same ones: they are kept once. A terminator in strange hands can claim others for each of
// its connections, and a client can add what it likes to a chain that is good; so all of them together are bounded. Beyond,
// a connection counts as one without a certificate: it opens nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postern::ipc {

class ShownChains {
 public:
  using Chain = std::shared_ptr<const std::vector<std::string>>;  // DER, leaf first; never null
  static constexpr std::size_t kMostBytes = 64U << 20U;

  ShownChains();
  Chain keep(const std::vector<std::string_view>& certificates);
  std::size_t bytes() const;  // that are kept now
  static const Chain& none();

 private:
  struct Kept;
  std::shared_ptr<Kept> kept_;  // chains may outlive this
};

}  // namespace postern::ipc
