// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/unrecorded.h"

namespace postern::enforcer {

std::string Unrecorded::count(Limit limit, std::string_view scope, const Who& who, std::string_view id) {
  std::pair<Limit, std::string> key{limit, scope};
  bool shared = false;
  auto known = kinds_.find(key);
  if (known == kinds_.end() && kinds_.size() >= kMostKinds) {
    key.second.clear();
    shared = true;
    known = kinds_.find(key);
  }
  if (known != kinds_.end()) {
    ++known->second.count;
    return known->second.first;
  }
  kinds_.emplace(std::move(key), Counted{limit, shared ? Who{} : who, std::string(id), 0});
  return {};
}

void Unrecorded::add(Limit limit, const Who& who, std::uint64_t count) {
  Counted& counted = kinds_[{limit, std::string()}];
  counted.limit = limit;
  counted.who = who;
  counted.count += count;
}

std::vector<Unrecorded::Counted> Unrecorded::take() {
  std::vector<Counted> out;
  for (auto it = kinds_.begin(); it != kinds_.end();) {
    if (it->second.count == 0) {
      it = kinds_.erase(it);
      continue;
    }
    out.push_back(it->second);
    it->second.count = 0;
    ++it;
  }
  return out;
}

}  // namespace postern::enforcer
