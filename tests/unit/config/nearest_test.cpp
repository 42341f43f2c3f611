#include <catch2/catch.hpp>

#include "config/config.hpp"

using namespace lshost::config;

namespace {

const std::vector<std::string> kKnown{
    "path",   "meta-path", "checkpoint-interval", "min-checkpoint-pages", "shadow-wal-limit", "exclusive-checkpoints",
    "replica"};

std::string nearest_of(std::string_view word) { return nearest(word, kKnown).value_or("(none)"); }

}  // namespace

TEST_CASE("nearest: a slip of the fingers is understood", "[config][nearest]") {
  CHECK(nearest_of("pth") == "path");
  CHECK(nearest_of("patth") == "path");
  CHECK(nearest_of("paht") == "path");  // a swap is one slip
  CHECK(nearest_of("PATH") == "path");
  CHECK(nearest_of("replicas") == "replica");
  CHECK(nearest_of("meta_path") == "meta-path");
  CHECK(nearest_of("meta path") == "meta-path");
  CHECK(nearest_of("metapath") == "meta-path");
  CHECK(nearest_of("checkpont-intervall") == "checkpoint-interval");
  CHECK(nearest_of("min-checkpoint-page-count") == "min-checkpoint-pages");  // Litestream's name
  CHECK(nearest_of("path") == "path");
}

TEST_CASE("nearest: another word is not", "[config][nearest]") {
  CHECK(nearest_of("") == "(none)");
  CHECK(nearest_of("x") == "(none)");
  CHECK(nearest_of("url") == "(none)");
  CHECK(nearest_of("monitor-interval") == "(none)");
  CHECK(nearest_of("max-checkpoint-page-count") == "min-checkpoint-pages");
  CHECK(nearest_of(std::string(1'000'000, 'p')) == "(none)");
  CHECK(nearest("path", {}) == std::nullopt);
  CHECK(nearest("a", {"b"}) == std::nullopt);  // every letter is another one
}

TEST_CASE("nearest: the nearest wins, and of equals the first", "[config][nearest]") {
  CHECK(nearest("bucket", {"buckets", "bucke"}) == "buckets");
  CHECK(nearest("hosts", {"posts", "host", "hosts"}) == "hosts");
}
