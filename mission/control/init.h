// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `mission-control init`: a folder with everything that a Mission Control needs: configuration, the installations' authority,
// the certificates of the line and of the page, the first administrator. It never overwrites, and what it made is removed again if it cannot finish.
#pragma once

#include <string>
#include <vector>

namespace postern::mission {

struct InitOptions {
  std::string directory, domain;
  std::string listen = "0.0.0.0:8444", admin_listen = "127.0.0.1:9444";
  std::string user;
  std::vector<std::string> names;  // more hosts under which the line is reached
  std::string certificate, key;    // of the line, where the vendor has one already
  bool json = false;
};

// 0: made. 1: refused or failed, with a sentence on standard error.
int init(const InitOptions& options);

}  // namespace postern::mission
