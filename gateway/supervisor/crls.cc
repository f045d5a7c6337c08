// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/crls.h"

#include <algorithm>

#include "base/file.h"

namespace postern::supervisor {
namespace {

using base::Code;
using base::fail;

constexpr base::Micros kDayOfCrl = 24LL * 3600 * base::kWallSecond;

}  // namespace

base::Result<Crls> load_crls(const std::string& path, const std::string& authorities) {
  const auto text = base::read_file(path, kCrlText);
  if (!text.ok()) return text.error();
  const auto lists = certs::read_crls(*text);
  if (!lists.ok()) return fail(Code::Invalid, path + ": " + lists.error().message);
  if (lists->size() > kCrlsOfAFile)
    return fail(Code::Limit, path + ": it holds more than " + std::to_string(kCrlsOfAFile) + " lists");
  const auto issuers = certs::Verifier::make(authorities);
  if (!issuers.ok()) return fail(Code::Invalid, path + ": " + issuers.error().message);
  Crls out;
  for (const certs::CrlPtr& list : *lists) {
    const base::Status sound = certs::check_crl(list.get(), issuers->anchors());
    if (!sound.ok()) return fail(Code::Invalid, path + ": " + sound.error().message);
    out.pem += certs::to_pem(list.get());
    out.lists.push_back(certs::facts_of(list.get()));
  }
  if (out.pem.size() > kCrlText) return fail(Code::Limit, path + ": the lists are longer than 2 MiB as PEM");
  return out;
}

base::Json crls_json(const Crls& crls, base::Micros now) {
  base::Json out = base::Json::array();
  for (const certs::CrlFacts& one : crls.lists) {
    out.push_back({{"issuer", one.issuer},
                   {"number", one.number},
                   {"from", base::format_time(one.from)},
                   {"until", base::format_time(one.until)},
                   {"revoked", one.revoked},
                   {"over", one.until <= now}});
  }
  return out;
}

std::vector<CrlWatch::Due> CrlWatch::look(const std::string& name, const Crls& crls, base::Micros now) {
  std::vector<Due> due;
  for (const certs::CrlFacts& one : crls.lists) {
    const bool outlived = std::any_of(
        crls.lists.begin(), crls.lists.end(),
        [&](const certs::CrlFacts& other) { return other.issuer == one.issuer && other.until > one.until; });
    if (outlived || one.until - now >= (one.until - one.from) / 4) continue;
    const bool over = one.until <= now;
    const std::int64_t stage = over ? now / kDayOfCrl : 0;
    const auto [told, first] =
        told_.try_emplace(name + " " + one.issuer + " " + std::to_string(one.until), stage);
    if (!first && told->second == stage) continue;
    told->second = stage;
    due.push_back({one, over});
  }
  return due;
}

}  // namespace postern::supervisor
