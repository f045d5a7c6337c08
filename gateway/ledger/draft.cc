// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/draft.h"

#include "audit/detail.h"

namespace postern::ledger {

audit::EventHead head_of(const Draft& draft) {
  audit::EventHead head;
  head.type = draft.type;
  head.actor = draft.actor;
  head.session = draft.session;
  head.subject = draft.subject;
  head.outcome = draft.outcome;
  return head;
}

Detail& Detail::text(std::string_view key, std::string_view value) {
  if (!value.empty()) writer_.field(key, value);
  return *this;
}

Detail& Detail::number(std::string_view key, std::int64_t value) {
  writer_.field(key, value);
  return *this;
}

Detail& Detail::flag(std::string_view key, bool value) {
  writer_.field(key, value);
  return *this;
}

Detail& Detail::time(std::string_view key, const std::optional<base::Micros>& value) {
  if (value) writer_.field(key, std::string_view(base::format_time(*value)));
  return *this;
}

Detail& Detail::document(std::string_view key, const base::Json& value) {
  if (!value.is_null()) writer_.raw(key, audit::as_detail(value));
  return *this;
}

Detail& Detail::texts(std::string_view key, const std::vector<std::string>& values) {
  if (values.empty()) return *this;
  writer_.open_array(key);
  for (const std::string& value : values) writer_.item(value);
  writer_.close_array();
  return *this;
}

std::string Detail::done() {
  writer_.close_object();
  return std::move(text_);
}

}  // namespace postern::ledger
