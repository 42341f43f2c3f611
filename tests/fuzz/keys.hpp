#pragma once
// The age key of the fuzz targets. It is in every corpus, so it keeps no secret.

#include <memory>

#include "engine/format/age/keys.hpp"

namespace lshost::fuzz {

[[nodiscard]] inline std::shared_ptr<const engine::age::Identities> fuzz_identities() {
  static const auto identities = [] {
    engine::age::SecretKey secret;
    std::uint8_t next = 1;
    for (std::byte& byte : secret.fill()) byte = std::byte{next++};
    auto keys = std::make_shared<engine::age::Identities>();
    keys->emplace_back(std::move(secret));
    return keys;
  }();
  return identities;
}

}  // namespace lshost::fuzz
