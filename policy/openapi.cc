// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/openapi.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>

#include "base/bytes.h"
#include "policy/reader.h"

namespace postern::policy {
namespace {

using base::YamlNode;

constexpr int kReferenceDepth = 8;  // of a reference that leads to a reference
constexpr std::size_t kCallLimit = 20'000;
constexpr std::size_t kParameterLimit = 64;

std::string_view scalar_of(const YamlNode& map, std::string_view key) {
  const YamlNode* node = map.find(key);
  return node != nullptr && node->is_scalar() ? std::string_view(node->scalar) : std::string_view();
}

bool is_true(const YamlNode& map, std::string_view key) { return scalar_of(map, key) == "true"; }

// One token of a JSON pointer in a URI fragment (RFC 6901 section 6).
std::string pointer_token(std::string_view raw) {
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const std::string_view two = raw.substr(i, 2);
    const auto escaped =
        raw[i] == '%' && i + 2 < raw.size() ? base::from_hex(raw.substr(i + 1, 2)) : std::nullopt;
    if (two == "~1" || two == "~0") {
      out += two == "~1" ? '/' : '~';
      ++i;
    } else if (escaped) {
      out += *escaped;
      i += 2;
    } else {
      out += raw[i];
    }
  }
  return out;
}

// JSON writes a character beyond U+FFFF as two escapes, \\ud83d\\ude00, where YAML wants one: \\U0001F600.
// The rest of JSON is YAML. Columns behind such a character are two too small.
std::string join_surrogates(std::string_view json) {
  const auto unit = [&](std::size_t at) -> unsigned {
    unsigned value = 0;
    if (json.substr(at, 2) != "\\u" || at + 6 > json.size()) return 0;
    const auto [stop, error] = std::from_chars(json.data() + at + 2, json.data() + at + 6, value, 16);
    return error == std::errc{} && stop == json.data() + at + 6 ? value : 0;
  };
  std::string out;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const unsigned high = json[i] == '\\' ? unit(i) : 0;
    const unsigned low = high >= 0xD800 && high < 0xDC00 ? unit(i + 6) : 0;
    if (low >= 0xDC00 && low < 0xE000) {
      char escape[16];
      std::snprintf(escape, sizeof escape, "\\U%08X", 0x10000 + ((high - 0xD800) << 10U) + (low - 0xDC00));
      out += escape;
      i += 11;
    } else {
      out += json[i];
      if (json[i] == '\\' && i + 1 < json.size()) out += json[++i];
    }
  }
  return out;
}

class OpenApiReader {
 public:
  explicit OpenApiReader(ApiDocument& out) : out_(out) {}

  void read(const YamlNode& root) {
    root_ = &root;
    if (!root.is_map())
      return fault(root.mark, "an OpenAPI document is a map that begins with openapi: or swagger:");
    if (!read_version(root)) return;
    if (const YamlNode* info = root.find("info"); info != nullptr && info->is_map())
      out_.title = scalar_of(*info, "title");
    out_.base_path = swagger_ ? std::string(scalar_of(root, "basePath")) : server_path(root);
    while (!out_.base_path.empty() && out_.base_path.back() == '/') out_.base_path.pop_back();
    const YamlNode* paths = root.find("paths");
    if (paths == nullptr || !paths->is_map()) {
      return fault(paths == nullptr ? root.mark : paths->mark,
                   "the document needs paths: a map of paths to operations");
    }
    for (const auto& entry : paths->entries) read_path(entry);
    if (out_.calls.empty() && out_.faults.empty()) fault(paths->mark, "paths holds no operation to import");
  }

 private:
  void fault(base::Mark mark, std::string message) { out_.faults.push_back({mark, std::move(message)}); }
  void note(base::Mark mark, std::string message) { out_.notes.push_back({mark, std::move(message)}); }

  bool read_version(const YamlNode& root) {
    const std::string_view openapi = scalar_of(root, "openapi");
    const std::string_view swagger = scalar_of(root, "swagger");
    swagger_ = swagger == "2.0";
    if (swagger_ || openapi.starts_with("3.0") || openapi.starts_with("3.1")) return true;
    const YamlNode* place = root.find(openapi.empty() ? "swagger" : "openapi");
    if (place == nullptr) {
      fault(root.mark, "not an OpenAPI document: openapi: 3.0.x or 3.1.x, or swagger: \"2.0\", is missing");
    } else {
      fault(place->mark, "this version cannot be imported: OpenAPI 3.0, 3.1 and Swagger 2.0 can");
    }
    return false;
  }

