// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A body in each form: whole, and in pieces whose size the first byte says, must become the same. The first
// byte says the form, too.
#include <cstdint>
#include <memory>
#include <string>

#include "base/check.h"
#include "redact/redactor.h"
#include "redact/rules.h"
#include "redact/scanner.h"

using namespace postern::redact;

static std::string redact(Form form, std::string_view body, std::size_t piece) {
  static const bool kReady = postern::base::init_crypto().ok();
  static const std::shared_ptr<const Rules> kRules =
      Rules::make({*parse_path("$..password"), *parse_path("$.a[*].b"), *parse_path("$.k.*"),
                   *parse_path("$.a..c[1]")})
          ->with({std::make_shared<const postern::base::Secret>("aaaaaaab")});
  Redactor redactor(form, kRules, std::string(32, 'k'));
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += piece) {
    const std::size_t before = out.size();
    redactor.feed(body.substr(at, piece), out);
    POSTERN_CHECK(kReady && out.size() - before <= (piece + 2 * Scanner::kWindow) * Redactor::kLongest);
  }
  redactor.finish(out);
  return out;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Form forms[] = {Form::Code, Form::Text, Form::Yaml, Form::Json};
  const Form form = forms[data[0] % 4];
  POSTERN_CHECK(redact(form, body, size) == redact(form, body, data[0] / 4 % 32 + 1U));
  return 0;
}
