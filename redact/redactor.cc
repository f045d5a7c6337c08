// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "redact/redactor.h"

#include <utility>

#include "base/recycled.h"
#include "redact/json.h"
#include "redact/rules.h"
#include "redact/scanner.h"

namespace postern::redact {
namespace {

struct FixedPlace final : Where {
  explicit FixedPlace(std::string text) : text_(std::move(text)) {}
  std::string where() const override { return text_; }
  std::string text_;
};

}  // namespace

struct Redactor::Parts : base::Recycled<Parts> {
  Parts(Form form, std::shared_ptr<const Rules> of, std::string_view key)
      : rules(std::move(of)), marks(key), writer(out), place(form == Form::Yaml ? "yaml" : "text") {
    const Prefilter& filter = form == Form::Code ? rules->code() : rules->text();
    if (form == Form::Json)
      json = std::make_unique<JsonText>(*rules, marks, out);
    else if (form != Form::Binary)
      text = std::make_unique<Scanner>(filter, form, marks, writer, place);
  }

  std::shared_ptr<const Rules> rules;
  Marks marks;
  std::string* out = nullptr;
  Writer writer;
  FixedPlace place;
  std::unique_ptr<Scanner> text;
  std::unique_ptr<JsonText> json;
};

Redactor::Redactor(Form form, std::shared_ptr<const Rules> rules, std::string_view key)
    : parts_(std::make_unique<Parts>(form, std::move(rules), key)) {}

Redactor::~Redactor() = default;

const Counts& Redactor::counts() const { return parts_->marks.counts(); }

void Redactor::feed(std::string_view piece, std::string& out) {
  parts_->out = &out;
  if (parts_->json) return parts_->json->feed(piece);
  if (parts_->text) return parts_->text->feed(piece);
  out.append(piece);
}

void Redactor::finish(std::string& out) {
  parts_->out = &out;
  if (parts_->json) return parts_->json->finish();
  if (parts_->text) parts_->text->end();
}

std::optional<std::string> redact_header(std::string_view name, std::string_view value, const Rules& rules,
                                         std::string_view key, Counts& counts) {
  if (rules.text().next(value, 0) + 1 >= value.size()) return std::nullopt;
  std::string out;
  std::string* to = &out;
  Marks marks(key);
  Writer writer(to);
  const FixedPlace place("header " + std::string(name));
  Scanner scanner(rules.text(), Form::Text, marks, writer, place);
  scanner.feed(value);
  scanner.end();
  if (marks.counts().total == 0) return std::nullopt;
  counts.add(marks.counts());
  return out;
}

}  // namespace postern::redact