  // The path of the first server, its variables replaced by their defaults.
  std::string server_path(const YamlNode& root) {
    const YamlNode* servers = root.find("servers");
    if (servers == nullptr || !servers->is_list() || servers->items.empty() || !servers->items[0].is_map())
      return {};
    const YamlNode& server = servers->items[0];
    if (servers->items.size() > 1) note(servers->mark, "of several servers the first one is taken");
    std::string url(scalar_of(server, "url"));
    const YamlNode* variables = server.find("variables");
    for (std::size_t i = 0; variables != nullptr && i < variables->entries.size(); ++i) {
      const auto& [name, mark, value] = variables->entries[i];
      const std::string pattern = "{" + name + "}";
      const std::size_t at = url.find(pattern);
      if (at != std::string::npos && value.is_map())
        url.replace(at, pattern.size(), scalar_of(value, "default"));
    }
    const std::size_t scheme = url.find("://");
    if (scheme != std::string::npos) {
      const std::size_t slash = url.find('/', scheme + 3);
      url = slash == std::string::npos ? "" : url.substr(slash);
    }
    if (url.empty() || url[0] == '/') return url;
    note(server.mark,
         "the server's url " + in_quotes(url) + " is relative: it is taken as /" + base::printable(url, 80));
    return "/" + url;
  }

  // Follows $ref. Null and a note if it leads nowhere that can be read.
  const YamlNode* resolve(const YamlNode* node) {
    for (int depth = 0; node != nullptr && node->is_map(); ++depth) {
      const YamlNode* reference = node->find("$ref");
      if (reference == nullptr) return node;
      const bool local = reference->is_scalar() && reference->scalar.starts_with("#/");
      const YamlNode* target =
          local && depth < kReferenceDepth ? follow(std::string_view(reference->scalar).substr(2)) : nullptr;
      if (target == nullptr) {
        note(reference->mark, "the reference " + in_quotes(reference->scalar) +
                                  (local ? " leads nowhere in this document: it is left out"
                                         : " leads out of this document: it is left out"));
        return nullptr;
      }
      node = target;
    }
    return node;
  }

  const YamlNode* follow(std::string_view pointer) const {
    const YamlNode* node = root_;
    while (node != nullptr && node->is_map()) {
      const std::size_t slash = pointer.find('/');
      node = node->find(pointer_token(pointer.substr(0, slash)));
      if (slash == std::string_view::npos) return node;
      pointer.remove_prefix(slash + 1);
    }
    return nullptr;
  }

  void read_path(const YamlNode::Entry& entry) {
    if (entry.key.starts_with("x-")) return;
    if (!entry.key.starts_with('/'))
      return fault(entry.mark, "a path begins with \"/\": " + in_quotes(entry.key) + " does not");
    const YamlNode* item = resolve(&entry.value);
    if (item == nullptr) return;
    if (!item->is_map())
      return fault(item->mark,
                   "a path holds a map of methods to operations, not " + std::string(item->kind_name()));
    for (const auto& [name, mark, operation] : item->entries) {
      if (name == "trace") note(mark, "TRACE is refused always: it is left out");
      std::string upper = name;
      for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
      const auto method = parse_method(upper);
      if (!method || upper == name) continue;  // parameters, servers, summary, x-...
      if (!operation.is_map()) {
        fault(operation.mark, "an operation is a map, not " + std::string(operation.kind_name()));
      } else if (out_.calls.size() == kCallLimit) {
        return fault(mark, "more than " + std::to_string(kCallLimit) + " operations");
      } else {
        read_call(*method, entry.key, mark, *item, operation);
      }
    }
  }

  void read_call(Method method, const std::string& path, base::Mark mark, const YamlNode& item,
                 const YamlNode& operation) {
    ApiCall call;
    call.method = method;
    call.path = path;
    call.mark = mark;
    call.deprecated = is_true(operation, "deprecated");
    call.title = scalar_of(operation, "summary");
    if (call.title.empty()) call.title = scalar_of(operation, "operationId");
    if (const YamlNode* tags = operation.find("tags");
        tags != nullptr && tags->is_list() && !tags->items.empty()) {
      call.tag = tags->items[0].scalar;
      if (tags->items.size() > 1)
        note(tags->mark, "of several tags the first one is taken: " + in_quotes(call.tag));
    }
    // Those of the operation come first: they replace the path's of the same name and place.
    read_parameters(operation.find("parameters"), call);
    read_parameters(item.find("parameters"), call);
    if (swagger_) {
      if (call.body) read_consumes(operation, call);
    } else if (const YamlNode* body = resolve(operation.find("requestBody"));
               body != nullptr && body->is_map()) {
      call.body = true;
      read_content(body->find("content"), call);
    }
    out_.calls.push_back(std::move(call));
  }

