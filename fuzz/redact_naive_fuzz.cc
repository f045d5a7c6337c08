// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A body beside a redactor that is five regular expressions: what they find in the text is not found in what comes out.
#include <array>
#include <cstdint>
#include <memory>
#include <regex>
#include <string>

#include "base/check.h"
#include "base/crypto.h"
#include "redact/redactor.h"
#include "redact/rules.h"

using namespace postern::redact;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = postern::base::init_crypto().ok();
  static const std::shared_ptr<const Rules> rules = Rules::make({});
  static const std::array kSecrets = {
      std::regex("(^|[^A-Za-z0-9_])AKIA[A-Z0-9]{16}([^A-Za-z0-9_]|$)"),
      std::regex("(^|[^A-Za-z0-9_])ghp_[A-Za-z0-9]{36}"),
      std::regex("(^|[^A-Za-z0-9_])eyJ[A-Za-z0-9_-]{12,40}\\.eyJ[A-Za-z0-9_-]{12}"),
      std::regex("http://[a-z]{1,20}:[a-z0-9]{4,20}@[a-z]"),
      std::regex("-----BEGIN RSA PRIVATE KEY-----\n[A-Za-z0-9+/]{32}"),
  };
  if (size < 1 || size > 512) return 0;  // std::regex recurses for each byte
  const std::string body(reinterpret_cast<const char*>(data + 1), size - 1);
  Redactor redactor(data[0] % 2 == 0 ? Form::Text : Form::Code, rules, std::string(32, 'k'));
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += data[0] / 2 + 1U)
    redactor.feed(std::string_view(body).substr(at, data[0] / 2 + 1U), out);
  redactor.finish(out);
  POSTERN_CHECK(ready);
  for (const std::regex& secret : kSecrets) POSTERN_CHECK(!std::regex_search(out, secret));
  return 0;
}
