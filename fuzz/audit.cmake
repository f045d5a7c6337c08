# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(journal LINKS postern_audit)
postern_fuzz(event_line LINKS postern_audit)
postern_fuzz(tile_path LINKS postern_audit_tree)
postern_fuzz(entry_bundle LINKS postern_audit_tree)
postern_fuzz(tlog_proof LINKS postern_audit_tree)
postern_fuzz(add_checkpoint LINKS postern_audit_tree)
postern_fuzz(ocsf LINKS postern_audit)
