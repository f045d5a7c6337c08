// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "redact/redactor.h"

namespace postern::redact {

Redactor::Redactor(Form form, std::shared_ptr<const Rules> rules, std::string_view key)
    : form_(form), rules_(std::move(rules)), marks_(key), writer_(out_) {
  if (form == Form::Json) {
    json_ = std::make_unique<JsonText>(*rules_, marks_, out_);
  } else if (form != Form::Binary) {
    const Prefilter& filter = form == Form::Code ? rules_->code() : rules_->text();
    text_ = std::make_unique<Scanner>(filter, form, marks_, writer_, static_cast<const Where&>(*this));
  }
}

void Redactor::feed(std::string_view piece, std::string& out) {
  out_ = &out;
  if (json_) return json_->feed(piece);
  if (text_) return text_->feed(piece);
  out.append(piece);
}

void Redactor::finish(std::string& out) {
  out_ = &out;
  if (json_) return json_->finish();
  if (text_) text_->end();
}

namespace {

struct FixedPlace final : Where {
  explicit FixedPlace(const std::string& text) : text_(text) {}
  std::string where() const override { return text_; }
  const std::string& text_;
};

}  // namespace

std::optional<std::string> redact_value(std::string_view value, const Rules& rules, std::string_view key,
                                        const std::string& where, Counts& counts) {
  if (rules.text().next(value, 0) + 1 >= value.size()) return std::nullopt;
  std::string out;
  std::string* to = &out;
  Marks marks(key);
  Writer writer(to);
  const FixedPlace place(where);
  Scanner scanner(rules.text(), Form::Text, marks, writer, place);
  scanner.feed(value);
  scanner.end();
  if (marks.counts().total == 0) return std::nullopt;
  counts.add(marks.counts());
  return out;
}

}  // namespace postern::redact
