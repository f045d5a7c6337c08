// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's tool for the authority that vouches for its engineers.
#include <sys/stat.h>

#include <cstdio>

#include "base/crypto.h"
#include "mission/commands.h"

int main(int argc, char** argv) {
  using namespace postern;
  ::umask(077);
  const base::Status crypto = base::init_crypto();
  if (!crypto.ok()) {
    std::fprintf(stderr, "postern-authority: %s\n", crypto.error().message.c_str());
    return 1;
  }
  return mission::AuthorityProgram().run(argc, argv);
}
