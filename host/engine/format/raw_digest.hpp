#pragma once
// Size and checksum of raw bytes, counted while they pass.

#include <memory>

#include "base/bytes.hpp"
#include "engine/format/object_info.hpp"

namespace lshost::engine {

/// Threads: one at a time.
class RawDigest {
 public:
  RawDigest();
  ~RawDigest();
  RawDigest(const RawDigest&) = delete;
  RawDigest& operator=(const RawDigest&) = delete;

  void add(ByteSpan raw);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] RawChecksum checksum() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::uint64_t size_ = 0;
};

}  // namespace lshost::engine
