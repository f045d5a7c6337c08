// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what a mail server says, whole and in pieces: the same comes of them, and nothing is said in the clear but
// EHLO and STARTTLS.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "gateway/link/smtp_dialogue.h"

using namespace postern;
using link::SmtpDialogue;

namespace {

std::string run(std::string_view text, std::size_t piece, bool starttls) {
  static const bool kReady = base::init_crypto().ok();
  POSTERN_CHECK(kReady);
  SmtpDialogue dialogue({"a@example.org",
                         {"b@example.org"},
                         "user",
                         std::make_shared<const base::Secret>("word"),
                         starttls,
                         "Subject: x\r\n\r\n.x\r\n"});
  std::string said;
  bool clear = starttls;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    dialogue.feed(text.substr(at, piece));
    POSTERN_CHECK(!clear || dialogue.out().empty() || dialogue.out().starts_with("EHLO ") ||
                  dialogue.out().starts_with("STARTTLS"));
    said += dialogue.out();
    dialogue.sent(dialogue.out().size());
    if (dialogue.state() != SmtpDialogue::State::WantTls) continue;
    clear = false;
    break;
  }
  return said + std::to_string(static_cast<int>(dialogue.state()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  POSTERN_CHECK(run(text, 1, false) == run(text, size + 1, false));
  run(text, 3, true);
  return 0;
}
