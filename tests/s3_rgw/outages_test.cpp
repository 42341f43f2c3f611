// A server that goes away in the middle, and comes back.

#include <catch2/catch.hpp>
#include <csignal>
#include <thread>

#include "own_gateway.hpp"
#include "support/wait_until.hpp"

using namespace lshost;
using namespace lshost::test;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kPart = std::int64_t{5} << 20;

/// A body that does something when it has come half way.
class Half final : public Source {
 public:
  Half(std::string text, std::function<void()> at_half) : text_(std::move(text)), at_half_(std::move(at_half)) {}
  std::size_t Read(std::span<std::byte> into) override {
    if (at_ >= text_.size() / 2 && at_half_) std::exchange(at_half_, nullptr)();
    const std::size_t count = std::min({into.size(), text_.size() - at_, std::size_t{1} << 20U});
    std::copy_n(reinterpret_cast<const std::byte*>(text_.data()) + at_, count, into.begin());
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::function<void()> at_half_;
  std::size_t at_ = 0;
};

ConfigValues patient() {
  return {{"part-size", kPart}, {"concurrency", std::int64_t{2}}, {"timeout", std::chrono::nanoseconds(2s)}};
}

}  // namespace

TEST_CASE("s3: a server that is killed in the middle of an upload costs the parts under way, not the upload",
          "[s3][rgw][outages]") {
  const auto shared = gateway();
  if (!shared) return;
  OwnGateway server(*shared);
  Store store(server.gateway(), patient());
  const std::string bytes = noise(8 * static_cast<std::size_t>(kPart));
  std::thread restarter;
  Half body(bytes, [&] {
    server.crash();
    restarter = std::thread([&] { server.start(); });
  });
  store->Put("a", body, kSizeUnknown);
  restarter.join();
  CHECK((store.get("a") == bytes));
  CHECK(store.pending_uploads() == 0);
}

TEST_CASE("s3: a server that is stopped in the middle of an upload is waited for", "[s3][rgw][outages]") {
  const auto shared = gateway();
  if (!shared) return;
  OwnGateway server(*shared);
  Store store(server.gateway(), patient());
  const std::string bytes = noise(8 * static_cast<std::size_t>(kPart));
  Half body(bytes, [&] { server.kill(SIGSTOP); });
  std::atomic<bool> is_done{false};
  std::string failure;
  std::thread upload([&] {
    try {
      store->Put("a", body, kSizeUnknown);
    } catch (const std::exception& error) {
      failure = error.what();
    }
    is_done = true;
  });
  CHECK_FALSE(wait_until([&] { return is_done.load(); }, 5s));  // two timeouts and more
  server.kill(SIGCONT);
  upload.join();
  CHECK(failure.empty());
  CHECK((store.get("a") == bytes));
}

TEST_CASE("s3: a server that stays away fails an upload within retry-for, and what was sent is cleaned up later",
          "[s3][rgw][outages]") {
  const auto shared = gateway();
  if (!shared) return;
  OwnGateway server(*shared);
  ConfigValues values = patient();
  values["retry-for"] = std::chrono::nanoseconds(1s);
  Store store(server.gateway(), values);
  Half body(noise(8 * static_cast<std::size_t>(kPart)), [&] { server.crash(); });
  const auto error = error_of([&] { store->Put("a", body, kSizeUnknown); });
  REQUIRE(error.has_value());
  CHECK(error->Code() == LSHOST_E_UNAVAILABLE);
  CHECK(error->Flags() == LSHOST_ERR_RETRYABLE);
  CHECK_FALSE(store.host().warnings().empty());  // it could not be aborted, and that is said
  server.start();
  CHECK(store.list().empty());
  CHECK(store.pending_uploads() == 1);
}

TEST_CASE("s3: a server that is killed in the middle of a download is read on from when it is back",
          "[s3][rgw][outages]") {
  const auto shared = gateway();
  if (!shared) return;
  OwnGateway server(*shared);
  Store store(server.gateway(), patient());
  const std::string bytes = noise(30U << 20U);
  store.put("a", bytes);
  const auto source = store->Get("a", 0, UINT64_MAX);
  std::string got(bytes.size(), '\0');
  std::size_t done = 0;
  const auto read = [&] {
    const std::size_t count = source->Read(
        {reinterpret_cast<std::byte*>(got.data()) + done, std::min<std::size_t>(got.size() - done, 1U << 20U)});
    done += count;
    return count;
  };
  while (done < 5U << 20U) REQUIRE(read() > 0);
  server.crash();
  std::thread restarter([&] { server.start(); });
  while (read() > 0) {
  }
  restarter.join();
  CHECK(done == bytes.size());
  CHECK((got == bytes));
}

TEST_CASE("s3: small calls while the server is away fail at once, and work when it is back", "[s3][rgw][outages]") {
  const auto shared = gateway();
  if (!shared) return;
  OwnGateway server(*shared);
  Store store(server.gateway(), patient());
  store.put("a", "x");
  server.crash();
  for (const auto& error : {error_of([&] { store.put("b", "x"); }), error_of([&] { (void)store.get("a"); }),
                            error_of([&] { (void)store.list(); })}) {
    REQUIRE(error.has_value());
    CHECK(error->Code() == LSHOST_E_UNAVAILABLE);
    CHECK(error->Flags() == LSHOST_ERR_RETRYABLE);
  }
  server.start();
  store.put("b", "x");
  CHECK(store.list() == std::vector<std::string>{"a", "b"});
}
