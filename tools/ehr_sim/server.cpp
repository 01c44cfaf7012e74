#include "ehr_sim/server.h"

#include "ehr_sim/router.h"

#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/ThreadPool.h>
#include <Poco/Timespan.h>

#include <algorithm>
#include <array>
#include <optional>
#include <thread>

namespace bhi::sim {

namespace {

using Poco::Net::HTTPServerRequest;
using Poco::Net::HTTPServerResponse;

// What every handler of one server shares; outlives them.
struct Shared {
  Front& front;
  ServerLimits limits;
  std::string address;  // "127.0.0.1:8080", where a client names no host
  std::string scheme = "http://";
};

bool harmless_host(std::string_view host) {
  return !host.empty() && host.size() < 256 && std::ranges::all_of(host, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
           c == ':' || c == '[' || c == ']';
  });
}

enum class BodyState { Whole, TooLong, Broken };

BodyState read_body(HTTPServerRequest& poco, std::size_t most, std::string& body) {
  const bool has_length = poco.hasContentLength();
  const auto length = has_length ? poco.getContentLength64() : 0;
  if (has_length && (length < 0 || static_cast<std::uint64_t>(length) > most)) return BodyState::TooLong;
  if (!has_length && !poco.getChunkedTransferEncoding()) return BodyState::Whole;  // none
  std::array<char, 16384> piece{};
  std::istream& stream = poco.stream();
  while (stream.good() && body.size() <= most) {
    stream.read(piece.data(), piece.size());
    body.append(piece.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (body.size() > most) return BodyState::TooLong;
  if (has_length && body.size() != static_cast<std::uint64_t>(length)) return BodyState::Broken;
  return BodyState::Whole;
}

Request read_request(const HTTPServerRequest& poco, const Shared& shared) {
  Request request;
  request.method = poco.getMethod();
  const std::string& uri = poco.getURI();
  const auto question = std::min(uri.find('?'), uri.size());
  request.path = uri.substr(0, question);
  request.query = uri.substr(std::min(question + 1, uri.size()));
  for (const auto& [name, value] : poco) request.headers.emplace_back(name, value);
  const std::string host(header(request.headers, "Host"));
  request.base = shared.scheme + (harmless_host(host) ? host : shared.address) + std::string(kBasePath);
  request.from_loopback = poco.clientAddress().host().isLoopback();
  return request;
}

void drop_connection(HTTPServerRequest& poco, HTTPServerResponse& answer) {
  answer.setKeepAlive(false);
  dynamic_cast<Poco::Net::HTTPServerRequestImpl&>(poco).socket().shutdown();
}

void send_stream(const Delivery& delivery, std::ostream& out, HTTPServerRequest& poco, HTTPServerResponse& answer) {
  std::size_t sent = 0;
  for (std::string piece = delivery.stream(); !piece.empty() && out.good(); piece = delivery.stream()) {
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    sent += piece.size();
    if (delivery.cut_at && sent >= *delivery.cut_at) {
      out.flush();
      return drop_connection(poco, answer);
    }
  }
  out.flush();
}

void send(const Delivery& delivery, bool head, HTTPServerRequest& poco, HTTPServerResponse& answer) {
  if (delivery.lose_answer) return drop_connection(poco, answer);
  const Response& response = delivery.response;
  answer.setStatus(static_cast<HTTPServerResponse::HTTPStatus>(response.status));
  answer.setReason(HTTPServerResponse::getReasonForStatus(answer.getStatus()));
  for (const auto& [name, value] : response.headers) answer.set(name, value);
  const bool bare = response.status == 204 || response.status == 304;
  if (!response.body.empty()) answer.setContentType(std::string(response.content_type));
  if (delivery.stream) {
    answer.setContentType(std::string(response.content_type));
    answer.setChunkedTransferEncoding(true);
  } else if (!bare) {
    answer.setContentLength64(static_cast<Poco::Int64>(response.body.size()));
  }
  std::ostream& out = answer.send();
  if (head || bare) return;
  if (delivery.stream) return send_stream(delivery, out, poco, answer);
  const std::size_t size = std::min(response.body.size(), delivery.cut_at.value_or(response.body.size()));
  out.write(response.body.data(), static_cast<std::streamsize>(size));
  out.flush();
  if (delivery.cut_at) drop_connection(poco, answer);
}

class Handler : public Poco::Net::HTTPRequestHandler {
 public:
  explicit Handler(const Shared& shared) : shared_(shared) {}

  void handleRequest(HTTPServerRequest& poco, HTTPServerResponse& answer) override {
    // The connection itself (reset, time-out) may fail anywhere below: Poco ends it then.
    Request request = read_request(poco, shared_);
    answer.setDate(Poco::Timestamp());
    const bool head = request.method == "HEAD";
    switch (read_body(poco, shared_.limits.max_body_bytes, request.body)) {
      case BodyState::Whole: break;
      case BodyState::TooLong:
        answer.setKeepAlive(false);  // what is left of the body is not read
        return send(
            {refuse(413, "too-long", "body: more than " + std::to_string(shared_.limits.max_body_bytes) + " bytes"),
             false,
             std::nullopt,
             {}},
            head, poco, answer);
      case BodyState::Broken:
        answer.setKeepAlive(false);
        return send({refuse(400, "incomplete", "body: shorter than its Content-Length"), false, std::nullopt, {}}, head,
                    poco, answer);
    }
    send(shared_.front.handle(request), head, poco, answer);
  }

 private:
  const Shared& shared_;
};

class Handlers : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  explicit Handlers(const Shared& shared) : shared_(shared) {}
  Poco::Net::HTTPRequestHandler* createRequestHandler(const HTTPServerRequest&) override {
    return new Handler(shared_);  // Poco owns and deletes it
  }

 private:
  const Shared& shared_;
};

Poco::Net::ServerSocket socket_for(const Tls& tls) {
  if (tls.cert_file.empty()) return {};
  using Poco::Net::Context;
  const bool mutual = !tls.client_ca_file.empty();
  Context::Ptr context(new Context(Context::TLS_SERVER_USE, tls.key_file, tls.cert_file, tls.client_ca_file,
                                   mutual ? Context::VERIFY_STRICT : Context::VERIFY_NONE));
  context->enableExtendedCertificateVerification(false);  // a client's certificate names no host
  context->requireMinimumProtocol(Context::PROTO_TLSV1_2);
  return Poco::Net::SecureServerSocket(context);
}

Poco::Timespan timespan(std::chrono::seconds time) { return {static_cast<long>(time.count()), 0}; }

}  // namespace

struct Server::Inside {
  Inside(Front& front, Pause& ending, const ServerLimits& limits)
      : shared{front, limits, {}, "http://"}, pause(ending) {}

