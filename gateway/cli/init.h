// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `postern init`: a folder with everything a gateway needs, closed by default: configuration, an empty
// policy, two roots of trust that never meet (one per listener) and a third for engineers' certificates,
// keys, the first admin. It never overwrites, and what it made is removed again if it cannot finish.
#pragma once

#include <string>
#include <vector>

namespace postern::cli {

struct InitOptions {
  std::string directory;
  std::vector<std::string> components;  // "http://127.0.0.1:9090" or "prometheus=http://127.0.0.1:9090"
  std::string listen = "0.0.0.0:8443";
  std::string admin_listen = "127.0.0.1:9443";
  std::string user;                // empty: "postern" when run as root, otherwise whoever runs it
  std::vector<std::string> names;  // more hosts under which the gateway is reached
};

// 0: made, and the first admin's password printed, once. 1: refused or failed, with a sentence on standard
// error.
int init(const InitOptions& options);

}  // namespace postern::cli
