#include "ehr_sim/notifier.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/NullStream.h>
#include <Poco/StreamCopier.h>
#include <Poco/Timespan.h>
#include <Poco/URI.h>

#include <exception>
#include <utility>

namespace bhi::sim {

namespace {

constexpr std::chrono::milliseconds kPause{20};

bool is_loopback(const std::string& host) {
  Poco::Net::IPAddress address;
  return host == "localhost" || (Poco::Net::IPAddress::tryParse(host, address) && address.isLoopback());
}

}  // namespace

int send_over_loopback(const Outgoing& what) {
  try {
    const Poco::URI uri(what.url);
    if (uri.getScheme() != "http" || !is_loopback(uri.getHost())) return 0;
    Poco::Net::HTTPClientSession session(uri.getHost(), uri.getPort());
    session.setTimeout(Poco::Timespan(10, 0));
    Poco::Net::HTTPRequest request(what.method, uri.getPathEtc(), "HTTP/1.1");
    for (const auto& [name, value] : what.headers) request.set(name, value);
    request.setContentLength64(static_cast<Poco::Int64>(what.body.size()));
    session.sendRequest(request) << what.body;
    Poco::Net::HTTPResponse response;
    Poco::NullOutputStream nowhere;
    Poco::StreamCopier::copyStream(session.receiveResponse(response), nowhere);
    return static_cast<int>(response.getStatus());
  } catch (const std::exception&) {
    return 0;
  }
}

Notifier::Notifier(Subscriptions& subscriptions, std::function<Instant()> now)
    : thread_([&subscriptions, now = std::move(now)](std::stop_token stop) {
        while (!stop.stop_requested()) {
          subscriptions.step(now());
          std::this_thread::sleep_for(kPause);
        }
      }) {}

}  // namespace bhi::sim
