// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Writes the policy. What is written is parsed before it is handed out: an import that does not hold is a
// fault, not a file.
#include "policy/import.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/bytes.h"
#include "base/json.h"
#include "policy/openapi.h"
#include "policy/policy.h"
#include "policy/reader.h"

namespace postern::policy {
namespace {

constexpr std::size_t kTitle = 120;  // bytes kept of a title
constexpr std::size_t kTagName = 40;

bool is_unsafe(Method method) {
  return method != Method::Get && method != Method::Head && method != Method::Options;
}

// A JSON string is a YAML double-quoted scalar.
std::string yaml_text(std::string_view text) {
  std::string out;
  base::JsonWriter::escape(out, base::printable(text, kTitle));
  return out;
}

std::string exact_text(std::string_view text) {
  std::string out;
  base::JsonWriter::escape(out, text);
  return out;
}

// "Silences & Co" -> "silences-co".
std::string slug(std::string_view text) {
  std::string out;
  for (const char raw : text) {
    const char c = base::to_lower(raw);
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (word && out.size() < kTagName) out += c;
    if (!word && !out.empty() && out.back() != '-') out += '-';
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out;
}

// The one form in which a literal reaches a decision.
std::string canonical(std::string_view segment) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : segment) {
    const auto byte = static_cast<unsigned char>(c);
    const bool escape = c == '%' || canonical_fault({&c, 1}).has_value();
    out += escape ? std::string{'%', digits[byte >> 4U], digits[byte & 15U]} : std::string(1, c);
  }
  return out;
}

std::string parameter_name(std::string_view text, const std::set<std::string>& taken) {
  std::string out;
  for (const char c : text.substr(0, 48)) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    out += plain ? c : '_';
  }
  if (out.empty() || !((out[0] | 0x20) >= 'a' && (out[0] | 0x20) <= 'z')) out.insert(0, "p");
  std::string unique = out;
  for (int i = 2; taken.contains(unique); ++i) unique = out + "-" + std::to_string(i);
  return unique;
}

struct Rule {
  std::string matches;
  std::vector<std::string> one_of;
  std::uint64_t max_length = 0;
  bool required = false;
  bool repeat = false;
};

// Path of one call in our form, with the rules for its parameters.
struct Route {
  std::string path;
  std::map<std::string, Rule> rules;
};

class Importer {
 public:
  Importer(const ApiDocument& document, const ImportOptions& options, Imported& out)
      : document_(document), options_(options), out_(out) {}

  void run() {
    for (const ApiCall& call : document_.calls) take(call);
    write();
    for (const base::Fault& fault : parse_policy(out_.policy).faults) {
      out_.faults.push_back({{},
                             "the document cannot be said as a policy: " + fault.message + " (line " +
                                 std::to_string(fault.mark.line) + " of the draft)"});
    }
    if (!out_.faults.empty()) out_.policy.clear();
  }

 private:
  struct Group {
    std::string tag;
    Class klass;
    std::string operations;
  };

  void note(base::Mark mark, std::string message) { out_.notes.push_back({mark, std::move(message)}); }

  void take(const ApiCall& call) {
    const Class klass = is_unsafe(call.method) ? Class::Write : Class::Read;
    std::string name = slug(call.tag).empty() ? "other" : slug(call.tag);
    name += klass == Class::Read ? ".read" : ".write";
    if (!options_.name.empty()) name.insert(0, options_.name + ".");
    const Route route = route_of(call);
    std::vector<base::Fault> faults;
    const Template path = parse_template(route.path, call.mark, faults);
    if (!faults.empty())
      return note(call.mark, in_quotes(call.path) + " is left out: " + faults.front().message);
    if (!seen_.insert(name + " " + std::string(to_text(call.method)) + " " + path.key()).second) {
      return note(call.mark, std::string(to_text(call.method)) + " " + in_quotes(call.path) +
                                 " is left out: another operation has the same paths");
    }
    if (call.deprecated)
      note(call.mark, std::string(to_text(call.method)) + " " + in_quotes(call.path) + " is deprecated");
    Group& group = groups_.try_emplace(name, Group{call.tag, klass, ""}).first->second;
    write_operation(call, route, group.operations);
  }

