// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What whoever is refused gets to read: a page in a browser, a problem document (RFC 9457) elsewhere. Pure.
#pragma once

#include <string>

#include "gateway/enforcer/pages.h"
#include "gateway/http/fields.h"

namespace postern::enforcer {

struct RefusalAnswer {
  int status = 0;
  http::Fields fields;
  std::string body;
};

RefusalAnswer refusal_answer(const RefusalView& view, bool as_page);

}  // namespace postern::enforcer
