// The suite for all stores, on a Ceph gateway.

#include "support/store_conformance.hpp"

#include <catch2/catch.hpp>

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

}  // namespace

// As the suite's own, where there is a server.
#undef LSHOST_STORE_CASE
#define LSHOST_STORE_CASE(NAME, KIND, TITLE, FUNCTION)        \
  TEST_CASE(NAME " store: " TITLE, "[s3][rgw][store]") {      \
    if (gateway()) lshost::test::conformance::FUNCTION(KIND); \
  }

LSHOST_STORE_CONFORMANCE("s3", kind())
