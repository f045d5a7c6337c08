# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(accounts LINKS postern_accounts)
postern_fuzz(webauthn LINKS postern_accounts)
