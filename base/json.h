// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The one door to nlohmann-json. Used where a document is read or written now and then; the path of an
// exchange writes its events with JsonWriter below, which allocates nothing but the text.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::base {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

// Strict RFC 8259: UTF-8, no comments, no duplicate keys in an object, at most depth levels. The error gives
// line:column.
Result<Json> parse_json(std::string_view text, int depth = 64);

// The text as one line; invalid UTF-8 in it is replaced by U+FFFD, so that this never fails.
std::string dump_json(const Json& value);
std::string dump_json(const OrderedJson& value);

// Field readers for messages: nullptr / fallback when it is missing or of another type.
const std::string* json_text(const Json& object, const char* key);
std::string json_text_or(const Json& object, const char* key, std::string_view fallback);
std::int64_t json_number_or(const Json& object, const char* key, std::int64_t fallback);
bool json_bool_or(const Json& object, const char* key, bool fallback);
std::vector<std::string> json_texts(const Json& object, const char* key);  // of a list, what is a text

// Writes one JSON object, key by key, straight into a string.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}
  void open_object();
  void open_object(std::string_view key);
  void close_object();
  void open_array(std::string_view key);
  void close_array();
  void field(std::string_view key, std::string_view value);
  void field(std::string_view key, const char* value) { field(key, std::string_view(value)); }
  void field(std::string_view key, std::int64_t value);
  void field(std::string_view key, bool value);
  void item(std::string_view value);
  void raw(std::string_view key, std::string_view json);  // json is a complete JSON value
  static void escape(std::string& out,
                     std::string_view value);  // with the quotes; invalid UTF-8 becomes U+FFFD

 private:
  void key(std::string_view name);
  void comma();
  std::string& out_;
  bool first_ = true;
};

}  // namespace postern::base
