# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(update LINKS postern_update)
