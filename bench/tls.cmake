# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_bench(handshake LINKS postern_tls postern_keeper)
