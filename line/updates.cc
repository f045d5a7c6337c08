// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "line/updates.h"

#include "base/bytes.h"
#include "base/json.h"

namespace postern::line {
namespace {

using base::Json;

constexpr std::size_t kOffersLimit = 128U << 10U, kOfferWhy = 200;

base::Error wrong_update(std::string sentence) {
  return base::fail(base::Code::Invalid, base::Side::Component, std::move(sentence));
}

base::Result<Json> update_object(std::string_view text) {
  if (text.size() > kOffersLimit) return wrong_update("the document is too long");
  base::Result<Json> json = base::parse_json(text, 6);
  if (!json.ok()) return wrong_update("the document is not JSON: " + json.error().message);
  if (!json->is_object()) return wrong_update("the document is no JSON object");
  return json;
}

bool is_update_name(const std::string& text) {
  return !text.empty() && text.size() <= kUpdateName && base::printable(text, text.size() + 1) == text;
}

}  // namespace

std::string format(const UpdateAsk& document) {
  return base::dump_json(Json{{"file", document.file}, {"piece", document.piece}});
}

std::string format(const UpdateOffers& document) {
  Json list = Json::array();
  for (const auto& one : document.offers) {
    Json& offer = list.emplace_back(Json{{"name", one.name}, {"suspended", one.suspended}});
    if (!one.why.empty()) offer["why"] = one.why;
  }
  return base::dump_json(Json{{"offers", std::move(list)}});
}

base::Result<UpdateAsk> parse_update_ask(std::string_view text) {
  const auto json = update_object(text);
  if (!json.ok()) return json.error();
  UpdateAsk out{base::json_text_or(*json, "file", ""), base::json_number_or(*json, "piece", -1)};
  if (!is_update_name(out.file)) return wrong_update("file is not a name of 128 printable bytes at most");
  if (out.piece < 0 || out.piece > 1'000'000) return wrong_update("piece is not a number from 0");
  return out;
}

base::Result<UpdateOffers> parse_update_offers(std::string_view text) {
  const auto json = update_object(text);
  if (!json.ok()) return json.error();
  const auto list = json->find("offers");
  if (list == json->end() || !list->is_array() || list->size() > kMostOffers)
    return wrong_update("offers is not a list of 200 at most");
  UpdateOffers out;
  for (const Json& one : *list) {
    UpdateOffers::Offer offer{base::json_text_or(one, "name", ""),
                              base::json_bool_or(one, "suspended", false),
                              base::json_text_or(one, "why", "")};
    if (!is_update_name(offer.name)) return wrong_update("an offer has no name");
    if (offer.why.size() > kOfferWhy || base::printable(offer.why, kOfferWhy) != offer.why)
      return wrong_update("why is not text of 200 printable bytes at most");
    out.offers.push_back(std::move(offer));
  }
  return out;
}

}  // namespace postern::line
