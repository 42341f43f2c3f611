// Goal: the suite of all stores holds for the store that the tests of the engine break on purpose, so that what those
// find is the engine's.

#include <catch2/catch.hpp>

#include "support/memory_store.hpp"
#include "support/store_conformance.hpp"

namespace {

using namespace lshost::test;

StoreKind kind(bool is_parallel) {
  return {"memory", [] { return ConfigValues{}; },
          [bucket = std::shared_ptr<Bucket>(), is_parallel](lshost::Context context) mutable {
            if (bucket == nullptr) bucket = std::make_shared<Bucket>();
            return std::make_unique<MemoryStore>(context, bucket, is_parallel);
          }};
}

}  // namespace

LSHOST_STORE_CONFORMANCE("memory", kind(true))
LSHOST_STORE_CONFORMANCE("one-at-a-time memory", kind(false))
