// What a server's refusal means to the host, as a table.

#include "failure.hpp"

#include <catch2/catch.hpp>

#include "replies.hpp"

using namespace lshost::s3;
using lshost::v1::Error;

namespace {

constexpr std::uint32_t kRetry = LSHOST_ERR_RETRYABLE;
constexpr std::uint32_t kOperator = LSHOST_ERR_OPERATOR;
const Attempt kAttempt = {"put s3://b/k at https://h", "s3:PutObject", "us-east-1"};
const SystemTime kNow{std::chrono::seconds(1'369'353'600)};

HttpReply reply(int status, const std::string& code, const std::string& message = "Some text.") {
  HttpReply result;
  result.status = status;
  if (!code.empty()) result.body = error_document(code, message);
  return result;
}

bool contains(const Error& error, const std::string& text) {
  return std::string(error.what()).find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("s3 errors: each refusal has the code and the flags that the host acts on", "[s3][errors]") {
  struct Row {
    int status;
    const char* s3_code;
    std::int32_t code;
    std::uint32_t flags;
    const char* says;
  };
  const auto row =
      GENERATE(Row{404, "NoSuchKey", LSHOST_E_NOT_FOUND, 0, "no such object"},
               Row{404, "", LSHOST_E_NOT_FOUND, 0, "no such object"},
               Row{404, "NoSuchBucket", LSHOST_E_CONFIG, kRetry | kOperator, "create it"},
               Row{403, "InvalidAccessKeyId", LSHOST_E_DENIED, kRetry | kOperator, "access-key-id"},
               Row{403, "SignatureDoesNotMatch", LSHOST_E_DENIED, kRetry | kOperator, "secret-access-key"},
               Row{400, "ExpiredToken", LSHOST_E_DENIED, kRetry | kOperator, "session-token"},
               Row{403, "AccessDenied", LSHOST_E_DENIED, kRetry | kOperator, "s3:PutObject"},
               Row{403, "", LSHOST_E_DENIED, kRetry | kOperator, "s3:PutObject"},
               Row{403, "RequestTimeTooSkewed", LSHOST_E_DENIED, kRetry | kOperator, "set the clock"},
               Row{403, "QuotaExceeded", LSHOST_E_NO_SPACE, kRetry | kOperator, "quota"},
               Row{507, "", LSHOST_E_NO_SPACE, kRetry | kOperator, "full"},
               Row{503, "SlowDown", LSHOST_E_UNAVAILABLE, kRetry, "slow down"},
               Row{503, "", LSHOST_E_UNAVAILABLE, kRetry, "not available"},
               Row{429, "", LSHOST_E_UNAVAILABLE, kRetry, "slow down"},
               Row{500, "InternalError", LSHOST_E_UNAVAILABLE, kRetry, "error of its own"},
               Row{502, "", LSHOST_E_UNAVAILABLE, kRetry, "502"},
               Row{500, "NeverHeardOf", LSHOST_E_UNAVAILABLE, kRetry, "NeverHeardOf"},
               Row{400, "NeverHeardOf", LSHOST_E_INVALID, kRetry | kOperator, "Some text (400 NeverHeardOf)"},
               Row{400, "XAmzContentSHA256Mismatch", LSHOST_E_UNAVAILABLE, kRetry, "changed on their way"},
               Row{400, "InvalidStorageClass", LSHOST_E_CONFIG, kOperator, "storage-class"},
               Row{400, "KMS.NotFoundException", LSHOST_E_DENIED, kRetry | kOperator, "sse-kms-key-id"},
               Row{403, "InvalidObjectState", LSHOST_E_UNSUPPORTED, kRetry | kOperator, "archived"},
               Row{501, "NotImplemented", LSHOST_E_UNSUPPORTED, kOperator, "can not do that"});
  CAPTURE(row.status, row.s3_code);
  const Error error = to_error(kAttempt, reply(row.status, row.s3_code), kNow);
  INFO(error.what());
  CHECK(error.Code() == row.code);
  CHECK(error.Flags() == row.flags);
  CHECK(contains(error, row.says));
  CHECK(contains(error, "cannot put s3://b/k at https://h: "));
  CHECK(std::string(error.what()).back() != '.');
}

TEST_CASE("s3 errors: the region that a redirect names is the hint", "[s3][errors]") {
  HttpReply malformed = reply(400, "");
  malformed.body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>";
  HttpReply moved = reply(301, "PermanentRedirect");
  moved.headers["x-amz-bucket-region"] = "eu-west-3";
  HttpReply bodyless = reply(301, "");
  bodyless.headers["x-amz-bucket-region"] = "eu-west-3";
  for (const auto& one : {malformed, moved, bodyless}) {
    const Error error = to_error(kAttempt, one, kNow);
    INFO(error.what());
    CHECK(error.Code() == LSHOST_E_CONFIG);
    CHECK(error.Flags() == kOperator);
    CHECK(contains(error, "region = \"eu-west-3\""));
  }
  HttpReply elsewhere = reply(307, "");
  elsewhere.headers["location"] = "https://b.s3.example.org/k";
  CHECK(contains(to_error(kAttempt, elsewhere, kNow), "https://b.s3.example.org/k"));
  HttpReply by_endpoint = reply(301, "");
  by_endpoint.body = "<Error><Code>PermanentRedirect</Code><Endpoint>b.s3-eu.example.org</Endpoint></Error>";
  CHECK(contains(to_error(kAttempt, by_endpoint, kNow), "b.s3-eu.example.org"));
}

TEST_CASE("s3 errors: Retry-After reaches the host, for what is retried", "[s3][errors]") {
  HttpReply slow = reply(503, "SlowDown");
  slow.headers["retry-after"] = "17";
  CHECK(to_error(kAttempt, slow, kNow).RetryAfter() == std::chrono::seconds(17));
  slow.headers["retry-after"] = "Fri, 24 May 2013 00:01:00 GMT";
  CHECK(to_error(kAttempt, slow, kNow).RetryAfter() == std::chrono::minutes(1));
  slow.headers["retry-after"] = "whenever";
  CHECK(to_error(kAttempt, slow, kNow).RetryAfter() == std::chrono::seconds(0));
  CHECK(to_error(kAttempt, reply(503, "SlowDown"), kNow).RetryAfter() == std::chrono::seconds(0));
}

TEST_CASE("s3 errors: a wrong clock is told by how much", "[s3][errors]") {
  HttpReply skewed = reply(403, "RequestTimeTooSkewed");
  skewed.headers["date"] = "Fri, 24 May 2013 01:00:00 GMT";
  CHECK(contains(to_error(kAttempt, skewed, kNow), "by 3600 s (behind)"));
  skewed.headers["date"] = "Thu, 23 May 2013 23:59:00 GMT";
  CHECK(contains(to_error(kAttempt, skewed, kNow), "by 60 s (ahead)"));
}

TEST_CASE("s3 errors: a server's words are one line of bounded length", "[s3][errors][hostile]") {
  HttpReply hostile = reply(418, "Odd\nCode", std::string(5000, 'x') + "\x1b[2J\r\n");
  const Error error = to_error(kAttempt, hostile, kNow);
  const std::string text = error.what();
  CHECK(text.size() < 500);
  for (const char c : text) CHECK(static_cast<unsigned char>(c) >= ' ');
}

TEST_CASE("s3 errors: no reply at all", "[s3][errors]") {
  const Error gone = to_error(kAttempt, HttpFailure(HttpFailure::Kind::unreachable, "connection refused"));
  CHECK(gone.Code() == LSHOST_E_UNAVAILABLE);
  CHECK(gone.Flags() == kRetry);
  CHECK(std::string(gone.what()) == "cannot put s3://b/k at https://h: connection refused");
  const Error untrusted = to_error(kAttempt, HttpFailure(HttpFailure::Kind::untrusted, "self-signed"));
  CHECK(untrusted.Code() == LSHOST_E_CONFIG);
  CHECK(contains(untrusted, "ca-file"));
}
