# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(journal LINKS postern_audit)
postern_fuzz(event_line LINKS postern_audit)
