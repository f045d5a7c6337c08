// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One TLS connection as a state machine over bytes: no socket, no clock, no thread. The caller hands in what
// it received and a buffer for what is to be sent; nothing is kept of either, so an idle connection owns
// OpenSSL's state (some 10 KB) and no buffers.
//
//   in    what was received. A call removes from its front what it used; give the rest again, with more
//         behind it, next time.
//   out   what is to be sent, appended. Send it after every call, whatever the call returned: also a failure
//         leaves an alert there.
//
// A session is made by ServerContext::start or ClientContext::start and may outlive its context (a reload);
// it must not outlive the context's signer and clock. Specification: RFC 8446, RFC 5246, RFC 5746
// (renegotiation: refused), RFC 7301, RFC 6066.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"

namespace postern::tls {

enum class Progress {
  Done,      // handshake: complete. read: size bytes of plaintext
  WantMore,  // nothing more to do without more input; all of in was used
  WantRoom,  // out is full: send some of it and call again
  Closed,    // read: the peer said that it will send no more (close_notify)
  Failed,    // error() says why; close the connection once out is sent
};

struct ReadResult {
  Progress progress = Progress::WantMore;
  std::size_t size = 0;
};

// TLS records: at most 16 KiB of plaintext each (RFC 8446 section 5.1).
inline constexpr std::size_t kRecordLimit = 16384;
// What a record may be longer than its plaintext, with room for a key update before it; out's limit is larger
// than this.
inline constexpr std::size_t kRecordOverhead = 96;

class Session {
 public:
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Until Done; a client calls it once with an empty in to begin. Bytes behind the handshake stay in in, for
  // read().
  Progress handshake(std::string_view& in, base::Buffer& out);

  // After the handshake. Done: plain[0..size) was filled, there may be more: call again, also with an empty
  // in.
  ReadResult read(std::string_view& in, std::span<char> plain, base::Buffer& out);
  // There may be more to read although nothing new has come in.
  bool holds_input() const;

  // After the handshake: turns plain into records of up to kRecordLimit while out has room, and says how many
  // bytes of plain it took. A piece of up to kRecordLimit is one record, unless out is empty and too small
  // for it. 0 with a failure: see failed().
  std::size_t write(std::string_view plain, base::Buffer& out);

  // Says that we will send no more (close_notify). Reading goes on being possible.
  void close(base::Buffer& out);

  // The connection's bytes ended. Ok if the peer had closed properly; otherwise an error (Closed): what was
  // read may be cut short, and a message whose end is the connection's end must not be believed.
  base::Status on_end() const;

  bool handshake_done() const;
  bool failed() const;
  const base::Error& error()
      const;  // only after a failure. Side: Client or Component as the peer is, Us if we could not sign
  int alert()
      const;  // TLS alert sent or received with the failure (RFC 8446 section 6), -1 if there was none

  // After a failure: the server ended the connection over the certificate that we showed, or that we did not show. In
  // TLS 1.3 it can do so after the handshake, which is over for us before the server has looked at the certificate.
  bool certificate_refused() const;
  bool has_certificate() const;  // of ours, to show

  // After the handshake.
  std::string_view version() const;  // "TLSv1.3"
  std::string_view cipher() const;   // "TLS_AES_256_GCM_SHA384"
  std::string_view group() const;  // of the key agreement, by its registered name: "x25519", "X25519MLKEM768"
  bool resumed() const;
  std::string_view server_name() const;  // SNI as the client sent it, unchecked; empty if it did not
  std::string_view protocol() const;     // ALPN; empty if none was agreed
  // A server's: the handshake was an authority's challenge (RFC 8737). There is nothing to say: close the connection.
  bool answers_challenge() const;
  std::vector<std::string> peer_chain() const;  // DER, leaf first; empty if the peer showed no certificate

  struct State;  // session.cc
  explicit Session(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace postern::tls
