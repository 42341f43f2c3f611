// A replicator that reads everything and keeps nothing, until it does what no plugin may. Keys:
//   act    what it does: segv, abort, exit, kill, leak, close-all, close-quietly, lie, hang, spin, none
//   when   "create", "start", "worker" (at its first run of WAL), "stop" or "load" (also without this key, by the
//          environment variable LSHOST_TEST_ROGUE_LOAD)
//   once   a file: it misbehaves only until this is there, and makes it first

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <lshost/replicator.hpp>

namespace {

[[noreturn]] void Spin() {
  for (std::atomic<int> turns{0};; ++turns) {
  }
}

void LeakForEver() {
  constexpr std::size_t kPiece = 1 << 20;
  for (;;) {
    auto* piece = new char[kPiece];
    for (std::size_t at = 0; at < kPiece; at += 4096) const_cast<volatile char*>(piece)[at] = 1;
  }
}

class Rogue : public lshost::Replicator {
 public:
  explicit Rogue(lshost::Context context)
      : Replicator(context),
        act_(ctx.String("act", "none")),
        when_(ctx.String("when", "worker")),
        once_(ctx.String("once", "")) {
    Maybe("create");
  }

  static std::span<const lshost::ConfigKey> Keys() {
    static const lshost::ConfigKey keys[] = {
        {.key = "act", .help = "what it does"},
        {.key = "when", .help = "when it does it"},
        {.key = "once", .help = "a file that it makes before it misbehaves, and behaves when it is there"},
    };
    return keys;
  }

  std::string Type() const override { return "rogue"; }

  void Start() override {
    Maybe("start");
    ctx.Spawn("rogue", [this] { Work(); });
  }

  void Stop() override { Maybe("stop"); }

 private:
  void Maybe(std::string_view when) {
    if (when != when_ || (!once_.empty() && ::access(once_.c_str(), F_OK) == 0)) return;
    if (!once_.empty()) ::close(::open(once_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    std::printf("rogue: %s in %s\n", act_.c_str(), when_.c_str());
    std::fflush(stdout);
    Misbehave();
  }

  void Misbehave() {
    if (act_ == "segv") {
      (void)std::signal(SIGSEGV, SIG_DFL);  // a sanitizer would make an exit code of it
      ::raise(SIGSEGV);
    }
    if (act_ == "abort") std::abort();
    if (act_ == "exit") std::exit(3);
    if (act_ == "kill") ::kill(::getpid(), SIGKILL);
    if (act_ == "leak") LeakForEver();
    if (act_ == "close-all") {
      ::close_range(0, ~0U, 0);
      const auto status = ctx.Status();
      if (status) ctx.Durable(status->tip);
    }
    if (act_ == "close-quietly") ::close_range(0, ~0U, 0);
    if (act_ == "lie") {
      auto status = ctx.Status();
      status->tip.offset += 1 << 20;
      ctx.Durable(status->tip);
    }
    if (act_ == "spin") Spin();
    if (act_ == "hang") ::pause();
  }

  void Work() {
    lshost::Position position;
    for (;;) {
      const auto status = ctx.Status();
      if (status && position.generation != status->tip.generation) {
        position = status->oldest;
        ctx.Durable(position);
      }
      while (status) {
        auto wal = ctx.OpenWal(position);
        if (!wal) break;
        Maybe("worker");
        (void)wal->bytes.ReadAll();
        position = wal->end;
        ctx.Durable(position);
      }
      ctx.Wait(position);
    }
  }

  std::string act_;
  std::string when_;
  std::string once_;
};

// Runs inside dlopen.
[[maybe_unused]] const bool kLoaded = [] {
  const char* how = ::getenv("LSHOST_TEST_ROGUE_LOAD");
  if (how != nullptr && std::string_view(how) == "abort") std::abort();
  return true;
}();

}  // namespace

LSHOST_PLUGIN(Rogue, "rogue", "1.0.0");
