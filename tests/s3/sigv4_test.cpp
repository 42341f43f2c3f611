// The signatures that Amazon publishes for S3
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html), and what else has to hold of ours.

#include "sigv4.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "digest.hpp"

using namespace lshost::s3;

namespace {

const Credentials kKeys = {"AKIAIOSFODNN7EXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), Secret()};
const Scope kScope = {"us-east-1"};
const std::string kTime = "20130524T000000Z";

SystemTime time_of_examples() { return SystemTime(std::chrono::seconds(1'369'353'600)); }

Signable get(const std::string& path, const std::string& query) {
  return {"GET", path, query, "examplebucket.s3.amazonaws.com", to_hex(sha256({})), {}};
}

std::string value(const Headers& headers, const std::string& name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
  return found == headers.end() ? "" : found->second;
}

std::string signature_of(const Headers& headers) {
  const std::string authorization = value(headers, "authorization");
  return authorization.substr(authorization.rfind('=') + 1);
}

}  // namespace

TEST_CASE("s3 signature: Amazon's example of a ranged get", "[s3][sigv4]") {
  Signable request = get("/test.txt", "");
  request.headers = {{"range", "bytes=0-9"}};
  const Headers signed_ones = sign(request, kKeys, kScope, time_of_examples());
  CHECK(value(signed_ones, "x-amz-date") == kTime);
  CHECK(value(signed_ones, "authorization") ==
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_CASE("s3 signature: Amazon's examples with a query", "[s3][sigv4]") {
  CHECK(signature_of(sign(get("/", "lifecycle="), kKeys, kScope, time_of_examples())) ==
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  CHECK(signature_of(sign(get("/", "max-keys=2&prefix=J"), kKeys, kScope, time_of_examples())) ==
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("s3 signature: Amazon's example of a put, step by step", "[s3][sigv4]") {
  const std::string hash = to_hex(sha256(bytes_of("Welcome to Amazon S3.")));
  REQUIRE(hash == "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
  const Signable request = {"PUT", "/test%24file.text", "", "examplebucket.s3.amazonaws.com", hash, {}};
  const Canonical canonical = canonical_request(request, {{"host", request.host},
                                                          {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                                                          {"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                                          {"x-amz-date", kTime},
                                                          {"x-amz-content-sha256", hash}});
  CHECK(canonical.signed_headers == "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class");
  const std::string to_sign = string_to_sign(canonical.text, kScope, kTime);
  CHECK(to_sign ==
        "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"
        "9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d");
  CHECK(signature(to_sign, kKeys.secret_access_key, kScope, kTime) ==
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_CASE("s3 signature: a session token is sent and signed, and the secret is in no header", "[s3][sigv4]") {
  Credentials keys = kKeys;
  keys.session_token = Secret("the-token");
  const Headers headers = sign(get("/", ""), keys, kScope, time_of_examples());
  CHECK(value(headers, "x-amz-security-token") == "the-token");
  CHECK(value(headers, "authorization").find(";x-amz-security-token,") != std::string::npos);
  for (const auto& [name, text] : headers) {
    CAPTURE(name);
    CHECK(text.find(kKeys.secret_access_key.reveal()) == std::string::npos);
  }
}

TEST_CASE("s3 signature: headers that a proxy may change are sent unsigned", "[s3][sigv4]") {
  Signable request = get("/", "");
  request.headers = {{"user-agent", "x"}, {"content-md5", "y"}};
  const std::string authorization = value(sign(request, kKeys, kScope, time_of_examples()), "authorization");
  CHECK(authorization.find("user-agent") == std::string::npos);
  CHECK(authorization.find("content-md5;host") != std::string::npos);
}

TEST_CASE("s3 digests: known answers", "[s3][digest]") {
  CHECK(to_hex(sha256(bytes_of("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(md5(bytes_of("abc"))) == "900150983cd24fb0d6963f7d28e17f72");
  // RFC 4231, test case 2.
  CHECK(to_hex(hmac_sha256(bytes_of("Jefe"), "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(to_base64(bytes_of("")).empty());
  CHECK(to_base64(bytes_of("f")) == "Zg==");
  CHECK(to_base64(bytes_of("fo")) == "Zm8=");
  CHECK(to_base64(bytes_of("foobar")) == "Zm9vYmFy");
}
