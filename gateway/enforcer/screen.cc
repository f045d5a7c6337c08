// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/screen.h"

#include <array>
#include <span>

#include "base/bytes.h"
#include "gateway/enforcer/rewrite.h"

namespace postern::enforcer {
namespace {

// Fields that carry a credential by their name.
constexpr auto kCredentials = std::to_array<std::string_view>(
    {"authentication-info", "private-token", "x-access-token", "x-amz-security-token", "x-api-key",
     "x-auth-token", "x-consul-token", "x-refresh-token", "x-session-token", "x-subject-token",
     "x-vault-token"});
// Digests of a body as the component sent it. They would tell whether a guess of a secret is right.
constexpr auto kDigests = std::to_array<std::string_view>(
    {"content-digest", "content-md5", "digest", "repr-digest", "x-goog-hash"});

base::Error refused(std::string why) {
  return base::fail(base::Code::Invalid, base::Side::Component, std::move(why));
}

// Other bytes will follow than those that the component's tag is about.
void weaken(http::Fields& fields) {
  const auto tag = fields.find(http::FieldId::ETag);
  if (!tag || tag->starts_with("W/")) return;
  const std::string weak = "W/" + std::string(*tag);
  fields.remove(http::FieldId::ETag);
  static_cast<void>(fields.add("etag", weak));
}

bool is_page(std::string_view content_type) {
  return base::to_lower(content_type.substr(0, content_type.find_first_of("; \t"))) == "text/html";
}

}  // namespace

void Screen::clean(http::Fields& fields) {
  strip(fields, kCredentials);
  strip(fields, redaction_->headers);
  http::Fields kept;  // from the first value on that is not as it was
  bool differs = false;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto redacted = redact::redact_header(fields[i].name, fields[i].value, *rules_, key_, of_fields_);
    for (std::size_t before = 0; redacted && !differs && before < i; ++before)
      static_cast<void>(kept.add(fields[before].name, fields[before].value));
    differs = differs || redacted.has_value();
    // A token is visible ASCII; what it is put into was valid.
    if (differs)
      static_cast<void>(kept.add(fields[i].name, redacted ? std::string_view(*redacted) : fields[i].value));
  }
  if (differs) fields = std::move(kept);
}

base::Status Screen::head(const http::ResponseHead& head, http::Fields& fields) {
  if (head.status == 206)
    return refused("the component sent a part of an answer, and nobody had asked for one");
  if (fields.find("accept-ranges")) fields.set("accept-ranges", "none");
  if (head.status == 304) {
    weaken(fields);
    return base::Ok{};
  }
  const redact::Media media = redact::media_of(fields.find(http::FieldId::ContentType).value_or(""));
  const std::string encoding(fields.find(http::FieldId::ContentEncoding).value_or(""));
  if (media.form == redact::Form::Binary) return base::Ok{};
  if (!media.readable)
    return refused("the component's answer is in a character set in which secrets cannot be found");
  const auto coding = http::coding_of(encoding);
  if (!coding)
    return refused("the component's answer is encoded as " + encoding + ", in which secrets cannot be found");
  changes_ = true;
  weaken(fields);
  fields.remove(http::FieldId::ContentEncoding);
  fields.remove(http::FieldId::ContentRange);
  strip(fields, kDigests);
  if (head.body.kind == http::BodyKind::None) return base::Ok{};
  if (*coding != http::Coding::Identity) inflater_ = std::make_unique<http::Inflater>(*coding);
  redactor_.emplace(media.form, rules_, key_);
  if (!is_page(fields.find(http::FieldId::ContentType).value_or(""))) appendix_ = {};
  return base::Ok{};
}

void Screen::take(std::string_view piece) {
  if (inflater_)
    packed_.append(piece);
  else
    redactor_->feed(piece, ready_);
}

void Screen::end(const http::Fields& trailers) {
  ended_ = true;
  trailers_ = trailers;
  strip(trailers_, kDigests);
  clean(trailers_);
}

base::Status Screen::work() {
  while (ready().empty() && packed()) {
    if (base::Status status = unpack(); !status.ok()) return status;
  }
  if (!ended_ || finished_ || packed()) return base::Ok{};
  finished_ = true;
  if (inflater_ && !inflater_->complete()) return refused("the component's compressed body is cut off");
  if (!redactor_) return base::Ok{};
  redactor_->finish(ready_);
  ready_ += appendix_;
  return base::Ok{};
}

// One piece of what the compressed bytes hold.
base::Status Screen::unpack() {
  std::array<char, kPiece> piece;
  std::string_view rest = packed_;
  const auto size = inflater_->step(rest, std::span<char>(piece));
  if (!size.ok()) return size.error();
  packed_.erase(0, packed_.size() - rest.size());
  redactor_->feed({piece.data(), *size}, ready_);
  return base::Ok{};
}

void Screen::sent(std::size_t size) {
  sent_ += size;
  if (sent_ < ready_.size()) return;
  ready_.clear();
  sent_ = 0;
}

redact::Counts Screen::counts() const {
  redact::Counts all = of_fields_;
  if (redactor_) all.add(redactor_->counts());
  return all;
}

}  // namespace postern::enforcer
