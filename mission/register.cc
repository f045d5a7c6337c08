// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/register.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/json.h"

namespace postern::mission {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::Ok;
using base::OrderedJson;
using base::Status;

constexpr std::size_t kShortestSerialStart = 4;  // hexadecimal digits

bool is_serial(std::string_view text) {
  return !text.empty() && text.size() <= 40 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool read_time(const Json& line, const char* key, base::Micros& out) {
  const auto time = base::parse_time(base::json_text_or(line, key, ""));
  if (time.ok()) out = *time;
  return time.ok();
}

bool read_texts(const Json& line, const char* key, std::vector<std::string>& out) {
  const auto list = line.find(key);
  if (list == line.end() || !list->is_array()) return false;
  for (const Json& each : *list) {
    if (!each.is_string()) return false;
    out.push_back(each.get<std::string>());
  }
  return true;
}

bool read_issued(const Json& line, Issued& out) {
  out.serial = base::json_text_or(line, "serial", "");
  out.name = base::json_text_or(line, "name", "");
  out.sha256 = base::json_text_or(line, "sha256", "");
  out.renews = base::json_text_or(line, "renews", "");
  out.their_key = base::json_text_or(line, "key", "") == "theirs";
  return is_serial(out.serial) && read_time(line, "time", out.at) && read_time(line, "from", out.from) &&
         read_time(line, "until", out.until) && read_texts(line, "emails", out.emails) &&
         read_texts(line, "uris", out.uris) && read_texts(line, "purposes", out.purposes);
}

}  // namespace

std::string line_of(const Issued& issued) {
  OrderedJson line{{"did", "issued"},
                   {"time", base::format_time(issued.at)},
                   {"serial", issued.serial},
                   {"name", issued.name},
                   {"emails", issued.emails},
                   {"uris", issued.uris},
                   {"purposes", issued.purposes},
                   {"from", base::format_time(issued.from)},
                   {"until", base::format_time(issued.until)},
                   {"sha256", issued.sha256},
                   {"key", issued.their_key ? "theirs" : "new"}};
  if (!issued.renews.empty()) line["renews"] = issued.renews;
  return base::dump_json(line) + "\n";
}

std::string line_of_revocation(std::string_view serial, std::string_view reason, base::Micros at) {
  return base::dump_json(OrderedJson{
             {"did", "revoked"}, {"time", base::format_time(at)}, {"serial", serial}, {"reason", reason}}) +
         "\n";
}

std::string line_of(const Listed& listed) {
  return base::dump_json(OrderedJson{{"did", "listed"},
                                     {"time", base::format_time(listed.at)},
                                     {"number", listed.number},
                                     {"until", base::format_time(listed.until)},
                                     {"revoked", listed.revoked}}) +
         "\n";
}

base::Result<Register> Register::parse(std::string_view text) {
  if (text.size() > kRegisterLimit) return fail(Code::Limit, "the register is longer than 64 MiB");
  Register out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string where = "line " + std::to_string(number) + " of the register ";
    if (end == std::string_view::npos)
      return fail(Code::Invalid,
                  where +
                      "is not whole: writing it was broken off. Remove that line; nothing that it "
                      "speaks of has left the folder");
    if (auto taken = out.take(text.substr(0, end)); !taken)
      return fail(Code::Invalid, where + taken.error().message);
    text.remove_prefix(end + 1);
  }
  return out;
}

Status Register::take(std::string_view text) {
  const auto parsed = base::parse_json(text);
  if (!parsed.ok() || !parsed->is_object()) return fail(Code::Invalid, "is no JSON object");
  const Json& line = *parsed;
  const std::string did = base::json_text_or(line, "did", "");
  const std::string serial = base::json_text_or(line, "serial", "");
  if (did == "issued") {
    Issued issued;
    if (!read_issued(line, issued)) return fail(Code::Invalid, "does not say all of what was issued");
    if (!by_serial_.emplace(issued.serial, issued_.size()).second)
      return fail(Code::Invalid, "has a serial number that stands there already");
    issued_.push_back(std::move(issued));
    return Ok{};
  }
  if (did == "revoked") {
    const auto known = by_serial_.find(serial);
    base::Micros at = 0;
    if (known == by_serial_.end() || !read_time(line, "time", at))
      return fail(Code::Invalid, "revokes what was not issued");
    Issued& of = issued_[known->second];
    if (of.revoked != 0) return fail(Code::Invalid, "revokes what was revoked before");
    of.revoked = at;
    of.reason = base::json_text_or(line, "reason", "unspecified");
    return Ok{};
  }
  if (did != "listed") return fail(Code::Invalid, "says something unknown");
  Listed listed;
  listed.number =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, base::json_number_or(line, "number", 0)));
  listed.revoked =
      static_cast<std::size_t>(std::max<std::int64_t>(0, base::json_number_or(line, "revoked", 0)));
  if (!read_time(line, "time", listed.at) || !read_time(line, "until", listed.until) ||
      listed.number <= (last_ ? last_->number : 0))
    return fail(Code::Invalid, "speaks of a list whose number does not rise");
  last_ = listed;
  return Ok{};
}

base::Result<Issued> Register::find(std::string_view serial) const {
  const std::string wanted = base::to_lower(serial);
  if (wanted.size() < kShortestSerialStart || !is_serial(wanted))
    return fail(Code::Invalid, "a serial number is given in hexadecimal, at least four digits of it");
  auto it = by_serial_.lower_bound(wanted);
  if (it == by_serial_.end() || !it->first.starts_with(wanted))
    return fail(Code::NotFound, "no certificate with the serial number " + wanted + " was issued here");
  const Issued& found = issued_[it->second];
  if (found.serial != wanted && ++it != by_serial_.end() && it->first.starts_with(wanted))
    return fail(Code::Invalid, "several serial numbers begin with " + wanted + ": give more of it");
  return found;
}

std::vector<Issued> Register::to_be_listed() const {
  std::vector<Issued> out;
  for (const Issued& one : issued_) {
    if (one.revoked != 0 && (!last_ || one.until >= last_->at)) out.push_back(one);
  }
  return out;
}

}  // namespace postern::mission