  void read_parameters(const YamlNode* list, ApiCall& call) {
    if (list == nullptr) return;
    if (!list->is_list())
      return fault(list->mark, "parameters must be a list, not " + std::string(list->kind_name()));
    for (const YamlNode& item : list->items) {
      const YamlNode* parameter = resolve(&item);
      if (parameter == nullptr) continue;
      if (!parameter->is_map()) {
        fault(item.mark, "a parameter is a map with name and in, not " + std::string(parameter->kind_name()));
      } else {
        read_parameter(*parameter, item.mark, call);
      }
    }
  }

  void read_parameter(const YamlNode& node, base::Mark mark, ApiCall& call) {
    const std::string_view place = scalar_of(node, "in");
    const std::string name(scalar_of(node, "name"));
    if (place == "body" || place == "formData") call.body = true;
    if (place == "body" || place == "formData" || place == "header" || place == "cookie") return;
    if ((place != "path" && place != "query") || name.empty()) {
      return fault(node.mark, "a parameter needs a name, and in: path, query, header or cookie");
    }
    const bool in_path = place == "path";
    const bool known = std::any_of(
        call.parameters.begin(), call.parameters.end(),
        [&](const ApiParameter& other) { return other.name == name && other.in_path == in_path; });
    if (known) return;
    if (call.parameters.size() == kParameterLimit) {
      return fault(mark, "an operation has more than " + std::to_string(kParameterLimit) + " parameters");
    }
    ApiParameter parameter;
    parameter.name = name;
    parameter.in_path = in_path;
    parameter.mark = mark;
    parameter.required = is_true(node, "required");
    read_form(node, parameter);
    call.parameters.push_back(std::move(parameter));
  }

  void read_form(const YamlNode& node, ApiParameter& parameter) {
    const YamlNode* schema = swagger_ ? &node : resolve(node.find("schema"));
    if (schema == nullptr || !schema->is_map()) {
      parameter.checked = false;
      return;
    }
    if (scalar_of(*schema, "type") == "array") {
      const bool exploded =
          swagger_ ? scalar_of(node, "collectionFormat") == "multi" : scalar_of(node, "explode") != "false";
      parameter.repeat = !parameter.in_path && exploded;
      parameter.checked = parameter.repeat;
      schema = resolve(schema->find("items"));
      if (schema == nullptr || !schema->is_map()) return;
    }
    read_schema(*schema, parameter);
  }

  static void read_schema(const YamlNode& schema, ApiParameter& parameter) {
    parameter.type = scalar_of(schema, "type");
    parameter.format = scalar_of(schema, "format");
    parameter.pattern = scalar_of(schema, "pattern");
    const std::string_view length = scalar_of(schema, "maxLength");
    std::from_chars(length.data(), length.data() + length.size(), parameter.max_length);
    if (const YamlNode* values = schema.find("enum"); values != nullptr && values->is_list()) {
      for (const YamlNode& value : values->items) {
        if (value.is_scalar()) parameter.one_of.push_back(value.scalar);
      }
    }
    // A schema put together from others, or without a plain type, is not judged by the little that stands
    // here.
    for (const std::string_view key : {"allOf", "anyOf", "oneOf", "not", "if"}) {
      if (schema.find(key) != nullptr) parameter.checked = false;
    }
    if (parameter.type == "object" || parameter.type == "array") parameter.checked = false;
  }

  void read_content(const YamlNode* content, ApiCall& call) {
    if (content == nullptr || !content->is_map()) return;
    for (const auto& entry : content->entries) add_content_type(entry.key, call);
    drop_wildcards(call);
  }

  void read_consumes(const YamlNode& operation, ApiCall& call) {
    const YamlNode* list = operation.find("consumes");
    if (list == nullptr) list = root_->find("consumes");
    if (list == nullptr || !list->is_list()) return;
    for (const YamlNode& item : list->items) add_content_type(item.scalar, call);
    drop_wildcards(call);
  }

  static void add_content_type(std::string_view text, ApiCall& call) {
    text = text.substr(0, text.find(';'));
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    const std::string type = base::to_lower(text);
    if (std::find(call.content_types.begin(), call.content_types.end(), type) == call.content_types.end()) {
      call.content_types.push_back(type);
    }
  }

  static void drop_wildcards(ApiCall& call) {
    const auto& types = call.content_types;
    if (std::any_of(types.begin(), types.end(),
                    [](const std::string& type) { return type.find('*') != std::string::npos; })) {
      call.content_types.clear();
    }
  }

  ApiDocument& out_;
  const YamlNode* root_ = nullptr;
  bool swagger_ = false;
};

}  // namespace

ApiDocument parse_openapi(std::string_view text) {
  ApiDocument out;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool json = first != std::string_view::npos && text[first] == '{';
  const base::YamlDocument document = base::parse_yaml(json ? join_surrogates(text) : std::string(text));
  out.faults = document.faults;
  if (out.faults.empty()) OpenApiReader(out).read(document.root);
  return out;
}

}  // namespace postern::policy