  Shared shared;
  Pause& pause;
  std::uint16_t port = 0;
  std::unique_ptr<Poco::ThreadPool> threads;
  std::unique_ptr<Poco::Net::HTTPServer> http;
};

Server::Server() = default;
Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::start(const std::string& listen, Front& front, Pause& pause,
                                              const ServerLimits& limits, const Tls& tls) {
  try {
    const Poco::Net::SocketAddress address(listen);
    Poco::Net::ServerSocket socket = socket_for(tls);
    // Not with two arguments: Poco then sets SO_REUSEPORT too, and a second program could listen at the same port.
    socket.bind(address, true, false);
    socket.listen(128);
    auto parameters = Poco::AutoPtr<Poco::Net::HTTPServerParams>(new Poco::Net::HTTPServerParams);
    parameters->setMaxThreads(limits.threads);
    parameters->setMaxQueued(1024);
    // A dispatcher thread that misses Poco's wake-up at the end sleeps for this long (10 s if nobody says).
    parameters->setThreadIdleTime(Poco::Timespan(0, 200'000));
    parameters->setKeepAlive(true);
    parameters->setKeepAliveTimeout(timespan(limits.idle));
    parameters->setMaxKeepAliveRequests(0);  // no limit
    parameters->setTimeout(timespan(limits.patience));

    auto server = std::unique_ptr<Server>(new Server);
    server->inside_ = std::make_unique<Inside>(front, pause, limits);
    Inside& inside = *server->inside_;
    if (!tls.cert_file.empty()) inside.shared.scheme = "https://";
    inside.shared.address = socket.address().toString();
    inside.port = socket.address().port();
    // One thread to spare: a thread that has just ended its connection may not be back in the pool when the next one
    // comes.
    inside.threads = std::make_unique<Poco::ThreadPool>(4, limits.threads + 1);
    inside.http =
        std::make_unique<Poco::Net::HTTPServer>(new Handlers(inside.shared), *inside.threads, socket, parameters);
    inside.http->start();
    return server;
  } catch (const Poco::Exception& error) {
    return Error{Kind::Unavailable, "listen " + listen + ": " + error.displayText()};
  }
}

std::uint16_t Server::port() const { return inside_->port; }
std::string Server::base() const { return inside_->shared.scheme + inside_->shared.address + std::string(kBasePath); }

void Server::stop() {
  if (!inside_ || !inside_->http) return;
  inside_->pause.stop();
  // Again until all are gone: a connection that is just being taken up misses the first call.
  for (inside_->http->stopAll(true); inside_->threads->used() > 0; inside_->http->stopAll(true)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  inside_->threads->joinAll();
  inside_->http.reset();
}

}  // namespace bhi::sim
