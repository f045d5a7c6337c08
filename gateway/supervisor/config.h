// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// postern.yaml as a value. Parsing is pure: text in, Config or faults out, no file is opened (material.h does
// that), no name is resolved. docs/CONFIGURATION.md describes every key for people, postern.schema.json for
// editors, and a test holds the defaults below against both. Every fault says file:line:column and what would
// be right.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/yaml.h"
#include "certs/verify.h"
#include "gateway/http/authority.h"
#include "gateway/http/credential.h"
#include "gateway/http/web_address.h"
#include "gateway/supervisor/config_monitoring.h"
#include "gateway/supervisor/config_updates.h"

namespace postern::supervisor {

inline constexpr std::size_t kConfigSizeLimit = 1U << 20U;  // bytes of postern.yaml
inline constexpr std::size_t kServiceLimit = 64;
inline constexpr std::size_t kNodeLimit = 64;         // nodes of all services together
inline constexpr std::size_t kNameLimit = 64;         // names of one listener
inline constexpr std::size_t kCertificateLimit = 16;  // certificates of one listener
inline constexpr std::size_t kAcmeNameLimit = 20;     // names of a certificate that is ordered
inline constexpr int kWorkerLimit = 64;
inline constexpr std::size_t kLogWitnessLimit = 16;    // as many signatures as every verifier accepts
inline constexpr std::size_t kWitnessedLogLimit = 64;  // whose witness we are
inline constexpr std::size_t kCredentialLimit =
    48;  // of all services and roles: each is a descriptor, to the enforcers or to the keeper

// A file that the configuration names: absolute, or made so from the folder of postern.yaml.
struct FileName {
  std::string
      path;  // empty: not configured. Of a secret it may also be "credential:NAME", and of some keys a PKCS #11 URI (secret.h)
  base::Mark mark;
};

struct Address {           // a numeric address to listen on
  std::string host;        // "0.0.0.0", "::1" (no brackets)
  std::uint16_t port = 0;  // 0: the kernel picks one (tests)
  bool v6 = false;
  std::string text() const;  // "0.0.0.0:8443", "[::1]:9443"
};

struct CertificateFiles {
  FileName certificate, key;  // the chain, and the private key of its leaf
};

struct Listener {
  Address address;
  // At least one. Clients are shown the one for the name that they ask for (gateway/tls/certificate_choice.h); the first
  // if there is none.
  std::vector<CertificateFiles> certificates;
  std::vector<http::Authority> names;  // what clients may call us in Host; at least one
  bool http2 = true;                   // offered to clients, before HTTP/1.1
  bool staple = false;                 // OCSP responses are fetched, and shown with the certificates
  base::Mark mark;
  std::string url() const;  // for links: "https://first-name:port", without the port if it is 443
};

// Where nodes of the component send events (docs/INTAKE.md).
struct Intake {
  Listener listener;
  int events_per_minute = 600;  // of each token
  base::Micros lost_after =
      180 * base::kWallSecond;  // a remote gateway that is not heard from for so long is lost
};

// A certificate of the support listener that an authority issues and renews (RFC 8555).
struct Acme {
  std::uint32_t id = 0;            // as Node::id, out of the same numbers
  std::string url;                 // of the directory, as written
  http::Authority authority;       // the port is never 0
  std::string target;              // of the request line
  std::string tls_name;            // the name that the server's certificate must carry
  FileName roots;                  // of that certificate; empty: the system's
  std::vector<std::string> names;  // lower case; at least one
  FileName folder;                 // acme.h
  bool by_tls = false;             // challenges are tls-alpn-01, answered by the support listener
  Address challenge;               // where http-01 is answered otherwise
  std::string_view challenge_type() const { return by_tls ? "tls-alpn-01" : "http-01"; }
  std::vector<std::string> contact;  // "mailto:..."
  std::string external_id;           // of an account at the authority; empty: none
  FileName external_secret;
  base::Mark mark;
};

struct Health {
  std::string path;  // empty: no active checks, a node is judged by the exchanges it serves
  base::Micros interval = 10 * base::kWallSecond;
  base::Micros timeout = 3 * base::kWallSecond;
  int status_from = 200, status_to = 299;
};

struct Node {
  // Names the node to enforcers. In the file's order at first; a reload keeps the number of a node that stays
  // and never gives one away again (reload.h): a connect request that crosses a reload must not reach another
  // node.
  std::uint32_t id = 0;
  std::string url;  // as written
  bool https = false;
  http::Authority authority;  // the port is never 0
  base::Mark mark;
};

// What a service's nodes are shown to let a request in: a header field, or a certificate of ours in the TLS handshake.
// The secret part is a file's content, which this process never reads.
struct Credential {
  std::string
      role;  // of the component: "viewer", "user" or "admin"; empty: for whoever has none of their own
  http::CredentialKind kind = http::CredentialKind::Bearer;
  std::string user;                     // of Basic
  std::string field = "authorization";  // lower case
  FileName certificate;  // client_certificate: the chain; empty: it is a field, and kind says how it is made
  FileName file;         // holds the secret part: of a certificate the private key
  bool is_certificate() const { return !certificate.path.empty(); }
  // The descriptor's name among those that an enforcer (a certificate's key: the keeper) is given.
  std::string descriptor(const std::string& service) const;
  std::string_view kind_text()
      const;  // "bearer", "basic", "header", "client_certificate": as the file has it
};

// A list of revoked certificates that is fetched.
struct CrlAddress {
  std::string url;  // as the file has it
  http::WebAddress at;
  base::Mark mark;
};

// What is asked outside about certificates (inquiries.h).
struct RevocationFetch {
  std::vector<CrlAddress> lists;
  bool from_certificate = false;  // lists where certificates say that they are
  bool ocsp = false;              // responders where certificates say that they are
  base::Mark mark;                // of crl
  bool any() const { return !lists.empty() || from_certificate || ocsp; }
};

// Where that may be, and how often.
struct RevocationSources {
  std::vector<http::Authority> hosts;  // that certificates may send us to; port 0: the scheme's own
  FileName roots;                      // by which https addresses are believed; empty: the system's
  base::Micros every = 3600 * base::kWallSecond;  // at the latest
  base::Micros wait = 3 * base::kWallSecond;      // of a sign-in, for what was never asked before
  base::Mark mark;
  bool names(const http::WebAddress& address) const;
};

struct Service {
  std::string name;  // [a-z0-9][a-z0-9-]{0,62}
  std::string path;  // "/prometheus/": begins and ends with '/'; no service's path begins with "/.postern/"
  std::string host;  // Host to send; empty: the node's authority
  std::vector<Node> nodes;
  Health health;
  std::vector<Credential> credentials;  // one per role at most
  FileName roots;                       // empty: the system's
  FileName crl;  // lists of revoked certificates of the nodes' authorities; empty: none
  RevocationFetch revocation_fetch;
  certs::Revocation revocation = certs::Revocation::Soft;
  std::vector<std::string> strip_request;   // fields that nodes are not sent, lower case
  std::vector<std::string> strip_response;  // fields that clients are not sent
  std::string
      tls_name;  // the name that the nodes' certificates must carry; empty: the host of the node's URL
  std::string http2 = "auto";    // or "off", or "prior-knowledge"
  std::optional<Update> update;  // how its nodes are updated
  base::Mark mark;
};

// Who cosigns our log (C2SP tlog-witness).
struct LogWitness {
  std::uint32_t id = 0;  // as Node::id, out of the same numbers
  std::string name;
  bool mission_control = false;  // it is asked over the line, and what follows is empty, up to the key
  std::string url;               // the submission prefix, as written but for final slashes
  bool https = false;
  http::Authority authority;  // the port is never 0
  std::string path;           // of the prefix: "/witness", or empty
  std::string verifier_key;   // certs/note.h
  FileName roots;             // empty: the system's
  std::string tls_name;       // the name that the certificate must carry
  base::Mark mark;
};

// Who outside is told of events: a webhook, or people by mail.
struct NotificationTarget {
  enum class Kind : std::uint8_t { Webhook, Email };
  std::uint32_t id = 0;  // as Node::id, out of the same numbers
  std::string name;
  Kind kind = Kind::Webhook;
  http::Authority authority;  // of the webhook's URL, or of the mail server; the port is never 0
  std::string path;           // of the webhook's URL, with its query
  FileName secret;         // what webhooks are signed with, or the mail user's password; mail may have none
  bool starttls = false;   // of mail: TLS begins after a word in the clear, not with the first byte
  std::string user, from;  // of mail; the user may be empty
  std::vector<std::string> to;
  std::vector<std::string> events{
      "request.created",  "request.answered", "hold.created",  "proposal.received", "session.opened",
      "update.announced", "update.suspended", "update.missed", "update.begun",      "update.ended"};
  std::string severity =
      "severe";          // events of that severity and above, whatever their type; "none": by type alone
  FileName roots;        // empty: the system's
  std::string tls_name;  // the name that the certificate must carry
  base::Mark mark;
  std::string descriptor() const {
    return "notification." + name;
  }                                                             // of the secret, as Credential::descriptor
  std::string place() const { return "notification/" + name; }  // as the link knows it
};

// An identity provider by whom engineers, or admins, may sign in (OpenID Connect; docs/OPENID.md). Of admins there are no groups
// and no provision: roles, which are "admin" and "auditor" there, say who comes in.
struct OpenId {
  struct Host {            // that the link may go to for it; the first is the issuer's
    std::uint32_t id = 0;  // as Node::id, out of the same numbers
    http::Authority authority;
  };
  std::string issuer;  // empty: there is none
  std::string client_id;
  FileName secret;  // of the client; without it and a key, PKCE alone proves who redeems a code
  FileName key;     // of the client, instead (private_key_jwt)
  std::vector<std::string> scopes{"openid", "profile", "email"};
  std::string name_claim = "email", groups_claim = "groups";
  std::vector<std::string> groups;  // one of them is needed; empty: any
  // Role -> groups that give it: the most that whoever comes in may do; empty: groups limit nothing.
  std::map<std::string, std::vector<std::string>> roles;
  std::vector<std::string> acr, amr;  // one of those; all of these
  bool provision = false;             // who is not known yet is added and approved
  base::Micros max_age = 0;           // since they proved who they are; 0: any
  base::Micros clock_skew = 60 * base::kWallSecond;
  std::vector<Host> hosts;
  FileName roots;  // empty: the system's
  base::Mark mark;
  bool configured() const { return !issuer.empty(); }
  static constexpr const char* kSecretDescriptor = "openid.secret";
};

// Opens at from (minutes after midnight, in that zone) on days (bit 0 is Monday), for length.
struct UpdateWindow {
  static constexpr unsigned kEachDay = 0x7f;
  unsigned days = kEachDay;
  int from = 0;
  base::Micros length = 0;
  std::string zone = "UTC";
  base::Mark mark, zone_mark;
};

// What the vendor publishes is fetched and judged, once an admin switches that on (docs/UPDATES.md).
struct VendorUpdates {
  FileName root;  // 1.root.json, which the vendor gave by hand: update::Trust begins with it
  std::int64_t keep = std::int64_t{16} << 30U;  // bytes of artefacts that may be in the state directory
  std::vector<UpdateWindow> windows;            // in which updates start by themselves; none: they do not
  base::Micros notice = 24LL * 3600 * base::kWallSecond;  // from an announcement to the first start
  base::Mark mark;
};

// The vendor's end, which this installation reports to (docs/MISSION_CONTROL_LINE.md).
struct MissionControl {
  using Window = UpdateWindow;
  using Updates = VendorUpdates;
  struct Proxy {
    http::Authority authority;  // the port is never 0
    std::string user;           // empty: it asks for none
    FileName password;          // one line; with a user
  };
  std::uint32_t id =
      0;  // as Node::id, out of the same numbers: of Mission Control, or of the proxy on the way there
  std::string url;            // as written
  http::Authority authority;  // the port is never 0
  std::string tls_name;       // the name that its certificate must carry
  FileName roots;             // of that certificate; empty: the system's
  certs::Revocation revocation = certs::Revocation::Hard;
  std::optional<Proxy> proxy;
  FileName folder;      // line_folder.h
  bool tunnel = false;  // may be switched on
  std::optional<Updates> updates;
  base::Mark mark;
  static constexpr const char* kPasswordDescriptor = "line.proxy";
  static constexpr const char* kKeyDescriptor = "key.line";
  const http::Authority& first_hop() const { return proxy ? proxy->authority : authority; }
};

// The module through which keys in a token are used (gateway/token).
struct Pkcs11 {
  FileName module, pin;
  std::vector<std::string> environment;  // NAME=VALUE
  std::vector<FileName> paths;           // absolute: what the module may read while it serves
  base::Mark mark;
};

struct Limits {  // all of one worker: its terminator, or its enforcer
  int connections = 4096;
  int connections_per_address = 256;
  int exchanges_per_connection = 10'000;
  int fields = 100;               // of one head
  std::int64_t head = 32 << 10;   // bytes of one head, request line included
  std::int64_t target = 8 << 10;  // bytes of the request target
  std::int64_t request_body = std::int64_t{64} << 20;
  int exchanges = 5000;  // under way
  int exchanges_per_address = 2000;
  int exchanges_per_engineer = 1000;
  int exchanges_per_session = 1000;
  int requests_per_address = 0;  // a second; 0: any number
  int requests_per_engineer = 0;
  int requests_per_session = 0;
  std::int64_t memory = std::int64_t{1} << 30;  // that an enforcer has in use
};

struct Timeouts {
  base::Micros handshake = 10 * base::kWallSecond;         // TLS, from accept
  base::Micros head = 15 * base::kWallSecond;              // from the first byte of a head to its last
  base::Micros body_idle = 60 * base::kWallSecond;         // between two pieces of a body, either way
  base::Micros keep_alive = 75 * base::kWallSecond;        // between two exchanges
  base::Micros component_connect = 5 * base::kWallSecond;  // with TLS where HTTP/2 may come of it
  base::Micros component_head = 60 * base::kWallSecond;    // from the request's end to the response's head
  base::Micros component_idle = 300 * base::kWallSecond;   // between two pieces of a response body
  base::Micros drain = 30 * base::kWallSecond;             // of a clean stop
  base::Micros hand_over = 2 * base::kWallSecond;  // in which nobody accepts, while another binary takes over
};

struct Sessions {
  base::Micros idle = 1800 * base::kWallSecond;
  base::Micros absolute = 8 * 3600 * base::kWallSecond;
  int most = 10'000;           // at a time
  int most_per_engineer = 10;  // one more, and the oldest is superseded
  // Bytes of responses that one session receives: said, held, cut. 0: never.
  std::int64_t warn_bytes = 0, hold_bytes = 0, cut_bytes = 0;
};

struct TicketRule {
  std::string pattern;  // RE2, of the whole ticket; empty: any will do
  bool required = false;
  std::string hint;
};

struct Requests {
  base::Micros expire = 4 * 86400 * base::kWallSecond;  // unanswered
  base::Micros default_grant = 8 * 3600 * base::kWallSecond;
  base::Micros longest_grant = 7 * 86400 * base::kWallSecond;
  std::vector<std::string> reasons;  // to choose from
  TicketRule ticket;
};

struct Retention {
  base::Micros events = 0;  // how long the log keeps them; 0: for ever
};

struct Holds {  // calls that wait for an admin
  base::Micros wait = 600 * base::kWallSecond;
  int most = 100;  // at a time
  int most_per_session = 10;
};

// What is demanded of the certificates that support_authority vouches for.
struct EngineerCertificates {
  FileName crl;  // lists of revoked ones; empty: no file has any
  RevocationFetch fetch;
  certs::Revocation revocation = certs::Revocation::Soft;
  certs::Demands demands;
};

// Whose signature makes a grant (certs/signed_grant.h).
struct GrantSigning {
  std::vector<std::string> signers;  // verifier keys
  bool signed_only = false;
};

enum class Sandbox : std::uint8_t {
  Required,    // a role that cannot be confined wholly does not serve
  BestEffort,  // it serves with what the kernel has, and says what is missing
};
std::string_view to_text(Sandbox sandbox);  // "required", "best-effort"

struct Config {
  std::string user;  // empty: as whoever starts us, who is not root
  base::Mark user_mark;
  Sandbox sandbox = Sandbox::Required;
  base::Mark sandbox_mark;
  bool second_factor_required = false;  // of admins and auditors, at the console
  int workers = 0;                      // pairs of terminator and enforcer; never 0 after parsing
  Listener support, admin;
  std::optional<Intake> intake;
  std::optional<Acme> acme;
  std::optional<MissionControl> mission_control;
  Monitoring monitoring;
  std::optional<Update> update;  // of the gateway itself
  std::optional<Pkcs11> pkcs11;
  FileName control_socket, state_directory, policy, admins, pass_key, log_key;
  FileName support_authority;  // empty: engineers sign in without certificates
  EngineerCertificates engineers;
  RevocationSources revocation_sources;
  std::vector<Service> services;
  std::vector<LogWitness> log_witnesses;
  std::vector<NotificationTarget> notifications;
  OpenId openid, admin_openid;  // of engineers; of admins
  // With admin_openid: the accounts that sign in without it; empty: all that are not its own.
  std::vector<std::string> local_accounts;
  FileName witness_key;                     // empty: we are nobody's witness
  std::vector<std::string> witnessed_logs;  // verifier keys
  Sessions sessions;
  Requests requests;
  GrantSigning grants;
  Holds holds;
  Retention retention;
  Limits limits;
  Timeouts timeouts;
  base::Level log_level = base::Level::Info;

