// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "redact/marks.h"

#include "base/bytes.h"

namespace postern::redact {
namespace {

// 48 bits: among a million different values hardly two look the same.
constexpr std::size_t kTokenBytes = 6;

}  // namespace

void Counts::add(Kind kind, std::string_view where, std::uint64_t count) {
  total += count;
  for (Place& place : places) {
    if (place.kind != kind || place.where != where) continue;
    place.count += count;
    return;
  }
  if (places.size() < kMostPlaces) places.push_back({kind, std::string(where), count});
}

void Counts::add(const Counts& other) {
  std::uint64_t told_apart = 0;
  for (const Place& place : other.places) {
    add(place.kind, place.where, place.count);
    told_apart += place.count;
  }
  total += other.total - told_apart;
}

void Marks::begin(Kind kind) {
  kind_ = kind;
  hash_.emplace(key_);
}

std::string Marks::end(std::string_view where) {
  counts_.add(kind_, where);
  const std::string digest = hash_->finish();
  hash_.reset();
  return "[redacted:" + base::to_hex(std::string_view(digest).substr(0, kTokenBytes)) + "]";
}

}  // namespace postern::redact
