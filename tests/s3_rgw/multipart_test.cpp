// Objects in parts: snapshots, whose size nobody knows before they end.

#include <catch2/catch.hpp>

#include "gateway.hpp"

using namespace lshost;
using namespace lshost::test;

namespace {

constexpr std::int64_t kPart = std::int64_t{5} << 20;

}  // namespace

TEST_CASE("s3: bodies of unknown and of known size arrive whole, whatever their size is to the parts", "[s3][rgw]") {
  const auto server = gateway();
  if (!server) return;
  Store store(*server, {{"part-size", kPart}, {"concurrency", std::int64_t{2}}});
  for (const std::int64_t size : {std::int64_t{0}, std::int64_t{1}, std::int64_t{300'000}, kPart - 1, kPart, kPart + 1,
                                  2 * kPart, 3 * kPart + 12'345}) {
    CAPTURE(size);
    const std::string bytes = noise(static_cast<std::size_t>(size));
    store.put_unknown("unknown", bytes);
    CHECK((store.get("unknown") == bytes));
    store.put("known", bytes);
    CHECK((store.get("known") == bytes));
  }
  CHECK(store.pending_uploads() == 0);
}

TEST_CASE("s3: an upload whose body fails in the middle leaves nothing", "[s3][rgw]") {
  const auto server = gateway();
  if (!server) return;
  Store store(*server, {{"part-size", kPart}});
  class Failing final : public Source {
   public:
    std::size_t Read(std::span<std::byte> into) override {
      if (left_ == 0) throw Cancelled();
      const std::size_t count = std::min(left_, into.size());
      left_ -= count;
      return count;
    }

   private:
    std::size_t left_ = 3 * static_cast<std::size_t>(kPart) + 17;
  };
  Failing body;
  CHECK_THROWS_AS(store->Put("a", body, kSizeUnknown), Cancelled);
  CHECK(store.list().empty());
  CHECK(store.pending_uploads() == 0);

  Text short_body(noise(static_cast<std::size_t>(kPart) + 5));
  CHECK(error_of([&] { store->Put("a", short_body, 3 * static_cast<std::uint64_t>(kPart)); })->Code() ==
        LSHOST_E_INVALID);
  CHECK(store.list().empty());
  CHECK(store.pending_uploads() == 0);
}
