# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(exchange_channel LINKS postern_ipc)
postern_fuzz(ring LINKS postern_ipc)
