// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a support authority has done, one JSON object a line, each appended and never changed: the only thing that it
// needs beside its key. Pure: lines in, lines out. Times are RFC 3339, serial numbers lower-case hexadecimal.
//
//   {"did":"issued","time","serial","name","emails":[..],"uris":[..],"purposes":[..],"from","until","sha256",
//    "key":"new"|"theirs","renews"*}
//   {"did":"revoked","time","serial","reason"}
//   {"did":"listed","time","number","until","revoked"}        a CRL was made: how many it names
//
// A line is written before what it speaks of leaves the folder: no record, no certificate. What gains from that is
// revocation, which needs the serial number; what is given up is that a line may speak of a certificate that nobody got.
// Example: tests/unit/mission/register_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace postern::mission {

inline constexpr std::size_t kRegisterLimit = 64U << 20U;  // bytes: about 200,000 certificates

struct Issued {
  std::string serial, name;
  std::vector<std::string> emails, uris, purposes;
  base::Micros at = 0, from = 0, until = 0;
  std::string sha256;
  bool their_key = false;    // it was in a request
  std::string renews;        // serial of the one before; empty: the first of its kind
  base::Micros revoked = 0;  // 0: not
  std::string reason;
};

struct Listed {  // a CRL
  std::uint64_t number = 0;
  base::Micros at = 0, until = 0;
  std::size_t revoked = 0;
};

std::string line_of(const Issued& issued);
std::string line_of_revocation(std::string_view serial, std::string_view reason, base::Micros at);
std::string line_of(const Listed& listed);

class Register {
 public:
  // Invalid names the line: one that is no such object, is not whole, says what cannot be (a serial number twice, the
  // revocation of what was not issued), or Limit.
  static base::Result<Register> parse(std::string_view text);

  const std::vector<Issued>& issued() const { return issued_; }  // in their order
  const std::optional<Listed>& last_list() const { return last_; }
  // By a serial number or the beginning of one; NotFound, or Invalid if several begin so.
  base::Result<Issued> find(std::string_view serial) const;
  // What the next CRL names: all that were revoked and, when the last one was made, had not run out (RFC 5280 5.2.4: each
  // stands in one list at least that was made after its end).
  std::vector<Issued> to_be_listed() const;

 private:
  base::Status take(std::string_view line);
  std::vector<Issued> issued_;
  std::map<std::string, std::size_t, std::less<>> by_serial_;
  std::optional<Listed> last_;
};

}  // namespace postern::mission
