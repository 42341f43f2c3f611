// Goal: a replica that lies is caught within an interval, named, sent again, and gives the right database afterwards;
// and an honest one is never called a liar. Method: the real program, a store that drops or changes what it is given,
// replicas damaged by hand, writers at full speed.

#include <xxhash.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "control/client.hpp"
#include "support/app_database.hpp"
#include "support/world.hpp"

using namespace lshost;
using namespace lshost::test;
using Catch::Contains;
using nlohmann::ordered_json;
namespace fs = std::filesystem;

namespace {

const std::string kEachSecond = "verify-interval = \"1s\"\n";

/// One database with replicas, a host that can be asked, and a store that can be told to lie.
class Verified {
 public:
  explicit Verified(const std::string& type = "forgetful", const std::string& more = kEachSecond) {
    configure({{.path = world_.replica(), .name = "r", .type = type, .more = more}});
  }

  void configure(const std::vector<ReplicaSetup>& replicas) const {
    const std::string folders =
        std::string("plugin-path = [\"") + LSHOST_TEST_PLUGINS_DIR + "\", \"" + LSHOST_TEST_PLUGINS + "\"]\n";
    world_.configure({{.path = world_.db(),
                       .replicas = replicas,
                       .more = "checkpoint-interval = \"1s\"\nmin-checkpoint-pages = 50\n"}},
                     folders + "[control]\nsocket = \"" + socket() + "\"\n");
  }

  [[nodiscard]] const World& world() const { return world_; }
  [[nodiscard]] std::string socket() const { return world_ / "control/s"; }
  [[nodiscard]] std::string scratch() const { return world_ / ".app.db-lshost/verify"; }
  void lie(const std::string& mode) const { write_text(world_.replica() + ".lie", mode); }
  [[nodiscard]] bool has_lied() const { return !fs::exists(world_.replica() + ".lie"); }
  void tell_the_truth() const { fs::remove(world_.replica() + ".lie"); }

  [[nodiscard]] ordered_json status() const {
    return control::ask(socket(), {control::Command::status})["databases"][0];
  }
  [[nodiscard]] ordered_json verification(std::size_t replica = 0) const {
    return status()["replicas"][replica]["verification"];
  }
  [[nodiscard]] Finished verify(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"verify", "--config", world_.config()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_lshost(arguments);
  }
  [[nodiscard]] ordered_json verify_json(int code) const {
    const auto end = verify({"--json"});
    INFO(end.out << end.err);
    REQUIRE(end.status.code == code);
    return ordered_json::parse(end.out);
  }

  /// The ledger in what the replica gives as its newest state.
  [[nodiscard]] LedgerState restored() const {
    const TempDir dir;
    const auto end =
        run_lshost({"restore", "--config", world_.config(), "--replica", "r", world_.db(), "--output", dir / "out.db"});
    INFO(end.err);
    REQUIRE(end.status.code == 0);
    return verify_ledger(dir / "out.db");
  }

  void wait_until_listening() const {
    wait_for("the control socket", [&] {  // a host that was killed leaves its own
      try {
        return !status().is_null();
      } catch (const Error&) {
        return false;
      }
    });
  }
  /// At a position that was looked at after the call.
  void wait_until_verified_anew() const {
    wait_until_listening();
    const auto before = verification()["last_verified"];
    wait_for("a verification", [&] {
      const auto now = verification();
      return now["last_verified"] != before && now["failures_in_a_row"] == 0;
    });
  }

  [[nodiscard]] std::vector<std::string> scratch_files() const {
    std::vector<std::string> paths;
    for (const auto& file : files_of(scratch(), ".tmp")) paths.push_back(scratch() + "/" + file.path);
    return paths;
  }

