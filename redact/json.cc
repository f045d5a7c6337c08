// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "redact/json.h"

#include <algorithm>
#include <cstring>

namespace postern::redact {
namespace {

constexpr std::size_t kReadAtOnce = 4096;
constexpr CharSet kNumber("0123456789+-.eE");
constexpr CharSet kBeginsWord("-0123456789tfnNI");
constexpr CharSet kLetter("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");
constexpr CharSet kEndsWord(" \t\r\n,]}");
constexpr std::size_t kLongestLiteral = 9;
constexpr CharSet kSpace(" \t\r\n");
// Between documents: also a record separator (RFC 7464) and a byte order mark.
constexpr CharSet kBetween(" \t\r\n\x1e\xef\xbb\xbf");
constexpr CharSet kLine("\r\n", true);

bool is_literal(std::string_view word) {
  return word == "true" || word == "false" || word == "null" || word == "NaN" || word == "Infinity" ||
         word == "-Infinity";
}

// The first quote or backslash from `at` on; text.size() if there is none. Eight bytes at a time.
std::size_t find_quote(std::string_view text, std::size_t at) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U, kHighs = 0x8080808080808080U;
  const auto zero_byte = [](std::uint64_t v) { return (v - kOnes) & ~v & kHighs; };
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + at, 8);
    if ((zero_byte(eight ^ (kOnes * '"')) | zero_byte(eight ^ (kOnes * '\\'))) != 0) break;
  }
  while (at < text.size() && text[at] != '"' && text[at] != '\\') ++at;
  return at;
}

// A member's name as an event may show it: a plain word, not an identifier of somebody or something.
bool is_plain_word(std::string_view name) {
  int digits = 0;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
    const bool digit = c >= '0' && c <= '9';
    digits += digit ? 1 : 0;
    if (!letter && !digit) return false;
  }
  return !name.empty() && name.size() <= 39 && digits <= 3;
}

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | (code >> 6U));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else {  // halves of a surrogate pair too: nobody reads this as text
    out += static_cast<char>(0xE0U | (code >> 12U));
    out += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

// What an escape stands for. One that is none stands for what follows its backslash.
std::string meaning(std::string_view raw) {
  static constexpr std::string_view kFrom = "nrtbf", kTo = "\n\r\t\b\f";
  std::string out;
  if (raw[1] == 'u') {
    unsigned code = 0;
    for (const char c : raw.substr(2)) {
      const unsigned digit =
          c <= '9' ? static_cast<unsigned>(c - '0') : (static_cast<unsigned>(c) | 0x20U) - 'a' + 10U;
      code = code * 16 + (digit & 0xFU);
    }
    append_utf8(out, code);
  } else if (const std::size_t at = kFrom.find(raw[1]); at != std::string_view::npos) {
    out = kTo[at];
  } else {
    out = raw[1];
  }
  return out;
}

}  // namespace

JsonText::JsonText(const Rules& rules, Marks& marks, std::string*& out)
    : rules_(rules),
      marks_(marks),
      out_(out),
      writer_(out),
      scanner_(rules.text(), Form::Json, marks, writer_, *this),
      states_(rules.start()) {}

void JsonText::feed(std::string_view piece) {
  while (!piece.empty()) {
    if (lost_) return lost_->feed(piece);
    std::size_t used = 0;
    switch (inside_) {
      case Inside::Structure:
        used = take_structure(piece);
        break;
      case Inside::Literal:
        used = take_literal(piece);
        break;
      case Inside::NamedWord:
        used = take_named_word(piece);
        break;
      case Inside::NamedTree:
        used = take_named_tree(piece);
        break;
      default:
        used = take_string(piece);
    }
    piece.remove_prefix(used);
    if (broken_) return lose(piece);
  }
}

void JsonText::finish() {
  if (lost_) return lost_->end();
  if (inside_ == Inside::Literal && is_literal(word_)) out_->append(std::exchange(word_, {}));
  switch (inside_) {
    case Inside::Structure:
      break;
    case Inside::Literal:
      lose({});  // what follows a word decides, and nothing follows
      return lost_->end();
    case Inside::Key:
    case Inside::String:
      flush_read();
      scanner_.end();
      out_->append(escape_);
      break;
    case Inside::NamedString:
      out_->append(marks_.end(where()));
      break;
    case Inside::NamedWord:
      replace();
      break;
    case Inside::NamedTree:
      out_->append("\"").append(marks_.end(where())).append("\"");
      break;
  }
}

