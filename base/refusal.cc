// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/refusal.h"

#include <array>
#include <cstddef>

#include "base/check.h"

namespace postern::base {
namespace {

using enum Refusal;

constexpr auto kTexts = std::to_array<RefusalText>({
    {None, "none", 200, "Allowed", ""},
    {Malformed, "malformed", 400, "The request is not valid HTTP",
     "Send it with a client that follows RFC 9112."},
    {AmbiguousFraming, "ambiguous_framing", 400, "The request's length can be read in two ways",
     "Send either one Content-Length or Transfer-Encoding: chunked."},
    {TargetNotCanonical, "target_not_canonical", 400, "The address is not written in its one canonical form",
     "Use the plain path: no dot segments, no needless encoding."},
    {WrongHost, "wrong_host", 400, "The request names a host that is not served here",
     "Use the address that your support link shows."},
    {VersionNotSupported, "version_not_supported", 400, "This HTTP version is not served here",
     "Use HTTP/2 or HTTP/1.1."},
    {MethodNotSupported, "method_not_supported", 400, "This method is never forwarded",
     "CONNECT and TRACE are refused always."},
    {ExpectationNotSupported, "expectation_not_supported", 417, "This expectation is not supported",
     "Only Expect: 100-continue is."},
    {UpgradeNotSupported, "upgrade_not_supported", 400, "Changing the protocol is not supported here",
     "Only WebSocket is, version 13, asked for as RFC 6455 and RFC 8441 say."},
    {HeadTooLarge, "head_too_large", 431, "The request's header fields are too large",
     "Send fewer or shorter header fields."},
    {TargetTooLong, "target_too_long", 414, "The address is too long",
     "Shorten the query, or send it in a body if the operation allows one."},
    {BodyTooLarge, "body_too_large", 413, "The request's body is too large",
     "Ask the administrator to raise limits.request_body."},
    {RequestTimeout, "request_timeout", 408, "The request took too long to arrive",
     "Try again on a better connection."},
    {Http2ProtocolError, "http2_protocol_error", 400, "The connection broke the rules of HTTP/2",
     "Use a client that follows RFC 9113."},
    {Http2Flood, "http2_flood", 429, "The connection sent too much that asks for nothing",
     "Send fewer resets, settings, pings and empty frames."},
    {WebsocketProtocolError, "websocket_protocol_error", 400, "The client broke the rules of WebSocket",
     "Use a client that follows RFC 6455."},
    {NoSession, "no_session", 401, "You are not signed in",
     "Sign in at /.postern/ with a pass or your support certificate."},
    {SessionEnded, "session_ended", 401, "Your session has ended",
     "Sign in again; if an administrator ended it, ask why."},
    {SignInRefused, "sign_in_refused", 403, "This sign-in was refused",
     "Ask the administrator for a new pass."},
    {CrossSite, "cross_site", 403, "The request comes from another site",
     "Open the page here and try again."},
    {RemoteAccessOff, "remote_access_off", 403, "Remote access is switched off",
     "Ask the administrator to switch it on."},
    {ReadOnly, "read_only", 403, "Remote access is set to read-only",
     "Ask the administrator if a change is needed."},
    {OperationNotListed, "operation_not_listed", 403, "This operation is not on the list",
     "Only operations that a capability lists can be reached."},
    {OperationNotAccepted, "operation_not_accepted", 403, "This waits for the customer's administrator",
     "The policy lists it since its last change; the administrator has to accept that first."},
    {Never, "never", 403, "This operation is never allowed",
     "The policy rules it out for everyone; it cannot be asked for."},
    {ParameterNotAllowed, "parameter_not_allowed", 403, "A parameter is outside what the policy allows",
     "See the capability's constraints."},
    {BodyNotAllowed, "body_not_allowed", 403, "The body is outside what the policy allows",
     "See the capability's constraints."},
    {WebsocketNotListed, "websocket_not_listed", 403, "No WebSocket may be opened here",
     "Ask the administrator: the policy lists no WebSocket of this kind at this address."},
    {CapabilityOff, "capability_off", 403, "This capability is switched off",
     "Ask the administrator to switch it on."},
    {OutsideRole, "outside_role", 403, "Your groups at the identity provider do not allow this",
     "Ask whoever manages your groups at the identity provider, then sign in again."},
    {ApprovalNeeded, "approval_needed", 403, "This capability needs an approval",
     "Request access at /.postern/."},
    {GrantEnded, "grant_ended", 403, "Your approval has ended", "Request access again at /.postern/."},
    {HoldRefused, "hold_refused", 403, "This call was not let pass", "Talk to the administrator."},
    {LimitReached, "limit_reached", 429, "A limit was reached", "Wait a little and try again."},
    {BudgetSpent, "budget_spent", 403, "This session has received all that it may",
     "Ask the administrator: the session is over its limit of bytes."},
    {LogUnavailable, "log_unavailable", 503, "The log cannot be written, so the door is closed",
     "It opens by itself once the log works; the administrator sees why in the status."},
    {Overloaded, "overloaded", 503, "The gateway has too much to do", "Try again in a moment."},
    {GatewayStopping, "gateway_stopping", 503, "The gateway is stopping", "Try again in a moment."},
    {NodeDrained, "node_drained", 503, "This node of the component is being updated",
     "Try again: another node answers, or this one when it is updated."},
    {GatewayError, "gateway_error", 502, "The gateway failed",
     "Try again; if it stays, tell the administrator the event id."},
    {ComponentUnreachable, "component_unreachable", 502, "The component cannot be reached",
     "The administrator sees the component's nodes in the status."},
    {ComponentTimeout, "component_timeout", 504, "The component did not answer in time",
     "Try again later, or ask for less at once."},
    {ComponentMalformed, "component_malformed", 502, "The component's answer is not valid HTTP",
     "Tell the administrator the event id."},
    {ComponentClosed, "component_closed", 502, "The component broke off its answer",
     "Try again; if it stays, tell the administrator the event id."},
    {ComponentCertificate, "component_certificate", 502, "The component's certificate is not trusted",
     "The administrator sees what is wrong with it in the events."},
    {ComponentCredential, "component_credential", 502, "The component refused the gateway's credential",
     "The administrator sees which one in the status; nothing is wrong with your sign-in."},
});

}  // namespace

const RefusalText& text_of(Refusal refusal) {
  const auto index = static_cast<std::size_t>(refusal);
  POSTERN_CHECK(index < kTexts.size() && kTexts[index].refusal == refusal);
  return kTexts[index];
}

std::optional<Refusal> refusal_from_code(std::string_view code) {
  for (const RefusalText& text : kTexts) {
    if (text.code == code) return text.refusal;
  }
  return std::nullopt;
}

std::span<const RefusalText> all_refusals() { return kTexts; }

}  // namespace postern::base
