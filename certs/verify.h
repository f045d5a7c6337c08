// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who we believe: the one verifier of certificates, for servers (the component, where webhooks and mail go) and for
// engineers' client certificates, judged by the terminator in the handshake and again from scratch by the enforcer, and
// for `postern cert check`. It judges as a browser does, or more strictly; RULES.md has every rule with its clause.
// OpenSSL reads the structures and checks the signatures, the judgement is this folder's: path.h, single.h, names.h,
// constraints.h, strength.h, revocation.h. Pure, bounded (work.h), and there is no switch that turns a rule off.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "certs/candidate.h"
#include "certs/demands.h"
#include "certs/names.h"
#include "certs/path.h"
#include "certs/revocation.h"
#include "certs/rules.h"
#include "certs/single.h"
#include "certs/work.h"

namespace postern::certs {

// What it means that nothing is known about a certificate's revocation. What is known counts for both.
enum class Revocation : std::uint8_t {
  Soft,
  Hard
};  // passed over, and shown | a refusal, for all below the root

struct Question {
  Purpose purpose = Purpose::Server;
  std::string host;  // of a server: the DNS name or the IP address that was asked for. Of a client: empty
  base::Micros now = 0;
  Revocation revocation = Revocation::Soft;
  std::vector<std::string> pins =
      {};                // key_id of CertificateFacts; if there are any, the path must have one of them
  Demands demands = {};  // of a client's own certificate
  // A CRL that is over still speaks against whom it names, and is silent about all others: under Hard something else must
  // speak for them. For who tells somebody that it is over; else it is a refusal, as all evidence is that is not sound.
  bool old_crls_are_silent = false;
};

// OCSP responses that were fetched, in DER, by the fingerprint of the certificate that each is about.
using Answers = std::map<std::string, std::string, std::less<>>;

// What is known beside the chain. The staple may still be on its way (TLS 1.2 sends it after the certificates): then
// nothing is asked of it, and the caller judges again when it is there or known not to come.
struct Evidence {
  std::string_view staple = {};  // an OCSP response in DER; empty: none came
  bool staple_follows = false;
  const std::vector<CrlPtr>* crls = nullptr;
  // One that is over is silent, unless it says revoked: who fetches them was told.
  const Answers* answers = nullptr;
};

struct Link {
  CertificateFacts facts;
  Standing standing = Standing::Unknown;
};

struct Verdict {
  std::vector<Link> path;  // the peer's own first; up to the trusted one, or as far as the failure speaks of
  bool anchored = false;   // the last one is trusted
  std::optional<Failure> failure;
  Work work;
  base::Micros until = 0;  // of one that is good: no later than this it must be asked again
  // It is good, or would be if more were known of revocations, and of some certificate there is no answer, fetched or (the
  // peer's own) stapled.
  bool asks = false;
  bool good() const { return !failure.has_value(); }
};

// Trusted certificates, parsed once for many judgements. Each is an anchor, also one that is not self-signed (a pinned
// intermediate, or the peer's own certificate).
class Verifier {
 public:
  // PEM. Invalid if there is none, or one cannot be read.
  static base::Result<Verifier> make(std::string_view roots_pem);

  // chain: DER, the peer's own first, the others in any order. A host that is none makes the answer WrongName.
  Verdict judge(const std::vector<std::string>& chain, const Question& question,
                const Evidence& evidence) const;

  const std::vector<Candidate>& anchors() const { return anchors_; }

 private:
  explicit Verifier(std::vector<Candidate> anchors) : anchors_(std::move(anchors)) {}
  std::vector<Candidate> anchors_;
};

struct ClientIdentity {
  std::vector<std::string>
      emails;  // subjectAltName rfc822Name, lower case; at least one of emails and uris is not empty
  std::vector<std::string> uris;  // subjectAltName URI, as written
  std::string fingerprint;        // SHA-256 of the leaf, hexadecimal
  std::string subject;            // for display only
  base::Micros not_after = 0;
  base::Micros until = 0;  // of the verdict
};

struct ClientTrust {
  std::string roots_pem;  // of authorities
  std::string crls = {};  // as read_crls takes them; empty: none
  Revocation revocation = Revocation::Soft;
  Demands demands = {};
  bool operator==(const ClientTrust&) const = default;
};

// Whose certificate it is, or why it is nobody's.
struct ClientAnswer {
  std::optional<ClientIdentity> identity;  // only names that are demanded
  std::optional<Failure> failure;          // the sentence is fit for the engineer
  bool asks = false;                       // as Verdict::asks
};

// The same for engineers, whose certificates say who they are.
class ClientVerifier {
 public:
  // Invalid if there is no root, one is not an authority, or a CRL cannot be read.
  static base::Result<ClientVerifier> make(const ClientTrust& trust);

  ClientAnswer judge(const std::vector<std::string>& chain, base::Micros now) const;
  void know(std::shared_ptr<const Answers> answers) { answers_ = std::move(answers); }  // nullptr: none

 private:
  ClientVerifier(Verifier verifier, std::vector<CrlPtr> crls, const ClientTrust& trust);
  Verifier verifier_;
  std::vector<CrlPtr> crls_;
  std::shared_ptr<const Answers> answers_;
  Question question_;
};

// Whether a certificate of ours can be shown to a server: where its leaf has an extended key usage, that names
// clientAuth; where it has a key usage, that allows digital signatures. Denied says which of them does not.
base::Status check_client_use(std::string_view certificate_pem);

// The system's bundle of roots as PEM. Reads a file: call it before confinement. NotFound names the places
// looked at.
base::Result<std::string> read_system_roots();

}  // namespace postern::certs
