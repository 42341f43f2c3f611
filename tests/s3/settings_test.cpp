// The configuration of a replica: what is read, what is refused, and with which words.

#include "settings.hpp"

#include <catch2/catch.hpp>

#include "part_sizes.hpp"
#include "store.hpp"

using namespace lshost;
using namespace lshost::test;
using namespace std::chrono_literals;

namespace {

s3::Settings settings_of(const ConfigValues& values, const s3::Environment& environment = {}) {
  FakeHost host(values);
  return s3::read_settings(host.context(), environment);
}

std::string refusal(const ConfigValues& values) {
  ConfigValues all = {{"bucket", std::string("b")}};
  for (const auto& [key, value] : values) all[key] = value;
  const auto error = error_of([&] { (void)settings_of(all); });
  if (!error) return "accepted";
  CHECK(error->Code() == LSHOST_E_CONFIG);
  return error->what();
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string text(const char* value) { return value; }

}  // namespace

TEST_CASE("s3 settings: a bucket is enough", "[s3][settings]") {
  const auto settings = settings_of({{"bucket", text("backups")}});
  CHECK(settings.server.to_string() == "https://s3.us-east-1.amazonaws.com");
  CHECK(settings.region == "us-east-1");
  CHECK_FALSE(settings.path_style);
  CHECK(settings.prefix.empty());
  CHECK(settings.part_size_bytes == 8U << 20U);
  CHECK(settings.concurrency == 4);
  CHECK(settings.timeout == 30s);
}

TEST_CASE("s3 settings: an endpoint means path style, and may name the region", "[s3][settings]") {
  const auto settings = settings_of({{"bucket", text("b")}, {"endpoint", text("https://nyc3.digitaloceanspaces.com")}});
  CHECK(settings.path_style);
  CHECK(settings.region == "nyc3");
  CHECK_FALSE(settings_of({{"bucket", text("b")}, {"endpoint", text("h")}, {"force-path-style", false}}).path_style);
}

TEST_CASE("s3 settings: the region comes from the configuration first, the environment last", "[s3][settings]") {
  const s3::Environment both = {{"AWS_REGION", "eu-west-1"}, {"AWS_DEFAULT_REGION", "eu-west-2"}};
  CHECK(settings_of({{"bucket", text("b")}}, both).region == "eu-west-1");
  CHECK(settings_of({{"bucket", text("b")}}, {{"AWS_DEFAULT_REGION", "eu-west-2"}}).region == "eu-west-2");
  CHECK(settings_of({{"bucket", text("b")}, {"region", text("eu-west-3")}}, both).region == "eu-west-3");
  CHECK(settings_of({{"bucket", text("b")}, {"region", text("eu-west-3")}}, both).server.host ==
        "s3.eu-west-3.amazonaws.com");
}

TEST_CASE("s3 settings: a prefix is a folder, by either name", "[s3][settings]") {
  CHECK(settings_of({{"bucket", text("b")}, {"prefix", text("/a/b//")}}).prefix == "a/b/");
  CHECK(settings_of({{"bucket", text("b")}, {"path", text("a")}}).prefix == "a/");
  CHECK(settings_of({{"bucket", text("b")}, {"path", text("a/")}, {"prefix", text("a")}}).prefix == "a/");
  CHECK(mentions(refusal({{"path", text("a")}, {"prefix", text("b")}}), "keep one"));
  for (const auto* wrong : {"a/../b", "..", "./a", "a\nb"})
    CHECK(mentions(refusal({{"prefix", text(wrong)}}), "prefix"));
}

TEST_CASE("s3 settings: what makes no sense is refused with what to write", "[s3][settings]") {
  CHECK(mentions(refusal({{"bucket", text("a/b")}}), "prefix"));
  CHECK(mentions(refusal({{"bucket", text("")}}), "bucket"));
  CHECK(mentions(refusal({{"endpoint", text("ftp://x")}}), "https://host"));
  CHECK(mentions(refusal({{"region", text("eu central")}}), "eu-central-1"));
  CHECK(mentions(refusal({{"access-key-id", text("x")}}), "secret-access-key is not"));
  CHECK(mentions(refusal({{"secret-access-key", text("hunter2")}}), "access-key-id is not"));
  CHECK(mentions(refusal({{"session-token", text("x")}}), "belongs to such a pair"));
  CHECK(mentions(refusal({{"part-size", std::int64_t{1000}}}), "5MiB"));
  CHECK(mentions(refusal({{"concurrency", std::int64_t{0}}}), "1 to 32"));
  CHECK(mentions(refusal({{"timeout", std::chrono::nanoseconds(5)}}), "timeout"));
  CHECK(mentions(refusal({{"sse", text("AES256")}, {"sse-kms-key-id", text("k")}}), "aws:kms"));
  CHECK(mentions(refusal({{"storage-class", text("A\r\nx-evil: 1")}}), "storage-class"));
  CHECK_FALSE(mentions(refusal({{"secret-access-key", text("hunter2")}}), "hunter2"));
}

TEST_CASE("s3 settings: all secrets are declared as such", "[s3][settings][secrets]") {
  for (const auto& key : s3::setting_keys()) {
    CAPTURE(key.key);
    const std::string name = key.key;
    CHECK(key.secret == (name == "secret-access-key" || name == "session-token"));
  }
}

TEST_CASE("s3 parts: every size fits into 10,000 parts, in order and without a rest", "[s3][parts]") {
  constexpr std::uint64_t kMiB = 1U << 20U;
  CHECK(s3::part_size(10 * kMiB, 8 * kMiB, 1) == 8 * kMiB);
  CHECK(s3::part_size(80'000 * kMiB, 8 * kMiB, 1) == 8 * kMiB);
  CHECK(s3::part_size(80'001 * kMiB, 8 * kMiB, 1) > 8 * kMiB);
  for (const std::uint64_t size : {80'001 * kMiB, 5'000'000 * kMiB, std::uint64_t{1} << 42U}) {
    CHECK(s3::part_size(size, 8 * kMiB, 1) * s3::kPartsMax >= size);
    CHECK(s3::part_size(size, 8 * kMiB, 1) == s3::part_size(size, 8 * kMiB, 9'999));
  }
  std::uint64_t room = 0;
  for (std::uint32_t number = 1; number <= s3::kPartsMax; ++number) {
    room += s3::part_size(kSizeUnknown, 8 * kMiB, number);
    if (number == 5'000) CHECK(room == 40'000 * kMiB);
  }
  CHECK(room >> 30U == 523);
  CHECK(s3::part_size(kSizeUnknown, 8 * kMiB, 5'000) == 8 * kMiB);
  CHECK(s3::part_size(kSizeUnknown, 8 * kMiB, 5'001) == 16 * kMiB);
  CHECK(s3::part_size(kSizeUnknown, 8 * kMiB, 10'000) == 256 * kMiB);
}