 private:
  World world_;
};

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

const std::string kSentAgain = "a replica failed its verification and is sent again";
const std::string kLie = "the replica does not hold what it reported as durable";

/// Stops both, and compares what the replica gives with what the application was told.
void finish_and_check(const Verified& verified, Host& host, Writer& writer) {
  writer.stop();
  const auto last = writer.last();
  INFO(host.log());
  CHECK(host.terminate() == 0);
  CHECK(verified.restored().commit == last);
  CHECK(verified.scratch_files().empty());
}

std::string hex16(std::uint64_t number) {
  std::ostringstream text;
  text << std::hex << std::setw(16) << std::setfill('0') << number;
  return text.str();
}

std::string xxh3_of(const std::string& bytes) { return hex16(XXH3_64bits(bytes.data(), bytes.size())); }

/// Turns a bit in the last page of the only snapshot in a file replica, and seals it again, so that the replica
/// believes in it. Returns the number of the page.
std::uint64_t flip_in_snapshot(const std::string& replica_folder) {
  const auto snapshots = files_of(replica_folder, ".snapshot");
  REQUIRE(snapshots.size() == 1);
  const auto path = replica_folder + "/" + snapshots.front().path;
  auto image = read_text(path);
  image[image.size() - 100] ^= 1;
  write_text(path, image);
  const auto info_path = fs::path(path).replace_extension(".info").string();
  auto info = read_text(info_path);
  const auto seal = info.find("xxh3-64 ");
  REQUIRE(seal != std::string::npos);
  info = info.substr(0, seal) + "xxh3-64 " + xxh3_of(image) + "\n";
  write_text(info_path, info + "check " + xxh3_of(info) + "\n");
  return image.size() / 4096;
}

}  // namespace

TEST_CASE("verify: honest replicas under load are verified again and again, and never accused", "[e2e][verify]") {
  const auto* type = GENERATE("file", "forgetful");
  const std::string more = GENERATE("", "isolation = \"process\"\n");
  CAPTURE(type, more);
  const Verified verified(type, kEachSecond + more);
  Writer writer(verified.world().db(), {"pause_us=500"});
  Host host(verified.world().config());
  for (int i = 0; i < 4; ++i) verified.wait_until_verified_anew();
  const auto last = verified.verification();
  CHECK(last["result"] == "verified");
  CHECK(last["last_verified_position"] == last["position"]);
  CHECK(last["position"].get<std::string>().find('/') == 16);
  CHECK(host.log().find(kLie) == std::string::npos);
  CHECK(host.log().find(kSentAgain) == std::string::npos);
  finish_and_check(verified, host, writer);
}

TEST_CASE("verify: a store that drops, changes or keeps nothing is caught, sent again, and then right",
          "[e2e][verify]") {
  const std::string order =
      GENERATE("drop-one _00000000.wal", "flip-one /wal/", "drop-one /snapshots/", "flip-one /snapshots/");
  CAPTURE(order);
  const Verified verified;
  const bool is_wal = order.find("wal") != std::string::npos;
  if (!is_wal) verified.lie(order);  // its first snapshot
  Writer writer(verified.world().db(), {"pause_us=2000"});
  Host host(verified.world().config());
  if (is_wal) {
    verified.wait_until_verified_anew();
    verified.lie(order);
  }
  wait_for("the lie", [&] { return verified.has_lied(); });
  wait_for("a word about it", [&] { return host.log().find(kLie) != std::string::npos; });
  wait_for("its recovery", [&] { return host.log().find("verified, after it was sent again") != std::string::npos; });
  CHECK(count_of(host.log(), kSentAgain) == 1);
  const auto now = verified.verification();
  CHECK(now["failures_in_a_row"] == 0);
  CHECK(now["sent_again"].is_string());
  finish_and_check(verified, host, writer);
  CHECK(count_of(host.log(), kSentAgain) == 1);
}

