// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an installation (the gateway's link) and Mission Control say to each other: JSON documents over HTTP/2 over TLS. The
// installation alone opens connections, one at a time, and asks; Mission Control answers, and has its word in the answer to
// kOrdersPath, which never ends.
//
//   POST kEnrolPath    without a client certificate; a one-time code stands for who asks
//                      EnrolRequest -> 200 Enrolled
//   POST kRenewPath    RenewRequest -> 200 Renewed
//   POST kReportsPath  Reports -> 200 Taken. A report that was taken before, by its id, is taken again and changes nothing
//   GET  kOrdersPath?life=ULID   -> 200, application/jsonl: an Order a line, kPulse apart at most
//
// All but the first with the installation's certificate, whose one URI name says who it is (uri_of). What is refused is
// answered with application/problem+json (RFC 9457), whose code is one of those below.
//
// Both sides: unknown fields are ignored, unknown kinds and orders too (the other side may be newer); a field that is known and
// of the wrong form is a refusal of the whole document. Pure; errors are Invalid, a sentence about the document.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace postern::line {

inline constexpr std::string_view kEnrolPath = "/line/v1/enrol";
inline constexpr std::string_view kRenewPath = "/line/v1/renew";
inline constexpr std::string_view kReportsPath = "/line/v1/reports";
inline constexpr std::string_view kOrdersPath = "/line/v1/orders";

inline constexpr std::size_t kDocumentLimit =
    256U << 10U;  // bytes of a request's document, and of an answer's that ends
inline constexpr std::size_t kReportBody = 64U << 10U;  // bytes of one report's body, as dump_json writes it
inline constexpr std::size_t kMostReports = 100;        // of one request
inline constexpr std::size_t kOrderLimit = 64U << 10U;  // bytes of one line of orders
inline constexpr std::size_t kRequestPem = 8U << 10U;   // bytes of a certificate request
inline constexpr std::size_t kChainPem = 32U << 10U;    // bytes of an issued chain
inline constexpr base::Nanos kPulse = 30 * base::kSecond;  // Mission Control says something at least so often
inline constexpr base::Nanos kSilence = 75 * base::kSecond;  // after so much of it the line counts as lost

// Codes of refusals.
inline constexpr std::string_view kWrongCode = "enrolment_code_wrong";  // never was one, or was used
inline constexpr std::string_view kExpiredCode =
    "enrolment_code_expired";  // 403, as all of these but where it says otherwise
inline constexpr std::string_view kUnknownInstallation =
    "installation_unknown";  // its certificate is not one of ours
inline constexpr std::string_view kRetiredInstallation = "installation_retired";  // the vendor ended it
inline constexpr std::string_view kTwice =
    "installation_connected_twice";                            // 409: another life of it is connected
inline constexpr std::string_view kMalformed = "malformed";    // 400: not such a document
inline constexpr std::string_view kTooMany = "limit_reached";  // 429: with Retry-After

// A one-time code: 20 characters of Crockford's base 32 (100 random bits) in groups of five, "7H2KQ-...". For a person to type:
// case, hyphens and blanks do not matter, O is 0, I and L are 1.
std::string new_code();
std::string normal_code(std::string_view text);  // 20 characters, or empty: it cannot be a code

// An installation's name in its certificate: "spiffe://DOMAIN/installation/ID". domain: a DNS name of Mission Control's choice,
// lower case; id: a ULID.
struct InstallationName {
  std::string domain, id;
  bool operator==(const InstallationName&) const = default;
};
std::string uri_of(const InstallationName& name);
base::Result<InstallationName> parse_uri(std::string_view uri);

struct EnrolRequest {
  std::string code;  // normal_code
  std::string
      request;  // a certificate request (PKCS #10) in PEM; its key is what the certificate will be for
  std::string version;  // of Postern, at most 64 printable bytes
};
struct Enrolled {
  std::string installation;  // its id
  std::string customer;      // whose it is, as the vendor calls them; for people
  std::string chain;         // PEM: the installation's certificate, then its intermediates
};
struct RenewRequest {
  std::string request;
};
struct Renewed {
  std::string chain;
};
std::string format(const EnrolRequest& document);
std::string format(const Enrolled& document);
std::string format(const RenewRequest& document);
std::string format(const Renewed& document);
base::Result<EnrolRequest> parse_enrol_request(std::string_view text);
base::Result<Enrolled> parse_enrolled(std::string_view text);
base::Result<RenewRequest> parse_renew_request(std::string_view text);
base::Result<Renewed> parse_renewed(std::string_view text);

// One thing that an installation says of itself. The kinds are the customer's toggles (docs/MISSION_CONTROL_LINE.md).
// Standing is of what Mission Control asked for (asks.h).
enum class Kind : std::uint8_t { Registration, Heartbeat, Health, Usage, Event, Standing };
std::string_view to_text(Kind kind);  // "registration"
struct Report {
  std::string id;  // ULID; of an Event the event's own
  Kind kind = Kind::Heartbeat;
  int schema = 1;         // of the body, by kind
  base::Micros time = 0;  // that it is about
  base::Json body = base::Json::object();
};
struct Reports {
  std::vector<Report> known;         // in the order in which they were sent
  std::vector<std::string> unknown;  // ids of those whose kind this version does not know
};
base::Json to_json(const Report& report);
std::string format(const std::vector<Report>& reports);
base::Result<Reports> parse_reports(std::string_view text);

// The ids that are stored for good now, or will never be wanted: they need not be sent again.
struct Taken {
  std::vector<std::string> ids;
  std::map<std::string, base::Json> answers =
      {};  // by id, of those that are answered: health (line/health.h), heartbeat (line/asks.h). Objects
};
std::string format(const Taken& document);
base::Result<Taken> parse_taken(std::string_view text);

enum class OrderKind : std::uint8_t {
  Hello,     // the first line: {"time", "version"}
  Pulse,     // nothing but {"time"}
  Asks,      // nothing but {"time"}: there is something new to ask (asks.h); send a heartbeat
  Conflict,  // another life of the same installation wants in: one of the two is a copy. {"client": its address}
  Unknown,
};
struct Order {
  OrderKind kind = OrderKind::Unknown;
  base::Micros time = 0;  // Mission Control's
  std::string text;       // Hello: its version; Conflict: the other's address. At most 128 printable bytes
};
std::string format(const Order& order);                  // with its newline; not of Unknown
base::Result<Order> parse_order(std::string_view line);  // without its newline
// A refusal's document, as far as it is one of ours: {"code", "detail"}, printable. Never fails: of anything else both are empty.
struct Refusal {
  std::string code, detail;
};
Refusal parse_refusal(std::string_view text);

}  // namespace postern::line