std::string JsonText::where() const {
  std::string out = lost_ ? "text in place of JSON, behind $" : "$";
  constexpr std::size_t kMostShown = 8;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    if (i == kMostShown) return out + "..";
    const Level& level = levels_[i];
    if (level.array) {
      out += "[*]";
      continue;
    }
    const bool of_key = inside_ == Inside::Key && i + 1 == levels_.size();
    out += '.';
    out += of_key || level.name_size == 0 ? std::string_view("*") : level.name();
  }
  return out;
}

// --- structure

std::size_t JsonText::take_structure(std::string_view piece) {
  Cursor in{piece, 0, 0};
  while (in.at < piece.size()) {
    const char c = piece[in.at];
    if (state_ == State::Number) {
      while (in.at < piece.size() && kNumber.has(piece[in.at])) ++in.at;
      if (in.at < piece.size()) end_value();
      continue;
    }
    if (kSpace.has(c) || (levels_.empty() && kBetween.has(c))) {
      ++in.at;
      continue;
    }
    const bool on = state_ == State::Value ? take_value(in)
                    : state_ == State::Key ? take_key(in)
                                           : take_sign(in);
    if (!on) return in.at;
  }
  out_->append(piece);
  return piece.size();
}

bool JsonText::leave(Cursor& in, std::size_t at, Inside to) {
  out_->append(in.piece.substr(0, at));
  in.at = at;
  inside_ = to;
  return false;
}

bool JsonText::fail(Cursor& in) {
  broken_ = true;
  return leave(in, in.at, Inside::Structure);
}

bool JsonText::take_value(Cursor& in) {
  const char c = in.piece[in.at];
  if (c == ']') {  // an empty array
    if (!close(true)) return fail(in);
    ++in.at;
    return true;
  }
  begin_value();
  if (c == '"') {
    std::size_t end = 0;
    if (!named_ && !aws_secret_ && skim(in, in.at + 1, end)) {
      end_value();
      in.at = end + 1;
      return true;
    }
    if (named_) marks_.begin(Kind::Field);
    if (!named_ && aws_secret_) scanner_.expect_aws_secret();
    return leave(in, in.at + 1, named_ ? Inside::NamedString : Inside::String);
  }
  const bool tree = c == '{' || c == '[';
  if (!tree && !kBeginsWord.has(c)) return fail(in);
  if (named_) {
    marks_.begin(Kind::Field);
    tree_depth_ = 0;
    return leave(in, in.at, tree ? Inside::NamedTree : Inside::NamedWord);
  }
  if (!tree && !kDigit.has(c)) return leave(in, in.at, Inside::Literal);
  if (tree && !open(c == '[')) return fail(in);
  if (!tree) state_ = State::Number;
  ++in.at;
  return true;
}

bool JsonText::take_key(Cursor& in) {
  const char c = in.piece[in.at];
  if (c == '}' && close(false)) {
    ++in.at;
    return true;
  }
  if (c != '"') return fail(in);
  std::size_t end = 0;
  if (skim(in, in.at + 1, end)) {
    end_key(in.piece.substr(in.at + 1, end - in.at - 1), false);
    in.at = end + 1;
    return true;
  }
  key_.clear();
  key_found_ = marks_.counts().total;
  return leave(in, in.at + 1, Inside::Key);
}

bool JsonText::take_sign(Cursor& in) {
  const char c = in.piece[in.at];
  if (state_ == State::Colon) {
    if (c != ':') return fail(in);
    state_ = State::Value;
  } else if (c == ',') {
    state_ = levels_.back().array ? State::Value : State::Key;
    ++levels_.back().index;
  } else if ((c != ']' && c != '}') || !close(c == ']')) {
    return fail(in);
  }
  behind_named_ = false;
  ++in.at;
  return true;
}

