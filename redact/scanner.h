// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Takes secrets out of a text that comes in pieces. What the detectors have not decided yet is held back, at
// most kWindow bytes of it; what is still undecided then counts as a secret. A complete line is never held
// back, except the first line of a private key until it is seen that a key follows.
#pragma once

#include <string>
#include <string_view>

#include "base/recycled.h"
#include "redact/marks.h"
#include "redact/rules.h"
#include "redact/writer.h"

namespace postern::redact {

// Where in a body something was found, for the counts.
class Where {
 public:
  virtual ~Where() = default;
  virtual std::string where() const = 0;
};

class Scanner : public base::Recycled<Scanner> {
 public:
  static constexpr std::size_t kWindow = 16U << 10U;

  // Everything outlives it.
  Scanner(const Prefilter& filter, Form form, Marks& marks, Writer& to, const Where& where)
      : filter_(filter), form_(form), marks_(marks), to_(to), where_(where) {}

  void feed(std::string_view text);
  void end();  // the text ends here; what follows is another one
  // The text that begins now stands under a key that announces an AWS secret.
  void expect_aws_secret() { aws_secret_ = true; }
  // What comes now is a secret, up to where the tail ends. Nothing may be held.
  void begin_secret(Kind kind, Tail tail);
  void continue_secret(Tail tail) { tail_ = std::move(tail); }  // that marks know of already

 private:
  std::size_t scan(std::string_view text, bool final);
  bool take(Finding finding, std::string_view text, std::size_t& at, std::size_t& passed);
  void widen(Finding& finding, std::string_view text, bool final, std::size_t at, std::size_t passed) const;
  std::size_t swallow(std::string_view text);
  void finish_secret();
  void remember(std::string_view consumed);
  View view(std::string_view text, bool final) const;

  const Prefilter& filter_;
  Form form_;
  Marks& marks_;
  Writer& to_;
  const Where& where_;
  std::string held_;
  std::string before_;  // the last bytes that were let go
  std::size_t column_ = 0;
  bool margin_ = true;
  Tail tail_;
  bool bare_ = false;
  bool aws_secret_ = false;
};

}  // namespace postern::redact
