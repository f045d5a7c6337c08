// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/change_records.h"

#include "base/crypto.h"
#include "gateway/enforcer/patch.h"
#include "gateway/enforcer/site.h"
#include "redact/redactor.h"

namespace postern::enforcer {
namespace {

// Keys of the pool: apart from those of exchanges, which count from 1, and of health checks.
constexpr std::uint64_t kFirstReadingKey = std::uint64_t{1} << 61U;

// The document without secrets; found counts them.
base::Result<base::Json> without_secrets(std::string_view document, const ChangeContext& context,
                                         std::uint64_t& found) {
  redact::Redactor redactor(redact::Form::Json, context.rules, context.key);
  std::string shown;
  redactor.feed(document, shown);
  redactor.finish(shown);
  found += redactor.counts().total;
  return base::parse_json(shown);
}

}  // namespace

// One GET, taken whole.
class ChangeRecords::Reading final : public ComponentUser, public loop::Disposable {
 public:
  Reading(Site& site, const ChangeContext& context, std::uint64_t who, std::function<void(Document)> done)
      : site_(site),
        context_(context),
        key_(kFirstReadingKey + who),
        done_(std::move(done)),
        began_(site.loop.now()),
        deadline_(site.deadlines, [this] { finish("the component did not answer in time"); }) {}
  ~Reading() override { release(); }

  // done may be called from within.
  void start() {
    deadline_.set(kPatience);
    record();
    site_.pool.acquire(context_.node, context_.credential, true, key_,
                       [this](base::Result<ComponentConnection*> connection) {
                         if (!connection.ok()) return finish(connection.error().message);
                         send(**connection);
                       });
  }

  void on_component_head(const http::ResponseHead& head) override {
    if (!head.interim()) document_.status = head.status;
  }
  std::size_t component_room() const override { return ipc::kInitialCredit; }
  void on_component_body(std::string_view piece) override {
    bytes_ += piece.size();
    if (document_.text.size() + piece.size() <= kDocumentLimit)
      document_.text += piece;
    else
      too_large_ = true;
  }
  void on_component_end(const http::Fields&) override {
    connection_ = nullptr;
    if (document_.status != 200) return finish("it answered " + std::to_string(document_.status));
    finish(too_large_ ? "it is larger than 256 KiB" : "");
  }
  void on_component_failed(base::Refusal, std::string_view why, bool) override {
    connection_ = nullptr;
    finish(std::string(why));
  }
  void on_component_drained() override {}

 private:
  void record() {
    id_ = site_.recorder.next_id();
    Forwarded event;
    event.session = context_.session;
    event.engineer = context_.engineer;
    event.policy = context_.policy;
    event.method = "GET";
    event.target = context_.read;
    event.capability = context_.capability;
    event.klass = "read";
    event.client = context_.client;
    event.service = context_.service->name;
    const Node& node = site_.pool.node(context_.node);
    event.node = node.url;
    if (context_.credential != nullptr) event.credential = context_.credential->which();
    event.part_of = context_.forwarded;
    site_.recorder.forwarded(id_, event, false);
  }
  void send(ComponentConnection& connection) {
    connection_ = &connection;
    const Node& node = site_.pool.node(context_.node);
    const std::string_view path = std::string_view(context_.read).substr(0, context_.read.find('?'));
    std::string cookies = site_.jars.header(
        {context_.session, context_.service->name,
         context_.credential == nullptr ? std::string_view() : std::string_view(context_.credential->role)},
        path, node.private_way, site_.loop.wall());
    http::Fields fields;
    fields.put("accept", "application/json");
    fields.put("user-agent", "postern-record");
    connection.begin(*this, http::Method::Get);
    connection.request_ended();
    send_head(connection, {http::Method::Get, context_.read, node.authority}, fields, {},
              {context_.credential, cookies});
    base::wipe(cookies);
  }
  void finish(const std::string& why) {
    if (!done_) return;
    deadline_.clear();
    release();
    document_.why = why;
    Completed event;
    event.session = context_.session;
    event.engineer = context_.engineer;
    event.capability = context_.capability;
    event.policy = context_.policy;
    event.forwarded = id_;
    event.status = document_.status;
    event.response_bytes = bytes_;
    event.duration = site_.loop.now() - began_;
    event.outcome = document_.status == 0 ? "component_failed" : "completed";
    site_.recorder.completed(event);
    std::exchange(done_, nullptr)(std::move(document_));
  }
  void release() {
    site_.pool.cancel(key_);
    if (connection_ != nullptr) std::exchange(connection_, nullptr)->abandon();
  }

  Site& site_;
  const ChangeContext& context_;
  std::uint64_t key_;
  std::function<void(Document)> done_;
  base::Nanos began_;
  loop::Deadline deadline_;
  ComponentConnection* connection_ = nullptr;
  std::string id_;
  Document document_;
  std::uint64_t bytes_ = 0;
  bool too_large_ = false;
};

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
  record.reading = std::make_unique<Reading>(
      site_, record.context, who, [this, who](Document document) { on_read(who, std::move(document)); });
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
