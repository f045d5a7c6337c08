// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/checkpoint.h"

#include "base/bytes.h"
#include "certs/note.h"

namespace postern::certs {

std::string format_checkpoint(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
         base::to_base64(base::view(checkpoint.root)) + "\n";
}

base::Result<Checkpoint> parse_checkpoint(std::string_view text) {
  const base::Error wrong = base::fail(base::Code::Invalid, "this is not the text of a checkpoint");
  const auto origin = take_line(text);
  const auto size = take_line(text);
  const auto root = take_line(text);
  if (!origin || origin->empty() || !size || !root) return wrong;
  while (!text.empty()) {
    const auto extension = take_line(text);
    if (!extension || extension->empty()) return wrong;
  }
  const auto entries = parse_decimal(*size);
  const auto hash = parse_hash(*root);
  if (!entries || !hash) return wrong;
  return Checkpoint{std::string(*origin), *entries, *hash};
}

}  // namespace postern::certs
