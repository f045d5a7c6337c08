// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "measure/reading.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "measure/exposition.h"

namespace postern::measure {
namespace {

using base::Json;

constexpr std::array kKnown{kVersion, kStartTime,    kCpu,       kMemory, kMemoryLimit,
                            kStorage, kStorageLimit, kProcessed, kFailed, kCertificate};
constexpr int kDocumentDepth = 32;
constexpr std::size_t kMostMatches = 10'000;  // of a path

base::Error wrong(std::string what) { return base::fail(base::Code::Invalid, std::move(what)); }

bool is_of_time(std::string_view name) { return name == kStartTime || name == kCertificate; }

// {code="500",method="get"}; at is behind the brace that opens.
base::Status take_matches(std::string_view text, std::size_t& at, Selector& out) {
  while (at < text.size() && text[at] != '}') {
    const std::size_t equals = text.find("=\"", at);
    const std::size_t end = equals == std::string_view::npos ? equals : text.find('"', equals + 2);
    if (end == std::string_view::npos || !is_label_name(text.substr(at, equals - at)))
      return wrong("in braces stand labels such as {code=\"500\",method=\"get\"}; nothing but = is known");
    const std::string_view value = text.substr(equals + 2, end - equals - 2);
    if (value.find('\\') != std::string_view::npos)
      return wrong("the value of a label is written without escapes");
    out.labels.emplace_back(text.substr(at, equals - at), value);
    at = end + 1;
    if (at < text.size() && text[at] == ',') ++at;
  }
  if (at >= text.size()) return wrong("the brace is not closed");
  ++at;
  return base::Ok{};
}

bool matches(const Sample& sample, const Selector& selector) {
  if (sample.name != selector.series) return false;
  return std::all_of(selector.labels.begin(), selector.labels.end(), [&](const auto& label) {
    const std::string* value = sample.label(label.first);
    return value != nullptr && *value == label.second;
  });
}

bool is_sound(double number) { return std::isfinite(number) && std::abs(number) <= kLargestNumber; }

void put_version(std::string_view text, Reading& out) {
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!text.empty() && text.size() <= kVersionLength && printable) out.version = text;
}

void put_number(const std::string& name, double number, Reading& out) {
  if (is_sound(number) && number >= 0) out.numbers[name] = number;
}

std::vector<const Json*> values_at(const Json& document, const redact::Path& path) {
  std::vector<const Json*> now{&document};
  for (const redact::Step& step : path.steps) {
    std::vector<const Json*> next;
    for (const Json* one : now) {
      if (step.what == redact::Step::What::Name && one->is_object()) {
        if (const auto found = one->find(step.name); found != one->end()) next.push_back(&*found);
      } else if (step.what == redact::Step::What::Index && one->is_array()) {
        if (step.index < one->size()) next.push_back(&(*one)[step.index]);
      } else if (step.what == redact::Step::What::Any && one->is_structured()) {
        for (const Json& item : *one) {
          if (next.size() < kMostMatches) next.push_back(&item);
        }
      }
    }
    now = std::move(next);
  }
  return now;
}

std::optional<double> number_of(const std::string& name, const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!is_of_time(name) || !value.is_string()) return std::nullopt;
  const auto time = base::parse_time(value.get_ref<const std::string&>());
  if (!time.ok()) return std::nullopt;
  return static_cast<double>(*time / base::kWallSecond);
}

}  // namespace

bool is_known_value(std::string_view name) {
  return std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end();
}

bool is_counter(std::string_view name) {
  return !is_known_value(name) || name == kProcessed || name == kFailed;
}

bool is_value_name(std::string_view name) {
  if (name.empty() || name.size() > kValueName || name[0] < 'a' || name[0] > 'z') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

base::Result<Selector> parse_selector(std::string_view text) {
  if (text.size() > kSelectorLength) return wrong("a selector has at most 512 bytes");
  Selector out;
  std::size_t at = std::min(text.find_first_of("{@"), text.size());
  out.series = text.substr(0, at);
  if (!is_metric_name(out.series))
    return wrong("it begins with the name of a metric, such as http_requests_total{code=\"500\"}");
  if (at < text.size() && text[at] == '{') {
    if (base::Status taken = take_matches(text, ++at, out); !taken.ok()) return std::move(taken).error();
  }
  if (at == text.size()) return out;
  out.text_of = text.substr(at + 1);
  if (text[at] != '@' || !is_label_name(out.text_of))
    return wrong("behind the metric and its labels stands nothing, or @ and the label whose value is wanted");
  return out;
}

base::Status check_metric(const Wanted& wanted) {
  const base::Result<Selector> selector = parse_selector(wanted.where);
  if (!selector.ok()) return selector.error();
  if (wanted.name == kVersion && selector->text_of.empty())
    return wrong("a version is the value of a label: such as build_info@version");
  if (wanted.name != kVersion && !selector->text_of.empty())
    return wrong("only a version is the value of a label; all else are numbers");
  return base::Ok{};
}

base::Status check_document(const Wanted& wanted) {
  const base::Result<redact::Path> path = redact::parse_path(wanted.where);
  if (!path.ok()) return path.error();
  const bool deep =
      std::any_of(path->steps.begin(), path->steps.end(), [](const redact::Step& step) { return step.deep; });
  if (deep) return wrong("a value has one place: write the path in full, without ..");
  return base::Ok{};
}

base::Status read_metrics(std::string_view text, const std::vector<Wanted>& wanted, Reading& out) {
  std::vector<std::pair<const Wanted*, Selector>> selectors;
  for (const Wanted& one : wanted) {
    base::Result<Selector> selector = parse_selector(one.where);
    if (!selector.ok()) return std::move(selector).error();
    selectors.emplace_back(&one, *std::move(selector));
  }
  std::map<std::string, double> sums;
  bool any = false;
  base::Status status = read_exposition(text, [&](const Sample& sample) {
    any = true;
    for (const auto& [one, selector] : selectors) {
      // Labels that did not occur yet count 0; of a metric that is not there nothing is known, and 0 would be a restart.
      if (sample.name == selector.series && is_counter(one->name)) sums[one->name] += 0;
      if (!matches(sample, selector)) continue;
      if (selector.text_of.empty()) {
        sums[one->name] += sample.value;
      } else if (const std::string* version = sample.label(selector.text_of); version != nullptr) {
        put_version(*version, out);
      }
    }
  });
  if (!status.ok()) return status;
  if (!any) return wrong("there are no metrics in the answer");
  for (const auto& [name, number] : sums) put_number(name, number, out);
  return base::Ok{};
}

base::Status read_document(std::string_view text, const std::vector<Wanted>& wanted, Reading& out) {
  if (text.size() > kDocumentSize) return wrong("the document has more than 1 MiB");
  const base::Result<Json> document = base::parse_json(text, kDocumentDepth);
  if (!document.ok()) return wrong("the document is not JSON: " + document.error().message);
  std::map<std::string, double> sums;
  for (const Wanted& one : wanted) {
    const base::Result<redact::Path> path = redact::parse_path(one.where);
    if (!path.ok()) return path.error();
    for (const Json* value : values_at(*document, *path)) {
      if (one.name == kVersion && value->is_string())
        put_version(value->get_ref<const std::string&>(), out);
      else if (const auto number = number_of(one.name, *value); number)
        sums[one.name] += *number;
    }
  }
  for (const auto& [name, number] : sums) put_number(name, number, out);
  return base::Ok{};
}

}  // namespace postern::measure
