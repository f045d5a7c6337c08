// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What installations and Mission Control say to each other. Whatever is taken is written in one form, which is taken again
// and says the same.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "line/protocol.h"
#include "line/updates.h"
#include "line/witness.h"

using namespace postern;

namespace {

template <class Document>
void same_again(const base::Result<Document>& taken, base::Result<Document> (*parse)(std::string_view)) {
  if (!taken.ok()) return;
  const std::string written = line::format(*taken);
  const base::Result<Document> again = parse(written);
  POSTERN_CHECK(again.ok() && line::format(*again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  same_again(line::parse_enrol_request(text), line::parse_enrol_request);
  same_again(line::parse_enrolled(text), line::parse_enrolled);
  same_again(line::parse_renew_request(text), line::parse_renew_request);
  same_again(line::parse_renewed(text), line::parse_renewed);
  same_again(line::parse_taken(text), line::parse_taken);
  same_again(line::parse_update_ask(text), line::parse_update_ask);
  same_again(line::parse_update_offers(text), line::parse_update_offers);
  same_again(line::parse_checkpoint_answer(text), line::parse_checkpoint_answer);
  if (const auto request = line::parse_checkpoint_request(text); request.ok()) {
    const auto again = line::parse_checkpoint_request(line::format_checkpoint_request(*request));
    POSTERN_CHECK(again.ok() && *again == *request);
  }
  if (const auto reports = line::parse_reports(text); reports.ok()) {
    const std::string written = line::format(reports->known);
    const auto again = line::parse_reports(written);
    POSTERN_CHECK(again.ok() && again->unknown.empty() && line::format(again->known) == written);
  }
  if (const auto order = line::parse_order(text); order.ok() && order->kind != line::OrderKind::Unknown) {
    std::string written = line::format(*order);
    written.pop_back();
    const auto again = line::parse_order(written);
    POSTERN_CHECK(again.ok() && again->kind == order->kind && again->text == order->text &&
                  again->time == order->time);
  }
  if (const auto name = line::parse_uri(text); name.ok()) POSTERN_CHECK(line::uri_of(*name) == text);
  const std::string code = line::normal_code(text);
  POSTERN_CHECK(code.empty() || line::normal_code(code) == code);
  (void)line::parse_refusal(text);
  return 0;
}
