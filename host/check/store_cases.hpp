#pragma once
// What lshost/ext/store.h promises, as functions over any store: the cases of `lshost plugin check` and those of our
// own suites are the same.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "engine/store.hpp"

namespace lshost::check {

/// What a store case may rely on.
struct StoreTraits {
  /// False: its server replaces what is there, whatever put_new says.
  bool keeps_existing = true;
};

/// Each gets a store at a place where nothing is. Throws Failed with the first thing that is wrong, Skipped, and what
/// the store throws where it must not.
struct StoreCase {
  std::string_view name;     ///< as in `lshost plugin check`
  std::string_view promise;  ///< what holds
  void (*run)(engine::Store& store, const StoreTraits& traits);
};
[[nodiscard]] std::span<const StoreCase> store_cases();

/// Bytes that are not like each other anywhere, made while they are read: the same for the same seed.
class Body final : public Source {
 public:
  Body(std::uint64_t seed, std::uint64_t size) : state_(seed * 2 + 1), size_(size) {}
  std::size_t Read(std::span<std::byte> into) override;

  std::function<void(std::uint64_t)> on_read;  ///< before each read, with the bytes read so far

 private:
  std::uint64_t state_;
  const std::uint64_t size_;
  std::uint64_t done_ = 0;
};

/// All of a body.
[[nodiscard]] std::string body_text(std::uint64_t seed, std::uint64_t size);
void put_body(engine::Store& store, const std::string& key, std::uint64_t seed, std::uint64_t size);
[[nodiscard]] std::string get_text(engine::Store& store, const std::string& key, std::uint64_t offset = 0,
                                   std::uint64_t length = UINT64_MAX);

}  // namespace lshost::check