// Whether a string is all there, without escapes and without a place where a secret could begin. end: its
// quote.
bool JsonText::skim(Cursor& in, std::size_t begin, std::size_t& end) const {
  end = find_quote(in.piece, begin);
  if (end == in.piece.size() || in.piece[end] != '"') return false;
  if (in.quiet < begin) in.quiet = rules_.text().next(in.piece, begin);
  return in.quiet + 1 >= end;
}

// A member's value was found by its key already.
void JsonText::begin_value() {
  if (levels_.empty()) {
    states_ = rules_.start();
    followed_ = states_.any();
  } else if (levels_.back().array) {
    const Level& level = levels_.back();
    followed_ = level.followed;
    if (!followed_) return;
    states_ = rules_.element(level.states, level.index);
    followed_ = states_.any();
    named_ = rules_.accepts(states_);
  }
}

bool JsonText::open(bool array) {
  if (levels_.size() == kDepth) return false;
  Level& level = levels_.emplace_back();
  level.followed = followed_;
  if (followed_) level.states = states_;
  level.array = array;
  state_ = array ? State::Value : State::Key;
  named_ = aws_secret_ = false;
  return true;
}

bool JsonText::close(bool array) {
  if (levels_.empty() || levels_.back().array != array) return false;
  levels_.pop_back();
  end_value();
  return true;
}

void JsonText::end_value() {
  behind_named_ = named_;
  named_ = aws_secret_ = false;
  state_ = levels_.empty() ? State::Value : State::After;
}

void JsonText::end_key(std::string_view key, bool secret) {
  Level& level = levels_.back();
  level.name_size = 0;
  if (!secret && is_plain_word(key)) {
    level.name_size = static_cast<std::uint8_t>(key.size());
    std::memcpy(level.name_bytes, key.data(), key.size());
  }
  followed_ = level.followed;
  if (followed_) {
    states_ = rules_.member(level.states, key);
    followed_ = states_.any();
  }
  named_ = (followed_ && rules_.accepts(states_)) || rules_.names(key);
  aws_secret_ = announces_aws_secret(key);
  state_ = State::Colon;
}

// --- strings

std::size_t JsonText::take_string(std::string_view piece) {
  std::size_t at = 0;
  if (!escape_.empty()) at = take_escape(piece);
  while (at < piece.size()) {
    const std::size_t end = find_quote(piece, at);
    read(piece.substr(at, end - at));
    at = end;
    if (at == piece.size()) break;
    if (piece[at] == '"') {
      end_string();
      return at + 1;
    }
    at += take_escape(piece.substr(at));
  }
  return piece.size();
}

// "\n" or "\u000a", perhaps in pieces: how much of raw belongs to it.
std::size_t JsonText::take_escape(std::string_view raw) {
  std::size_t used = 0;
  while (used < raw.size()) {
    const char c = raw[used];
    const bool hex = (c >= '0' && c <= '9') || ((static_cast<unsigned char>(c) | 0x20U) >= 'a' &&
                                                (static_cast<unsigned char>(c) | 0x20U) <= 'f');
    if (escape_.size() >= 2 && !hex) {
      // \u without its digits: nobody knows what it means, so it passes as it is, and is looked at as such.
      const std::string odd = std::exchange(escape_, {});
      read(odd);
      return used;
    }
    escape_ += c;
    ++used;
    if (escape_.size() == (escape_.size() > 1 && escape_[1] == 'u' ? 6U : 2U)) {
      read_escape(escape_);
      escape_.clear();
      return used;
    }
  }
  return used;
}

void JsonText::read(std::string_view text) {
  if (text.empty()) return;
  if (inside_ == Inside::NamedString) return marks_.update(text);
  if (inside_ == Inside::Key && key_.size() <= kNameLength) key_.append(text.substr(0, kNameLength + 1));
  read_total_ += text.size();
  if (!read_.empty() && read_.size() + text.size() <= kReadAtOnce) {
    read_.append(text);
    return;
  }
  flush_read();
  scanner_.feed(text);
}

