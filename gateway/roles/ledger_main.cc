// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/roles/ledger.h"

int main() { return postern::roles::keep_ledger(postern::audit::system_files()); }
