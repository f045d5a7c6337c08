# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(acme LINKS postern_link)
postern_fuzz(link_answer LINKS postern_link)
postern_fuzz(proxy_greeting LINKS postern_link)
postern_fuzz(smtp LINKS postern_link)
