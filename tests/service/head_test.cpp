// Request heads: what is plain is read, what can be understood in two ways is refused.
#include "service/http/head.h"

#include <gtest/gtest.h>

namespace bhi::service::http {
namespace {

int status_of(const std::string& text) {
  const auto parsed = parse_head(text);
  const auto* refusal = std::get_if<Refusal>(&parsed);
  return refusal == nullptr ? 200 : refusal->status;
}

std::string with(const std::string& fields) { return "POST /fhir HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n"; }

TEST(Head, ReadsMethodPathQueryAndFields) {
  const auto parsed = parse_head(
      "PATCH /care/patients/a%20b/plans/7/?source=main+ehr&x=%C3%A4&flag HTTP/1.1\r\nHost: x\r\nIf-Match:  W/\"3\" \r\n"
      "Content-Length: 5\r\n\r\n");
  const auto& head = std::get<Head>(parsed);
  EXPECT_EQ(head.request.method, "PATCH");
  EXPECT_EQ(head.request.path, (std::vector<std::string>{"care", "patients", "a b", "plans", "7"}));
  EXPECT_EQ(head.request.parameter("source"), "main ehr");
  EXPECT_EQ(head.request.parameter("x"), "\xC3\xA4");
  EXPECT_EQ(head.request.parameter("flag"), "");
  EXPECT_EQ(head.request.parameter("none"), std::nullopt);
  EXPECT_EQ(head.request.field("if-match"), "W/\"3\"");
  EXPECT_EQ(head.framing.body, Framing::Body::Length);
  EXPECT_EQ(head.framing.length, 5u);
  EXPECT_TRUE(head.framing.keep_alive);
}

TEST(Head, RefusesEveryDoubtAboutWhereTheBodyEnds) {
  EXPECT_EQ(status_of(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length: 5\r\nContent-Length: 5\r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length: 5, 5\r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length: -1\r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length: +1\r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length: 0x10\r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length: 99999999999999999999\r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length:\r\n")), 400);
  EXPECT_EQ(status_of(with("Transfer-Encoding: xchunked\r\n")), 501);
  EXPECT_EQ(status_of(with("Transfer-Encoding: gzip, chunked\r\n")), 501);
  EXPECT_EQ(status_of(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 501);
  EXPECT_EQ(status_of(with("Transfer-Encoding : chunked\r\n")), 400);
  EXPECT_EQ(status_of(with("Transfer-Encoding: Chunked\r\n")), 200);
}

TEST(Head, RefusesBrokenLines) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\nHost: x\n\n"), 400);
  EXPECT_EQ(status_of(with("X-A: b\r\n c\r\n")), 400);
  EXPECT_EQ(status_of(with("no colon\r\n")), 400);
  EXPECT_EQ(status_of(with(": empty name\r\n")), 400);
  EXPECT_EQ(status_of(with("X: a\rb\r\n")), 400);
  EXPECT_EQ(status_of(with(std::string("X: a\0b\r\n", 8))), 400);
  EXPECT_EQ(status_of("GET /\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET  / HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / FTP\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(status_of("\r\n"), 400);
}

TEST(Head, WantsExactlyOneHost) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 200);
}

TEST(Head, RefusesPathsThatLeadElsewhere) {
  for (const char* path :
       {"/fhir/../etc", "/fhir/%2e%2e/x", "/fhir/%c0%ae%c0%ae/x", "/a//b", "/a%2fb", "/a%5cb", "/a%00", "/a%0a", "/a%",
        "/a%4", "/a%zz", "http://x/fhir", "*", "/a#b", "/\xC3\xA4", "/%ff"}) {
    EXPECT_EQ(status_of("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n"), 400) << path;
  }
  EXPECT_EQ(status_of("GET /" + std::string(3000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"), 414);
}

TEST(Head, LimitsFieldsAndExpectations) {
  std::string many;
  for (int i = 0; i < 101; ++i) many += "X: y\r\n";
  EXPECT_EQ(status_of(with(many)), 431);
  EXPECT_EQ(status_of(with("Expect: 200-maybe\r\n")), 417);
  EXPECT_EQ(status_of(with("Expect: 100-continue\r\n")), 200);
}

TEST(ChunkSize, IsHexAndNothingElse) {
  EXPECT_EQ(parse_chunk_size("1a"), 26u);
  EXPECT_EQ(parse_chunk_size("DB;name=value"), 219u);
  EXPECT_EQ(parse_chunk_size("0"), 0u);
  for (const char* line : {"", "zz", "-1", "+1", "0x1", "1g", "123456789", ";x", "1 2"}) {
    EXPECT_EQ(parse_chunk_size(line), std::nullopt) << line;
  }
}

}  // namespace
}  // namespace bhi::service::http
