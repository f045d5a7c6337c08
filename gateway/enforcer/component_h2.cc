// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/component_h2.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace postern::enforcer {
namespace {

// What is turned into frames ahead of the kernel: a cut cannot take it back.
constexpr std::size_t kAhead = 64U << 10U;

http::Http2ClientLimits limits_of(const http::HeadLimits& head) {
  http::Http2ClientLimits limits;
  limits.head = head;
  return limits;
}

}  // namespace

class ComponentH2::Stream final : public ComponentCarrier, public loop::Disposable {
 public:
  Stream(ComponentH2& connection, bool fresh)
      : connection_(connection), fresh_(fresh), inputs_(connection.inputs_) {}

  std::uint32_t request() const { return request_; }
  ComponentUser* user() const { return user_; }

  std::string_view protocol() const override { return "HTTP/2"; }
  bool fresh() const override { return fresh_; }

  void begin(ComponentUser& user, http::Method, bool upgrade) override {
    POSTERN_CHECK(!upgrade);  // the pool gives a connection of HTTP/1.1 for that
    user_ = &user;
  }

  void write_head(const http::RequestLine& line, const http::Fields& fields, http::Framing body,
                  std::span<const http::AddedField> added, bool keep_alive) override {
    if (over_) return;
    const std::string_view scheme = connection_.transport_->secure() ? "https" : "http";
    request_ = connection_.client_.begin({line.method, scheme, line.host, line.target, body}, fields, added);
    connection_.by_request_.emplace(request_, this);
    if (!keep_alive) connection_.leave();
    connection_.touch();
  }

  void send_body(std::string_view piece) override {
    connection_.client_.body(request_, piece);
    connection_.touch();
  }

  void send_end(const http::Fields& trailers) override {
    connection_.client_.end(request_, trailers);
    connection_.touch();
  }

  std::size_t unsent() const override { return connection_.client_.pending(request_); }

  void resume() override {
    if (passing_ || over_) return;
    passed_ += pass(std::string_view(waiting_).substr(passed_));
    if (passed_ == waiting_.size()) std::string().swap(waiting_), passed_ = 0;
    if (ended_ && waiting_.empty()) finish();
  }

  void abandon() override {
    user_ = nullptr;
    if (over_) return;
    connection_.client_.cancel(request_);
    if (connection_.inputs_ == inputs_) connection_.leave();
    connection_.release(*this);
  }

  void say_goodbye(std::string_view) override { abandon(); }

  // From the connection.
  void take_head(const http::ResponseHead& head) {
    answered_ = true;
    if (user_ != nullptr) user_->on_component_head(head);
  }
  void take_body(std::string_view piece) {
    if (waiting_.empty()) piece.remove_prefix(pass(piece));
    if (!over_) waiting_.append(piece);  // within the window that the client was given
  }
  void take_end(const http::Fields& trailers) {
    trailers_ = trailers;
    ended_ = true;
    if (waiting_.empty()) finish();
  }
  void fail(base::Refusal refusal, std::string_view why, Loss loss) {
    ComponentUser* user = std::exchange(user_, nullptr);
    connection_.release(*this);
    if (user != nullptr) user->on_component_failed(refusal, why, loss);
  }
  bool answered() const { return answered_; }
  bool complete() const { return ended_; }  // and waits for its user
  void set_over() { over_ = true; }

 private:
  // What the user takes of it now.
  std::size_t pass(std::string_view piece) {
    std::size_t passed = 0;
    passing_ = true;
    while (user_ != nullptr && passed < piece.size()) {
      const std::size_t size = std::min(user_->component_room(), piece.size() - passed);
      if (size == 0) break;
      user_->on_component_body(piece.substr(passed, size));
      passed += size;
    }
    passing_ = false;
    if (passed > 0 && !over_) {
      connection_.client_.consumed(request_, passed);
      connection_.touch();
    }
    return passed;
  }

  void finish() {
    ComponentUser* user = std::exchange(user_, nullptr);
    connection_.release(*this);
    if (user != nullptr) user->on_component_end(trailers_);
  }

  ComponentH2& connection_;
  const bool fresh_;
  std::uint64_t inputs_;  // of the connection, when this began
  std::uint32_t request_ = 0;
  ComponentUser* user_ = nullptr;
  std::string waiting_;     // of the body, because the user had no room; at most a window
  std::size_t passed_ = 0;  // of it
  bool answered_ = false, passing_ = false, ended_ = false, over_ = false;
  http::Fields trailers_;
};

ComponentH2::ComponentH2(loop::Loop& loop, SharedOwner& owner, Place place,
                         std::unique_ptr<ComponentTransport> transport, const http::HeadLimits& limits)
    : PooledConnection(place),
      loop_(loop),
      owner_(owner),
      transport_(std::move(transport)),
      client_(limits_of(limits), *this) {
  rested_since_ = loop.now();
  transport_->set_protocol(*this);
}

