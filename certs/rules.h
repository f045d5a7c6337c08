// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Why a chain of certificates is refused: every rule of the verifier (verify.h) by name, with its clause, what a
// browser says of the same fault, and what to do about it. RULES.md shows this table with the tests of each rule;
// tools/check_docs holds the two together, and a test that every rule is broken by some chain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace postern::certs {

enum class Rule : std::uint8_t {
  Malformed,
  Limits,
  Version,
  Serial,
  AlgorithmsDiffer,
  DuplicateExtension,
  MalformedExtension,
  UnknownCritical,
  NameEmpty,
  ValidityForm,
  NotYetValid,
  Expired,
  UnknownIssuer,
  SelfSigned,
  Signature,
  NotAnAuthority,
  BasicConstraintsForm,
  AuthorityAsLeaf,
  PathLength,
  AuthorityKeyUsage,
  KeyUsage,
  Purpose,
  AuthorityPurpose,
  Policy,
  NoName,
  WrongName,
  NameForm,
  NoIdentity,
  IdentityNotDemanded,
  PurposeDemanded,
  LifeTooLong,
  NotPermitted,
  Excluded,
  ConstraintForm,
  KeyKind,
  WeakKey,
  SignatureAlgorithm,
  TlsFeature,
  MustStaple,
  Revoked,
  RevocationUnknown,
  CrlForm,
  CrlStale,
  CrlSignature,
  OcspForm,
  OcspStale,
  OcspSigner,
  OcspUnknown,
  Pin,
};

struct RuleText {
  Rule rule;
  const char* name;           // in the JSON of `postern cert check`, and in RULES.md
  const char* specification;  // the clause
  const char* demand;         // what must hold
  const char* browser;        // what a browser says where it does not
  const char* remedy;         // what to do
};

std::span<const RuleText> rule_texts();  // all, in the order above
const RuleText& text_of(Rule rule);

// What one check found wrong with one certificate: "expired on ...", to follow the certificate's name.
struct Fault {
  Rule rule = Rule::Malformed;
  std::string what;
};

// The same as an answer to people.
struct Failure {
  Rule rule = Rule::Malformed;
  std::size_t place = 0;  // in the path, 1 is the peer's own certificate; 0: the chain as a whole
  std::string sentence;   // "certificate 2 (CN=...) expired on ..."
};

}  // namespace postern::certs