void JsonText::read_escape(std::string_view raw) {
  const std::string text = meaning(raw);
  if (inside_ == Inside::NamedString) return marks_.update(text);
  if (inside_ == Inside::Key && key_.size() <= kNameLength) key_.append(text);
  writer_.escape(read_total_, text.size(), raw);
  read_total_ += text.size();
  read_.append(text);
  if (read_.size() > kReadAtOnce) flush_read();
}

void JsonText::flush_read() {
  scanner_.feed(read_);
  read_.clear();
}

void JsonText::end_string() {
  if (inside_ == Inside::NamedString) {
    out_->append(marks_.end(where()));
  } else {
    flush_read();
    scanner_.end();
  }
  if (inside_ == Inside::Key)
    end_key(key_, marks_.counts().total != key_found_);
  else
    end_value();
  inside_ = Inside::Structure;
  out_->push_back('"');
}

// --- words

// Held until it is complete: what only begins like a word may be anything, and is looked at as a whole.
std::size_t JsonText::take_literal(std::string_view piece) {
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const char c = piece[i];
    if (word_ == "-" && kDigit.has(c)) {
      out_->append(std::exchange(word_, {}));
      inside_ = Inside::Structure;
      state_ = State::Number;
      return i;
    }
    if (kLetter.has(c) && word_.size() < kLongestLiteral) {
      word_ += c;
      continue;
    }
    if (kEndsWord.has(c) && is_literal(word_)) {
      out_->append(std::exchange(word_, {}));
      inside_ = Inside::Structure;
      end_value();
    } else {
      broken_ = true;
    }
    return i;
  }
  return piece.size();
}

std::size_t JsonText::take_named_word(std::string_view piece) {
  std::size_t end = 0;
  while (end < piece.size() && (kNumber.has(piece[end]) || kLetter.has(piece[end]))) ++end;
  if (word_.size() <= kLongestLiteral) word_.append(piece.substr(0, std::min(end, kLongestLiteral + 1)));
  marks_.update(piece.substr(0, end));
  if (end == piece.size()) return end;
  const bool number =
      kDigit.has(word_.front()) || (word_.size() > 1 && word_[0] == '-' && kDigit.has(word_[1]));
  if (kEndsWord.has(piece[end]) && (number || is_literal(word_)))
    replace();
  else
    broken_ = secret_open_ = true;
  return end;
}

// null hides nothing.
void JsonText::replace() {
  if (word_ == "null") {
    marks_.cancel();
    out_->append(word_);
  } else {
    out_->append("\"").append(marks_.end(where())).append("\"");
  }
  word_.clear();
  inside_ = Inside::Structure;
  end_value();
}

// --- named values that are objects and arrays

std::size_t JsonText::take_named_tree(std::string_view piece) {
  std::size_t begin = 0;  // of what is not hashed yet: space between tokens does not count
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const char c = piece[i];
    if (tree_string_) {
      if (tree_escaped_)
        tree_escaped_ = false;
      else if (c == '\\')
        tree_escaped_ = true;
      else
        tree_string_ = c != '"';
      continue;
    }
    if (kSpace.has(c)) {
      marks_.update(piece.substr(begin, i - begin));
      begin = i + 1;
    }
    tree_string_ = c == '"';
    if (c == '{' || c == '[') ++tree_depth_;
    if (c != '}' && c != ']') continue;
    if (--tree_depth_ > 0) continue;
    marks_.update(piece.substr(begin, i + 1 - begin));
    out_->append("\"").append(marks_.end(where())).append("\"");
    inside_ = Inside::Structure;
    end_value();
    return i + 1;
  }
  marks_.update(piece.substr(begin));
  return piece.size();
}

// --- what is no JSON

void JsonText::lose(std::string_view rest) {
  lost_ = std::make_unique<Scanner>(rules_.text(), Form::Text, marks_, writer_, *this);
  // `"password" = "x"`, `"password": a b`: the name was read as a key, and what follows is its value all the
  // same.
  if (secret_open_) {
    word_.clear();
    lost_->continue_secret(Tail::run(kLine));
  } else if (named_ || aws_secret_ || behind_named_) {
    lost_->begin_secret(Kind::Field, Tail::run(kLine));
  }
  lost_->feed(std::exchange(word_, {}));
  lost_->feed(rest);
}

}  // namespace postern::redact
