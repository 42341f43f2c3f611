// A replicator that does what its configuration says, well or badly. Keys:
//   work      what its worker does: none, wait, sleep, read, stream, snapshot, poll, stuck
//   stuck-in  "stop": Stop() waits for the test's hook; "worker" is work = "stuck"
//   throw-in  which function throws: constructor, start, stop, snapshotting, worker, list, open, read, commit-times,
//             remove, probe, extension
//   what      what it throws: error, std, int, alloc, cancelled, gone
//   threads   how many workers

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <lshost/replicator.hpp>
#include <thread>

#include "script_hooks.hpp"

namespace {

using lshost::test::ScriptHooks;

constexpr const char* kGeneration = "0123456789abcdef";

[[noreturn]] void Throw(const std::string& what) {
  if (what == "std") throw std::out_of_range("a standard exception");
  if (what == "int") throw 42;
  if (what == "alloc") throw std::bad_alloc();
  if (what == "cancelled") throw lshost::Cancelled();
  if (what == "gone") throw lshost::Gone();
  throw lshost::Error(LSHOST_E_DENIED, "the destination said no", LSHOST_ERR_OPERATOR);
}

class Text final : public lshost::Source {
 public:
  Text(std::string text, std::string fails) : text_(std::move(text)), fails_(std::move(fails)) {}
  std::size_t Read(std::span<std::byte> into) override {
    if (!fails_.empty()) Throw(fails_);
    const std::size_t count = std::min(into.size(), text_.size() - at_);
    std::memcpy(into.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::string fails_;
  std::size_t at_ = 0;
};

class Scripted : public lshost::Replicator,
                 public lshost::Restorable,
                 public lshost::Removable,
                 public lshost::Probeable {
 public:
  explicit Scripted(lshost::Context context)
      : Replicator(context),
        work_(ctx.String("work", "none")),
        stuck_in_(ctx.String("stuck-in", "")),
        throw_in_(ctx.String("throw-in", "")),
        what_(ctx.String("what", "error")),
        threads_(ctx.Int("threads", 1)) {
    (void)ctx.Duration("pause", std::chrono::seconds(1));
    (void)ctx.Size("buffer", 4096);
    (void)ctx.Strings("tags");
    (void)ctx.String("password", "");
    Maybe("constructor");
  }

  static const char* Summary() { return "does what a test says"; }

  static std::span<const lshost::ConfigKey> Keys() {
    using lshost::ConfigType;
    static const lshost::ConfigKey keys[] = {
        {.key = "work", .help = "what the worker does", .choices = "none|wait|sleep|read|stream|snapshot|poll|stuck"},
        {.key = "stuck-in", .help = "which function never returns"},
        {.key = "throw-in", .help = "which function throws"},
        {.key = "what", .default_value = "error", .help = "what it throws"},
        {.key = "threads", .type = ConfigType::Int, .default_value = "1", .help = "number of workers"},
        {.key = "pause", .type = ConfigType::Duration, .default_value = "1s", .help = "not used"},
        {.key = "buffer", .type = ConfigType::Size, .default_value = "4KiB", .help = "not used"},
        {.key = "tags", .list = true, .help = "not used"},
        {.key = "password", .secret = true, .help = "not used"},
    };
    return keys;
  }

  std::string Type() const override { return "scripted"; }

  bool Snapshotting() const override {
    Maybe("snapshotting");
    return true;
  }

  void Start() override {
    ++hooks_.starts;
    for (std::int64_t i = 0; i < threads_ && work_ != "none"; ++i) ctx.Spawn("scripted-worker", [this] { Work(); });
    Maybe("start");
  }

  void Stop() override {
    ++hooks_.stops;
    if (stuck_in_ == "stop") WaitForRelease();
    Maybe("stop");
  }

  const void* Extension(std::string_view id) override {
    if (id == lshost::test::kScriptHooks) return &hooks_;
    Maybe("extension");
    return nullptr;
  }

  void List(lshost::ItemKind kind, const std::string& generation, const EachItem& each) override {
    Maybe("list");
    lshost::Item item;
    item.kind = kind;
    item.position = {generation.empty() ? kGeneration : generation, 2, 0};
    item.size = 5;
    each(item);
    if (kind != lshost::ItemKind::Wal) return;
    item.position.index = 1;  // out of order, which the host has to mend
    item.index_complete = true;
    item.created_ns = 7;
    item.updated_ns = 8;
    each(item);
    item.position.generation = "not a generation";
    each(item);
  }

  std::unique_ptr<lshost::Source> Open(const lshost::Item& item) override {
    Maybe("open");
    return std::make_unique<Text>("hello" + std::to_string(item.position.index), throw_in_ == "read" ? what_ : "");
  }

  void CommitTimes(const lshost::Item& /*item*/, const EachTime& each) override {
    Maybe("commit-times");
    each(100, 1);
    each(200, 2);
  }

  void Remove(std::span<const lshost::Item> items) override {
    Maybe("remove");
    ctx.Count("removed_total", static_cast<double>(items.size()));
  }

  void Probe(std::chrono::milliseconds deadline) override {
    Maybe("probe");
    ctx.Gauge("probe_deadline_ms", static_cast<double>(deadline.count()));
  }

 private:
  void Maybe(const char* where) const {
    if (throw_in_ == where) Throw(what_);
  }

  void WaitForRelease() const {
    while (!hooks_.release) std::this_thread::yield();
  }

  void Work() {
    struct Counted {
      std::atomic<int>& workers;
      explicit Counted(std::atomic<int>& count) : workers(count) { ++workers; }
      ~Counted() { --workers; }
    } counted(hooks_.workers);
    sigset_t blocked;
    (void)pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    if (sigismember(&blocked, SIGTERM) == 0 || sigismember(&blocked, SIGINT) == 0) hooks_.signals_open = true;
    ctx.Info("the worker runs", {{"work", work_}, {"threads", threads_}});
    for (;;) {
      ++hooks_.rounds;
      Maybe("worker");
      Round();
    }
  }

  void Round() {
    if (work_ == "sleep") return ctx.Sleep(std::chrono::hours(1));
    if (work_ == "read") return ReadForEver();
    if (work_ == "stream") return Stream();
    if (work_ == "snapshot") return HoldSnapshot();
    if (work_ == "poll") return Poll();
    if (work_ == "stuck") {
      WaitForRelease();
      ctx.ThrowIfStopping();
    }
    // Nothing is ever different from the tip: waits until it is stopped.
    const auto status = ctx.Status();
    (void)ctx.Wait(status ? status->tip : lshost::Position());
  }

  void ReadForEver() {
    auto wal = ctx.OpenWal({kGeneration, 0, 0});
    std::byte some[16];
    while (wal && wal->bytes.Read(some) != 0) {
    }
  }

  void Stream() {
    const auto status = ctx.Status();
    if (!status) {  // nothing was captured yet
      ctx.Wait(position_);
      return;
    }
    if (position_.generation != status->tip.generation) {
      ctx.State(lshost::ReplicaState::Snapshot);
      auto snapshot = ctx.OpenSnapshot();
      const std::string image = snapshot->bytes.ReadAll();
      position_ = snapshot->position;
      ctx.SnapshotDone(position_, image.size());
    }
    while (auto wal = ctx.OpenWal(position_)) {
      ctx.Count("wal_bytes", static_cast<double>(wal->bytes.ReadAll().size()));
      position_ = wal->end;
      ctx.Durable(position_);
    }
    ctx.State(lshost::ReplicaState::Streaming, "caught up");
    ctx.Wait(position_);
  }

  void HoldSnapshot() {
    auto snapshot = ctx.OpenSnapshot();
    ctx.Sleep(std::chrono::hours(1));
  }

  void Poll() {
    pollfd waiting = {ctx.EventFd(), POLLIN, 0};
    (void)::poll(&waiting, 1, -1);
    ctx.ThrowIfStopping();
    std::uint64_t count = 0;
    (void)!::read(waiting.fd, &count, sizeof count);
    ctx.Count("polled_total");
  }

  std::string work_;
  std::string stuck_in_;
  std::string throw_in_;
  std::string what_;
  std::int64_t threads_;
  lshost::Position position_;  // owned by the worker
  ScriptHooks hooks_;
};

}  // namespace

LSHOST_PLUGIN(Scripted, "scripted", "1.0.0");
