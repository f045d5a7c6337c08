// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/window.h"

#include <algorithm>
#include <cmath>

namespace postern::ledger {
namespace {

using base::Json;

constexpr std::size_t kPieceMembers = 5;
constexpr double kMostExact = 0x1p53;

double part_of_whole(double part, double whole) { return 100.0 * part / whole; }

}  // namespace

std::int64_t whole_number(double sum) { return std::llround(std::clamp(sum, 0.0, kMostExact)); }

void Counted::add(const Counted& other) {
  up += other.up;
  down += other.down;
  processed += other.processed;
  failed += other.failed;
}

std::optional<double> Counted::availability() const {
  if (up + down <= 0) return std::nullopt;
  return part_of_whole(static_cast<double>(up), static_cast<double>(up + down));
}

std::optional<double> Counted::processing() const {
  if (processed <= 0) return std::nullopt;
  return part_of_whole(std::max(0.0, processed - failed), processed);
}

void Window::add(base::Micros now, const Counted& counted) {
  const std::int64_t number = now / kPiece;
  // A clock that stepped back: a little, and it counts on where it was; more, and what lies ahead would never age.
  while (!pieces_.empty() && pieces_.back().number > number + 1) pieces_.pop_back();
  if (pieces_.empty() || pieces_.back().number < number) pieces_.push_back({number, {}});
  pieces_.back().counted.add(counted);
  while (pieces_.front().number < pieces_.back().number - kPieces) pieces_.pop_front();
}

Counted Window::sum(base::Micros now) const {
  Counted out;
  for (const Piece& one : pieces_) {
    if (one.number >= now / kPiece - kPieces && one.number <= now / kPiece + 1) out.add(one.counted);
  }
  return out;
}

Json Window::to_json() const {
  Json out = Json::array();
  for (const Piece& one : pieces_)
    out.push_back({one.number, one.counted.up / base::kWallSecond, one.counted.down / base::kWallSecond,
                   one.counted.processed, one.counted.failed});
  return out;
}

Window Window::from_json(const Json& json) {
  Window out;
  if (!json.is_array()) return out;
  for (const Json& item : json) {
    const bool sound = item.is_array() && item.size() == kPieceMembers &&
                       std::all_of(item.begin(), item.end(), [](const Json& one) { return one.is_number(); });
    if (!sound) continue;
    const Piece piece{
        item[0].get<std::int64_t>(),
        {item[1].get<std::int64_t>() * base::kWallSecond, item[2].get<std::int64_t>() * base::kWallSecond,
         item[3].get<double>(), item[4].get<double>()}};
    if (out.pieces_.empty() || out.pieces_.back().number < piece.number) out.pieces_.push_back(piece);
  }
  return out;
}

double Growth::take(double now) {
  const double before = last_.value_or(now);
  last_ = now;
  return now >= before ? now - before : now;
}

}  // namespace postern::ledger
