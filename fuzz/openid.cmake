# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(discovery LINKS postern_openid)
postern_fuzz(jwks LINKS postern_openid)
postern_fuzz(jwt LINKS postern_openid)
