#include "engine/settings.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

#include <lshost/cpp/export.hpp>

#include "engine/engine.hpp"
#include "engine/errors.hpp"

namespace lshost::engine {
namespace {

constexpr std::uint64_t kSegmentSizeMin = std::uint64_t{64} << 10;
constexpr std::uint64_t kSegmentSizeMax = std::uint64_t{256} << 20;

/// Runs code of the host's that looks at one value.
template <class Fn>
auto checked(Fn&& fn) {
  try {
    return std::forward<Fn>(fn)();
  } catch (...) {
    rethrow_as_config_error();
  }
}

Compression read_compression(const Context& context) {
  const std::string word = context.String("compression", "lz4");
  const auto compression = parse_compression(word);
  if (!compression) throw Error::Config("compression = \"" + word + "\" is none of lz4, zstd, none");
  return *compression;
}

std::uint64_t read_segment_size(const Context& context) {
  const std::uint64_t size = context.Size("segment-size", Settings{}.segment_size);
  if (size >= kSegmentSizeMin && size <= kSegmentSizeMax) return size;
  throw Error::Config("segment-size = " + std::to_string(size) + " is not between \"64KiB\" and \"256MiB\"");
}

unsigned read_parallel_uploads(const Context& context) {
  const std::int64_t count = context.Int("parallel-uploads", Settings{}.parallel_uploads);
  if (count >= 1 && count <= kParallelUploadsMax) return static_cast<unsigned>(count);
  throw Error::Config("parallel-uploads = " + std::to_string(count) + " is not between 1 and " +
                      std::to_string(kParallelUploadsMax));
}

std::span<const ConfigKey> keys() {
  static constexpr ConfigKey kKeys[] = {
      {.key = "sync-interval",
       .type = ConfigType::Duration,
       .default_value = "1s",
       .help = "at most one WAL segment in this time; \"0s\": each commit at once"},
      {.key = "segment-size",
       .type = ConfigType::Size,
       .default_value = "4MiB",
       .help = "the most WAL in one object, uncompressed"},
      {.key = "parallel-uploads",
       .type = ConfigType::Int,
       .default_value = "4",
       .help = "uploads at once, 1 to 16, where the destination can do several"},
      {.key = "compression",
       .default_value = "lz4",
       .help = "how objects are compressed; Litestream reads lz4 only",
       .choices = "lz4|zstd|none"},
      {.key = "age-recipients", .list = true, .help = "encrypts every object to these age recipients (age1...)"},
      {.key = "age-identities",
       .secret = true,
       .list = true,
       .help = "age identities that open encrypted objects: keys, or paths of files with keys"},
  };
  return kKeys;
}

}  // namespace

Settings read_settings(const Context& context) {
  Settings settings;
  settings.sync_interval = context.Duration("sync-interval", settings.sync_interval);
  if (settings.sync_interval.count() < 0) throw Error::Config("sync-interval is negative");
  settings.segment_size = read_segment_size(context);
  settings.parallel_uploads = read_parallel_uploads(context);
  settings.seal.compression = read_compression(context);
  const auto recipients = context.Strings("age-recipients");
  if (recipients.empty() && context.Has("age-recipients")) {
    throw Error::Config("age-recipients is empty; name a recipient, or remove the key to store objects unencrypted");
  }
  settings.seal.recipients = checked([&] { return age::parse_recipients(recipients); });
  const auto identities = context.Strings("age-identities");
  if (!identities.empty()) {
    settings.identities =
        checked([&] { return std::make_shared<const age::Identities>(age::load_identities(identities)); });
  }
  return settings;
}

const lshost_config_schema& engine_keys() {
  static const detail::Schema schema(keys());
  return *schema.Table();
}

}  // namespace lshost::engine
