// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `postern serve` without the command line around it, so that it finds the roles of its own stage.
#include "gateway/supervisor/supervisor.h"

int main(int argc, char** argv) { return argc == 2 ? postern::supervisor::supervise(argv[1]) : 2; }
