# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(incoming LINKS postern_enforcer)
postern_fuzz(patch LINKS postern_enforcer)
postern_fuzz(rewrite LINKS postern_enforcer)
