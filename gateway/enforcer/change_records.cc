// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/change_records.h"

#include "base/crypto.h"
#include "gateway/enforcer/patch.h"
#include "gateway/enforcer/site.h"

namespace postern::enforcer {
namespace {

// Keys of the pool: apart from those of exchanges, which count from 1, and of others who read.
constexpr std::uint64_t kFirstRecordKey = std::uint64_t{1} << 61U;

}  // namespace

ChangeRecords::ChangeRecords(Site& site) : site_(site) {}
ChangeRecords::~ChangeRecords() = default;

void ChangeRecords::before(std::uint64_t who, ChangeContext context, std::function<void()> then) {
  if (records_.size() >= kMost) return then();
  Record& record = records_[who];
  record.context = std::move(context);
  record.then = std::move(then);
  read(record, who);
}

void ChangeRecords::after(std::uint64_t who, int status) {
  const auto it = records_.find(who);
  if (it == records_.end()) return;
  it->second.sent = true;
  it->second.status = status;
  read(it->second, who);
}

void ChangeRecords::forget(std::uint64_t who) {
  auto record = records_.extract(who);
  if (!record.empty() && record.mapped().reading) site_.loop.dispose(std::move(record.mapped().reading));
}

void ChangeRecords::read(Record& record, std::uint64_t who) {
  record.reading = std::make_unique<DocumentReading>(
      site_, record.context, kFirstRecordKey + who,
      [this, who](Document document) { on_read(who, std::move(document)); });
  record.reading->start();
}

void ChangeRecords::on_read(std::uint64_t who, Document document) {
  const auto it = records_.find(who);
  if (it == records_.end()) return;
  Record& record = it->second;
  if (record.reading) site_.loop.dispose(std::move(record.reading));
  if (record.sent) {
    tell(record, document);
    records_.erase(it);
    return;
  }
  record.before = std::move(document);
  const auto then = std::exchange(record.then, nullptr);
  then();
}

void ChangeRecords::tell(const Record& record, const Document& after) {
  Changed event;
  event.session = record.context.session;
  event.engineer = record.context.engineer;
  event.capability = record.context.capability;
  event.policy = record.context.policy;
  event.forwarded = record.context.forwarded;
  event.method = record.context.method;
  event.target = record.context.target;
  event.read = record.context.read;
  const Document& before = record.before;
  std::string before_hash, after_hash, why;
  std::uint64_t secrets = 0, later_secrets = 0;
  const auto old = without_secrets(before.text, record.context, secrets);
  const auto now = without_secrets(after.text, record.context, later_secrets);
  Patch patch;
  if (!before.why.empty()) {
    why = "before: " + before.why;
  } else if (!after.why.empty()) {
    why = "after: " + after.why;
  } else if (!old.ok() || !now.ok()) {
    why = "the document is not JSON";
  } else {
    patch = make_patch(*old, *now);
    if (patch.text.empty()) why = "the difference is too large";
  }
  event.before_bytes = before.text.size();
  event.after_bytes = after.text.size();
  if (before.status == 200) event.before_sha256 = before_hash = base::sha256_hex(before.text);
  if (after.status == 200) event.after_sha256 = after_hash = base::sha256_hex(after.text);
  event.patch = patch.text;
  event.operations = patch.operations;
  event.why = why;
  // A call that puts a document where it was read is undone by putting the old one there: all of it.
  std::string undo;
  const bool same_place = record.context.read == record.context.target;
  if (old.ok() && before.why.empty() && secrets == 0 && same_place &&
      (record.context.method == "PUT" || record.context.method == "PATCH" ||
       record.context.method == "DELETE"))
    undo = as_detail({{"method", "PUT"}, {"target", record.context.target}, {"body", *old}}, kPatchLimit);
  event.undo = undo;
  site_.recorder.changed(event);
}

}  // namespace postern::enforcer
