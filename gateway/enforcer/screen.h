// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a response passes through before an engineer sees it (promise 6): fields that carry credentials go,
// values of other fields and the body lose their secrets. A compressed body is unpacked first, since a secret
// cannot be seen in it; a part of a body (206) is refused, since half of a secret cannot be seen either.
//
// Bodies go through in pieces: take, then work and sent until nothing is ready. What waits here is bounded by
// what one piece can become.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/recycled.h"
#include "gateway/http/fields.h"
#include "gateway/http/inflate.h"
#include "gateway/http/message.h"
#include "policy/policy.h"
#include "redact/redactor.h"

namespace postern::enforcer {

class Screen : public base::Recycled<Screen> {
 public:
  // Bytes of a body that are taken at once; a token may be longer than what it stands for.
  static constexpr std::size_t kPiece = 16U << 10U;

  // rules: the policy's, with what else is known to be secret. key: the session's (base::KeyedHash).
  Screen(std::shared_ptr<const policy::Redaction> redaction, std::shared_ptr<const redact::Rules> rules,
         std::string key)
      : redaction_(std::move(redaction)), rules_(std::move(rules)), key_(std::move(key)) {}

  // What is put behind the last byte of a page (text/html), should the body turn out to be one. Before head(); lives as long.
  void append_to_page(std::string_view markup) { appendix_ = markup; }
  // Of any head, interim ones included, and of trailers.
  void clean(http::Fields& fields);
  // Of the final head, cleaned already: decides what becomes of the body. An error, of the component's side:
  // it may not pass.
  base::Status head(const http::ResponseHead& head, http::Fields& fields);
  // The body is changed on its way: how long it will be nobody knows, also where none follows (HEAD).
  bool changes_body() const { return changes_; }

  void take(std::string_view piece);
  void end(const http::Fields& trailers);  // of the body
  // Goes on until something is ready, or nothing is left to be done. An error: the body is damaged.
  base::Status work();
  std::string_view ready() const { return std::string_view(ready_).substr(sent_); }
  void sent(std::size_t size);
  bool idle() const { return ready_.empty() && !packed(); }  // can take a piece
  bool done() const { return finished_ && idle(); }          // everything has been sent
  const http::Fields& trailers() const { return trailers_; }

  redact::Counts counts() const;

 private:
  base::Status unpack();
  bool packed() const { return !packed_.empty() || (inflater_ && inflater_->holds()); }

  std::shared_ptr<const policy::Redaction> redaction_;
  std::shared_ptr<const redact::Rules> rules_;
  std::string key_;
  redact::Counts of_fields_;
  bool changes_ = false;
  std::unique_ptr<http::Inflater> inflater_;
  std::optional<redact::Redactor> redactor_;
  std::string_view appendix_;
  std::string packed_;  // compressed, not yet read
  std::string ready_;
  std::size_t sent_ = 0;
  bool ended_ = false, finished_ = false;
  http::Fields trailers_;
};

}  // namespace postern::enforcer
