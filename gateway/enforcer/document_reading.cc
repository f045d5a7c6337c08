// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/document_reading.h"

#include "base/bytes.h"
#include "gateway/enforcer/patch.h"
#include "gateway/enforcer/site.h"
#include "redact/redactor.h"

namespace postern::enforcer {

base::Result<base::Json> without_secrets(std::string_view document, const ChangeContext& context,
                                         std::uint64_t& found) {
  redact::Redactor redactor(redact::Form::Json, context.rules, context.key);
  std::string shown;
  redactor.feed(document, shown);
  redactor.finish(shown);
  found += redactor.counts().total;
  return base::parse_json(shown);
}

std::string body_without_secrets(std::string_view body, std::string_view type,
                                 std::shared_ptr<const redact::Rules> rules, std::string_view key) {
  const redact::Form form = redact::media_of(type).form;
  redact::Redactor redactor(form == redact::Form::Binary ? redact::Form::Text : form, std::move(rules), key);
  std::string out;
  redactor.feed(body, out);
  redactor.finish(out);
  return out;
}

DocumentReading::DocumentReading(Site& site, const ChangeContext& context, std::uint64_t key,
                                 std::function<void(Document)> done)
    : site_(site),
      context_(context),
      key_(key),
      done_(std::move(done)),
      began_(site.loop.now()),
      deadline_(site.deadlines, [this] { finish("the component did not answer in time"); }) {}

DocumentReading::~DocumentReading() { release(); }

void DocumentReading::start() {
  deadline_.set(kPatience);
  record();
  site_.pool.acquire(context_.node, context_.credential, Need::Fresh, key_,
                     [this](base::Result<ComponentCarrier*> connection) {
                       if (!connection.ok()) return finish(connection.error().message);
                       send(**connection);
                     });
}

void DocumentReading::on_component_head(const http::ResponseHead& head) {
  if (!head.interim()) document_.status = head.status;
}

std::size_t DocumentReading::component_room() const { return ipc::kInitialCredit; }

void DocumentReading::on_component_body(std::string_view piece) {
  bytes_ += piece.size();
  if (document_.text.size() + piece.size() <= kDocumentLimit)
    document_.text += piece;
  else
    too_large_ = true;
}

void DocumentReading::on_component_end(const http::Fields&) {
  connection_ = nullptr;
  if (document_.status != 200) return finish("it answered " + std::to_string(document_.status));
  finish(too_large_ ? "it is larger than 256 KiB" : "");
}

void DocumentReading::on_component_failed(base::Refusal, std::string_view why, Loss) {
  connection_ = nullptr;
  finish(std::string(why));
}

void DocumentReading::record() {
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
  event.hold = context_.hold;
  site_.recorder.forwarded(id_, event, false);
}

void DocumentReading::send(ComponentCarrier& connection) {
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
  send_head(connection, {http::Method::Get, context_.read, node.authority}, fields, {},
            {context_.credential, cookies});
  if (connection_ != nullptr) connection_->send_end({});
  base::wipe(cookies);
}

void DocumentReading::finish(const std::string& why) {
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

void DocumentReading::release() {
  site_.pool.cancel(key_);
  if (connection_ != nullptr) std::exchange(connection_, nullptr)->abandon();
}

}  // namespace postern::enforcer
