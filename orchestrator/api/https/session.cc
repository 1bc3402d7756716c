#include "orchestrator/api/https/session.h"

#include <boost/beast/http/read.hpp>
#include <algorithm>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <utility>

#include "proto/pki/openssl.h"
#include "proto/pki/certificates.h"
#include "statemachines/base/log.h"

namespace towline::api::https {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr Seconds kHandshakePatience{15};
constexpr std::uint32_t kHeaderBytesMax = 8 << 10;
constexpr std::size_t kPieceBytes = 64 << 10;

std::string ShowPeer(const asio::ip::tcp::socket& socket) {
  boost::system::error_code failure;
  const auto peer = socket.remote_endpoint(failure);
  if (failure) return "";
  return (peer.address().is_v6() ? "ipv6:[" : "ipv4:") + peer.address().to_string() +
         (peer.address().is_v6() ? "]:" : ":") + std::to_string(peer.port());
}

// The handshake has verified it against our authority.
Enrolment::Agent AgentOf(SSL* connection, std::string peer) {
  const pki::Certificate shown(SSL_get1_peer_certificate(connection));
  if (shown == nullptr) return {.peer = std::move(peer)};
  const auto info = pki::Inspect(pki::WriteCertificate(shown.get()));
  if (!info) return {.peer = std::move(peer)};
  return {.common_name = info->common_name,
          .unit = info->unit,
          .serial = info->serial,
          .peer = std::move(peer)};
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

template <class Fields>
HttpCall CallOf(const Fields& request, const Enrolment::Agent& agent) {
  const auto view = [](const auto& text) { return std::string(text.data(), text.size()); };
  HttpCall call{
      .method = view(request.method_string()), .target = view(request.target()), .agent = agent};
  for (const auto& field : request) {
    call.headers[Lower(view(field.name_string()))] = view(field.value());
  }
  return call;
}

}  // namespace

Session::Session(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> context,
                 Routes& routes, std::shared_ptr<std::atomic<int>> open, Seconds patience)
    : context_(std::move(context)),
      stream_(std::move(socket), *context_),
      routes_(routes),
      open_(std::move(open)),
      patience_(patience) {
  ++*open_;
}

Session::~Session() { --*open_; }

void Session::Wait(Seconds patience) { beast::get_lowest_layer(stream_).expires_after(patience); }

void Session::Start() {
  Wait(kHandshakePatience);
  stream_.async_handshake(
      asio::ssl::stream_base::server,
      [self = shared_from_this()](Failure failure) { self->OnHandshake(failure); });
}

void Session::OnHandshake(Failure failure) {
  const std::string peer = ShowPeer(beast::get_lowest_layer(stream_).socket());
  if (failure) {
    return Log(LogLevel::kDebug, "https_handshake", {{"peer", peer}, {"why", failure.message()}});
  }
  agent_ = AgentOf(stream_.native_handle(), peer);
  ReadHeader();
}

void Session::ReadHeader() {
  parser_.emplace();
  parser_->header_limit(kHeaderBytesMax);
  parser_->body_limit(boost::none);  // the exchange knows its own
  Wait(patience_);
  http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](Failure failure, std::size_t) { self->OnHeader(failure); });
}

void Session::OnHeader(Failure failure) {
  if (failure) {  // mostly the end of the connection
    const bool gone = failure == http::error::end_of_stream || failure == asio::error::eof ||
                      failure == asio::ssl::error::stream_truncated ||
                      failure == beast::error::timeout;
    if (!gone) {
      Log(LogLevel::kDebug, "https_request", {{"peer", agent_.peer}, {"why", failure.message()}});
    }
    return;
  }
  keep_ = parser_->get().keep_alive();
  head_ = parser_->get().method() == http::verb::head;
  exchange_ = routes_.Begin(CallOf(parser_->get(), agent_));
  ReadBody();
}

void Session::ReadBody() {
  if (parser_->is_done()) return Answer(true);
  piece_.resize(kPieceBytes);
  parser_->get().body().data = piece_.data();
  parser_->get().body().size = piece_.size();
  Wait(patience_);
  http::async_read_some(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](Failure failure, std::size_t) { self->OnBody(failure); });
}

void Session::OnBody(Failure failure) {
  if (failure && failure != http::error::need_buffer) return;  // what has come, has been taken
  const std::size_t got = piece_.size() - parser_->get().body().size;
  if (!exchange_->Take({piece_.data(), got})) return Answer(false);
  ReadBody();
}

void Session::Answer(bool whole) {
  HttpAnswer answer = exchange_->Finish();
  exchange_.reset();
  keep_ = keep_ && whole;  // what is left of a refused body would be taken for a request
  if (answer.source != nullptr) return WriteStream(std::move(answer));
  WriteText(std::move(answer));
}

template <class Body>
void Session::Describe(const HttpAnswer& answer, http::response<Body>& response) const {
  response.version(11);
  response.result(static_cast<unsigned>(answer.status));
  for (const auto& [name, value] : answer.headers) response.set(name, value);
  response.set("towline-time",
               FormatTimestamp(std::chrono::floor<Millis>(std::chrono::system_clock::now())));
  response.keep_alive(keep_);
}

void Session::WriteText(HttpAnswer answer) {
  text_.emplace();
  Describe(answer, *text_);
  text_->body() = std::move(answer.body);
  if (head_) text_->body().clear();
  if (answer.headers.count("content-length") == 0) text_->prepare_payload();
  Wait(patience_);
  http::async_write(
      stream_, *text_,
      [self = shared_from_this()](Failure failure, std::size_t) { self->OnWritten(failure); });
}

void Session::WriteStream(HttpAnswer answer) {
  streamed_.emplace();
  Describe(answer, *streamed_);
  streamed_->content_length(answer.source_bytes);
  streamed_->body().data = nullptr;
  streamed_->body().more = true;
  source_ = std::move(answer.source);
  left_ = answer.source_bytes;
  serializer_.emplace(*streamed_);
  Wait(patience_);
  http::async_write_header(
      stream_, *serializer_, [self = shared_from_this()](Failure failure, std::size_t) {
        if (!failure) self->WritePiece();
      });
}

void Session::WritePiece() {
  if (left_ == 0 && serializer_->is_done()) return OnWritten({});
  piece_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left_, kPieceBytes)));
  if (left_ > 0) {
    const auto got = source_->Read(piece_.data(), piece_.size());
    if (!got || *got == 0) return;  // the announced end is never reached: the caller sees a break
    piece_.resize(*got);
    left_ -= *got;
  }
  streamed_->body().data = piece_.empty() ? nullptr : piece_.data();
  streamed_->body().size = piece_.size();
  streamed_->body().more = left_ > 0;
  Wait(patience_);
  http::async_write(stream_, *serializer_,
                    [self = shared_from_this()](Failure failure, std::size_t) {
                      if (failure && failure != http::error::need_buffer) return;
                      self->left_ == 0 ? self->OnWritten({}) : self->WritePiece();
                    });
}

void Session::OnWritten(Failure failure) {
  text_.reset();
  serializer_.reset();
  streamed_.reset();
  source_.reset();
  if (failure) return;
  if (keep_) return ReadHeader();
  Wait(kHandshakePatience);
  stream_.async_shutdown([self = shared_from_this()](Failure) {});
}

}  // namespace towline::api::https
