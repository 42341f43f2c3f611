// Goal: the S3 plugin keeps what the ABI promises, on a real server, by the suite that plugin authors run.

#include <catch2/catch.hpp>

#include "gateway.hpp"
#include "support/plugin_check.hpp"

using namespace lshost::test;

TEST_CASE("s3: the plugin passes the conformance suite", "[s3][rgw][check]") {
  const auto server = gateway();
  if (!server) return;
  const Store store(*server);
  const auto result = check_plugin(
      std::string(LSHOST_TEST_PLUGINS) + "/lshost-s3.so",
      {"--set", "bucket=" + store.bucket(), "--set", "prefix={unique}", "--set", "endpoint=" + server->endpoint,
       "--set", "access-key-id=" + server->access_key, "--set", "secret-access-key=" + server->secret_key});
  INFO(result.reasons << result.printed);
  CHECK(result.exit_code == 0);
  CHECK(result.failed.empty());
  CHECK(result.skipped.empty());
}
