# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(runner_order LINKS postern_runner)