  // By its name; of the intake, where there is one.
  const Listener& listener(std::string_view name) const {
    if (name == "intake" && intake) return intake->listener;
    return name == "admin" ? admin : support;
  }
  std::size_t nodes() const;
  std::size_t credentials() const;
  const Node* node(std::uint32_t id) const;  // nullptr: there is none
  // Where the link may go under that number; nullptr: nowhere.
  const http::Authority* outside(std::uint32_t id) const;
  const http::Authority* admin_provider(std::uint32_t id) const;  // a host of admin_openid
  bool reaches_out() const {
    return !log_witnesses.empty() || !notifications.empty() || openid.configured() || support.staple ||
           admin.staple || (intake && intake->listener.staple) || acme.has_value() ||
           mission_control.has_value() || asks_of_revocations();
  }
  bool asks_of_revocations() const;
  // The first number that nothing in a file that was just read has.
  std::uint32_t next_id() const {
    return static_cast<std::uint32_t>(nodes() + log_witnesses.size() + notifications.size() + (acme ? 1 : 0) +
                                      openid.hosts.size() + admin_openid.hosts.size() +
                                      (mission_control ? 1 : 0));
  }
};

// There is a config if and only if there is no fault.
struct ParsedConfig {
  std::shared_ptr<const Config> config;
  std::vector<base::Fault> faults;
};

// As certificates name it: without the brackets of an IPv6 address.
std::string bare_host(const http::Authority& authority);

// folder: where postern.yaml is, absolute, for relative file names. cores: what "workers: auto" stands for.
ParsedConfig parse_config(std::string_view text, const std::string& folder, int cores);

// The keys of each map of the file, in the order of the documentation: what a did-you-mean is chosen from,
// and what a test compares with the schema. The name of a map is its path: "listeners.support",
// "component.services[]".
struct KeyTable {
  std::string_view map;
  std::vector<std::string_view> keys;
};
const std::vector<KeyTable>& config_keys();

}  // namespace postern::supervisor
