# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_bench(http LINKS postern_http)
