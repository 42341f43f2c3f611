// S3's documents, good, odd and hostile.

#include "replies.hpp"

#include <catch2/catch.hpp>
#include <lshost/cpp/error.hpp>

using namespace lshost::s3;
using lshost::v1::Error;

namespace {

const std::string kList = R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>p</Prefix>
<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
<NextContinuationToken>a&amp;b&apos;c</NextContinuationToken>
<Contents><Key>p/a%2Bb+c</Key><LastModified>2026-11-23T03:42:43.500Z</LastModified><Size>12</Size></Contents>
<Contents><Key>p/d</Key><LastModified>never</LastModified><Size>18446744073709551615</Size></Contents>
</ListBucketResult>)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

}  // namespace

TEST_CASE("s3 replies: a page of a list", "[s3][replies]") {
  const ListPage page = parse_list(kList);
  REQUIRE(page.objects.size() == 2);
  CHECK(page.objects[0].key == "p/a+b c");
  CHECK(page.objects[0].size == 12);
  CHECK(page.objects[0].modified_ns == 1'795'405'363'500'000'000);
  CHECK(page.objects[1].size == UINT64_MAX);
  CHECK(page.objects[1].modified_ns == 0);
  CHECK(page.next_token == "a&b'c");
}

TEST_CASE("s3 replies: keys are not decoded where the server did not encode them", "[s3][replies]") {
  const ListPage page = parse_list(replaced(kList, "<EncodingType>url</EncodingType>", ""));
  CHECK(page.objects.at(0).key == "p/a%2Bb+c");
}

TEST_CASE("s3 replies: namespaces and their prefixes do not matter", "[s3][replies]") {
  const std::string xml =
      R"(<x:ListBucketResult xmlns:x="urn:a"><x:Contents><x:Key>k</x:Key><x:Size>1</x:Size></x:Contents></x:ListBucketResult>)";
  CHECK(parse_list(xml).objects.at(0).key == "k");
}

TEST_CASE("s3 replies: a list that is cut off anywhere is refused, never taken for a shorter one", "[s3][replies]") {
  for (std::size_t size = 0; size + 1 < kList.size(); ++size) {
    CAPTURE(size);
    CHECK_THROWS_AS(parse_list(kList.substr(0, size)), Error);
  }
}

TEST_CASE("s3 replies: what is no such list is refused, and may be better later", "[s3][replies]") {
  for (const std::string& wrong :
       {std::string("<html><body>Please log in</body></html>"), std::string("{}"), std::string(1000, '\0'),
        replaced(kList, "<Size>12</Size>", "<Size>twelve</Size>"),
        replaced(kList, "<Size>12</Size>", "<Size>-1</Size>"), replaced(kList, "<Size>12</Size>", ""),
        replaced(kList, "<Key>p/d</Key>", ""), replaced(kList, "<Size>12</Size>", "<Size>99999999999999999999</Size>"),
        replaced(kList, "<NextContinuationToken>a&amp;b&apos;c</NextContinuationToken>", "")}) {
    try {
      (void)parse_list(wrong);
      FAIL_CHECK(wrong);
    } catch (const Error& error) {
      CHECK(error.IsRetryable());
    }
  }
}

TEST_CASE("s3 replies: a hostile document costs no more than its size", "[s3][replies][hostile]") {
  SECTION("entities of its own are not expanded") {
    const std::string bomb =
        R"(<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><Error><Code>&b;</Code></Error>)";
    const auto document = parse_error(bomb);
    if (document) CHECK(document->code == "&b;");
  }
  SECTION("a file is not read") {
    const auto document =
        parse_error(R"(<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><Error><Code>&f;</Code></Error>)");
    if (document) CHECK(document->code == "&f;");
  }
  SECTION("a million levels") {
    std::string deep;
    for (int i = 0; i < 1'000'000; ++i) deep += "<a>";
    CHECK_FALSE(parse_error(deep).has_value());
    std::string closed = "<Error>" + deep;
    for (int i = 0; i < 1'000'000; ++i) closed += "</a>";
    CHECK(parse_error(closed + "</Error>").has_value());
  }
}

TEST_CASE("s3 replies: errors, uploads and what was not removed", "[s3][replies]") {
  const auto error = parse_error("<Error><Code>SlowDown</Code><Message>m</Message><Region>r</Region></Error>");
  REQUIRE(error.has_value());
  CHECK(error->code == "SlowDown");
  CHECK(error->message == "m");
  CHECK(error->region == "r");
  CHECK_FALSE(parse_error("").has_value());
  CHECK_FALSE(parse_error("<html/>").has_value());

  CHECK(parse_begun_upload("<InitiateMultipartUploadResult><UploadId>2~x</UploadId></InitiateMultipartUploadResult>") ==
        "2~x");
  CHECK_THROWS_AS(parse_begun_upload("<InitiateMultipartUploadResult/>"), Error);

  const auto uploads = parse_pending_uploads(
      "<ListMultipartUploadsResult><Upload><Key>k</Key><UploadId>i</UploadId><Initiated>1970-01-01T00:00:02Z</"
      "Initiated>"
      "</Upload></ListMultipartUploadsResult>");
  REQUIRE(uploads.size() == 1);
  CHECK(uploads[0].initiated_ns == 2'000'000'000);

  const auto undeleted = parse_delete_result(
      "<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>AccessDenied</Code></Error></"
      "DeleteResult>");
  REQUIRE(undeleted.size() == 1);
  CHECK(undeleted[0].key == "b");
}

TEST_CASE("s3 replies: what we write can be read, whatever is in a key", "[s3][replies]") {
  const std::vector<std::string> keys = {"a<b>&\"'", "\xc3\xbc"};
  CHECK(delete_document(keys) ==
        "<Delete><Quiet>true</Quiet><Object><Key>a&lt;b&gt;&amp;\"'</Key></Object><Object><Key>\xc3\xbc</Key></Object>"
        "</Delete>");
  const std::vector<std::string> etags = {"\"e1\"", "e2"};
  CHECK(complete_document(etags) ==
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"e1\"</ETag></Part>"
        "<Part><PartNumber>2</PartNumber><ETag>e2</ETag></Part></CompleteMultipartUpload>");
}
