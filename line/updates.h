// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an installation asks of the vendor's updates (docs/UPDATES.md). What comes back is only carried here: what of it is believed
// is decided by update/.
//
//   POST kUpdateOffersPath  {}                          -> 200 UpdateOffers: which targets this installation may have now
//   POST kUpdateFilePath    UpdateAsk                   -> 200, application/octet-stream: that piece of the file, empty at its end;
//                                                          404: there is no such file, or it is not offered
//
// Pure; errors are Invalid, a sentence about the document.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::line {

inline constexpr std::string_view kUpdateOffersPath = "/line/v1/updates/offers";
inline constexpr std::string_view kUpdateFilePath = "/line/v1/updates/file";
inline constexpr std::size_t kUpdatePiece = 192U << 10U;  // bytes; offsets are whole numbers of these
inline constexpr std::size_t kMostOffers = 200;
inline constexpr std::size_t kUpdateName = 128;  // bytes of a file's and of a target's name

struct UpdateAsk {
  std::string file;
  std::int64_t piece = 0;  // from 0
};
struct UpdateOffers {
  struct Offer {
    std::string name;  // of a target
    bool suspended = false;
    std::string why;  // printable, 200 bytes at most
  };
  std::vector<Offer> offers;
};
std::string format(const UpdateAsk& document);
std::string format(const UpdateOffers& document);
base::Result<UpdateAsk> parse_update_ask(std::string_view text);
base::Result<UpdateOffers> parse_update_offers(std::string_view text);

}  // namespace postern::line
