// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A PKCS #11 URI as p11-kit reads it; of this folder alone.
#pragma once

#include <p11-kit/uri.h>

#include <memory>

namespace postern::token {

struct UriFree {
  void operator()(P11KitUri* uri) const noexcept { p11_kit_uri_free(uri); }
};
using UriPtr = std::unique_ptr<P11KitUri, UriFree>;

}  // namespace postern::token