  Route route_of(const ApiCall& call) {
    Route route;
    std::set<std::string> taken;
    for (const std::string& prefix : {options_.prefix, document_.base_path}) {
      for (const std::string_view segment : split_path(prefix)) {
        if (!segment.empty()) route.path += "/" + canonical(segment);
      }
    }
    for (const std::string_view segment : split_path(call.path)) {
      route.path += "/";
      if (segment.find('{') == std::string_view::npos) {
        route.path += canonical(segment);
      } else {
        add_parameter(call, segment, taken, route);
      }
    }
    return route;
  }

  // A segment that holds at least one {name}. Text around it becomes part of what the value must match.
  void add_parameter(const ApiCall& call, std::string_view segment, std::set<std::string>& taken,
                     Route& route) {
    const std::size_t open = segment.find('{');
    const std::size_t close = std::min(segment.find('}', open), segment.size());
    const std::string_view first = segment.substr(open + 1, close - open - 1);
    const std::string name = parameter_name(first, taken);
    taken.insert(name);
    route.path += "{" + name + "}";
    if (open == 0 && close + 1 == segment.size()) {
      const auto found =
          std::find_if(call.parameters.begin(), call.parameters.end(),
                       [&](const ApiParameter& one) { return one.in_path && one.name == first; });
      Rule rule = found == call.parameters.end() ? Rule{} : rule_of(*found);
      if (!rule.matches.empty() || !rule.one_of.empty() || rule.max_length != 0)
        route.rules[name] = std::move(rule);
      return;
    }
    Rule rule;
    for (std::size_t i = 0; i < segment.size();) {
      const std::size_t end = segment[i] == '{' ? std::min(segment.find('}', i), segment.size() - 1) + 1
                                                : std::min(segment.find('{', i), segment.size());
      rule.matches += segment[i] == '{' ? ".+" : Pattern::quote(segment.substr(i, end - i));
      i = end;
    }
    route.rules[name] = std::move(rule);
  }

  Rule rule_of(const ApiParameter& parameter) {
    Rule rule;
    rule.required = parameter.required && !parameter.in_path;
    rule.repeat = parameter.repeat;
    if (!parameter.checked) {
      note(parameter.mark, "the form of parameter " + in_quotes(parameter.name) +
                               " cannot be said as a rule: any value passes");
      return rule;
    }
    // Lengths count characters there and bytes here: four bytes are the most that one takes.
    if (parameter.max_length > 0 && parameter.max_length <= (1U << 18U))
      rule.max_length = 4 * parameter.max_length;
    if (!parameter.one_of.empty()) {
      rule.one_of = parameter.one_of;
      std::sort(rule.one_of.begin(), rule.one_of.end());
      rule.one_of.erase(std::unique(rule.one_of.begin(), rule.one_of.end()), rule.one_of.end());
    } else if (!parameter.pattern.empty()) {
      rule.matches = pattern_of(parameter);
    } else if (parameter.type == "boolean") {
      rule.one_of = {"false", "true"};
    } else if (parameter.type == "integer") {
      rule.matches = "-?[0-9]+";
    } else if (parameter.format == "uuid") {
      rule.matches = "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}";
    }
    return rule;
  }

  // JSON Schema looks for a match anywhere in the value, a rule demands that the whole value matches.
  std::string pattern_of(const ApiParameter& parameter) {
    const std::string& text = parameter.pattern;
    const bool anchored = text.size() > 2 && text.front() == '^' && text.back() == '$' &&
                          text[text.size() - 2] != '\\' && text.find('|') == std::string::npos;
    const std::string whole = anchored ? text.substr(1, text.size() - 2) : "(?s:.*)(?:" + text + ")(?s:.*)";
    std::string error;
    if (Pattern::make(whole, error) != nullptr) return whole;
    note(parameter.mark, "the pattern of parameter " + in_quotes(parameter.name) +
                             " is not RE2 syntax: any value passes (" + base::printable(error, 80) + ")");
    return {};
  }

