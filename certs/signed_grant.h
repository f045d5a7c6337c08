// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A grant as a signed document: who may come, with what, from when until when, at which installation. Whoever holds one of
// the customer's grant keys makes it, wherever that key is; a gateway that knows the key starts the grant once, whoever
// brings the document. It is a signed note (note.h) over a text that has one form only:
//
//   text = "postern-grant/v1\n"
//          "for " name of the log's key "\n"            the installation: `postern status` says it
//          "id " ULID "\n"                              of the document, and of the grant
//          "engineer " name "\n"
//          ("role " name "\n" | 1*("capability " name "\n"))     rising, each once
//          "from " time "\n" "until " time "\n"         RFC 3339, UTC, microseconds
//          ["exchanges " number "\n"] ["response-bytes " number "\n"]     what may be used up; in all sessions together
//          ["ticket " text "\n"] ["reason " text "\n"]  one line of UTF-8
//
// The first line is what no other note of ours begins with, and the name of a grant key's note is in the configuration: so a
// signature here is good for nothing else. Gained: it is made offline, reviewed, kept under version control. Given up:
// a document that nobody has brought yet cannot be taken back at the gateway, except by bringing it and revoking the grant, or
// by no longer trusting its key; and it names an engineer as the gateway knows them, not a person.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "certs/note.h"

namespace postern::certs {

inline constexpr std::size_t kSignedGrantLimit = 32U << 10U;  // bytes of a document
inline constexpr std::size_t kGrantCapabilities = 200;
inline constexpr std::size_t kGrantTextLimit = 2000;               // bytes of ticket and of reason
inline constexpr std::int64_t kGrantMost = 1'000'000'000'000'000;  // exchanges, or bytes

struct SignedGrant {
  std::string installation, id, engineer;
  std::string role;  // or capabilities
  std::vector<std::string> capabilities;
  base::Micros from = 0, until = 0;
  std::string ticket, reason;
  std::int64_t exchanges = 0, response_bytes = 0;  // the most; 0: it does not say
  bool operator==(const SignedGrant&) const = default;
};

// Invalid with a sentence, if it could not be read again.
base::Result<std::string> format_grant(const SignedGrant& grant);

struct OpenedGrant {
  SignedGrant grant;
  std::vector<std::string> signers;  // names of keys, each once; one at least
};
// Invalid with a sentence: no such document, another form, no signature by one of the keys, or one that says it is by a
// key and does not fit.
base::Result<OpenedGrant> open_grant(std::string_view document, const std::vector<VerifierKey>& keys);

}  // namespace postern::certs
