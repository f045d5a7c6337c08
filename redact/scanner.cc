// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "redact/scanner.h"

#include <algorithm>

namespace postern::redact {
namespace {

constexpr std::size_t kBefore = 4;   // what detectors look back
constexpr std::size_t kAnchor = 16;  // nothing begins further before the bytes that it is looked for by
// What a secret that did not end within the window is taken to go on over.
constexpr CharSet kUndecided(" \t\r\n\"'<>", true);

}  // namespace

View Scanner::view(std::string_view text, bool final) const {
  return {text, before_, final, form_, column_, margin_};
}

void Scanner::feed(std::string_view text) {
  while (!text.empty()) {
    if (!tail_.ended()) {
      text.remove_prefix(swallow(text));
      continue;
    }
    if (held_.empty()) {
      const std::size_t used = scan(text, false);
      remember(text.substr(0, used));
      text.remove_prefix(used);
      if (!tail_.ended()) continue;
      held_ = text;
      return;
    }
    const std::size_t more = std::min(text.size(), 2 * kWindow - held_.size());
    held_.append(text.substr(0, more));
    text.remove_prefix(more);
    const std::size_t used = scan(held_, false);
    remember(std::string_view(held_).substr(0, used));
    held_.erase(0, used);
    if (!tail_.ended() && !held_.empty()) {
      const std::string rest = std::exchange(held_, {});
      feed(rest);
    }
  }
}

void Scanner::end() {
  while (!held_.empty()) {
    const std::string rest = std::exchange(held_, {});
    std::string_view text = rest;
    const std::size_t used = scan(text, true);
    remember(text.substr(0, used));
    text.remove_prefix(used);
    if (!tail_.ended()) text.remove_prefix(swallow(text));
    held_ = text;
  }
  if (!tail_.ended()) finish_secret();
  before_.clear();
  column_ = 0;
  margin_ = true;
  aws_secret_ = false;
}

// Bytes that are decided: passed or dropped. With an open tail behind them, or all that can be.
std::size_t Scanner::scan(std::string_view text, bool final) {
  std::size_t at = 0, passed = 0;
  if (aws_secret_) {
    const Finding finding = find_aws_secret(view(text, final));
    if (finding.state == Finding::State::More) return 0;
    aws_secret_ = false;
    if (finding.state == Finding::State::Found && take(finding, text, at, passed)) return passed;
  }
  for (;;) {
    at = filter_.next(text, at);
    if (at + 1 >= text.size()) break;
    Finding finding = filter_.look(view(text, final), at);
    if (finding.state == Finding::State::None || finding.begin < passed) {
      ++at;
      continue;
    }
    widen(finding, text, final, at, passed);
    if (take(std::move(finding), text, at, passed)) return passed;
  }
  const std::size_t waiting = final ? 0 : filter_.waiting(view(text, final));
  const std::size_t safe = std::max(passed, text.size() - waiting);
  to_.pass(text.substr(passed, safe - passed));
  return safe;
}

// Between where it was told and where it begins another one may stand, as a token that is the user of a URL with a
// password. Then all of it is one.
void Scanner::widen(Finding& finding, std::string_view text, bool final, std::size_t at,
                    std::size_t passed) const {
  const std::size_t end = std::min(finding.begin, text.size() - 1);  // what is looked for has two bytes
  for (std::size_t inside = at; (inside = filter_.next(text, inside + 1)) < end;) {
    Finding other = filter_.look(view(text, final), inside);
    if (other.state == Finding::State::None || other.begin < passed || other.begin >= finding.begin) continue;
    if (other.end > finding.end) {
      finding = std::move(other);  // which covers both
      return;
    }
    if (other.state == Finding::State::More) {
      finding.state = Finding::State::More;
      finding.begin = std::max(passed, at - std::min(at, kAnchor));  // so that the outer one is found again
      return;
    }
    finding.begin = other.begin;
  }
}

// True: the text is decided up to passed, and no further: more must come, or the tail takes what follows.
bool Scanner::take(Finding finding, std::string_view text, std::size_t& at, std::size_t& passed) {
  const bool more = finding.state == Finding::State::More;
  if (more && text.size() - finding.begin <= kWindow) {
    const std::size_t waiting = filter_.waiting(view(text, false));
    const std::size_t safe = std::max(passed, std::min(finding.begin, text.size() - waiting));
    to_.pass(text.substr(passed, safe - passed));
    passed = safe;
    return true;
  }
  to_.pass(text.substr(passed, finding.begin - passed));
  if (more) {
    finding.end = text.size();
    finding.tail = Tail::run(kUndecided);
  }
  to_.put(finding.bare);
  bare_ = !finding.bare.empty();
  begin_secret(finding.kind, std::move(finding.tail));
  marks_.update(text.substr(finding.begin, finding.end - finding.begin));
  to_.drop(finding.end - finding.begin);
  at = passed = finding.end;
  if (!tail_.ended()) return true;
  finish_secret();
  return false;
}

void Scanner::begin_secret(Kind kind, Tail tail) {
  marks_.begin(kind);
  tail_ = std::move(tail);
}

std::size_t Scanner::swallow(std::string_view text) {
  const std::size_t size = tail_.take(text, [this](std::string_view bytes) { marks_.update(bytes); });
  to_.drop(size);
  remember(text.substr(0, size));
  if (tail_.ended()) finish_secret();
  return size;
}

void Scanner::finish_secret() {
  to_.put(marks_.end(where_.where()));
  if (bare_) to_.put("\"");
  to_.put(tail_.take_pending());
  tail_ = {};
  bare_ = false;
}

void Scanner::remember(std::string_view consumed) {
  if (consumed.empty()) return;
  if (consumed.size() >= kBefore) {
    before_ = consumed.substr(consumed.size() - kBefore);
  } else {
    before_.append(consumed);
    if (before_.size() > kBefore) before_.erase(0, before_.size() - kBefore);
  }
  if (form_ != Form::Yaml) return;
  const std::size_t newline = consumed.rfind('\n');
  if (newline != std::string_view::npos) {
    column_ = 0;
    margin_ = true;
    consumed.remove_prefix(newline + 1);
  }
  column_ += consumed.size();
  for (const char c : consumed) margin_ = margin_ && (c == ' ' || c == '-' || c == '"' || c == '\'');
}

}  // namespace postern::redact