  static std::string rule_text(const Rule& rule) {
    std::string out;
    const auto add = [&](const std::string& word) { out += (out.empty() ? " " : ", ") + word; };
    if (!rule.one_of.empty()) {
      std::string values;
      for (const std::string& value : rule.one_of) values += (values.empty() ? "" : ", ") + exact_text(value);
      add("one_of: [" + values + "]");
    }
    if (!rule.matches.empty()) add("matches: " + exact_text(rule.matches));
    if (rule.max_length != 0) add("max_length: " + std::to_string(rule.max_length));
    if (rule.required) add("required: true");
    if (rule.repeat) add("repeat: true");
    return out.empty() ? "{}" : "{" + out + " }";
  }

  void write_operation(const ApiCall& call, const Route& route, std::string& out) {
    out += "      - call: " + exact_text(std::string(to_text(call.method)) + " " + route.path) + "\n";
    const std::string title = call.deprecated ? "Deprecated: " + call.title : call.title;
    if (!title.empty()) out += "        title: " + yaml_text(title) + "\n";
    std::string query;
    for (const ApiParameter& parameter : call.parameters) {
      if (!parameter.in_path)
        query += "            " + exact_text(parameter.name) + ": " + rule_text(rule_of(parameter)) + "\n";
    }
    out += "        parameters:\n";
    if (!route.rules.empty()) out += "          path:\n";
    for (const auto& [name, rule] : route.rules) out += "            " + name + ": " + rule_text(rule) + "\n";
    if (!query.empty()) out += "          query:\n" + query;
    out += "          other: refuse\n";
    write_body(call, out);
  }

  static void write_body(const ApiCall& call, std::string& out) {
    if (!call.body) {
      if (call.method == Method::Post || call.method == Method::Put || call.method == Method::Patch)
        out += "        body: none\n";
      return;
    }
    std::string types;
    for (const std::string& type : call.content_types)
      types += (types.empty() ? "" : ", ") + exact_text(type);
    out += types.empty() ? "        body: {}\n" : "        body: { content_types: [" + types + "] }\n";
  }

  void write() {
    std::string& out = out_.policy;
    out = "# Drafted from an OpenAPI document" +
          (document_.title.empty() ? "" : ": " + base::printable(document_.title, kTitle)) +
          ". Read it, remove what nobody needs, and give the\n# capabilities titles that an administrator "
          "understands.\n"
          "version: 1\ncapabilities:\n";
    std::string readers;
    std::string all;
    for (const auto& [name, group] : groups_) {
      const bool read = group.klass == Class::Read;
      const std::string tag = group.tag.empty() ? "Other" : group.tag;
      out += "  " + exact_text(name) + ":\n    title: " + yaml_text((read ? "Read: " : "Change: ") + tag) +
             "\n    group: " + yaml_text(tag) + "\n    class: " + std::string(to_text(group.klass)) +
             "\n    operations:\n" + group.operations;
      if (read) readers += (readers.empty() ? "" : ", ") + exact_text(name);
      all += (all.empty() ? "" : ", ") + exact_text(name);
    }
    if (groups_.empty())
      out_.faults.push_back({{}, "no operation of the document could be imported; the notes say why"});
    out +=
        "never: []\nroles:\n  viewer: [" + readers + "]\n  user: [" + readers + "]\n  admin: [" + all + "]\n";
  }

  const ApiDocument& document_;
  const ImportOptions& options_;
  Imported& out_;
  std::map<std::string, Group> groups_;  // by the capability's name
  std::set<std::string> seen_;
};

}  // namespace

Imported import_openapi(std::string_view document, const ImportOptions& options) {
  Imported out;
  const std::string prefix = options.prefix;
  if (!prefix.empty() && prefix[0] != '/') {
    out.faults.push_back({{}, "the prefix begins with \"/\": write /" + base::printable(prefix, 80)});
    return out;
  }
  ApiDocument api = parse_openapi(document);
  out.notes = std::move(api.notes);
  out.faults = std::move(api.faults);
  if (out.faults.empty()) Importer(api, options, out).run();
  return out;
}

}  // namespace postern::policy
