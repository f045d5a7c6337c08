# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(h1_request LINKS postern_http)
postern_fuzz(h1_response LINKS postern_http)
postern_fuzz(h1_chunked LINKS postern_http)
postern_fuzz(h2_session LINKS postern_http2)
postern_fuzz(target LINKS postern_http)
postern_fuzz(cookie LINKS postern_http)
postern_fuzz(set_cookie LINKS postern_http)
postern_fuzz(authority LINKS postern_http)
postern_fuzz(form LINKS postern_http)
postern_fuzz(inflate LINKS postern_http)
