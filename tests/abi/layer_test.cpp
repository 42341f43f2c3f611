// Goal: the C++ layer takes nothing from a struct of the host that lies behind its struct_size, and asks an older host
// for nothing that it does not have. Method: a host of the test's own, whose structs end early with something hurtful
// behind the end.

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>
#include <lshost/blob_replicator.hpp>
#include <lshost/replicator.hpp>
#include <optional>
#include <string>

namespace {

const char* const kHurtful = reinterpret_cast<const char*>(std::uintptr_t{0xA5A5});

/// What the test's host gives; every function that is not set here crashes when it is called.
struct TestHost {
  lshost_host table{};
  lshost_replica_info info{};
  lshost_reader reader{};
  const void* engine = nullptr;

  TestHost() {
    table.struct_size = sizeof table;
    table.info = [](lshost_ctx* ctx) noexcept -> const lshost_replica_info* { return &of(ctx).info; };
    table.config_check = [](lshost_ctx*, lshost_error*) noexcept -> std::int32_t { return LSHOST_OK; };
    table.extension = [](lshost_ctx* ctx, const char*) noexcept { return of(ctx).engine; };
    info = {sizeof info, 0, "one", "app.db", "/var/work"};
  }
  static TestHost& of(lshost_ctx* ctx) noexcept { return *reinterpret_cast<TestHost*>(ctx); }
  [[nodiscard]] lshost_ctx* ctx() { return reinterpret_cast<lshost_ctx*>(this); }
  [[nodiscard]] lshost::Context context() { return {&table, ctx()}; }
};

class Plain : public lshost::Replicator, public lshost::Restorable {
 public:
  using Replicator::Replicator;
  [[nodiscard]] std::string Type() const override { return "plain"; }
  void Start() override {}
  void List(lshost::ItemKind, const std::string&, const EachItem& each) override { each({}); }
  [[nodiscard]] std::unique_ptr<lshost::Source> Open(const lshost::Item& item) override {
    opened = item;
    throw lshost::Error(LSHOST_E_NOT_FOUND, "nothing here");
  }
  static inline std::optional<lshost::Item> opened;
};

class Shelf : public lshost::BlobReplicator {
 public:
  using BlobReplicator::BlobReplicator;
  void Put(const std::string&, lshost::Source&, std::uint64_t) override {}
  std::unique_ptr<lshost::Source> Get(const std::string&, std::uint64_t, std::uint64_t) override { return nullptr; }
  void List(const std::string&, const std::function<void(const lshost::Blob&)>&) override {}
  void Remove(std::span<const std::string>) override {}
};

template <class T>
std::int32_t create(TestHost& host, lshost_replicator** out, lshost_error* err) {
  const lshost_type type = {sizeof type, 0, "plain", "", lshost::detail::Create<T>, nullptr};
  return type.create(&type, &host.table, host.ctx(), 0, out, err);
}

struct Made {
  explicit Made(TestHost& host) { REQUIRE(create<Plain>(host, &replicator, nullptr) == LSHOST_OK); }
  ~Made() { replicator->destroy(replicator); }
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;
  [[nodiscard]] const lshost_restore& restore() const {
    return *static_cast<const lshost_restore*>(replicator->extension(replicator, LSHOST_EXT_RESTORE));
  }
  lshost_replicator* replicator = nullptr;
};

}  // namespace

TEST_CASE("layer: a host whose table ends early is refused with a sentence, not called", "[abi][sdk]") {
  TestHost host;
  host.table.struct_size = offsetof(lshost_host, extension);
  lshost_replicator* made = nullptr;
  lshost::detail::ErrorOut err;
  CHECK(create<Plain>(host, &made, &err) == LSHOST_E_UNSUPPORTED);
  CHECK(made == nullptr);
  CHECK(std::string(err.message) ==
        "this host is older than plugin ABI 1.0: its table has 160 bytes of 168; hint: update lshost");
  CHECK(err.flags == LSHOST_ERR_OPERATOR);
}

TEST_CASE("layer: a host whose table is longer than ours is as good", "[abi][sdk]") {
  struct {
    TestHost host;
    char later[256] = {};
  } longer;
  longer.host.table.struct_size = sizeof(lshost_host) + sizeof longer.later;
  const Made made(longer.host);
  CHECK(made.replicator->name(made.replicator) == std::string("one"));
}

