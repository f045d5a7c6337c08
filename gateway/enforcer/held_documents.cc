// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/held_documents.h"

#include "base/crypto.h"
#include "gateway/enforcer/foreseen.h"
#include "gateway/enforcer/site.h"

namespace postern::enforcer {
namespace {

// Keys of the pool: apart from those of exchanges, of records of changes, and of health checks.
constexpr std::uint64_t kFirstHeldKey = std::uint64_t{3} << 60U;

}  // namespace

HeldDocuments::HeldDocuments(Site& site) : site_(site) {}
HeldDocuments::~HeldDocuments() = default;

void HeldDocuments::say_why(ChangeContext context, std::string why, std::function<void()> told) {
  tell({std::move(context), {}, {}, std::move(told), nullptr}, {0, {}, std::move(why)});
}

void HeldDocuments::read(ChangeContext context, std::string content_type, std::string body,
                         std::function<void()> told) {
  Held held{std::move(context), std::move(content_type), std::move(body), std::move(told), nullptr};
  if (held.context.service == nullptr) return tell(held, {0, {}, "no node of the component can be asked"});
  if (readings_.size() >= kMost) return tell(held, {0, {}, "too many documents are being read"});
  const std::uint64_t number = ++last_;
  Held& kept = readings_.emplace(number, std::move(held)).first->second;
  kept.reading =
      std::make_unique<DocumentReading>(site_, kept.context, kFirstHeldKey + number,
                                        [this, number](Document document) { on_read(number, document); });
  kept.reading->start();
}

void HeldDocuments::on_read(std::uint64_t number, const Document& document) {
  const auto found = readings_.find(number);
  if (found == readings_.end()) return;
  tell(found->second, document);
  // It refers to its context, and is still on the stack.
  site_.loop.dispose(std::move(found->second.reading));
  readings_.erase(found);
}

void HeldDocuments::tell(const Held& held, const Document& document) {
  const bool holds = !held.context.hold.empty();
  base::Json order{{"command", holds ? "hold.compare" : "proposal.compare"},
                   {"id", holds ? held.context.hold : held.context.session}};
  std::uint64_t secrets = 0;
  const auto shown = without_secrets(document.text, held.context, secrets);
  if (document.status == 200) {
    order["before_bytes"] = document.text.size();
    order["before_sha256"] = base::sha256_hex(document.text);
  }
  if (!document.why.empty()) {
    order["why"] = document.why;
  } else if (!shown.ok()) {
    order["why"] = "the document is not JSON";
  } else {
    const ChangeContext& call = held.context;
    const auto foreseen =
        foresee({call.method, call.target, held.content_type, held.body}, call.read, *shown);
    const bool fits = !as_detail(*shown, kPatchLimit).empty();
    if (fits) order["document"] = *shown;
    if (foreseen) order["changes"] = foreseen->operations;
    if (foreseen && !foreseen->text.empty()) order["patch"] = *base::parse_json(foreseen->text);
    if (!fits) order["why"] = "the document is too large to be shown whole";
  }
  site_.ledger.command(std::move(order), [told = held.told](const LedgerAnswer&) { told(); });
}

}  // namespace postern::enforcer
