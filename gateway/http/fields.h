// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Header fields, in order. A Fields never holds anything that could break a line: names are tokens in lower
// case, values are free of CR, LF, NUL and control bytes. What is in one can be written out as it is; that is
// why the writers need no checks.
//
// Storage is one string and one table of offsets, kept by clear(), so that a reused head allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/field_id.h"

namespace postern::http {

struct Field {
  std::string_view name;   // lower case
  std::string_view value;  // without white space at its ends; may be empty
  FieldId id = FieldId::Other;
};

class Fields {
 public:
  // Memory for that many fields, and bytes of names and values, is asked for at once. Without it, the first
  // add() asks for what most heads need.
  void reserve(std::size_t fields, std::size_t bytes);

  // A copy with memory for that much more, asked for at once: most copies are made to be added to.
  Fields copy_with_room(std::size_t fields, std::size_t bytes) const;

  // Appends what came from outside. False, and nothing appended, if name is not a token (either case; kept in
  // lower case) or value is not a field value (classify_value). Views handed out before become invalid.
  [[nodiscard]] bool add(std::string_view name, std::string_view value);

  // The same for text of our own making; breaking the rules is a bug. Never give it a peer's bytes unchecked.
  void put(std::string_view name, std::string_view value);
  // Removes all of that name, then puts it.
  void set(std::string_view name, std::string_view value);

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  Field operator[](std::size_t index) const { return at(entries_[index]); }  // index < size()

  // The first of that name (lower case), or nothing. The view is valid until the next change.
  std::optional<std::string_view> find(std::string_view name) const;
  std::optional<std::string_view> find(FieldId id) const;  // id is not Other
  std::size_t count(FieldId id) const;
  bool has(FieldId id) const { return find(id).has_value(); }

  std::size_t remove(std::string_view name);  // how many were removed
  std::size_t remove(FieldId id);
  // Removes every field for which gone(Field) is true. gone sees each field once, in order.
  template <typename Predicate>
  std::size_t remove_if(Predicate gone) {
    return std::erase_if(entries_, [&](const Entry& entry) { return gone(at(entry)); });
  }
  template <typename Visitor>
  void for_each(Visitor visit) const {
    for (const Entry& entry : entries_) visit(at(entry));
  }

  bool has_obs_text() const {
    return has_obs_text_;
  }  // some value added since clear() has bytes from 0x80 upwards
  std::size_t bytes() const { return text_.size(); }  // of names and values, removed ones included
  void clear();                                       // keeps the memory

 private:
  struct Entry {
    std::uint32_t begin;  // of the name in text_; the value follows at once
    std::uint32_t value_size;
    std::uint16_t name_size;
    FieldId id;
  };
  Field at(const Entry& entry) const {
    const char* name = text_.data() + entry.begin;
    return {{name, entry.name_size}, {name + entry.name_size, entry.value_size}, entry.id};
  }

  std::string text_;
  std::vector<Entry> entries_;
  bool has_obs_text_ = false;
};

}  // namespace postern::http
