// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/fields.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "gateway/http/chars.h"

namespace postern::http {
namespace {

// What a browser's head is below, and what hardly any is far below.
constexpr std::size_t kUsualFields = 20;
constexpr std::size_t kUsualBytes = 640;

}  // namespace

void Fields::reserve(std::size_t fields, std::size_t bytes) {
  entries_.reserve(fields);
  text_.reserve(bytes);
}

Fields Fields::copy_with_room(std::size_t fields, std::size_t bytes) const {
  Fields copy;
  copy.reserve(entries_.size() + fields, text_.size() + bytes);
  copy.text_ = text_;
  copy.entries_ = entries_;
  copy.has_obs_text_ = has_obs_text_;
  return copy;
}

bool Fields::add(std::string_view name, std::string_view value) {
  constexpr std::size_t kMax = std::numeric_limits<std::uint32_t>::max();
  if (name.empty() || name.size() > std::numeric_limits<std::uint16_t>::max()) return false;
  if (value.size() > kMax - name.size() || text_.size() > kMax - name.size() - value.size()) return false;
  const ValueText kind = classify_value(value);
  if (kind == ValueText::Invalid) return false;
  if (entries_.capacity() == 0) reserve(kUsualFields, kUsualBytes);

  const std::size_t begin = text_.size();
  text_.append(name);
  char* copy = text_.data() + begin;
  for (std::size_t i = 0; i < name.size(); ++i) {
    copy[i] = kLowerToken[static_cast<unsigned char>(copy[i])];
    if (copy[i] == 0) {
      text_.resize(begin);
      return false;
    }
  }
  const FieldId id = identify({copy, name.size()});
  text_.append(value);
  entries_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(value.size()),
                      static_cast<std::uint16_t>(name.size()), id});
  has_obs_text_ |= kind == ValueText::ObsText;
  return true;
}

void Fields::put(std::string_view name, std::string_view value) {
  const bool added = add(name, value);
  POSTERN_CHECK(added);
}

void Fields::set(std::string_view name, std::string_view value) {
  remove(name);
  put(name, value);
}

std::optional<std::string_view> Fields::find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    const Field field = at(entry);
    if (field.name == name) return field.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Fields::find(FieldId id) const {
  for (const Entry& entry : entries_) {
    if (entry.id == id) return at(entry).value;
  }
  return std::nullopt;
}

std::size_t Fields::count(FieldId id) const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(), [id](const Entry& entry) { return entry.id == id; }));
}

std::size_t Fields::remove(std::string_view name) {
  return remove_if([name](const Field& field) { return field.name == name; });
}

std::size_t Fields::remove(FieldId id) {
  return remove_if([id](const Field& field) { return field.id == id; });
}

void Fields::clear() {
  text_.clear();
  entries_.clear();
  has_obs_text_ = false;
}

}  // namespace postern::http
