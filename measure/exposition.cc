// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "measure/exposition.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "base/bytes.h"

namespace postern::measure {
namespace {

bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool goes_on_with(char c) { return begins_name(c) || (c >= '0' && c <= '9'); }

class LineReader {
 public:
  LineReader(std::string_view line, Sample& out) : line_(line), out_(out) {}

  // Null: the line is a sample. Else what is wrong with it.
  const char* read() {
    out_.labels.clear();
    out_.name = take_name(true);
    if (out_.name.empty()) return "it does not begin with the name of a metric";
    bool apart = blanks();
    if (take('{')) {
      if (const char* wrong = labels()) return wrong;
      apart = true;
      blanks();
    }
    if (!apart) return "there is no blank before its value";
    if (!number()) return "its value is no number";
    if (at_ == line_.size()) return nullptr;
    if (!blanks() || (at_ < line_.size() && !timestamp())) return "what stands behind its value is no time";
    blanks();
    return at_ == line_.size() ? nullptr : "something stands behind its time";
  }

 private:
  bool take(char c) {
    if (at_ >= line_.size() || line_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool blanks() {
    const std::size_t before = at_;
    while (at_ < line_.size() && (line_[at_] == ' ' || line_[at_] == '\t')) ++at_;
    return at_ > before;
  }
  std::string_view take_name(bool colons) {
    const std::size_t begin = at_;
    while (at_ < line_.size() && ((at_ == begin ? begins_name(line_[at_]) : goes_on_with(line_[at_])) ||
                                  (colons && line_[at_] == ':')))
      ++at_;
    return line_.substr(begin, at_ - begin);
  }
  std::string_view word() {
    const std::size_t begin = at_;
    while (at_ < line_.size() && line_[at_] != ' ' && line_[at_] != '\t') ++at_;
    return line_.substr(begin, at_ - begin);
  }

  const char* labels() {
    for (;;) {
      blanks();
      if (take('}')) return nullptr;  // also behind a comma
      if (out_.labels.size() == kMostLabels) return "it has more than 64 labels";
      Label label;
      label.name = take_name(false);
      if (label.name.empty()) return "a label has no name";
      if (out_.label(label.name) != nullptr) return "a label stands there twice";
      blanks();
      if (!take('=')) return "a label has no value";
      blanks();
      if (!take('"') || !quoted(label.value))
        return "the value of a label is not closed, or has an escape that is none";
      out_.labels.push_back(std::move(label));
      blanks();
      if (take('}')) return nullptr;
      if (!take(',')) return "its labels are not closed";
    }
  }
  bool quoted(std::string& out) {
    while (at_ < line_.size()) {
      const char c = line_[at_++];
      if (c == '"') return true;
      if (c != '\\') {
        out += c;
        continue;
      }
      if (at_ == line_.size()) return false;
      const char escaped = line_[at_++];
      if (escaped != '\\' && escaped != '"' && escaped != 'n') return false;
      out += escaped == 'n' ? '\n' : escaped;
    }
    return false;
  }

  bool number() {
    std::string_view text = word();
    if (text.starts_with('+')) {
      text.remove_prefix(1);
      if (text.starts_with('-') || text.starts_with('+')) return false;
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out_.value);
    if (text.empty() || end != text.data() + text.size()) return false;
    if (error == std::errc::result_out_of_range) out_.value = HUGE_VAL;  // too large, or too near to nothing
    return error == std::errc() || error == std::errc::result_out_of_range;
  }
  bool timestamp() {
    const std::string_view text = word();
    std::int64_t time = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time);
    return error == std::errc() && end == text.data() + text.size();
  }

  std::string_view line_;
  Sample& out_;
  std::size_t at_ = 0;
};

base::Error wrong_line(std::size_t number, std::string_view what) {
  return base::fail(base::Code::Invalid, base::Side::Component,
                    "line " + std::to_string(number) + " of the metrics: " + std::string(what));
}

}  // namespace

const std::string* Sample::label(std::string_view of) const {
  const auto found =
      std::find_if(labels.begin(), labels.end(), [of](const Label& one) { return one.name == of; });
  return found == labels.end() ? nullptr : &found->value;
}

bool is_metric_name(std::string_view text) {
  if (text.empty() || !(begins_name(text[0]) || text[0] == ':')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return goes_on_with(c) || c == ':'; });
}

bool is_label_name(std::string_view text) {
  return !text.empty() && begins_name(text[0]) && std::all_of(text.begin(), text.end(), goes_on_with);
}

base::Status read_exposition(std::string_view text, const std::function<void(const Sample&)>& on_sample) {
  if (text.size() > kExpositionSize) return wrong_line(1, "there are more than 8 MiB of them");
  if (!base::is_utf8(text)) return wrong_line(1, "they are not UTF-8");
  Sample sample;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    // What was cut off looks like this: the last number may have more digits.
    if (end == std::string_view::npos) return wrong_line(number, "it does not end");
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.size() > kExpositionLine) return wrong_line(number, "it has more than 16 KiB");
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty() || line[0] == '#') continue;
    if (const char* wrong = LineReader(line, sample).read()) return wrong_line(number, wrong);
    on_sample(sample);
  }
  return base::Ok{};
}

}  // namespace postern::measure
