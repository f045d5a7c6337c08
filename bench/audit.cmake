# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_bench(journal LINKS postern_audit_index)
postern_bench(log LINKS postern_audit_tree)
