# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(policy_text LINKS postern_policy)
postern_fuzz(policy_decide LINKS postern_policy)
postern_fuzz(openapi LINKS postern_policy)
postern_fuzz(template LINKS postern_policy)
postern_fuzz(policy_naive LINKS postern_policy)
