// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A JSON document on its way through: members that a policy names are replaced whole, strings and keys are
// looked at as text, everything else passes byte for byte. Documents may follow each other (NDJSON).
//
// Lenient where that opens nothing: it tokenizes, it does not judge. What is no JSON falls back to the rules
// of text for the rest of the body, where the policy's names are found as `"name": value`. Memory is bounded:
// kDepth levels, and what a Scanner holds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/recycled.h"
#include "redact/scanner.h"

namespace postern::redact {

class JsonText final : public Where, public base::Recycled<JsonText> {
 public:
  static constexpr std::size_t kDepth = 256;

  // All outlive it; out may be aimed elsewhere between calls.
  JsonText(const Rules& rules, Marks& marks, std::string*& out);
  JsonText(const JsonText&) = delete;
  JsonText& operator=(const JsonText&) = delete;

  void feed(std::string_view piece);
  void finish();

  std::string where() const override;  // "$.users[*].name"

 private:
  enum class State : std::uint8_t { Value, Number, Key, Colon, After };
  enum class Inside : std::uint8_t { Structure, Literal, Key, String, NamedString, NamedWord, NamedTree };
  struct Level {
    Rules::States states;
    bool followed = false;  // some path leads here: otherwise states are empty
    bool array = false;
    std::uint32_t index = 0;
    std::string_view name() const { return {name_bytes, name_size}; }
    std::uint8_t name_size = 0;
    char name_bytes[39];  // of the member that is being read, where it is a plain word
  };

  // Each takes what it can from the front of a piece, and says how much.
  std::size_t take_structure(std::string_view piece);
  std::size_t take_string(std::string_view piece);
  std::size_t take_literal(std::string_view piece);
  std::size_t take_named_word(std::string_view piece);
  std::size_t take_named_tree(std::string_view piece);

  // Structure is read in place, and copied up to where something else begins.
  struct Cursor {
    std::string_view piece;
    std::size_t at = 0;
    std::size_t quiet = 0;  // no secret can begin in front of it
  };
  // Each takes something that is not space. False: structure is left, or it is no JSON; everything in front of
  // the cursor was copied.
  bool take_value(Cursor& in);
  bool take_key(Cursor& in);
  bool take_sign(Cursor& in);
  bool leave(Cursor& in, std::size_t at, Inside to);
  bool fail(Cursor& in);
  void begin_value();
  bool skim(Cursor& in, std::size_t begin, std::size_t& end) const;
  void end_string();
  void end_value();
  void end_key(std::string_view key, bool secret);
  bool open(bool array);
  bool close(bool array);
  std::size_t take_escape(std::string_view raw);
  void read(std::string_view text);
  void read_escape(std::string_view raw);
  void flush_read();
  void replace();
  void lose(std::string_view rest);

  const Rules& rules_;
  Marks& marks_;
  std::string*& out_;
  Writer writer_;
  Scanner scanner_;
  State state_ = State::Value;
  Inside inside_ = Inside::Structure;
  bool broken_ = false;
  std::vector<Level> levels_;
  Rules::States states_;     // of the value that is read, or comes next
  bool followed_ = false;    // and whether there are any
  bool named_ = false;       // whether it is named
  bool aws_secret_ = false;  // or announced by its key
  std::string key_;
  std::uint64_t key_found_ = 0;   // what had been found when the key began
  std::string read_;              // of a string with escapes: read, and not yet looked at
  std::uint64_t read_total_ = 0;  // bytes of keys and strings that were read
  std::string escape_;            // the beginning of an escape
  std::string word_;              // a literal, or the beginning of a named value that is no string
  bool secret_open_ = false;      // it broke off within a named value
  bool behind_named_ = false;     // nothing but space has come since a named value
  std::uint64_t tree_depth_ = 0;
  bool tree_string_ = false, tree_escaped_ = false;
  std::unique_ptr<Scanner> lost_;  // it is no JSON, and treated as text since
};

}  // namespace postern::redact
