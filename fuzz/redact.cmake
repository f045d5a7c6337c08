# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(redact LINKS postern_redact)
postern_fuzz(redact_path LINKS postern_redact)
postern_fuzz(redact_naive LINKS postern_redact)
