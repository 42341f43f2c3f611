// Goal: a replica is called good only if it gives the database page by page, a liar only if it is one.
// Method: a replica made of a real history, and each of its objects dropped, cut and changed.

#include "replica/verify.hpp"

#include <atomic>
#include <cstring>

#include "unit/replica/restoring.hpp"

using namespace lshost;
using namespace lshost::replica;
using namespace lshost::test;
using Catch::Contains;

namespace {

class Bytewise final : public ByteStream {
 public:
  explicit Bytewise(const Bytes& bytes) : bytes_(bytes) {}
  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    const std::size_t count = std::min({into.size(), bytes_.size() - at_, std::size_t{777}});
    if (count > 0) std::memcpy(into.data(), bytes_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  const Bytes& bytes_;
  std::size_t at_ = 0;
};

PageSums sums_of(const Bytes& image, std::uint32_t page_size = 4096) {
  Bytewise stream(image);
  return sum_pages(stream, page_size, [] {});
}

VerifyOptions options_in(const std::string& directory) {
  VerifyOptions options;
  options.scratch_directory = directory;
  options.space = [](const std::string&) { return os::DiskSpace{1ULL << 40, 1ULL << 40}; };  // not this machine's
  return options;
}

/// Two indexes and a snapshot, of one generation.
struct Scene {
  History history{4096};
  FakeReplica replica;
  TempDir directory;
  Scene() {
    history.run("CREATE TABLE t(v)");
    history.take_snapshot();
    history.run("INSERT INTO t VALUES(randomblob(20000))");
    history.restart();
    history.run("INSERT INTO t VALUES('last')");
    history.cut_segment();
    history.run("INSERT INTO t VALUES('very last')");
    replica = history.replica();
  }
  [[nodiscard]] db::Position end() const {
    const auto at = history.states().back().at;
    return {replica.objects.front().item.position.generation, at.index, at.offset};
  }
  [[nodiscard]] PageSums expected() const { return sums_of(history.states().back().image); }
  Verification verify() { return verify_position(replica, end(), expected(), options_in(directory.path())); }
};

}  // namespace

TEST_CASE("verify: what a replica gives at each position is the database there", "[replica][verify]") {
  Scene scene;
  const auto whole = scene.verify();
  INFO(whole.detail);
  CHECK(whole.verdict == Verdict::verified);
  std::size_t seen = 0;
  for (const auto& state : scene.history.states()) {
    const db::Position at{scene.end().generation, state.at.index, state.at.offset};
    const auto found = verify_position(scene.replica, at, sums_of(state.image), options_in(scene.directory.path()));
    if (found.verdict == Verdict::not_verified) continue;  // before its first snapshot
    CHECK(found.verdict == Verdict::verified);
    CHECK(found.pages == state.image.size() / 4096);
    ++seen;
  }
  CHECK(seen >= 3);
  CHECK(os::posix_fs().list("test", scene.directory.path())->empty());
}

TEST_CASE("verify: whatever is dropped, cut or changed is found, and nothing else is", "[replica][verify]") {
  const Scene good;
  for (std::size_t i = 0; i < good.replica.objects.size(); ++i) {
    CAPTURE(i, good.replica.objects[i].item.kind == ItemKind::snapshot);
    {
      Scene scene;
      scene.replica.objects.erase(scene.replica.objects.begin() + static_cast<std::ptrdiff_t>(i));
      CHECK(scene.verify().verdict == Verdict::damaged);
    }
    {
      Scene scene;
      scene.replica.objects[i].bytes.resize(scene.replica.objects[i].bytes.size() / 2);
      CHECK(scene.verify().verdict == Verdict::damaged);
    }
    if (good.replica.objects[i].item.kind == ItemKind::wal) {  // pages of the snapshot may have newer versions
      Scene scene;
      auto& bytes = scene.replica.objects[i].bytes;
      bytes[bytes.size() - 5] ^= std::byte{1};
      CHECK(is_lie(scene.verify().verdict));
    }
  }
}

TEST_CASE("verify: a page that no checksum protects is named", "[replica][verify]") {
  History history(4096);
  history.run("CREATE TABLE t(v)");
  history.run("INSERT INTO t VALUES(randomblob(50000))");
  history.restart();
  history.run("INSERT INTO t VALUES(1)");
  history.take_snapshot();
  FakeReplica replica = history.replica();
  const TempDir directory;
  for (auto& object : replica.objects) {
    if (object.item.kind == ItemKind::snapshot) object.bytes[4096 * 6 + 99] ^= std::byte{1};
  }
  const auto at = history.states().back().at;
  const auto found = verify_position(replica, {replica.objects.front().item.position.generation, at.index, at.offset},
                                     sums_of(history.states().back().image), options_in(directory.path()));
  CHECK(found.verdict == Verdict::differs);
  CHECK_THAT(found.detail, Contains("page differs: 7"));
}

TEST_CASE("verify: trouble on the way is no lie", "[replica][verify]") {
  Scene scene;
  SECTION("a list that fails") {
    scene.replica.list_failure = "no route to host";
    CHECK(scene.verify().detail == "no route to host");
  }
  SECTION("a download that fails") {
    scene.replica.on_open = [](const Item&) { throw Error(ErrorCode::transient, "connection reset"); };
  }
  SECTION("credentials") {
    scene.replica.on_open = [](const Item&) { throw Error(ErrorCode::denied, "403"); };
  }
  SECTION("retention has moved on") {
    scene.history.take_snapshot();
    scene.history.run("INSERT INTO t VALUES(1)");
    const auto at = scene.end();
    scene.history.restart();
    scene.history.run("INSERT INTO t VALUES(2)");
    scene.history.take_snapshot();
    FakeReplica later = scene.history.replica();
    std::erase_if(later.objects, [&](const StoredObject& object) { return object.item.position.index <= at.index; });
    const auto found = verify_position(later, at, scene.expected(), options_in(scene.directory.path()));
    CHECK(found.verdict == Verdict::not_verified);
    return;
  }
  SECTION("a folder that is not there") {
    const auto found =
        verify_position(scene.replica, scene.end(), scene.expected(), options_in(scene.directory / "none"));
    CHECK(found.verdict == Verdict::not_verified);
    CHECK_THAT(found.detail, Contains("scratch: "));
    return;
  }
  CHECK(scene.verify().verdict == Verdict::not_verified);
}

TEST_CASE("verify: room is left on the disk for its applications", "[replica][verify]") {
  CHECK(bytes_left_to_others(5'000'000'000) == 500'000'000);
  CHECK(bytes_left_to_others(1ULL << 50) == 1ULL << 30);
  Scene scene;
  VerifyOptions options = options_in(scene.directory.path());
  const auto verdict_with = [&](std::uint64_t free_bytes) {
    options.space = [free_bytes](const std::string&) { return os::DiskSpace{free_bytes, 100'000'000}; };
    return verify_position(scene.replica, scene.end(), scene.expected(), options);
  };
  CHECK(verdict_with(90'000'000).verdict == Verdict::verified);
  const auto refused = verdict_with(10'000'000);
  CHECK(refused.verdict == Verdict::not_verified);
  CHECK_THAT(refused.detail, Contains("MB are left to others"));
}

TEST_CASE("verify: an object that comes late is looked for twice", "[replica][verify]") {
  Scene scene;
  std::atomic<int> opened{0};
  scene.replica.on_open = [&](const Item&) {
    if (opened++ == 0) throw Error(ErrorCode::not_found, "not yet");
  };
  CHECK(scene.verify().verdict == Verdict::verified);
}

TEST_CASE("page sums: sizes, skipped pages and long lists", "[replica][verify]") {
  const Bytes image(4096 * 40, std::byte{1});
  const auto all = sums_of(image);
  CHECK(all.sums.size() == 40);
  CHECK(compare_pages(all, all).is_equal());
  const auto shorter = sums_of(Bytes(4096 * 30, std::byte{1}));
  CHECK(to_string(compare_pages(all, shorter)) ==
        "10 of 40 pages differ: 31, 32, 33, 34, 35, 36, 37, 38, 39, 40; the restored database has 30 pages");
  CHECK(compare_pages(all, shorter, [](std::uint32_t page) { return page > 30; }).is_equal());
  CHECK(compare_pages(shorter, all).differing == 10);
  CHECK_THAT(to_string(compare_pages(all, sums_of(Bytes(4096 * 40)))), Contains("40 of 40") && Contains("24 more"));
  CHECK(compare_pages(sums_of(image, 4096), sums_of(image, 8192)).differing == 40);
  Bytes cut(4096 * 2 + 1);
  Bytewise stream(cut);
  CHECK_THROWS_WITH(sum_pages(stream, 4096, [] {}), Contains("ends inside a page"));
}
