// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "redact/path.h"

#include <charconv>

namespace postern::redact {
namespace {

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         static_cast<unsigned char>(c) >= 0x80;
}

class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text) {}

  base::Result<Path> parse() {
    if (text_.size() > kPathLength) return wrong("a path has at most 512 bytes");
    if (!take('$')) return wrong("a path begins with $, such as $..password");
    path_.text = text_;
    while (at_ < text_.size()) {
      if (base::Status step = take_step(); !step.ok()) return step.error();
      if (path_.steps.size() > kPathSteps) return wrong("a path has at most 32 steps");
    }
    if (path_.steps.empty())
      return wrong("$ alone would be everything: name what to redact, such as $..password");
    return std::move(path_);
  }

 private:
  base::Error wrong(std::string_view what) const {
    return base::fail(base::Code::Invalid,
                      "at character " + std::to_string(at_ + 1) + ": " + std::string(what));
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  base::Status take_step() {
    Step step;
    if (take('.')) {
      step.deep = take('.');
      if (step.deep && take('[')) return take_bracket(std::move(step));
      if (take('*')) {
        step.what = Step::What::Any;
        return add(std::move(step));
      }
      const std::size_t begin = at_;
      while (at_ < text_.size() && is_name_byte(text_[at_])) ++at_;
      step.name = text_.substr(begin, at_ - begin);
      if (step.name.empty())
        return wrong("a name or * is missing; a name with other characters is written ['like this']");
      return add(std::move(step));
    }
    if (take('[')) return take_bracket(std::move(step));
    return wrong("a step begins with . or [");
  }

  base::Status take_bracket(Step step) {
    if (take('*')) {
      step.what = Step::What::Any;
    } else if (at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"')) {
      const char quote = text_[at_++];
      const std::size_t end = text_.find(quote, at_);
      if (end == std::string_view::npos) return wrong("the quote is not closed");
      step.name = text_.substr(at_, end - at_);
      if (step.name.find('\\') != std::string::npos) return wrong("a name is written without escapes");
      if (step.name.empty()) return wrong("the name is empty");
      at_ = end + 1;
    } else {
      step.what = Step::What::Index;
      const char* const end = text_.data() + text_.size();
      const auto [stop, error] = std::from_chars(text_.data() + at_, end, step.index);
      if (error != std::errc{})
        return wrong("in brackets stand *, a number, or a name in quotes; filters and slices are not known");
      at_ = static_cast<std::size_t>(stop - text_.data());
    }
    if (!take(']')) return wrong("] is missing");
    return add(std::move(step));
  }

  base::Status add(Step step) {
    if (step.name.size() > kNameLength) return wrong("a name has at most 128 bytes");
    if (step.deep && step.what != Step::What::Name)
      return wrong("..* would be everything: name what to redact, such as $..password");
    path_.steps.push_back(std::move(step));
    return base::Ok{};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Path path_;
};

}  // namespace

base::Result<Path> parse_path(std::string_view text) { return PathParser(text).parse(); }

}  // namespace postern::redact
