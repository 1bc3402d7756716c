#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <memory>
#include <optional>
#include <string>

#include "orchestrator/api/https/exchange.h"
#include "statemachines/base/time.h"

namespace towline::api::https {

// One connection: request after request, each read and answered piece by piece. It keeps itself
// alive while something is under way; all its steps run on one strand.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(boost::asio::ip::tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> context,
          Routes& routes, std::shared_ptr<std::atomic<int>> open, Seconds patience);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Start();

 private:
  using Failure = boost::beast::error_code;

  void OnHandshake(Failure failure);
  void ReadHeader();
  void OnHeader(Failure failure);
  void ReadBody();
  void OnBody(Failure failure);
  void Answer(bool whole);
  void WriteText(HttpAnswer answer);
  void WriteStream(HttpAnswer answer);
  void WritePiece();
  void OnWritten(Failure failure);
  void Wait(Seconds patience);
  template <class Body>
  void Describe(const HttpAnswer& answer, boost::beast::http::response<Body>& response) const;

  std::shared_ptr<boost::asio::ssl::context> context_;
  boost::beast::ssl_stream<boost::beast::tcp_stream> stream_;
  Routes& routes_;
  const std::shared_ptr<std::atomic<int>> open_;
  const Seconds patience_;
  Enrolment::Agent agent_;
  boost::beast::flat_buffer buffer_;
  std::string piece_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::buffer_body>> parser_;
  std::unique_ptr<Exchange> exchange_;
  bool keep_ = false;
  bool head_ = false;  // the request was HEAD: the answer has no body

  std::optional<boost::beast::http::response<boost::beast::http::string_body>> text_;
  std::optional<boost::beast::http::response<boost::beast::http::buffer_body>> streamed_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::buffer_body>>
      serializer_;
  std::unique_ptr<BodySource> source_;
  std::uint64_t left_ = 0;  // of the source
};

}  // namespace towline::api::https
