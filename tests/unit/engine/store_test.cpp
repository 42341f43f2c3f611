// Goal: a store that lists without an end, or names that are none, costs a bounded amount of memory.

#include "engine/store.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

using namespace lshost;
using engine::Store;

namespace {

/// A C store that lists as many names as it is told, or for ever; it has nothing else.
struct Lister : lshost_store {
  Lister(std::uint64_t names, std::size_t key_size) : lshost_store{}, count(names), key(key_size, 'k') {
    struct_size = sizeof(lshost_store);
    impl = this;
    put = [](lshost_store*, const char*, lshost_reader*, std::uint64_t, lshost_error*) noexcept -> std::int32_t {
      return LSHOST_E_UNSUPPORTED;
    };
    get = [](lshost_store*, const char*, std::uint64_t, std::uint64_t, lshost_reader**,
             lshost_error*) noexcept -> std::int32_t { return LSHOST_E_UNSUPPORTED; };
    remove = [](lshost_store*, const char* const*, std::size_t, lshost_error*) noexcept -> std::int32_t {
      return LSHOST_E_UNSUPPORTED;
    };
    destroy = [](lshost_store*) noexcept {};
    list = [](lshost_store* self, const char*, lshost_blob_sink* sink, lshost_error*) noexcept -> std::int32_t {
      auto& lister = *static_cast<Lister*>(self->impl);
      lshost_blob blob{};
      blob.struct_size = sizeof blob;
      blob.key = lister.key.c_str();
      for (lister.listed = 0; lister.listed < lister.count; ++lister.listed) {
        const auto result = sink->item(sink, &blob);
        if (result < 0) return result;
      }
      return LSHOST_OK;
    };
  }
  std::uint64_t count;
  std::uint64_t listed = 0;
  std::string key;
};

}  // namespace

TEST_CASE("store: a listing without an end is given up, and says so", "[engine][security]") {
  Lister endless(UINT64_MAX, 40);
  Store store(&endless, 1000);
  CHECK_THROWS_WITH(store.list("generations/"), Catch::Contains("lists more than 1000 objects below generations/"));
  CHECK(endless.listed == 1000);
}

TEST_CASE("store: as many as there may be are listed", "[engine][security]") {
  Lister lister(1000, 40);
  Store store(&lister, 1000);
  CHECK(store.list("").size() == 1000);
}

TEST_CASE("store: names longer than any of ours are passed over", "[engine][security]") {
  Lister lister(10, 100'000);
  Store store(&lister, 1000);
  CHECK(store.list("").empty());
}
