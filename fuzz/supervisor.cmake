# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(config LINKS postern_supervisor)
postern_fuzz(hand_over LINKS postern_supervisor)