TEST_CASE("layer: members of the host's structs that are not there are empty", "[abi][sdk]") {
  TestHost host;
  SECTION("who the replica is") {
    host.info.struct_size = offsetof(lshost_replica_info, database);
    host.info.database = kHurtful;
    host.info.work_dir = kHurtful;
    CHECK(host.context().Replica() == "one");
    CHECK(host.context().Database().empty());
    CHECK(host.context().WorkDir().empty());
  }
  SECTION("all there is") {
    CHECK(host.context().Database() == "app.db");
    CHECK(host.context().WorkDir() == "/var/work");
    host.info.work_dir = nullptr;  // offline
    CHECK(host.context().WorkDir().empty());
  }
  SECTION("an item") {
    const Made made(host);
    lshost_item item{};
    item.struct_size = offsetof(lshost_item, created_ns);
    item.kind = LSHOST_ITEM_WAL;
    item.size = 4096;
    item.created_ns = 11;
    item.updated_ns = 12;
    item.flags = LSHOST_ITEM_INDEX_COMPLETE;
    lshost_reader* reader = nullptr;
    CHECK(made.restore().open(made.replicator, &item, &reader, nullptr) == LSHOST_E_NOT_FOUND);
    REQUIRE(Plain::opened);
    CHECK(Plain::opened->size == 4096);
    CHECK(Plain::opened->created_ns == 0);
    CHECK(Plain::opened->updated_ns == 0);
    CHECK_FALSE(Plain::opened->index_complete);
  }
  SECTION("a stream without a descriptor") {
    host.reader = {offsetof(lshost_reader, fd), 0, nullptr, nullptr, nullptr, [](lshost_reader*) noexcept {}};
    std::memcpy(&host.reader.fd, &kHurtful, sizeof kHurtful);
    lshost::HostReader reader(&host.reader);
    CHECK_FALSE(reader.File());
  }
}

TEST_CASE("layer: an error of the host that is short is filled as far as it goes", "[abi][sdk]") {
  TestHost host;
  const Made made(host);
  lshost_error err{};
  std::memset(&err, 0x5A, sizeof err);
  lshost_item item{};
  item.struct_size = sizeof item;
  lshost_reader* reader = nullptr;
  SECTION("room for nine bytes") {
    err.struct_size = offsetof(lshost_error, message) + 9;
    CHECK(made.restore().open(made.replicator, &item, &reader, &err) == LSHOST_E_NOT_FOUND);
    CHECK(err.code == LSHOST_E_NOT_FOUND);
    CHECK(std::string(err.message) == "nothing ");
    CHECK(err.message[9] == 0x5A);
  }
  SECTION("no room for a sentence") {
    err.struct_size = offsetof(lshost_error, message);
    CHECK(made.restore().open(made.replicator, &item, &reader, &err) == LSHOST_E_NOT_FOUND);
    CHECK(err.message[0] == 0x5A);
  }
}

TEST_CASE("layer: what a newer host asks for and we do not know is unsupported, or not there", "[abi][sdk]") {
  TestHost host;
  const Made made(host);
  lshost_item_sink sink{};
  sink.struct_size = sizeof sink;  // its function is not set: nothing may be listed
  lshost::detail::ErrorOut err;
  CHECK(made.restore().list(made.replicator, 4, "", &sink, &err) == LSHOST_E_UNSUPPORTED);
  CHECK(std::string(err.message) == "this plugin knows no items of kind 4");
  CHECK(made.replicator->extension(made.replicator, "lshost.restore/2") == nullptr);
  CHECK(made.replicator->extension(made.replicator, nullptr) == nullptr);
}

TEST_CASE("layer: a store without an engine in the host, or with half of one, says so", "[abi][sdk]") {
  TestHost host;
  lshost_engine half{};
  SECTION("none") {}
  SECTION("one that ends before its function") {
    half.struct_size = offsetof(lshost_engine, create);
    std::memcpy(&half.create, &kHurtful, sizeof kHurtful);
    host.engine = &half;
  }
  lshost_replicator* made = nullptr;
  lshost::detail::ErrorOut err;
  CHECK(create<Shelf>(host, &made, &err) == LSHOST_E_UNSUPPORTED);
  CHECK_THAT(err.message, Catch::Contains("this host has no engine for stores"));
}
