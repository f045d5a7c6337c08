// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is taken out of responses, by kind: the words of events and of docs/REDACTION.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::redact {

enum class Kind : std::uint8_t {
  Field,          // named by the policy
  PrivateKey,     // PEM, or base64 of it
  Jwt,            // a signed or encrypted JSON Web Token
  UrlPassword,    // scheme://user:HERE@host
  Authorization,  // Bearer HERE, Basic HERE
  AwsKey,         // an access key's id, or the secret half beside a name that says so
  Token,          // of a well-known service, told by its prefix
  Literal,        // known to whoever made the rules: what the component is shown
};
inline constexpr std::size_t kKinds = 8;

constexpr std::string_view to_text(Kind kind) {
  constexpr std::array<std::string_view, kKinds> kNames{
      "field", "private_key", "jwt", "url_password", "authorization", "aws_key", "token", "literal"};
  return kNames[static_cast<std::size_t>(kind)];
}

// What a body is, for whoever reads it: which rules apply.
enum class Form : std::uint8_t {
  Binary,  // passes as it is
  Code,    // HTML, CSS, scripts, XML: detectors only; a name followed by a colon means something else there
  Text,    // detectors, and `name: value`, `name=value`, `"name": "value"` of the policy's names
  Yaml,    // the same, and a value goes on over the lines that are indented further
  Json,    // the policy's paths; strings are looked at as text, unescaped. Several documents may follow each
           // other
};

// Of a Content-Type, which may be missing. What is not known to be binary is looked at: doubt closes the
// door. charset: false if the body is in a character set that the detectors cannot read (UTF-16, UTF-32).
struct Media {
  Form form = Form::Text;
  bool readable = true;
};
Media media_of(std::string_view content_type);

}  // namespace postern::redact
