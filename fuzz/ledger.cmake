# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(pass LINKS postern_ledger)
postern_fuzz(ledger_command LINKS postern_ledger)
postern_fuzz(snapshot LINKS postern_ledger)
postern_fuzz(account_command LINKS postern_ledger)
