# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
postern_fuzz(certificate LINKS postern_certs)
postern_fuzz(signing_request LINKS postern_certs)
postern_fuzz(signed_grant LINKS postern_certs)
postern_fuzz(chain LINKS postern_certs)
postern_fuzz(crl LINKS postern_certs)
postern_fuzz(ocsp LINKS postern_certs)
postern_fuzz(keeper LINKS postern_keeper)
postern_fuzz(note LINKS postern_certs)
postern_fuzz(transcript LINKS postern_keeper)
postern_fuzz(handover LINKS postern_certs)
postern_fuzz(glimpse LINKS postern_tls)
postern_fuzz(client_hello LINKS postern_tls)
