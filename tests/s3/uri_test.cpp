// Names, addresses and times as S3 writes them.

#include "uri.hpp"

#include <catch2/catch.hpp>
#include <lshost/cpp/error.hpp>

#include "endpoint.hpp"
#include "times.hpp"

using namespace lshost::s3;

TEST_CASE("s3 addresses: everything that is not unreserved is encoded, in capitals", "[s3][uri]") {
  CHECK(encode("AZaz09-._~") == "AZaz09-._~");
  CHECK(encode("a/b c+d%e") == "a%2Fb%20c%2Bd%25e");
  CHECK(encode("\xc3\xbc=&?#") == "%C3%BC%3D%26%3F%23");
  CHECK(encode_path("a/b c//d") == "a/b%20c//d");
  std::string every;
  for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
  CHECK(decode(encode(every)) == every);
  CHECK(decode(encode_path(every)) == every);
}

TEST_CASE("s3 addresses: a list's keys are decoded, and what is no encoding stays", "[s3][uri]") {
  CHECK(decode("a%2Fb+c%2B") == "a/b c+");
  CHECK(decode("%") == "%");
  CHECK(decode("%4") == "%4");
  CHECK(decode("%zz%41") == "%zzA");
}

TEST_CASE("s3 addresses: a query is sorted by encoded name, and every name has its '='", "[s3][uri]") {
  CHECK(encode_query({{"prefix", "a/b"}, {"list-type", "2"}, {"encoding-type", "url"}}) ==
        "encoding-type=url&list-type=2&prefix=a%2Fb");
  CHECK(encode_query({{"uploads", ""}}) == "uploads=");
  CHECK(encode_query({{"a-b", "1"}, {"a", "2"}, {"a", "1"}}) == "a=1&a=2&a-b=1");
  CHECK(encode_query({}).empty());
}

TEST_CASE("s3 addresses: an endpoint is a scheme, a host and a port", "[s3][endpoint]") {
  CHECK(parse_endpoint("https://s3.example.org") == Server{true, "s3.example.org"});
  CHECK(parse_endpoint("s3.example.org") == Server{true, "s3.example.org"});
  CHECK(parse_endpoint("S3.Example.org:9000/") == Server{true, "s3.example.org:9000"});
  CHECK(parse_endpoint("http://127.0.0.1:80") == Server{false, "127.0.0.1"});
  CHECK(parse_endpoint("https://[::1]:443") == Server{true, "[::1]"});
  CHECK(parse_endpoint("HTTP://h:443") == Server{false, "h:443"});
  for (const auto* wrong : {"", "https://", "ftp://h", "https://h/bucket", "https://h?x", "https://user:pw@h", "a b",
                            "https://h\nx: y", "h#x", "://h"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(parse_endpoint(wrong), lshost::Error);
  }
}

TEST_CASE("s3 addresses: a refused endpoint's password is not repeated", "[s3][endpoint][secrets]") {
  try {
    (void)parse_endpoint("https://user:hunter2@h");
    FAIL();
  } catch (const lshost::Error& error) {
    CHECK(std::string(error.what()).find("hunter2") == std::string::npos);
  }
}

TEST_CASE("s3 addresses: path style and host style", "[s3][endpoint]") {
  const Bucket path({true, "h:9000"}, "bkt", true);
  CHECK(path.host() == "h:9000");
  CHECK(path.url(path.path("a b/c"), "x=1") == "https://h:9000/bkt/a%20b/c?x=1");
  CHECK(path.url(path.path(), "") == "https://h:9000/bkt");
  const Bucket host({false, "h:9000"}, "bkt", false);
  CHECK(host.host() == "bkt.h:9000");
  CHECK(host.url(host.path("a"), "") == "http://bkt.h:9000/a");
  CHECK(host.url(host.path(), "uploads=") == "http://bkt.h:9000/?uploads=");
  // Names that can not be part of a host, or would not match its certificate.
  CHECK(Bucket({true, "h"}, "My_Bucket", false).host() == "h");
  CHECK(Bucket({true, "h"}, "a.b", false).host() == "h");
  CHECK(Bucket({false, "h"}, "a.b", false).host() == "a.b.h");
  CHECK(host.describe("k") == "s3://bkt/k at http://h:9000");
}

TEST_CASE("s3 addresses: a provider's endpoint names its region", "[s3][endpoint]") {
  const auto region = [](const std::string& host) { return region_of({true, host}).value_or("none"); };
  CHECK(region("s3.eu-central-1.amazonaws.com") == "eu-central-1");
  CHECK(region("s3.dualstack.eu-west-1.amazonaws.com") == "eu-west-1");
  CHECK(region("s3.cn-north-1.amazonaws.com.cn") == "cn-north-1");
  CHECK(region("s3.amazonaws.com") == "us-east-1");
  CHECK(region("s3.us-west-004.backblazeb2.com") == "us-west-004");
  CHECK(region("nyc3.digitaloceanspaces.com") == "nyc3");
  CHECK(region("0123abc.r2.cloudflarestorage.com") == "auto");
  CHECK(region("storage.googleapis.com") == "auto");
  CHECK(region("localhost:9000") == "none");
  CHECK(region("s3.a.b.amazonaws.com") == "none");
  CHECK(amazon_server("eu-north-1").host == "s3.eu-north-1.amazonaws.com");
  CHECK(amazon_server("cn-north-1").host == "s3.cn-north-1.amazonaws.com.cn");
}

TEST_CASE("s3 times: as signatures, lists and headers write them", "[s3][times]") {
  CHECK(basic_time(SystemTime(std::chrono::milliseconds(1'369'353'600'999))) == "20130524T000000Z");
  CHECK(parse_iso_time("1970-01-01T00:00:01Z") == 1'000'000'000);
  CHECK(parse_iso_time("2013-05-24T00:00:00.5Z") == 1'369'353'600'500'000'000);
  CHECK(parse_iso_time("2013-05-24T00:00:00.123456789Z") == 1'369'353'600'123'456'789);
  for (const auto* wrong :
       {"", "Z", "2013-05-24", "2013-05-24T00:00:00", "2013-13-24T00:00:00Z", "2013-02-30T00:00:00Z",
        "2013-05-24T24:00:00Z", "2013-05-24T00:00:00.Z", "2013-05-24T00:00:00.1234567890Z", "2013-05-24 00:00:00Z",
        "-013-05-24T00:00:00Z", "2013-05-24T-1:00:00Z"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_iso_time(wrong).has_value());
  }
}

TEST_CASE("s3 times: Retry-After is seconds or a time, and never longer than an hour", "[s3][times]") {
  using namespace std::chrono_literals;
  const SystemTime now(1'369'353'600s);
  CHECK(parse_retry_after("7", now) == 7s);
  CHECK(parse_retry_after("Fri, 24 May 2013 00:00:30 GMT", now) == 30s);
  CHECK(parse_retry_after("Thu, 23 May 2013 00:00:00 GMT", now) == 0s);
  CHECK(parse_retry_after("999999", now) == 1h);
  CHECK(parse_retry_after("-5", now) == 0s);
  CHECK_FALSE(parse_retry_after("Mon, 23 Nov 4052 03:42:43 GMT", now).has_value());  // not in 64 bits of nanoseconds
  CHECK_FALSE(parse_retry_after("", now).has_value());
  CHECK_FALSE(parse_retry_after("soon", now).has_value());
}
