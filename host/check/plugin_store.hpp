#pragma once
// The store of a plugin, taken before the engine gets it. C only: who uses it has the engine's classes for it.

#include <lshost/ext/store.h>

#include <string>
#include <utility>

#include "check/bench.hpp"
#include "plugin/replica_context.hpp"

namespace lshost::check {

/// What a store lives in. Ownership: outlives the store.
class StorePlace {
 public:
  /// Has the plugin make a store for the place. Throws Failed where it gives the engine none.
  StorePlace(Bench& bench, const std::string& place);
  StorePlace(const StorePlace&) = delete;
  StorePlace& operator=(const StorePlace&) = delete;
  ~StorePlace() = default;

  /// Hands it over. REQUIRES: called once.
  [[nodiscard]] lshost_store* take() noexcept { return std::exchange(given_, nullptr); }

 private:
  Tap tap_;
  plugin::ReplicaContext context_;
  lshost_store* given_ = nullptr;
};

}  // namespace lshost::check
