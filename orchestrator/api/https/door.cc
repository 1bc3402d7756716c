#include "orchestrator/api/https/door.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "orchestrator/api/https/session.h"
#include "statemachines/base/log.h"

namespace towline::api::https {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

constexpr std::chrono::milliseconds kPauseAfterFailure{100};  // out of descriptors, mostly

Error Failed(std::string what) { return {Error::Code::kUnavailable, std::move(what)}; }

std::filesystem::file_time_type TimeOf(const std::string& file) {
  std::error_code failure;
  return std::filesystem::last_write_time(file, failure);
}

}  // namespace

struct Door::Impl {
  Impl(Routes& served, Settings chosen)
      : routes(served), settings(std::move(chosen)), acceptor(io), pause(io) {}

  // Throws boost::system::system_error.
  std::shared_ptr<asio::ssl::context> MakeContext() const {
    auto made = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    SSL_CTX* const native = made->native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    made->use_certificate_chain_file(settings.certificate);
    made->use_private_key_file(settings.key, asio::ssl::context::pem);
    made->load_verify_file(settings.ca);
    // A caller without a certificate gets an answer that tells it so.
    made->set_verify_mode(asio::ssl::verify_peer);
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    return made;
  }

  // Certificates are renewed; connections that are open keep what they have.
  std::shared_ptr<asio::ssl::context> Context() {
    const auto changed = TimeOf(settings.certificate);
    if (changed == read_at) return context;
    try {
      context = MakeContext();
      read_at = changed;
    } catch (const boost::system::system_error& error) {
      Log(LogLevel::kWarning, "https_certificate",
          {{"file", settings.certificate}, {"why", error.what()}});
    }
    return context;
  }

  void Accept() {
    acceptor.async_accept(asio::make_strand(io), [this](boost::system::error_code failure,
                                                        Tcp::socket socket) {
      if (failure == asio::error::operation_aborted) return;
      if (failure) {
        pause.expires_after(kPauseAfterFailure);
        return pause.async_wait([this](boost::system::error_code ended) {
          if (!ended) Accept();
        });
      }
      if (*open < settings.connections_max) {
        boost::system::error_code ignored;
        socket.set_option(Tcp::no_delay(true), ignored);
        std::make_shared<Session>(std::move(socket), Context(), routes, open, settings.patience)
            ->Start();
      }
      Accept();
    });
  }

  void Run() {
    for (;;) {
      try {
        io.run();
        return;
      } catch (const std::exception& error) {  // of one connection; the others go on
        Log(LogLevel::kError, "https_failed", {{"why", error.what()}});
      }
    }
  }

  Routes& routes;
  const Settings settings;
  asio::io_context io;
  Tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::shared_ptr<asio::ssl::context> context;
  std::filesystem::file_time_type read_at{};
  std::shared_ptr<std::atomic<int>> open = std::make_shared<std::atomic<int>>(0);
  std::vector<std::jthread> threads;
};

Door::Door(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Door>> Door::Start(Routes& routes, Settings settings) {
  auto impl = std::make_unique<Impl>(routes, std::move(settings));
  const ListenAddress& address = impl->settings.address;
  try {
    impl->context = impl->MakeContext();
    impl->read_at = TimeOf(impl->settings.certificate);
  } catch (const boost::system::system_error& error) {
    return Failed("The HTTPS door cannot use its certificates: " + std::string(error.what()));
  }
  boost::system::error_code failure;
  Tcp::resolver resolver(impl->io);
  const auto found = resolver.resolve(address.host, std::to_string(address.port), failure);
  if (failure) return Failed("Cannot listen on " + address.text() + ": " + failure.message());
  const Tcp::endpoint endpoint = *found.begin();
  try {
    impl->acceptor.open(endpoint.protocol());
    impl->acceptor.set_option(Tcp::acceptor::reuse_address(true));
    impl->acceptor.bind(endpoint);
    impl->acceptor.listen();
  } catch (const boost::system::system_error& error) {
    return Failed("Cannot listen on " + address.text() +
                  " for HTTPS: " + error.code().message() + "; give another [https] listen");
  }
  impl->Accept();
  for (int i = 0; i < impl->settings.threads; i++) {
    impl->threads.emplace_back([raw = impl.get()] { raw->Run(); });
  }
  return std::unique_ptr<Door>(new Door(std::move(impl)));
}

Door::~Door() { Stop(); }

int Door::port() const {
  boost::system::error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

void Door::Stop() {
  impl_->io.stop();
  impl_->threads.clear();  // joins
}

}  // namespace towline::api::https
