// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/field_id.h"

#include <array>
#include <cstddef>

namespace postern::http {
namespace {

using enum FieldId;

// once, hop by hop, stripped from requests, stripped from responses. In the order of the enumeration.
constexpr bool O = true;
constexpr bool H = true;
constexpr bool Q = true;
constexpr bool P = true;
constexpr bool _ = false;
constexpr auto kRules = std::to_array<FieldRule>({
    {Other, "", _, _, _, _},
    {Host, "host", O, _, Q, P},
    {ContentLength, "content-length", O, _, Q, P},
    {TransferEncoding, "transfer-encoding", O, _, Q, P},
    {Connection, "connection", _, H, Q, P},
    {KeepAlive, "keep-alive", _, H, Q, P},
    {ProxyConnection, "proxy-connection", _, H, Q, P},
    {Te, "te", _, H, Q, P},
    {Trailer, "trailer", _, H, Q, P},
    {Upgrade, "upgrade", _, H, Q, P},
    {Http2Settings, "http2-settings", O, H, Q, P},
    {ProxyAuthorization, "proxy-authorization", O, H, Q, P},
    {ProxyAuthenticate, "proxy-authenticate", _, H, Q, P},
    {ProxyAuthenticationInfo, "proxy-authentication-info", _, H, Q, P},
    {Expect, "expect", O, _, Q, P},
    {MaxForwards, "max-forwards", O, _, Q, _},
    {Authorization, "authorization", O, _, Q, P},
    {Cookie, "cookie", O, _, Q, P},
    {Forwarded, "forwarded", _, _, Q, _},
    {Via, "via", _, _, Q, P},
    {XRealIp, "x-real-ip", _, _, Q, _},
    {XClientIp, "x-client-ip", _, _, Q, _},
    {ClientIp, "client-ip", _, _, Q, _},
    {TrueClientIp, "true-client-ip", _, _, Q, _},
    {XClusterClientIp, "x-cluster-client-ip", _, _, Q, _},
    {CfConnectingIp, "cf-connecting-ip", _, _, Q, _},
    {FastlyClientIp, "fastly-client-ip", _, _, Q, _},
    {XOriginalUrl, "x-original-url", _, _, Q, _},
    {XRewriteUrl, "x-rewrite-url", _, _, Q, _},
    {XOriginalHost, "x-original-host", _, _, Q, _},
    {XHost, "x-host", _, _, Q, _},
    {XHttpMethodOverride, "x-http-method-override", _, _, Q, _},
    {XHttpMethod, "x-http-method", _, _, Q, _},
    {XMethodOverride, "x-method-override", _, _, Q, _},
    {RemoteUser, "remote-user", _, _, Q, _},
    {XRemoteUser, "x-remote-user", _, _, Q, _},
    {XAuthenticatedUser, "x-authenticated-user", _, _, Q, _},
    {XWebauthUser, "x-webauth-user", _, _, Q, _},
    {Origin, "origin", O, _, _, _},
    {Referer, "referer", O, _, _, _},
    {SecFetchSite, "sec-fetch-site", O, _, _, _},
    {SecFetchMode, "sec-fetch-mode", O, _, _, _},
    {SecFetchDest, "sec-fetch-dest", O, _, _, _},
    {SecFetchUser, "sec-fetch-user", O, _, _, _},
    {AccessControlRequestMethod, "access-control-request-method", O, _, _, _},
    {SecWebSocketKey, "sec-websocket-key", O, _, Q, P},
    {SecWebSocketVersion, "sec-websocket-version", O, _, Q, P},
    {SecWebSocketProtocol, "sec-websocket-protocol", O, _, Q, P},
    {SecWebSocketExtensions, "sec-websocket-extensions", O, _, Q, P},
    {SecWebSocketAccept, "sec-websocket-accept", O, _, Q, P},
    {ContentType, "content-type", O, _, _, _},
    {ContentEncoding, "content-encoding", O, _, _, _},
    {ContentRange, "content-range", O, _, _, _},
    {ContentLocation, "content-location", O, _, _, _},
    {ContentDisposition, "content-disposition", O, _, _, _},
    {Range, "range", O, _, _, _},
    {IfRange, "if-range", O, _, _, _},
    {IfModifiedSince, "if-modified-since", O, _, _, _},
    {IfUnmodifiedSince, "if-unmodified-since", O, _, _, _},
    {Accept, "accept", _, _, _, _},
    {UserAgent, "user-agent", O, _, _, _},
    {Date, "date", O, _, _, _},
    {From, "from", O, _, _, _},
    {Location, "location", O, _, _, _},
    {SetCookie, "set-cookie", _, _, Q, P},
    {ETag, "etag", O, _, _, _},
    {LastModified, "last-modified", O, _, _, _},
    {RetryAfter, "retry-after", O, _, _, _},
    {Server, "server", O, _, _, _},
    {WwwAuthenticate, "www-authenticate", _, _, _, _},
    {AccessControlAllowOrigin, "access-control-allow-origin", O, _, _, _},
    {ContentSecurityPolicy, "content-security-policy", _, _, _, _},
    {AltSvc, "alt-svc", _, _, _, P},
    {ClearSiteData, "clear-site-data", _, _, _, P},
    {StrictTransportSecurity, "strict-transport-security", _, _, _, P},
    {ServiceWorkerAllowed, "service-worker-allowed", _, _, _, P},
    {Nel, "nel", _, _, _, P},
    {ReportTo, "report-to", _, _, _, P},
    {ReportingEndpoints, "reporting-endpoints", _, _, _, P},
    {PosternEvent, "postern-event", _, _, Q, P},
});

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    if (static_cast<std::size_t>(kRules[i].id) != i) return false;
  }
  return kRules.size() == static_cast<std::size_t>(PosternEvent) + 1;
}
static_assert(in_order(), "kRules follows the enumeration");

// Open addressing over a hash that only looks at four bytes and the length: a lookup is one probe for nearly
// every name.
constexpr std::size_t kSlots = 512;
constexpr std::size_t slot_of(std::string_view name) {
  const std::size_t size = name.size();
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(name[i]));
  };
  return (byte(0) * 7 + byte(size / 2) * 31 + byte(size - 1) * 113 + byte(size / 3) * 241 + size * 57) %
         kSlots;
}

constexpr std::array<FieldId, kSlots> make_slots() {
  std::array<FieldId, kSlots> slots{};
  for (std::size_t i = 1; i < kRules.size(); ++i) {
    std::size_t slot = slot_of(kRules[i].name);
    while (slots[slot] != Other) slot = (slot + 1) % kSlots;
    slots[slot] = kRules[i].id;
  }
  return slots;
}
constexpr std::array<FieldId, kSlots> kTable = make_slots();

}  // namespace

FieldId identify(std::string_view lower_case_name) {
  if (lower_case_name.empty()) return Other;
  for (std::size_t slot = slot_of(lower_case_name); kTable[slot] != Other; slot = (slot + 1) % kSlots) {
    if (rule_of(kTable[slot]).name == lower_case_name) return kTable[slot];
  }
  return Other;
}

const FieldRule& rule_of(FieldId id) { return kRules[static_cast<std::size_t>(id)]; }

}  // namespace postern::http
