// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is read from a component: names of ours for numbers of its. From metrics by a selector, whose matching samples are
// added up; from JSON by a path, whose values are:
//
//   http_requests_total                       all samples of that name
//   http_requests_total{code="500"}           those with that label
//   build_info@version                        the label version of the first of them: of the name version alone
//   $.data.requests                           redact/path.h, without `..`
//
// Numbers are finite and within kLargestNumber; start_time and certificate are seconds since 1970, in JSON also RFC 3339. Texts
// are nothing but version: kVersionLength printable bytes. What is not there, or of another form, is left out. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "redact/path.h"

namespace postern::measure {

inline constexpr std::size_t kMostValues = 24;              // of one document
inline constexpr std::size_t kSelectorLength = 512;         // bytes
inline constexpr std::size_t kVersionLength = 64;           // bytes
inline constexpr std::size_t kValueName = 32;               // bytes
inline constexpr double kLargestNumber = 9007199254740992;  // 2^53: whole numbers are exact up to there
inline constexpr std::size_t kDocumentSize = 1U << 20U;     // bytes of a JSON document

// The names that mean something; others are counters of the customer's own choice, for usage.
inline constexpr std::string_view kVersion = "version", kStartTime = "start_time", kCpu = "cpu",
                                  kMemory = "memory", kMemoryLimit = "memory_limit", kStorage = "storage",
                                  kStorageLimit = "storage_limit", kProcessed = "processed",
                                  kFailed = "failed", kCertificate = "certificate";
bool is_known_value(std::string_view name);
// Counts something: processed, failed, and every name of the customer's own. Where its metric is told, but not with these labels, it is 0.
bool is_counter(std::string_view name);
// [a-z][a-z0-9_]*, kValueName bytes at most.
bool is_value_name(std::string_view name);

struct Selector {
  std::string series;
  std::vector<std::pair<std::string, std::string>> labels;  // that must be so
  std::string text_of;  // the label whose value is the text; empty: the number is what is wanted
  bool operator==(const Selector&) const = default;
};
base::Result<Selector> parse_selector(std::string_view text);

struct Wanted {
  std::string name;
  std::string where;  // a selector or a path, as written
};
// Invalid says what is wrong with where.
base::Status check_metric(const Wanted& wanted);
base::Status check_document(const Wanted& wanted);

struct Reading {
  std::map<std::string, double> numbers;
  std::string version;  // empty: none
};

// What is added to out. wanted: checked.
base::Status read_metrics(std::string_view text, const std::vector<Wanted>& wanted, Reading& out);
base::Status read_document(std::string_view text, const std::vector<Wanted>& wanted, Reading& out);

}  // namespace postern::measure
