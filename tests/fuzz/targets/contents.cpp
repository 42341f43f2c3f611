// A whole store, as a destination may give it back: any names, any sizes, any bytes.
//
// Input: flags (1: with an identity), then objects: flags (1: sealed for its name; 2: the listed size is wrong; 4:
// cut), the size of the key, the key, two bytes of size, bytes. Holds: what is listed is in the store; what is opened
// is verified or an Error; nothing takes much more memory than the store has; nothing is removed that was not listed.

#include "engine/contents.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/hex.hpp"
#include "engine/format/seal.hpp"
#include "fuzz/keys.hpp"
#include "fuzz/memory_stream.hpp"
#include "fuzz/target.hpp"

namespace lshost::fuzz {
namespace {

using namespace engine;

/// More is too slow to be looked at for every input.
constexpr std::size_t kObjectsMax = 12;
constexpr std::uint64_t kRawSizeMax = std::uint64_t{1} << 20;

/// Objects behind the table of lshost/ext/store.h.
struct Bucket {
  struct Object {
    Bytes bytes;
    std::uint64_t listed_size = 0;
    std::int64_t created_ns = 0;
  };
  std::map<std::string, Object> objects;
  std::set<std::string> removed;
};

Bucket& bucket_of(lshost_store* store) { return *static_cast<Bucket*>(store->impl); }

struct BytesReader : lshost_reader {
  explicit BytesReader(Bytes all) : lshost_reader{}, bytes(std::move(all)) {
    struct_size = sizeof(lshost_reader);
    impl = this;
    lshost_reader::read = [](lshost_reader* self, void* into, std::size_t size, std::size_t* count,
                             lshost_error* /*err*/) noexcept -> std::int32_t {
      auto& reader = *static_cast<BytesReader*>(self->impl);
      *count = std::min(size, reader.bytes.size() - reader.at);
      if (*count > 0) std::memcpy(into, reader.bytes.data() + reader.at, *count);
      reader.at += *count;
      return LSHOST_OK;
    };
    lshost_reader::close = [](lshost_reader* self) noexcept { delete static_cast<BytesReader*>(self->impl); };
  }
  Bytes bytes;
  std::size_t at = 0;
};

std::int32_t put(lshost_store* /*self*/, const char* /*key*/, lshost_reader* /*body*/, std::uint64_t /*size*/,
                 lshost_error* /*err*/) noexcept {
  return LSHOST_E_UNSUPPORTED;
}

std::int32_t get(lshost_store* self, const char* key, std::uint64_t offset, std::uint64_t length, lshost_reader** out,
                 lshost_error* /*err*/) noexcept {
  const auto found = bucket_of(self).objects.find(key);
  if (found == bucket_of(self).objects.end()) return LSHOST_E_NOT_FOUND;
  const ByteSpan all = found->second.bytes;
  const auto rest = all.subspan(std::min<std::uint64_t>(offset, all.size()));
  *out = new BytesReader(copy_of(rest.first(std::min<std::uint64_t>(length, rest.size()))));
  return LSHOST_OK;
}

std::int32_t list(lshost_store* self, const char* prefix, lshost_blob_sink* sink, lshost_error* /*err*/) noexcept {
  for (const auto& [key, object] : bucket_of(self).objects) {
    if (!key.starts_with(prefix)) continue;
    lshost_blob blob{};
    blob.struct_size = sizeof blob;
    blob.key = key.c_str();
    blob.size = object.listed_size;
    blob.created_ns = object.created_ns;
    if (const auto result = sink->item(sink, &blob); result != LSHOST_OK) return result;
  }
  return LSHOST_OK;
}

std::int32_t remove(lshost_store* self, const char* const* keys, std::size_t count, lshost_error* /*err*/) noexcept {
  for (std::size_t i = 0; i < count; ++i) bucket_of(self).removed.insert(keys[i]);
  return LSHOST_OK;
}

// ---- the store of an input ----

/// The object that belongs under this name, with these bytes.
Bytes sealed_for(const ObjectName& name, ByteSpan raw, bool is_encrypted) {
  ObjectInfo info;
  info.kind = name.kind;
  info.generation = name.generation;
  info.index = name.index;
  info.offset = name.kind == ObjectKind::wal ? name.offset : 32;
  info.page_size = 512;
  info.created_ns = 1'700'000'000'000'000'000;
  const bool is_wal = name.kind == ObjectKind::wal;
  if (!is_wal) raw = raw.first(raw.size() / 512 * 512);
  info.end_offset = info.offset + (is_wal ? raw.size() : 0);
  if (info.end_offset < info.offset) return copy_of(raw);
  if (is_wal && !raw.empty()) info.commit_runs.push_back({info.end_offset, info.created_ns});
  SealOptions options{.compression = name.compression, .recipients = {}};
  if (is_encrypted) options.recipients.push_back(fuzz_identities()->front().recipient());
  Bytes object;
  fuzz::read_all(*seal(stream_of(raw), options, info), object);
  return object;
}

Bucket bucket_from(Input& in, bool is_encrypted) {
  Bucket bucket;
  while (!in.rest().empty() && bucket.objects.size() < kObjectsMax) {
    const unsigned flags = in.byte();
    std::string key(text_of(in.part(in.byte())));
    const ByteSpan bytes = in.part(in.number());
    if (key.find('\0') != std::string::npos) continue;  // the C table has no such key
    Bucket::Object object{.bytes = copy_of(bytes), .listed_size = 0, .created_ns = std::int64_t{flags} * 1000};
    const auto name = parse_key(key);
    if ((flags & 1U) != 0 && name) object.bytes = sealed_for(*name, bytes, is_encrypted);
    if ((flags & 4U) != 0) object.bytes.resize(object.bytes.size() / 2);
    object.listed_size = (flags & 2U) == 0    ? object.bytes.size()
                         : (flags & 8U) == 0  ? object.bytes.size() + flags
                         : (flags & 16U) == 0 ? object.bytes.size() / 3
                                              : UINT64_MAX - flags;
    bucket.objects[std::move(key)] = std::move(object);
  }
  return bucket;
}

// ---- what is read of it ----

void open_item(Contents& contents, const Item& item) {
  Bytes piece(4096);
  try {
    const auto source = contents.open(item);
    std::uint64_t size = 0;
    while (const auto count = source->Read(piece)) {
      size += count;
      if (size > kRawSizeMax) return;
    }
  } catch (const Error& error) {
    expect(*error.what() != '\0', "an error has a sentence");
  }
  if (item.kind != ItemKind::Wal) return;
  try {
    std::uint64_t before = item.position.offset;
    contents.commit_times(item, [&](std::uint64_t end_offset, std::int64_t /*commit_ns*/) {
      expect(end_offset > before, "commit times are in order");
      before = end_offset;
    });
  } catch (const Error& error) {
    expect(*error.what() != '\0', "an error has a sentence");
  }
}

std::vector<Item> items_of(Contents& contents, ItemKind kind, const std::string& generation) {
  std::vector<Item> items;
  try {
    contents.list(kind, generation, [&](const Item& item) { items.push_back(item); });
  } catch (const Error& error) {
    expect(*error.what() != '\0', "an error has a sentence");
  }
  for (const auto& item : items) {
    expect(item.kind == kind, "a list has what was asked for");
    expect(from_hex16(item.position.generation).has_value(), "of a generation");
    expect(kind == ItemKind::Generation || item.position.generation == generation, "of the one that was asked for");
  }
  return items;
}

void read_everything(Contents& contents, const Bucket& bucket) {
  std::vector<Item> all;
  for (const auto& generation : items_of(contents, ItemKind::Generation, "")) {
    for (const auto kind : {ItemKind::Snapshot, ItemKind::Wal}) {
      const auto items = items_of(contents, kind, generation.position.generation);
      all.insert(all.end(), items.begin(), items.end());
    }
  }
  for (const auto& item : all) open_item(contents, item);
  contents.remove(all);
  for (const auto& key : bucket.removed)
    expect(bucket.objects.contains(key) || key.ends_with(".incomplete"), "what is removed was listed");
}

}  // namespace

void fuzz_contents(ByteSpan input) {
  Input in(input);
  Settings settings;
  const bool is_encrypted = (in.byte() & 1U) != 0;
  if (is_encrypted) settings.identities = fuzz_identities();
  Bucket bucket = bucket_from(in, is_encrypted);
  std::size_t stored = 0;
  for (const auto& [key, object] : bucket.objects) stored += object.bytes.size();

  lshost_store table{};
  table.struct_size = sizeof table;
  table.impl = &bucket;
  table.put = put;
  table.get = get;
  table.list = list;
  table.remove = remove;
  table.destroy = [](lshost_store*) noexcept {};
  for (const auto reading : {Reading::listed, Reading::restored}) {
    const MemoryPeak peak;
    Store store(&table);
    Contents contents(store, settings, reading, [] {});
    read_everything(contents, bucket);
    expect(peak.bytes() <= kSealMemoryMax + 4 * stored, "a store takes no more memory than one of its objects");
  }
}

}  // namespace lshost::fuzz
