// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Every reason for which Postern refuses, in one place: code, HTTP status, a title for people and what they
// can do. The codes are a contract: they stand in problem documents (RFC 9457), events and documentation.
// docs/REFUSALS.md lists them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace postern::base {

enum class Refusal : std::uint8_t {
  None,  // not refused
  // What was sent is not an acceptable HTTP message.
  Malformed,
  AmbiguousFraming,
  TargetNotCanonical,
  WrongHost,
  VersionNotSupported,
  MethodNotSupported,
  ExpectationNotSupported,
  UpgradeNotSupported,
  HeadTooLarge,
  TargetTooLong,
  BodyTooLarge,
  RequestTimeout,
  // An HTTP/2 connection that was ended as a whole.
  Http2ProtocolError,
  Http2Flood,
  WebsocketProtocolError,  // a WebSocket that was ended as a whole
  // Who asks, and what they may.
  NoSession,
  SessionEnded,
  SignInRefused,
  CrossSite,
  RemoteAccessOff,
  ReadOnly,
  OperationNotListed,
  OperationNotAccepted,
  Never,
  ParameterNotAllowed,
  BodyNotAllowed,
  WebsocketNotListed,
  CapabilityOff,
  OutsideRole,
  ApprovalNeeded,
  GrantEnded,
  HoldRefused,
  LimitReached,
  BudgetSpent,
  // We cannot, or the component cannot.
  LogUnavailable,
  Overloaded,
  GatewayStopping,
  NodeDrained,
  GatewayError,
  ComponentUnreachable,
  ComponentTimeout,
  ComponentMalformed,
  ComponentClosed,
  ComponentCertificate,
  ComponentCredential,
};

struct RefusalText {
  Refusal refusal;
  std::string_view code;    // "operation_not_listed"
  int status;               // HTTP status of the answer
  std::string_view title;   // "This operation is not on the list"
  std::string_view remedy;  // what the reader can do
};

const RefusalText& text_of(Refusal refusal);
std::optional<Refusal> refusal_from_code(std::string_view code);
std::span<const RefusalText> all_refusals();

}  // namespace postern::base