TEST_CASE("verify: pages that differ are named, and the other replica goes on right", "[e2e][verify]") {
  const Verified verified("file", "");
  verified.configure(
      {{.path = verified.world().replica(), .name = "r"}, {.path = verified.world() / "second", .name = "second"}});
  Writer writer(verified.world().db(), {"commits=200"});
  writer.finish();  // the snapshot is all that there is
  Host host(verified.world().config());
  wait_until_replicated(verified.world().replica(), writer.last());
  wait_until_replicated(verified.world() / "second", writer.last());
  // A bit in the raw snapshot, which no format protects.
  const auto page = flip_in_snapshot(verified.world().replica());
  verified.wait_until_listening();

  const auto found = verified.verify();
  INFO(found.out << found.err << host.log());
  CHECK(found.status.code == 1);
  CHECK_THAT(found.out, Contains("by the running host") && Contains("differs") && Contains("verified") &&
                            Contains("page differs: " + std::to_string(page)) &&
                            Contains("the host began a new generation and sends everything again"));
  CHECK(generations_of(verified.world().replica()).size() <= 2);
  // What was sent again is proven without being asked for.
  wait_for("the proof", [&] {
    const auto now = verified.verification();
    return now["result"] == "verified" && now["failures_in_a_row"] == 0;
  });
  const auto again = verified.verify_json(0);
  CHECK(again["by"] == "host");
  CHECK(again["replicas"].size() == 2);
  CHECK(host.terminate() == 0);
  CHECK(verified.restored().commit == writer.last());
  CHECK(restored_ledger(verified.world() / "second").commit == writer.last());
}

TEST_CASE("verify: a replica that lies always is sent again once, and then reported without a storm", "[e2e][verify]") {
  const Verified verified;
  verified.lie("drop /");
  Writer writer(verified.world().db(), {"pause_us=2000"});
  Host host(verified.world().config());
  if (!wait_until([&] { return count_of(host.log(), kLie) >= 3; }, kPatience)) FAIL(host.log());
  CHECK(count_of(host.log(), kSentAgain) == 1);
  const auto now = verified.verification();
  CHECK(now["result"] == "damaged");
  CHECK(now["failures_in_a_row"].get<int>() >= 3);
  CHECK(now["last_verified"].is_null());
  const auto text = run_lshost({"status", "--config", verified.world().config()});
  CHECK_THAT(text.out,
             Contains("DAMAGED at ") && Contains("replica r: the verification at") && Contains("last verified: -"));
  // It remembers: another start does not begin another round of sending.
  host.kill();
  Host next(verified.world().config());
  wait_for("a failure after the start", [&] { return next.log().find(kLie) != std::string::npos; });
  CHECK(next.log().find(kSentAgain) == std::string::npos);
  writer.stop();
  next.kill();
}

TEST_CASE("verify: a host that is killed while it verifies leaves nothing behind", "[e2e][verify]") {
  const Verified verified("file");
  {
    // Large enough that a restore is caught in the middle.
    AppConnection app(verified.world().db());
    app.exec("PRAGMA journal_mode=WAL");
    app.exec("CREATE TABLE t(x)");
    app.exec(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 64) "
        "INSERT INTO t SELECT zeroblob(1000000) FROM n");
  }
  int caught = 0;
  for (int round = 0; round < 20 && caught < 3; ++round) {
    Host host(verified.world().config());
    (void)wait_until([&] { return !verified.scratch_files().empty(); }, std::chrono::seconds(10));
    host.kill();
    const auto left = verified.scratch_files();
    if (left.empty()) continue;
    ++caught;
    Host next(verified.world().config());
    // What an earlier run left goes before anything else is done; what there is later is of a verification that goes
    // on.
    wait_for("the start", [&] { return next.log().find("replica: made") != std::string::npos; });
    for (const auto& path : left) CHECK_FALSE(fs::exists(path));
    next.kill();
  }
  REQUIRE(caught > 0);
  Host host(verified.world().config());
  verified.wait_until_verified_anew();
  CHECK(host.terminate() == 0);
  CHECK(verified.scratch_files().empty());
}

