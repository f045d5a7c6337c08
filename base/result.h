// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Failures are values. A failure says what went wrong in one lower-case sentence and whose fault it is; the
// side alone decides status, log level and whether it is an incident. An answer (refused, not found, end of
// stream) is not a failure and belongs in the return type; a bug is a POSTERN_CHECK.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace postern::base {

// Who caused a failure. The client and the component are peers; "us" is Postern or the machine it runs on.
enum class Side { Client, Component, Us };

enum class Code {
  Invalid,      // the input breaks a rule: repeating it will fail again
  NotFound,     // what was asked for does not exist
  Exists,       // what should be made is there already
  Denied,       // the operating system or a rule says no
  Limit,        // a stated limit was reached
  Unavailable,  // try again later: a peer, a disk or a role is gone for now
  Timeout,      // a stated time ran out
  Closed,       // the peer ended the conversation
  Corrupt,      // stored data is damaged
  Internal,     // a system call or a library failed in a way that we did not expect
};

struct Error {
  Code code = Code::Internal;
  Side side = Side::Us;
  std::string message;  // one lower-case sentence without a final stop: what, and what to do if that is known
};

inline Error fail(Code code, Side side, std::string message) { return Error{code, side, std::move(message)}; }
inline Error fail(Code code, std::string message) { return Error{code, Side::Us, std::move(message)}; }

// "message: strerror(saved_errno)", side Us; the code follows from errno (ENOENT -> NotFound, EACCES ->
// Denied ...).
Error fail_errno(std::string what, int saved_errno);

struct Ok {};

// Holds a T or an Error. Reading the wrong one is a bug.
template <typename T = Ok>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    POSTERN_CHECK(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    POSTERN_CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    POSTERN_CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    POSTERN_CHECK(!ok());
    return std::get<1>(state_);
  }
  Error&& error() && {
    POSTERN_CHECK(!ok());
    return std::get<1>(std::move(state_));
  }

 private:
  std::variant<T, Error> state_;
};

using Status = Result<Ok>;

}  // namespace postern::base
