// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A role that never becomes ready.
#include <unistd.h>

int main() {
  for (;;) ::pause();
}
