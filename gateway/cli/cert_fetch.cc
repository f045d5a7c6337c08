// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/cert_fetch.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "certs/names.h"
#include "gateway/http/h1_body.h"
#include "gateway/http/h1_response.h"
#include "gateway/http/h1_write.h"
#include "gateway/http/web_address.h"

namespace postern::cli {
namespace {

using base::Code;
using base::fail;

constexpr base::Nanos kFetchPatience = 10 * base::kSecond;
constexpr std::size_t kHandshakeLimit = 128U << 10U;  // bytes from the server; a chain is at most 64 KiB

struct AddressesFree {
  void operator()(addrinfo* addresses) const noexcept { ::freeaddrinfo(addresses); }
};
using Addresses = std::unique_ptr<addrinfo, AddressesFree>;

std::string shown(const Place& place) { return base::printable(place.host) + ":" + place.port; }

// Waits for events until the deadline; false when that has come.
bool wait_for(int socket, short events, base::Nanos deadline) {
  const base::SystemClock clock;
  for (;;) {
    const base::Nanos left = deadline - clock.monotonic();
    if (left <= 0) return false;
    pollfd one{socket, events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(left / base::kMillisecond) + 1);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

base::Result<Addresses> find_addresses(const Place& place) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(place.host.c_str(), place.port.c_str(), &hints, &found);
  if (code != 0) return fail(Code::Unavailable, shown(place) + ": " + ::gai_strerror(code));
  return Addresses(found);
}

base::Result<base::UniqueFd> connect_to(const Place& place, base::Nanos deadline) {
  auto addresses = find_addresses(place);
  if (!addresses.ok()) return addresses.error();
  int last = ECONNREFUSED;
  for (const addrinfo* one = addresses->get(); one != nullptr; one = one->ai_next) {
    base::UniqueFd socket(::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.valid()) continue;
    if (::connect(socket.get(), one->ai_addr, one->ai_addrlen) == 0) return socket;
    last = errno;
    if (last != EINPROGRESS) continue;
    if (!wait_for(socket.get(), POLLOUT, deadline))
      return fail(Code::Timeout, shown(place) + " does not answer within ten seconds");
    socklen_t size = sizeof last;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &last, &size);
    if (last == 0) return socket;
  }
  return base::fail_errno(shown(place), last);
}

base::Status send_all_of(int socket, base::Buffer& out, base::Nanos deadline) {
  while (!out.empty()) {
    const ssize_t n = ::send(socket, out.view().data(), out.size(), MSG_NOSIGNAL);
    if (n > 0) out.consume(static_cast<std::size_t>(n));
    if (n > 0 || errno == EINTR) continue;
    if (errno != EAGAIN) return base::fail_errno("the server broke off the handshake", errno);
    if (!wait_for(socket, POLLOUT, deadline)) return fail(Code::Timeout, "the server takes nothing");
  }
  return base::Ok{};
}

base::Status receive_into(int socket, base::Buffer& in, base::Nanos deadline) {
  std::array<char, 16384> piece;
  if (!wait_for(socket, POLLIN, deadline))
    return fail(Code::Timeout, "the server does not go on with the handshake within ten seconds");
  const ssize_t n = ::recv(socket, piece.data(), piece.size(), 0);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return base::Ok{};
  if (n < 0) return base::fail_errno("the server broke off the handshake", errno);
  if (n == 0) return fail(Code::Closed, "the server ended the connection in the handshake");
  if (in.write({piece.data(), static_cast<std::size_t>(n)})) return base::Ok{};
  return fail(Code::Limit, "the server's handshake is longer than 128 KiB");
}

constexpr std::string_view kTooLate = "it did not answer within ten seconds";

// As much as came by now; false: the stream has ended.
base::Result<bool> receive_more(int socket, std::string& in, base::Nanos deadline) {
  std::array<char, 16384> piece;
  for (;;) {
    if (!wait_for(socket, POLLIN, deadline)) return fail(Code::Timeout, std::string(kTooLate));
    const ssize_t n = ::recv(socket, piece.data(), piece.size(), 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return base::fail_errno("it broke off its answer", errno);
    in.append(piece.data(), static_cast<std::size_t>(n));
    return n > 0;
  }
}

base::Result<http::ResponseHead> receive_head(int socket, http::Method method, std::string& in,
                                              base::Nanos deadline) {
  http::ResponseParser parser(http::HeadLimits{});
  for (;;) {
    const http::HeadStep step = parser.parse(in, method);
    if (step.state == http::HeadState::Refused)
      return fail(Code::Invalid, "its answer is not valid HTTP: " + std::string(step.verdict.sentence));
    if (step.state == http::HeadState::Complete) {
      in.erase(0, step.consumed);
      if (!parser.head().interim()) return std::move(parser.head());
      parser.reset();
      continue;
    }
    const auto more = receive_more(socket, in, deadline);
    if (!more.ok()) return more.error();
    if (!*more) return fail(Code::Closed, "it ended the connection without an answer");
  }
}

base::Result<std::string> receive_body(int socket, http::Framing framing, std::string& in, std::size_t limit,
                                       base::Nanos deadline) {
  http::BodyDecoder decoder(framing, http::BodySide::Response);
  std::string body;
  for (;;) {
    const http::BodyStep step = decoder.feed(in);
    if (step.state == http::BodyState::Refused) return fail(Code::Invalid, "its answer is not valid HTTP");
    body += step.piece;
    if (body.size() > limit)
      return fail(Code::Limit, "its answer is longer than " + std::to_string(limit) + " bytes");
    in.erase(0, step.consumed);
    if (step.state == http::BodyState::Done) return body;
    if (step.consumed > 0) continue;
    const auto more = receive_more(socket, in, deadline);
    if (!more.ok()) return more.error();
    if (!*more && !decoder.close()) return fail(Code::Closed, "it broke off its answer");
    if (!*more) return body;
  }
}

std::string document_request(const http::WebAddress& at, const std::string& ocsp_request) {
  http::Fields fields;
  fields.put("user-agent", "postern-cli");
  if (!ocsp_request.empty()) fields.put("content-type", "application/ocsp-request");
  const http::Framing framing = ocsp_request.empty()
                                    ? http::Framing{http::BodyKind::None, 0}
                                    : http::Framing{http::BodyKind::Sized, ocsp_request.size()};
  std::string out;
  http::write_request_head(
      out, {ocsp_request.empty() ? http::Method::Get : http::Method::Post, at.target, http::host_to_send(at)},
      fields, framing, false);
  return out + ocsp_request;
}

}  // namespace

base::Result<std::string> fetch_document(const std::string& url, const std::string& ocsp_request,
                                         std::size_t limit) {
  const auto at = http::parse_web_address(url);
  if (!at || at->https) return fail(Code::Invalid, "it is not at an http:// address");
  const base::Nanos deadline = base::SystemClock().monotonic() + kFetchPatience;
  std::string host = at->authority.host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  auto socket = connect_to({host, std::to_string(at->authority.port)}, deadline);
  if (!socket.ok()) return socket.error();
  const std::string request = document_request(*at, ocsp_request);
  base::Buffer out(request.size());
  if (!out.write(request)) return fail(Code::Internal, "the request is too long");
  if (base::Status sent = send_all_of(socket->get(), out, deadline); !sent.ok())
    return fail(Code::Closed, "it does not take the request");
  std::string in;
  const http::Method method = ocsp_request.empty() ? http::Method::Get : http::Method::Post;
  const auto head = receive_head(socket->get(), method, in, deadline);
  if (!head.ok()) return head.error();
  if (head->status != 200) return fail(Code::Unavailable, "it answered " + std::to_string(head->status));
  return receive_body(socket->get(), head->body, in, limit, deadline);
}

base::Result<Place> parse_place(std::string_view url) {
  const base::Error wrong =
      fail(Code::Invalid,
           "\"" + base::printable(url) + "\" is not https://HOST[:PORT] with a host name or an IP address");
  std::string_view rest = url;
  if (rest.starts_with("https://"))
    rest.remove_prefix(8);
  else if (rest.find("://") != std::string_view::npos)
    return wrong;
  rest = rest.substr(0, rest.find_first_of("/?#"));
  Place place;
  std::size_t colon = rest.rfind(':');
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return wrong;
    place.host = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    colon = rest.empty() ? std::string_view::npos : 0;
    if (!rest.empty() && rest.front() != ':') return wrong;
  } else {
    place.host = rest.substr(0, colon);
  }
  if (colon != std::string_view::npos) place.port = rest.substr(colon + 1);
  const bool number = !place.port.empty() && place.port.size() <= 5 &&
                      place.port.find_first_not_of("0123456789") == std::string::npos;
  if (!number || std::stoul(place.port) > 65535 || !certs::is_host(place.host)) return wrong;
  return place;
}

base::Result<tls::Presented> fetch_presented(const Place& place) {
  const base::Nanos deadline = base::SystemClock().monotonic() + kFetchPatience;
  auto glimpse = tls::Glimpse::make(place.host);
  if (!glimpse.ok()) return glimpse.error();
  auto socket = connect_to(place, deadline);
  if (!socket.ok()) return socket.error();
  base::Buffer in(kHandshakeLimit), out(kHandshakeLimit);
  for (;;) {
    std::string_view view = in.view();
    auto seen = (*glimpse)->step(view, out);
    in.consume(in.size() - view.size());
    if (!seen.ok()) return fail(seen.error().code, shown(place) + ": " + seen.error().message);
    if (*seen) return **std::move(seen);
    base::Status moved = send_all_of(socket->get(), out, deadline);
    if (moved.ok()) moved = receive_into(socket->get(), in, deadline);
    if (!moved.ok()) return fail(moved.error().code, shown(place) + ": " + moved.error().message);
  }
}

}  // namespace postern::cli
