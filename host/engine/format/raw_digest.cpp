#include "engine/format/raw_digest.hpp"

#include <xxhash.h>

#include <cstring>
#include <new>

namespace lshost::engine {

struct RawDigest::State {
  XXH3_state_t* xxh = XXH3_createState();  // its alignment is the library's matter
  State() {
    if (xxh == nullptr) throw std::bad_alloc();
  }
  ~State() { (void)XXH3_freeState(xxh); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

RawDigest::RawDigest() : state_(std::make_unique<State>()) { (void)XXH3_128bits_reset(state_->xxh); }
RawDigest::~RawDigest() = default;

void RawDigest::add(ByteSpan raw) {
  (void)XXH3_128bits_update(state_->xxh, raw.data(), raw.size());
  size_ += raw.size();
}

RawChecksum RawDigest::checksum() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_->xxh));
  RawChecksum checksum;
  static_assert(sizeof canonical.digest == sizeof checksum);
  std::memcpy(checksum.data(), canonical.digest, sizeof canonical.digest);
  return checksum;
}

}  // namespace lshost::engine
