# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_bench(redact LINKS postern_redact)
