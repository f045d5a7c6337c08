# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(line LINKS postern_line)
postern_fuzz(line_asks LINKS postern_line)
postern_fuzz(line_tunnel LINKS postern_line)
