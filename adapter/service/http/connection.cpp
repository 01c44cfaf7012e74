#include "service/http/connection.h"

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Exception.h>
#include <Poco/Timespan.h>
#include <Poco/Timestamp.h>

#include <algorithm>
#include <array>

namespace bhi::service::http {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kSlice{200};  // how often a silent connection looks whether the server stops
constexpr seconds kSendTime{30};     // for one answer
constexpr seconds kLingerTime{5};    // for a sender that is still talking when it has been refused
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kMaxLine = 1024;  // of a chunk's size line or a trailer

Poco::Timespan span(std::chrono::steady_clock::duration time) {
  return Poco::Timespan(std::chrono::duration_cast<microseconds>(time).count());
}

std::string head_of(const Response& response, bool keep) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += reason_phrase(response.status);
  head += "\r\nDate: " + Poco::DateTimeFormatter::format(Poco::Timestamp(), Poco::DateTimeFormat::HTTP_FORMAT);
  if (!response.content_type.empty()) head += "\r\nContent-Type: " + response.content_type;
  head += "\r\nContent-Length: " + std::to_string(response.body.size());
  // Answers hold patient data: nobody on the way may keep them, and no browser may take them for something else.
  const auto cached = std::ranges::find(response.fields, "Cache-Control", &Field::name) != response.fields.end();
  head += cached ? "" : "\r\nCache-Control: no-store";  // unless the answer says better
  head += "\r\nX-Content-Type-Options: nosniff";
  for (const auto& field : response.fields) head += "\r\n" + field.name + ": " + field.value;
  head += keep ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  return head;
}

}  // namespace

bool BodyBudget::take(std::size_t bytes) {
  if (used_.fetch_add(bytes) + bytes <= most_) return true;
  used_ -= bytes;
  return false;
}

void Connection::serve() {
  try {
    socket_.setNoDelay(true);
    socket_.setSendTimeout(Poco::Timespan(kSendTime.count(), 0));
    while (!stopping_ && serve_one() == Next::Keep) {
    }
    socket_.shutdownSend();
  } catch (const Poco::Exception&) {
    // The peer is gone; there is nobody to tell.
  }
  socket_.close();
}

Connection::Next Connection::serve_one() {
  if (unread().empty()) {
    const auto more = read_more(Clock::now() + seconds(limits_.idle_timeout_secs), true);
    if (more != More::Yes) return Next::Close;
  }
  const auto began = Clock::now();
  const auto until = began + seconds(limits_.head_timeout_secs);
  while (true) {
    if (unread().starts_with("\r\n")) used_ += 2;  // https://www.rfc-editor.org/rfc/rfc9112#section-2.2-6
    // A head of bare LFs would never end in CR LF CR LF; it is cut here and refused by the parser.
    const auto end = std::min(unread().find("\r\n\r\n"), unread().find("\n\n"));
    if (end != std::string::npos && end <= limits_.max_header_bytes) {
      const auto size = end + (unread()[end] == '\r' ? 4 : 2);
      auto parsed = parse_head(unread().substr(0, size));
      used_ += size;
      if (const auto* refusal = std::get_if<Refusal>(&parsed)) return refuse(nullptr, {}, began, *refusal);
      return exchange(std::get<Head>(std::move(parsed)));
    }
    if (unread().size() > limits_.max_header_bytes) return refuse(nullptr, {}, began, {431, "header: too large"});
    switch (read_more(until)) {
      case More::Yes: break;
      case More::Late: return refuse(nullptr, {}, began, {408, "header: not complete in time"});
      case More::End:
      case More::Stop: return Next::Close;
    }
  }
}

Connection::Next Connection::exchange(Head head) {
  const auto began = Clock::now();
  auto& request = head.request;
  Admission admission;
  try {
    admission = application_.admit(request);
  } catch (...) {
    admission.answer = application_.refuse(500, "the request could not be served");
  }
  Trace trace{request.method, admission.route, admission.actor, 0, {}};
  const auto finish = [&](const Response& response) {
    trace.status = response.status;
    trace.took = std::chrono::duration_cast<microseconds>(Clock::now() - began);
    application_.finished(trace);
  };
  if (admission.answer) {
    finish(*admission.answer);
    const bool no_body = head.framing.body == Framing::Body::None;
    return answer(&request, *admission.answer, no_body && head.framing.keep_alive && admission.answer->status < 400);
  }
  std::size_t taken = 0;
  struct GiveBack {
    BodyBudget& budget;
    const std::size_t& bytes;
    ~GiveBack() { budget.give_back(bytes); }
  } give_back{budget_, taken};
  if (head.framing.body != Framing::Body::None) {
    if (head.framing.length > limits_.max_body_bytes)
      return refuse(&request, trace, began, {413, "body: larger than allowed"});
    if (head.framing.expects_continue && unread().empty()) send("HTTP/1.1 100 Continue\r\n\r\n");
    if (const auto refusal = read_body(head.framing, request.body, taken))
      return refuse(&request, trace, began, *refusal);
  }
  Response response;
  try {
    response = admission.go_on(request);
  } catch (...) {  // a bug of ours ends one request, not the daemon; what it says could hold patient data
    response = application_.refuse(500, "the request could not be served");
  }
  finish(response);
  return answer(&request, response, head.framing.keep_alive && !response.close && !stopping_);
}

