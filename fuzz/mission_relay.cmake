# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(relay_hello LINKS postern_relay)
