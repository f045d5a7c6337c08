# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(exposition LINKS postern_measure)
postern_fuzz(readings LINKS postern_measure)
