// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "line/tunnel.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/client_address.h"
#include "base/json.h"
#include "base/ulid.h"

namespace postern::line {
namespace {

constexpr std::size_t kLongestName = 253;

base::Error not_tunnel(std::string sentence) {
  return base::fail(base::Code::Invalid, base::Side::Component, std::move(sentence));
}

// A DNS name in lower case, with or without a dot in it.
bool is_lower_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string_view::npos;
}

}  // namespace

std::string format(const TunnelHead& head) {
  return base::dump_json(base::Json{
             {"id", head.id}, {"relay", head.relay}, {"client", head.client}, {"name", head.name}}) +
         '\n';
}

base::Result<TunnelHead> parse_tunnel_head(std::string_view line) {
  if (line.size() >= kTunnelHeadLimit)
    return not_tunnel("the head of a connection has more than " + std::to_string(kTunnelHeadLimit) +
                      " bytes");
  const base::Result<base::Json> json = base::parse_json(line, 4);
  if (!json.ok() || !json->is_object()) return not_tunnel("the head of a connection is no JSON object");
  TunnelHead out{base::json_text_or(*json, "id", ""), base::json_text_or(*json, "relay", ""),
                 base::json_text_or(*json, "client", ""), base::json_text_or(*json, "name", "")};
  if (!base::is_ulid(out.id)) return not_tunnel("the id of a connection is not a ULID");
  if (!is_lower_name(out.relay))
    return not_tunnel("the relay of a connection is not a DNS name in lower case");
  if (!base::is_client_address(out.client))
    return not_tunnel("the client of a connection is not an address with a port");
  if (!is_lower_name(out.name)) return not_tunnel("the name of a connection is not a DNS name in lower case");
  return out;
}

std::string tunnel_chunk(std::size_t size) {
  POSTERN_CHECK(size <= kTunnelChunk);
  return {static_cast<char>(size >> 8U), static_cast<char>(size & 0xFFU)};
}

base::Result<TunnelReader::Piece> TunnelReader::next(std::string_view& in) {
  if (!has_head_) {
    const std::size_t end = std::min(in.find('\n'), in.size());
    if (held_.size() + end >= kTunnelHeadLimit)
      return not_tunnel("the head of a connection has more than " + std::to_string(kTunnelHeadLimit) +
                        " bytes");
    held_ += in.substr(0, end);
    in.remove_prefix(end);
    if (in.empty()) return Piece{};
    in.remove_prefix(1);
    auto head = parse_tunnel_head(held_);
    if (!head.ok()) return std::move(head).error();
    head_ = *std::move(head);
    held_.clear();
    has_head_ = true;
    return Piece{What::Head, {}};
  }
  if (ended_ && !in.empty()) return not_tunnel("there is more behind the end of a connection");
  while (left_ == 0 && !in.empty()) {
    held_ += in.front();
    in.remove_prefix(1);
    if (held_.size() < 2) continue;
    left_ = static_cast<std::size_t>(static_cast<unsigned char>(held_[0])) << 8U |
            static_cast<unsigned char>(held_[1]);
    held_.clear();
    if (left_ > kTunnelChunk)
      return not_tunnel("a chunk of a connection has more than " + std::to_string(kTunnelChunk) + " bytes");
    if (left_ == 0) {
      ended_ = true;
      return Piece{What::End, {}};
    }
  }
  const std::string_view bytes = in.substr(0, left_);
  if (bytes.empty()) return Piece{};
  in.remove_prefix(bytes.size());
  left_ -= bytes.size();
  return Piece{What::Bytes, bytes};
}

}  // namespace postern::line
