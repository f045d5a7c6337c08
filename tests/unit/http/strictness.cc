// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/http/strictness.h"

#include <fstream>
#include <iterator>

#include "base/check.h"
#include "base/json.h"
#include "gateway/http/authority.h"
#include "gateway/http/h1_body.h"
#include "gateway/http/h1_request.h"
#include "gateway/http/target.h"

namespace postern::http {
namespace {

// "\u00e9" in the file is the byte 0xe9: each code point below 256 is one byte.
std::string latin1(const std::string& utf8) {
  std::string out;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x80) {
      out.push_back(utf8[i]);
    } else {
      const auto next = static_cast<unsigned char>(utf8[++i]);
      out.push_back(static_cast<char>((byte & 3U) << 6U | (next & 0x3fU)));
    }
  }
  return out;
}

// "<ab*3>" becomes "ababab".
std::string repeat(std::string text) {
  const std::size_t star = text.find("*");
  const std::size_t open = text.find('<');
  if (star == std::string::npos || open == std::string::npos) return text;
  std::size_t mark = text.find('*', open);
  while (mark != std::string::npos &&
         (mark + 1 >= text.size() || text[mark + 1] < '0' || text[mark + 1] > '9')) {
    mark = text.find('*', mark + 1);
  }
  const std::size_t close = mark == std::string::npos ? mark : text.find('>', mark);
  if (close == std::string::npos) return text;
  const std::string piece = text.substr(open + 1, mark - open - 1);
  std::string repeated;
  for (int i = std::stoi(text.substr(mark + 1)); i > 0; --i) repeated += piece;
  return text.replace(open, close - open + 1, repeated);
}

std::string expand(const std::string& raw) {
  std::string text = repeat(latin1(raw));
  for (std::size_t at = text.find("HOST"); at != std::string::npos; at = text.find("HOST", at)) {
    text.replace(at, 4, kTestHost);
  }
  return text;
}

// One connection: what has arrived lies in front of it, as in a receive buffer.
class Connection {
 public:
  // False: nothing more will be read from it.
  bool take(std::string_view arrived) {
    while (judged_.verdict.ok()) {
      const std::size_t before = used_;
      in_body_ ? take_body(arrived) : take_head(arrived);
      if (used_ == before) break;
    }
    return judged_.verdict.ok();
  }

  Judged finish(std::size_t size) {
    // Behind a refusal nothing is read; how much of the framing was taken by then depends on the cuts.
    judged_.left = judged_.verdict.ok() ? size - used_ : 0;
    return judged_;
  }

 private:
  void take_head(std::string_view arrived) {
    const HeadStep step = parser_.parse(arrived.substr(used_));
    if (step.state == HeadState::Refused) judged_.verdict = step.verdict;
    if (step.state != HeadState::Complete) return;
    used_ += step.consumed;
    judge_target(parser_.head());
    body_ = BodyDecoder(parser_.head().body, BodySide::Request);
    in_body_ = true;
    if (judged_.verdict.ok()) take_body(arrived);
  }

  void judge_target(const RequestHead& head) {
    const std::vector<Authority> ours = {{std::string(kTestHost), 443}};
    const std::vector<Authority> ours_on_any_port = {{std::string(kTestHost), 0}};
    CanonicalTarget target;
    judged_.verdict = canonicalise(head.target, {.ours = ours}, target);
    if (judged_.verdict.ok() && !names_one_of(ours_on_any_port, *head.fields.find(FieldId::Host))) {
      judged_.verdict = refused(base::Refusal::WrongHost, "Host names another host");
    }
    if (judged_.requests != 0) return;
    judged_.method = to_text(head.method);
    judged_.sent_target = head.target;
    judged_.framing = head.body;
    if (judged_.verdict.ok()) judged_.target = target.text();
    head.fields.for_each([this](const Field& field) {
      judged_.fields.append(field.name).append(": ").append(field.value).append("\n");
    });
  }

  void take_body(std::string_view arrived) {
    while (true) {
      const BodyStep step = body_.feed(arrived.substr(used_));
      used_ += step.consumed;
      if (judged_.requests == 0) judged_.body += step.piece;
      if (step.state == BodyState::Refused) judged_.verdict = body_.verdict();
      if (step.state == BodyState::Done) {
        ++judged_.requests;
        in_body_ = false;
        parser_.reset();
      }
      if (step.state != BodyState::More || step.consumed == 0) return;
    }
  }

  RequestParser parser_{HeadLimits{}};
  BodyDecoder body_{Framing{}, BodySide::Request};
  bool in_body_ = false;
  std::size_t used_ = 0;
  Judged judged_;
};

}  // namespace

std::vector<StrictnessCase> read_strictness_cases() {
  std::ifstream in(STRICTNESS_CASES, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  auto json = base::parse_json(text);
  POSTERN_CHECK(json.ok());
  std::vector<StrictnessCase> cases;
  for (const base::Json& item : *json) {
    StrictnessCase one;
    one.name = base::json_text_or(item, "name", "");
    one.clause = base::json_text_or(item, "clause", "");
    one.raw = expand(base::json_text_or(item, "raw", ""));
    one.code = base::json_text_or(item, "code", "");
    one.method = base::json_text_or(item, "method", "");
    one.target = base::json_text_or(item, "target", "");
    one.has_body = base::json_text(item, "body") != nullptr;
    one.body = base::json_text_or(item, "body", "");
    one.requests = static_cast<std::size_t>(base::json_number_or(item, "requests", 1));
    POSTERN_CHECK(base::json_text_or(item, "expect", "") == (one.code.empty() ? "accept" : "refuse"));
    cases.push_back(std::move(one));
  }
  return cases;
}

bool Judged::operator==(const Judged& other) const {
  return verdict.refusal == other.verdict.refusal && verdict.sentence == other.verdict.sentence &&
         requests == other.requests && left == other.left && method == other.method &&
         target == other.target && sent_target == other.sent_target && fields == other.fields &&
         framing == other.framing && body == other.body;
}

Judged judge_bytes(std::string_view raw, const std::vector<std::size_t>& cuts) {
  Connection connection;
  for (const std::size_t cut : cuts) {
    // A copy of its own, so that reading past what has arrived is seen by AddressSanitizer.
    const std::vector<char> arrived(raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(cut));
    if (!connection.take({arrived.data(), arrived.size()})) return connection.finish(raw.size());
  }
  connection.take(raw);
  return connection.finish(raw.size());
}

}  // namespace postern::http
