// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/refusal_answer.h"

#include "base/json.h"

namespace postern::enforcer {
namespace {

std::string problem_json(const RefusalView& view) {
  const base::RefusalText& text = base::text_of(view.refusal);
  std::string out;
  base::JsonWriter json(out);
  json.open_object();
  json.field("type", "about:blank");
  json.field("title", text.title);
  json.field("status", static_cast<std::int64_t>(text.status));
  json.field("code", text.code);
  if (!view.why.empty()) json.field("detail", view.why);
  json.field("remedy", text.remedy);
  json.field("event", view.event_id);
  json.close_object();
  return out;
}

}  // namespace

RefusalAnswer refusal_answer(const RefusalView& view, bool as_page) {
  RefusalAnswer answer;
  answer.status = base::text_of(view.refusal).status;
  answer.fields.put("cache-control", "no-store");
  if (view.refusal == base::Refusal::LogUnavailable || view.refusal == base::Refusal::GatewayStopping)
    answer.fields.put("retry-after", "2");
  if (view.retry_after > 0) answer.fields.put("retry-after", std::to_string(view.retry_after));
  if (as_page) {
    answer.fields.put("content-type", "text/html; charset=utf-8");
    answer.fields.put("content-security-policy", kPageContentSecurityPolicy);
    answer.body = render_refusal(view);
  } else {
    answer.fields.put("content-type", "application/problem+json");
    answer.body = problem_json(view);
  }
  return answer;
}

}  // namespace postern::enforcer