Connection::Next Connection::answer(const Request* request, const Response& response, bool keep) {
  std::string bytes = head_of(response, keep);
  if (request == nullptr || request->method != "HEAD") bytes += response.body;
  send(bytes);
  if (keep) return Next::Keep;
  linger();
  return Next::Close;
}

Connection::Next Connection::refuse(const Request* request, Trace trace, Clock::time_point began,
                                    const Refusal& refusal) {
  const auto response = application_.refuse(refusal.status, refusal.text);
  trace.status = response.status;
  trace.took = std::chrono::duration_cast<microseconds>(Clock::now() - began);
  application_.finished(trace);
  return answer(request, response, false);
}

std::optional<Refusal> Connection::read_body(const Framing& framing, std::string& body, std::size_t& taken) {
  const auto until = Clock::now() + seconds(limits_.body_timeout_secs);
  return framing.body == Framing::Body::Chunked ? read_chunks(body, taken, until)
                                                : read_exactly(framing.length, body, taken, until);
}

// Memory is taken as bytes arrive, not as they are announced.
std::optional<Refusal> Connection::read_exactly(std::uint64_t bytes, std::string& body, std::size_t& taken,
                                                Clock::time_point until) {
  while (bytes > 0) {
    if (unread().empty()) {
      const auto more = read_more(until);
      if (more == More::Late) return Refusal{408, "body: not complete in time"};
      if (more != More::Yes) return Refusal{400, "body: ended early"};
    }
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, unread().size()));
    if (!budget_.take(part)) return Refusal{503, "too many bodies at a time"};
    taken += part;
    body.append(unread().substr(0, part));
    used_ += part;
    bytes -= part;
  }
  return std::nullopt;
}

// https://www.rfc-editor.org/rfc/rfc9112#section-7.1
std::optional<Refusal> Connection::read_chunks(std::string& body, std::size_t& taken, Clock::time_point until) {
  std::string line;
  std::uint64_t overhead = 0;  // extensions and tiny chunks must not be a way around the limit
  while (true) {
    if (auto refusal = read_line(line, until)) return refusal;
    const auto size = parse_chunk_size(line);
    if (!size) return Refusal{400, "body: a chunk without a valid size"};
    if (*size == 0) break;
    overhead += line.size() + 4;
    if (body.size() + *size > limits_.max_body_bytes || overhead > limits_.max_body_bytes) {
      return Refusal{413, "body: larger than allowed"};
    }
    if (auto refusal = read_exactly(*size, body, taken, until)) return refusal;
    if (auto refusal = read_line(line, until)) return refusal;
    if (!line.empty()) return Refusal{400, "body: a chunk longer than its size"};
  }
  for (std::size_t trailers = 0; trailers < 16; ++trailers) {  // read and forgotten
    if (auto refusal = read_line(line, until)) return refusal;
    if (line.empty()) return std::nullopt;
  }
  return Refusal{400, "body: too many trailers"};
}

std::optional<Refusal> Connection::read_line(std::string& line, Clock::time_point until) {
  while (true) {
    const auto end = unread().find("\r\n");
    if (end != std::string::npos && end <= kMaxLine) {
      line.assign(unread().substr(0, end));
      used_ += end + 2;
      return std::nullopt;
    }
    if (unread().size() > kMaxLine) return Refusal{400, "body: a chunk without a valid size"};
    const auto more = read_more(until);
    if (more == More::Late) return Refusal{408, "body: not complete in time"};
    if (more != More::Yes) return Refusal{400, "body: ended early"};
  }
}

Connection::More Connection::read_more(Clock::time_point until, bool idle) {
  std::array<char, kReadBytes> bytes;
  while (true) {
    if (idle && stopping_) return More::Stop;
    const auto left = until - Clock::now();
    if (left <= Clock::duration::zero()) return More::Late;
    if (!socket_.poll(span(std::min<Clock::duration>(left, kSlice)), Poco::Net::Socket::SELECT_READ)) continue;
    const int count = socket_.receiveBytes(bytes.data(), static_cast<int>(bytes.size()));
    if (count <= 0) return More::End;
    buffer_.erase(0, used_);
    used_ = 0;
    buffer_.append(bytes.data(), static_cast<std::size_t>(count));
    return More::Yes;
  }
}

void Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const int count = socket_.sendBytes(bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1u << 20)));
    if (count <= 0) throw Poco::TimeoutException("send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

// A socket closed while the peer still sends makes its system throw our answer away. So what comes is read and dropped
// for a while.
void Connection::linger() {
  socket_.shutdownSend();
  const auto until = Clock::now() + kLingerTime;
  do {
    used_ = buffer_.size();
  } while (!stopping_ && read_more(until) == More::Yes);
}

}  // namespace bhi::service::http
