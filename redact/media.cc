// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "base/bytes.h"
#include "redact/kind.h"

namespace postern::redact {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& list) {
  for (const std::string_view one : list)
    if (text == one) return true;
  return false;
}

constexpr auto kBinaryFamilies = std::to_array<std::string_view>({"image/", "audio/", "video/", "font/"});
constexpr auto kBinary = std::to_array<std::string_view>({
    "application/octet-stream",
    "application/protobuf",
    "application/x-protobuf",
    "application/vnd.google.protobuf",
    "application/grpc",
    "application/grpc+proto",
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/zip",
    "application/gzip",
    "application/x-gzip",
    "application/zstd",
    "application/x-tar",
    "application/x-bzip2",
    "application/x-xz",
    "application/wasm",
    "application/pdf",
    "application/font-woff",
    "application/vnd.ms-fontobject",
    "application/cbor",
    "application/msgpack",
    "application/x-msgpack",
    "application/vnd.msgpack",
});
constexpr auto kCode = std::to_array<std::string_view>({
    "text/html",
    "text/css",
    "text/javascript",
    "text/ecmascript",
    "text/xml",
    "application/javascript",
    "application/x-javascript",
    "application/ecmascript",
    "application/xml",
    "application/xhtml+xml",
    "image/svg+xml",
});
constexpr auto kYaml = std::to_array<std::string_view>(
    {"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/vnd.yaml"});
constexpr auto kJson = std::to_array<std::string_view>({
    "application/json",
    "text/json",
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/json-seq",
    "application/stream+json",
    "application/x-json",
});

Form form_of(std::string_view type) {
  if (is_one_of(type, kJson) || type.ends_with("+json") || type.ends_with("+json-seq")) return Form::Json;
  if (is_one_of(type, kYaml) || type.ends_with("+yaml")) return Form::Yaml;
  if (is_one_of(type, kCode) || type.ends_with("+xml")) return Form::Code;
  if (is_one_of(type, kBinary)) return Form::Binary;
  for (const std::string_view family : kBinaryFamilies)
    if (type.starts_with(family)) return Form::Binary;
  return Form::Text;
}

}  // namespace

Media media_of(std::string_view content_type) {
  const std::string all = base::to_lower(content_type);
  std::string_view type = std::string_view(all).substr(0, all.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  Media media;
  media.form = form_of(type);
  media.readable = media.form == Form::Binary ||
                   (all.find("utf-16") == std::string::npos && all.find("utf-32") == std::string::npos &&
                    all.find("utf-7") == std::string::npos && all.find("ucs-2") == std::string::npos);
  return media;
}

}  // namespace postern::redact
