// The suite for all stores, on a Ceph gateway.

#include "support/store_conformance.hpp"

#include <catch2/catch.hpp>
#include <iostream>
#include <string_view>

#include "gateway.hpp"

namespace {

using namespace lshost::test;

/// A prefix of its own in a bucket of this process.
ConfigValues fresh_place() {
  static const std::string bucket = Store(*gateway()).bucket();
  const Gateway server = *gateway();
  return {{"bucket", bucket},
          {"prefix", unique_name()},
          {"endpoint", server.endpoint},
          {"region", std::string("us-east-1")},
          {"access-key-id", server.access_key},
          {"secret-access-key", server.secret_key},
          {"part-size", std::int64_t{5} << 20}};
}

const StoreKind& kind() {
  static const StoreKind it{"s3", fresh_place,
                            [](lshost::Context ctx) { return std::make_unique<lshost::s3::S3Replicator>(ctx); },
                            gateway()->keeps_existing};
  return it;
}

/// Swift has no object for a moment while it is replaced (it removes the old file, and a reader that just found its
/// name gets a 404). S3 promises better, and lshost needs less: it replaces nothing that somebody reads.
bool can(std::string_view title) {
  if (!gateway()) return false;
  if (gateway()->has_no_gaps || title != "a reader sees the old object or the new one") return true;
  std::cout << "skipped: no server that has an object at every moment while it is replaced\n";
  return false;
}

}  // namespace

// As the suite's own, where there is a server.
#undef LSHOST_STORE_CASE
#define LSHOST_STORE_CASE(NAME, KIND, TITLE, FUNCTION)         \
  TEST_CASE(NAME " store: " TITLE, "[s3][rgw][store]") {       \
    if (can(TITLE)) lshost::test::conformance::FUNCTION(KIND); \
  }

LSHOST_STORE_CONFORMANCE("s3", kind())
