// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The fields that Postern knows by name, and what it does with each: the one table behind "may it be
// doubled", "is it forwarded", "may it stand in a trailer". docs/HTTP.md gives the reasons per group.
#pragma once

#include <cstdint>
#include <string_view>

namespace postern::http {

enum class FieldId : std::uint8_t {
  Other,  // not in the table
  // Framing and connection: written anew on each side.
  Host,
  ContentLength,
  TransferEncoding,
  Connection,
  KeepAlive,
  ProxyConnection,
  Te,
  Trailer,
  Upgrade,
  Http2Settings,
  ProxyAuthorization,
  ProxyAuthenticate,
  ProxyAuthenticationInfo,
  Expect,
  MaxForwards,
  // Who asks. Postern decides that, and adds what the component shall see.
  Authorization,
  Cookie,
  Forwarded,
  Via,
  XRealIp,
  XClientIp,
  ClientIp,
  TrueClientIp,
  XClusterClientIp,
  CfConnectingIp,
  FastlyClientIp,
  XOriginalUrl,
  XRewriteUrl,
  XOriginalHost,
  XHost,
  XHttpMethodOverride,
  XHttpMethod,
  XMethodOverride,
  RemoteUser,
  XRemoteUser,
  XAuthenticatedUser,
  XWebauthUser,
  // Where a request comes from; used against cross-site requests.
  Origin,
  Referer,
  SecFetchSite,
  SecFetchMode,
  SecFetchDest,
  SecFetchUser,
  AccessControlRequestMethod,
  // How a WebSocket is opened; each side's are written anew.
  SecWebSocketKey,
  SecWebSocketVersion,
  SecWebSocketProtocol,
  SecWebSocketExtensions,
  SecWebSocketAccept,
  // What a message carries and when.
  ContentType,
  ContentEncoding,
  ContentRange,
  ContentLocation,
  ContentDisposition,
  Range,
  IfRange,
  IfModifiedSince,
  IfUnmodifiedSince,
  Accept,
  UserAgent,
  Date,
  From,
  // Responses.
  Location,
  SetCookie,
  ETag,
  LastModified,
  RetryAfter,
  Server,
  WwwAuthenticate,
  AccessControlAllowOrigin,
  ContentSecurityPolicy,
  AltSvc,
  ClearSiteData,
  StrictTransportSecurity,
  ServiceWorkerAllowed,
  Nel,
  ReportTo,
  ReportingEndpoints,
  PosternEvent,
};

struct FieldRule {
  FieldId id;
  std::string_view name;
  bool once;            // doubled in a request: refused
  bool hop_by_hop;      // belongs to one connection (RFC 9110 section 7.6.1): Connection may name it, nothing
                        // forwards it
  bool strip_request;   // taken out before a request goes to the component
  bool strip_response;  // taken out before a response goes to the client
};

FieldId identify(std::string_view lower_case_name);
const FieldRule& rule_of(FieldId id);  // of Other: not once, not hop-by-hop, forwarded

}  // namespace postern::http
