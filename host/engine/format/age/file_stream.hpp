#pragma once
// A whole age file, made or opened while it is read: the header, a nonce, and the payload in chunks of 64 KiB, each
// with a tag that knows its number and whether it is the last one.
//
// Threads: one at a time. Cost: two chunks of memory.

#include <memory>
#include <vector>

#include "base/byte_stream.hpp"
#include "engine/format/age/keys.hpp"

namespace lshost::engine::age {

/// The age file of what `plain` has. REQUIRES: there is a recipient. Errors, from read(): what `plain` throws.
[[nodiscard]] std::unique_ptr<ByteStream> encrypt(std::unique_ptr<ByteStream> plain, std::vector<Recipient> recipients);

/// What the age file `sealed` has. No byte is given out that was not verified; that nothing is missing at the end is
/// known when read() returns 0. REQUIRES: there is an identity.
/// Errors, from read(): what `sealed` throws; {denied} if no identity fits; {corrupt}.
[[nodiscard]] std::unique_ptr<ByteStream> decrypt(std::unique_ptr<ByteStream> sealed,
                                                  std::shared_ptr<const Identities> identities);

}  // namespace lshost::engine::age