TEST_CASE("verify: a destination that can not be reached is no lie", "[e2e][verify]") {
  const Verified verified("file");
  Writer writer(verified.world().db(), {"commits=50"});
  Host host(verified.world().config());
  verified.wait_until_verified_anew();
  writer.finish();
  // The folder is there, and nobody may look: not what is missing, but what can not be read.
  const auto generation =
      verified.world() / "replica/generations/" + generations_of(verified.world().replica()).front();
  const auto away = verified.world() / "away";
  fs::rename(generation + "/snapshots", away);
  fs::create_symlink("snapshots", generation + "/snapshots");  // a loop: ELOOP
  wait_for("the reason", [&] {
    return verified.verification()["could_not_be_verified"].is_string() || host.log().find(kLie) != std::string::npos;
  });
  INFO(host.log());
  CHECK(host.log().find(kLie) == std::string::npos);
  CHECK(verified.verification()["result"] == "verified");
  fs::remove(generation + "/snapshots");
  fs::rename(away, generation + "/snapshots");
  verified.wait_until_verified_anew();
  CHECK(host.terminate() == 0);
  CHECK(host.log().find(kSentAgain) == std::string::npos);
}

TEST_CASE("verify: without a host the command proves as much as can be proven, and says what", "[e2e][verify]") {
  const Verified verified("file", "");
  const auto& world = verified.world();
  CHECK(verified.verify().status.code == 3);  // neither a database nor a replica
  {
    Writer writer(world.db(), {"commits=200"});
    writer.finish();
    Host host(world.config());
    wait_until_replicated(world.replica(), 200);
    CHECK(host.terminate() == 0);
  }
  SECTION("the same") {
    const auto answer = verified.verify_json(0);
    CHECK(answer["by"] == "command");
    CHECK(answer["replicas"][0]["result"] == "verified");
  }
  SECTION("the application went on") {
    AppConnection app(world.db());
    app.exec("PRAGMA wal_autocheckpoint=0");
    app.exec("CREATE TABLE later(x)");
    const auto answer = verified.verify_json(0);
    CHECK(answer["replicas"][0]["result"] == "behind");
    CHECK_THAT(answer["replicas"][0]["detail"].get<std::string>(), Contains("all other pages are the same"));
  }
  SECTION("a page of the replica is another, and the application went on") {
    (void)flip_in_snapshot(world.replica());
    AppConnection app(world.db());
    app.exec("PRAGMA wal_autocheckpoint=0");
    app.exec("CREATE TABLE later(x)");
    const auto found = verified.verify();
    INFO(found.out << found.err);
    CHECK(found.status.code == 1);
    CHECK_THAT(found.out, Contains("no host was asked") && Contains("differ"));
  }
  SECTION("nothing is stored any more") {
    fs::remove_all(world.replica());
    const auto answer = verified.verify_json(1);
    CHECK(answer["replicas"][0]["result"] == "damaged");
  }
  SECTION("the database is lost") {
    for (const auto* end : {"", "-wal", "-shm"}) fs::remove(world.db() + end);
    CHECK(verified.verify_json(0)["replicas"][0]["result"] == "restorable");
    const auto by_url = run_lshost({"verify", "file://" + world.replica(), "--json"});
    INFO(by_url.err);
    CHECK(by_url.status.code == 0);
    CHECK(ordered_json::parse(by_url.out)["replicas"][0]["result"] == "restorable");
  }
  CHECK(verified.scratch_files().empty());
}

TEST_CASE("verify: wrong words are refused with what is known", "[e2e][verify]") {
  const Verified verified("file", "");
  CHECK(run_lshost({"verify"}).status.code == 2);
  CHECK(verified.verify({"--replica", "x"}).status.code == 2);
  CHECK(verified.verify({"nothing.db"}).status.code == 2);
  Host host(verified.world().config());
  verified.wait_until_listening();
  const auto unknown = verified.verify({"nothing.db"});
  CHECK(unknown.status.code == 2);
  CHECK_THAT(unknown.err, Contains("nothing.db") && Contains("lshost status"));
  CHECK(verified.verify().status.code == 3);  // nothing was captured yet
  CHECK(host.terminate() == 0);
}
