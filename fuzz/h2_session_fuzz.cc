// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A client's frames: never a crash, the same answer whole and in two, and requests mean the same as HTTP/1.1.
#include "base/check.h"
#include "gateway/http/h1_write.h"
#include "gateway/http/h2_session.h"

using namespace postern::http;
struct Client final : Http2Session::Listener {
  void on_request(std::uint32_t stream, const RequestHead& head) override {
    std::string text;
    const std::string_view host = *head.fields.find(FieldId::Host);
    write_request_head(text, {head.method, head.target, host}, head.fields, head.body, head.keep_alive);
    RequestParser back{HeadLimits{}};
    POSTERN_CHECK(back.parse(text).consumed == text.size() && back.head().method == head.method);
    POSTERN_CHECK(back.head().target == head.target && back.head().body == head.body);
    session.respond(stream, 200, Fields(), false);
    session.body(stream, log += text);
  }
  void on_refused(std::uint32_t, Verdict verdict, std::string_view) override { log += verdict.sentence; }
  void on_body(std::uint32_t, std::string_view piece) override { log += piece; }
  void on_end(std::uint32_t stream, const Fields& trailers) override { session.end(stream, trailers); }
  void on_gone(std::uint32_t) override { log += "gone"; }
  void on_framed(std::uint32_t, std::size_t, bool) override {}
  std::string log, out;
  Http2Limits limits{.head = {512, 256, 16}, .streams = 4, .budget = 50};
  Http2Session session{limits, *this};
};

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Client whole, cut;
  for (Client* client : {&whole, &cut}) client->session.take("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0);
  whole.session.take(bytes, 0);
  cut.session.take(bytes.substr(0, size / 2), 0), cut.session.take(bytes.substr(size / 2), 0);
  for (Client* client : {&whole, &cut}) client->session.produce(client->out, 1U << 20U);
  POSTERN_CHECK(whole.log == cut.log && whole.out == cut.out);
  return 0;
}