ComponentH2::~ComponentH2() = default;

std::size_t ComponentH2::room() const {
  if (closed_ || leaving_) return 0;
  const std::size_t unwritten = streams_.size() - by_request_.size(), room = client_.room();
  return room > unwritten ? room - unwritten : 0;
}

ComponentCarrier& ComponentH2::carry() {
  auto stream = std::make_unique<Stream>(*this, begun_++ == 0);
  Stream& begun = *stream;
  streams_.emplace(&begun, std::move(stream));
  return begun;
}

void ComponentH2::leave() {
  if (std::exchange(leaving_, true)) return;
  touch();
}

ComponentH2::Stream* ComponentH2::find(std::uint32_t request) const {
  const auto it = by_request_.find(request);
  return it == by_request_.end() ? nullptr : it->second;
}

void ComponentH2::on_input() {
  if (closed_) return;
  base::Buffer& in = transport_->input();
  if (!in.empty()) {
    ++inputs_;
    client_.take(in.view(), loop_.now());
    in.consume(in.size());
  }
  if (closed_) return;
  touch();  // what answers, windows, or the farewell
  if (!client_.fault().ok()) break_all(base::Refusal::ComponentMalformed, client_.fault().sentence);
  if (!transport_->ended()) return transport_->watch(true);
  const bool certificate = inputs_ == 0 && transport_->secure() && transport_->session()->has_certificate();
  break_all(base::Refusal::ComponentClosed,
            certificate
                ? "the component closed the connection without an answer; perhaps it does not accept the "
                  "client certificate that it was shown"
                : "the component closed the connection before the answer was complete");
  close();
}

void ComponentH2::on_broken(base::Refusal refusal, std::string_view why) {
  if (closed_) return;
  const std::string sentence(why);
  break_all(refusal, sentence);
  close();
}

// The streams that are there now: whoever is told may begin another, elsewhere.
void ComponentH2::break_all(base::Refusal refusal, std::string_view why) {
  leaving_ = true;
  std::vector<Stream*> all;
  for (const auto& [stream, owned] : streams_) all.push_back(stream);
  for (Stream* stream : all) {
    if (streams_.contains(stream) && !stream->complete())
      stream->fail(refusal, why, stream->answered() ? Loss::Unknown : Loss::Unanswered);
  }
}

void ComponentH2::release(Stream& stream) {
  stream.set_over();
  by_request_.erase(stream.request());
  auto owned = streams_.extract(&stream);
  if (owned.empty()) return;
  loop_.dispose(std::move(owned.mapped()));
  rested_since_ = loop_.now();
  owner_.freed(*this);
  if (closed_) return close();
  touch();  // its reset, or ours
}

void ComponentH2::flush() {
  if (closed_) return;
  if (leaving_ && idle()) client_.leave();
  do {
    produced_.clear();
    if (transport_->unsent() < kAhead) client_.produce(produced_, kAhead - transport_->unsent());
    if (!transport_->send(produced_))
      return on_broken(base::Refusal::GatewayError,
                       "more is waiting for the component than its credit allows");
    transport_->flush();
  } while (!closed_ && !produced_.empty() && transport_->unsent() == 0);
  if (closed_) return;
  tell_drained();
  if (closed_) return;
  // Broken, or at rest for good: what was to be said is said, as far as the kernel takes it.
  const bool over = client_.done() || (leaving_ && idle());
  if (!over) return transport_->watch(true);
  break_all(base::Refusal::ComponentClosed, "the component takes no more requests on this connection");
  close();
}

void ComponentH2::tell_drained() {
  const std::vector<std::uint32_t> drained = std::exchange(drained_, {});
  for (const std::uint32_t request : drained) {
    if (Stream* stream = find(request); stream != nullptr && stream->user() != nullptr)
      stream->user()->on_component_drained();
  }
}

void ComponentH2::close() {
  closed_ = true;
  transport_->close();
  if (!idle()) return transport_->unwatch();
  if (!std::exchange(retired_, true)) owner_.retire(*this);
}

// --- what the client tells

void ComponentH2::on_head(std::uint32_t request, const http::ResponseHead& head) {
  if (Stream* stream = find(request); stream != nullptr) stream->take_head(head);
}

void ComponentH2::on_body(std::uint32_t request, std::string_view piece) {
  if (Stream* stream = find(request); stream != nullptr) stream->take_body(piece);
}

void ComponentH2::on_end(std::uint32_t request, const http::Fields& trailers) {
  if (Stream* stream = find(request); stream != nullptr) stream->take_end(trailers);
}

void ComponentH2::on_lost(std::uint32_t request, http::Verdict why, bool unprocessed) {
  if (Stream* stream = find(request); stream != nullptr)
    stream->fail(why.refusal, why.sentence, unprocessed ? Loss::Unprocessed : Loss::Unknown);
}

}  // namespace postern::enforcer
