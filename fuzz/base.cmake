# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(network LINKS postern_base)
postern_fuzz(json LINKS postern_base)
postern_fuzz(yaml LINKS postern_base)
