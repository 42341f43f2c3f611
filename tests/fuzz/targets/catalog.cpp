// What a destination lists, put in order, and the plan of a restore from it: pure, and fed by whoever has the replica.
//
// Input: the target (byte), the generation that is asked for (byte), then items of 8 bytes.
// Holds: a plan has a snapshot that is not after its target, and every byte from the start of the snapshot's index to
// the target once and in order, each from an item that has it.

#include "replica/catalog.hpp"

#include <algorithm>
#include <set>

#include "fuzz/target.hpp"
#include "replica/restore_plan.hpp"

namespace lshost::fuzz {
namespace {

using namespace replica;

const std::vector<std::string> kGenerations = {"0123456789abcdef", "fedcba9876543210", "00000000000000ff"};

/// Small numbers, and those where 64 bits end.
std::uint64_t number(std::uint8_t byte) { return byte < 0xe0 ? byte : UINT64_MAX - (0xffU - byte); }

/// Bytes of a log: multiples of 100, so that items meet each other.
std::uint64_t bytes_of_log(std::uint8_t byte) { return byte < 0xe0 ? std::uint64_t{byte} * 100 : number(byte); }

UnixNanos time(std::uint8_t byte) {
  if (byte == 0xff) return INT64_MAX;
  if (byte == 0xfe) return INT64_MIN;
  return std::int64_t{byte} * 1'000'000'000;
}

Item item_from(Input& in) {
  const unsigned flags = in.byte();
  Item item;
  item.kind = (flags & 1U) != 0 ? ItemKind::wal : ItemKind::snapshot;
  item.index_complete = (flags & 2U) != 0;
  item.position.generation = kGenerations.at((flags >> 2U) % kGenerations.size());
  item.position.index = number(in.byte());
  item.position.offset = bytes_of_log(in.byte());
  item.size_bytes = bytes_of_log(in.byte());
  item.created_ns = time(in.byte());
  item.updated_ns = time(in.byte());
  (void)in.part(2);
  return item;
}

Catalog catalog_from(Input& in) {
  std::vector<Item> snapshots;
  std::vector<Item> wal;
  while (!in.rest().empty()) {
    const Item item = item_from(in);
    (item.kind == ItemKind::wal ? wal : snapshots).push_back(item);
  }
  std::vector<GenerationEntry> generations;
  for (const auto& name : kGenerations) {
    Item generation;
    generation.position.generation = name;
    generations.push_back(make_generation(generation, snapshots, wal));
  }
  return make_catalog(std::move(generations));
}

/// Pieces are the bytes [0, size) of one index.
void check_pieces(const std::vector<WalPiece>& pieces, std::uint64_t size) {
  std::uint64_t at = 0;
  for (const WalPiece& piece : pieces) {
    expect(piece.size_bytes > 0, "a piece has bytes");
    expect(piece.skip_bytes <= piece.item.size_bytes && piece.size_bytes <= piece.item.size_bytes - piece.skip_bytes,
           "a piece lies in its item");
    expect(piece.item.position.offset <= at && at - piece.item.position.offset == piece.skip_bytes,
           "a piece begins where the one before it ended");
    expect(at + piece.size_bytes > at, "a log does not wrap around");
    at += piece.size_bytes;
  }
  expect(at == size, "pieces are all of it");
}

void check_catalog(const Catalog& catalog) {
  for (const auto& generation : catalog.generations) {
    for (const auto& index : generation.indexes) {
      expect(generation.find_index(index.index) == &index, "an index is found");
      check_pieces(index.pieces, index.end_offset);
    }
    for (const auto& snapshot : generation.snapshots) {
      const auto reach = reach_from(generation, snapshot);
      expect(reach.end >= place_of(snapshot.position), "a snapshot reaches itself");
    }
  }
}

void check_plan(const Catalog& catalog, const RestorePlan& plan) {
  const auto* generation = catalog.find(plan.target.generation);
  expect(generation != nullptr, "a plan is of a generation that is there");
  expect(std::ranges::find(generation->snapshots, plan.snapshot) != generation->snapshots.end(), "so is its snapshot");
  expect(place_of(plan.snapshot.position) <= place_of(plan.target), "which is not after the target");
  if (plan.steps.empty()) {
    expect(place_of(plan.snapshot.position) == place_of(plan.target) || plan.target.offset == 0,
           "without a step the snapshot is the target");
    return;
  }
  auto index = plan.snapshot.position.index;
  for (const auto& step : plan.steps) {
    expect(step.index == index, "no index is left out");
    check_pieces(step.pieces, step.size_bytes);
    for (const auto& piece : step.pieces)
      expect(piece.item.position.generation == plan.target.generation && piece.item.position.index == index,
             "a piece is of this index");
    ++index;
  }
  const auto& last = plan.steps.back();
  // The start of an index is the end of the one before.
  const auto* before = generation->find_index(last.index);
  const bool is_next_start = plan.target.offset == 0 && last.index + 1 == plan.target.index && before->is_complete &&
                             last.size_bytes == before->end_offset;
  expect(is_next_start || last.index == plan.target.index, "the last index is the target's");
  expect(is_next_start || last.size_bytes == plan.target.offset, "up to the target");
}

RestoreRequest request_from(Input& in) {
  RestoreRequest request;
  const unsigned what = in.byte();
  const unsigned generation = in.byte();
  if (what % 3 == 1) request.target = TimeTarget{time(static_cast<std::uint8_t>(what))};
  if (what % 3 == 2) request.target = PositionTarget{{number(in.byte()), bytes_of_log(in.byte())}};
  if (generation < kGenerations.size()) request.generation = kGenerations.at(generation);
  return request;
}

}  // namespace

void fuzz_catalog(ByteSpan input) {
  Input in(input);
  const auto request = request_from(in);
  const auto catalog = catalog_from(in);
  check_catalog(catalog);
  const CommitTimesOf commit_times = [](const Item& item) {
    const auto end = end_of(item);
    if (item.size_bytes % 700 == 0)  // a destination that makes them up
      return std::vector<CommitTime>{{UINT64_MAX, item.created_ns}, {end - 50, item.created_ns}, {0, item.updated_ns}};
    return std::vector<CommitTime>{{item.position.offset + item.size_bytes / 2, item.created_ns},
                                   {end, item.updated_ns}};
  };
  const auto planned = plan_restore(catalog, request, commit_times);
  if (const auto* plan = std::get_if<RestorePlan>(&planned)) {
    check_plan(catalog, *plan);
  } else {
    expect(!std::get<Refusal>(planned).reason.empty(), "a refusal has a reason");
  }
}

}  // namespace lshost::fuzz
