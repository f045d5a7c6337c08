// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What Http2Session makes of bytes, for h2_opinion.py. Commands come a line each, answers go a line each, as JSON:
//
//   new              a new connection, behind its preface
//   take HEX         bytes of the client
//   respond STREAM   200 without a body
//   reset STREAM     RST_STREAM (CANCEL)
//
//   {"requests": [[stream, method, target, host, [[name, value], ...]], ...], "refused": [stream, ...], "body": {stream: bytes}, "ended":
//    [stream, ...], "gone": [stream, ...], "fault": sentence}
#include <iostream>
#include <string>

#include "base/bytes.h"
#include "base/json.h"
#include "gateway/http/h2_session.h"

using namespace postern;

namespace {

class Teller final : public http::Http2Session::Listener {
 public:
  void on_request(std::uint32_t stream, const http::RequestHead& head) override {
    base::Json fields = base::Json::array();
    head.fields.for_each([&](const http::Field& field) {
      const bool ours = field.id == http::FieldId::Host || field.id == http::FieldId::TransferEncoding;
      if (!ours) fields.push_back({std::string(field.name), std::string(field.value)});
    });
    const std::string host(head.fields.find(http::FieldId::Host).value_or(""));
    told["requests"].push_back({stream, std::string(http::to_text(head.method)), head.target, host, fields});
    if (head.body.kind == http::BodyKind::None ||
        (head.body.kind == http::BodyKind::Sized && head.body.size == 0))
      told["ended"].push_back(stream);
  }
  void on_refused(std::uint32_t stream, http::Verdict, std::string_view) override {
    told["refused"].push_back(stream);
  }
  void on_body(std::uint32_t stream, std::string_view piece) override {
    base::Json& body = told["body"][std::to_string(stream)];
    body = (body.is_string() ? body.get<std::string>() : std::string()) + base::to_hex(piece);
  }
  void on_end(std::uint32_t stream, const http::Fields&) override { told["ended"].push_back(stream); }
  void on_gone(std::uint32_t stream) override { told["gone"].push_back(stream); }
  void on_framed(std::uint32_t, std::size_t, bool) override {}

  base::Json told;
};

}  // namespace

int main() {
  Teller teller;
  std::unique_ptr<http::Http2Session> session;
  base::Nanos now = base::kSecond;
  for (std::string line; std::getline(std::cin, line);) {
    const std::string command = line.substr(0, line.find(' '));
    const std::string argument = line.substr(std::min(line.size(), command.size() + 1));
    teller.told = {{"requests", base::Json::array()},
                   {"refused", base::Json::array()},
                   {"body", base::Json::object()},
                   {"ended", base::Json::array()},
                   {"gone", base::Json::array()}};
    if (command == "new") {
      session = std::make_unique<http::Http2Session>(http::Http2Limits{}, teller);
      session->take("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", now);
    } else if (command == "take") {
      session->take(*base::from_hex(argument), now += base::kSecond);
    } else if (command == "respond") {
      session->respond(static_cast<std::uint32_t>(std::stoul(argument)), 200, http::Fields(), true);
    } else if (command == "reset") {
      session->reset(static_cast<std::uint32_t>(std::stoul(argument)), http::Http2Session::Reset::Cancel);
    }
    std::string out;
    session->produce(out, 1U << 20U);
    teller.told["fault"] = session->fault().sentence;
    std::cout << base::dump_json(teller.told) << std::endl;
  }
  return 0;
}
