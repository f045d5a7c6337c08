# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(intake_batch LINKS postern_intake_form)
