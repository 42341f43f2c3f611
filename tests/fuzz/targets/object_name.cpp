// The keys that a store lists, which may be anything.
//
// Input: lines, each a key.
// Holds: a key that is taken leads nowhere else, and names the object that it is written for; an inventory has every
// object of the listing once, under the key that was listed.

#include "engine/format/object_name.hpp"

#include <algorithm>
#include <set>

#include "base/hex.hpp"
#include "engine/inventory.hpp"
#include "fuzz/target.hpp"

namespace lshost::fuzz {
namespace {

using namespace engine;

void check_key(std::string_view key) {
  const auto generation = generation_of_key(key);
  expect(generation.empty() || from_hex16(generation), "a generation has 16 hex digits");
  const auto name = parse_key(key);
  if (!name) return;
  expect(name->generation == generation, "a key has one generation");
  expect(key.starts_with(generations_prefix()), "a key lies below generations/");
  expect(key.find("..") == std::string_view::npos && key.find("//") == std::string_view::npos, "a key leads nowhere");
  expect(std::ranges::count(key, '/') == 3, "a key has four parts");
  expect(std::ranges::all_of(key, [](char c) { return c > ' ' && c < 127; }), "a key is printable");
  const auto own = key_of(*name);
  expect(parse_key(own) == *name, "a name goes through its key");
  expect(own.size() <= key.size(), "our form of a key is the shortest");
}

void check_inventory(const std::vector<StoredObject>& listing) {
  std::set<std::string> listed;
  for (const auto& object : listing) listed.insert(object.key);
  std::size_t count = 0;
  for (const auto& [generation, objects] : take_inventory(listing)) {
    expect(from_hex16(generation).has_value(), "an inventory has generations only");
    const auto check = [&](const NamedObject& object, std::uint64_t index, std::uint64_t offset) {
      ++count;
      expect(object.name.generation == generation && object.name.index == index && object.name.offset == offset,
             "an object lies in its place");
      expect(parse_key(object.key) == object.name && listed.contains(object.key), "under the key that was listed");
    };
    for (const auto& [index, snapshot] : objects.snapshots) check(snapshot, index, 0);
    for (const auto& [index, segments] : objects.wals) {
      expect(objects.find_wal(index) == &segments, "a WAL is found");
      for (const auto& [offset, segment] : segments) check(segment, index, offset);
      if (objects.is_followed(index))
        expect(index + 1 > index && objects.wals.contains(index + 1) && !objects.breaks.contains(index),
               "what follows is there, and later");
    }
    for (const auto index : objects.breaks) {
      const std::vector<StoredObject> alone{{break_key(generation, index), 0, 0}};
      expect(take_inventory(alone)[generation].breaks.contains(index), "a break goes through its key");
    }
    count += objects.outnumbered.size();
  }
  const auto named =
      std::ranges::count_if(listing, [](const StoredObject& object) { return parse_key(object.key).has_value(); });
  expect(count == static_cast<std::size_t>(named), "an inventory has every object once");
}

}  // namespace

void fuzz_object_name(ByteSpan input) {
  auto text = Input(input).text();
  std::vector<StoredObject> listing;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    check_key(line);
    listing.push_back({std::string(line), line.size(), static_cast<std::int64_t>(listing.size() % 3)});
  }
  check_inventory(listing);
}

}  // namespace lshost::fuzz
