#include "isolation/plugin_child.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <list>
#include <memory>
#include <new>
#include <string_view>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "isolation/child_process.hpp"
#include "isolation/host_link.hpp"
#include "isolation/messages.hpp"
#include "isolation/remote_feed.hpp"
#include "isolation/remote_observer.hpp"
#include "obs/log.hpp"
#include "plugin/plugin_registry.hpp"

namespace lshost::isolation {
namespace {

HostLink* the_link = nullptr;  // set before there is a second thread

void send_log_line(obs::Level level, std::string_view part, std::string_view message, const obs::Field* fields,
                   std::size_t count) {
  LogLine line{level, std::string(part), std::string(message), {}};
  for (std::size_t i = 0; i < count; ++i) {
    line.fields.push_back({std::string(fields[i].key), fields[i].value, fields[i].is_number});
  }
  the_link->send(Kind::log, 0, encode(line));
}

void end_out_of_memory() {
  static constexpr std::string_view kLine = "the plugin's process has reached its isolation-memory-limit\n";
  (void)!::write(STDERR_FILENO, kLine.data(), kLine.size());
  ::_exit(kExitOutOfMemory);
}

/// A plugin's exit() ends the process at once: destructors of static data under threads that run on may never end.
void end_at_once_on_exit() {
  (void)::on_exit([](int code, void* /*unused*/) { ::_exit(code); }, nullptr);
}

void limit_memory(std::uint64_t bytes) {
  if (bytes == 0) return;
  const rlimit limit{bytes, bytes};
  if (::setrlimit(RLIMIT_DATA, &limit) != 0) throw_errno("setrlimit", "isolation-memory-limit");
  // A leak is ended by a new process, not by a plugin that lives on without memory.
  std::set_new_handler(end_out_of_memory);
}

/// Threads of requests: none of them is ever waited for, because a plugin may keep it for ever. They end with the
/// process.
class RequestThreads {
 public:
  void run(std::function<void()> work) {
    const MutexLock lock(mutex_);
    threads_.remove_if([](Running& running) {
      if (!running.is_done->load()) return false;
      running.thread.join();
      return true;
    });
    auto is_done = std::make_shared<std::atomic<bool>>(false);
    threads_.push_back({std::thread([work = std::move(work), is_done] {
                          work();
                          is_done->store(true);
                        }),
                        is_done});
  }

 private:
  struct Running {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> is_done;
  };
  Mutex mutex_;
  std::list<Running> threads_ LSHOST_GUARDED_BY(mutex_);
};

/// The replica in this process, made by the first request.
class Child {
 public:
  explicit Child(HostLink& link) : link_(link) {}

  [[noreturn]] void run() {
    for (;;) {
      auto message = std::make_shared<Message>(link_.receive());
      switch (message->kind) {
        case Kind::tip:
          if (feed_) feed_->tip(std::move(*message));
          break;
        case Kind::wal:
        case Kind::image:
          if (feed_) feed_->answer(std::move(*message));
          break;
        case Kind::create:
          prepare(decode<Create>(message->body));
          [[fallthrough]];
        default:
          // Never here: whatever a plugin does, tips and answers are read.
          threads_.run([this, message] { serve(*message); });
      }
    }
  }

 private:
  void prepare(Create create) {
    create_ = std::move(create);
    obs::configure_log(create_.log_level, obs::Format::text);
    if (!create_.is_online) return;
    feed_ = std::make_unique<RemoteFeed>(link_, create_.durable);
    observer_ = std::make_unique<RemoteObserver>(link_);
  }

  void serve(Message& request) noexcept {
    Reply reply;
    std::unique_ptr<ByteStream> opened;
    try {
      reply.body = answer(request, opened);
    } catch (const Error& e) {
      reply.error = e;
    } catch (const std::exception& e) {
      reply.error = Error(ErrorCode::internal, e.what());
    }
    link_.send(Kind::reply, request.id, encode(reply));
    if (request.kind == Kind::destroy || request.kind == Kind::describe) ::_exit(0);
    if (opened) write_stream(request, *opened);
  }

  [[nodiscard]] Bytes answer(const Message& request, std::unique_ptr<ByteStream>& opened) {
    switch (request.kind) {
      case Kind::create:
        return encode(create());
      case Kind::describe: {
        const auto asked = decode<Describe>(request.body);
        return encode(Described(plugin::PluginRegistry(asked.plugin_folders).schema_of(asked.type)));
      }
      case Kind::start:
        replicator()->start();
        return standing();
      case Kind::stop:
        replicator()->stop(decode<StopRequest>(request.body).deadline);
        return standing();
      case Kind::refresh:
        return standing();
      case Kind::list: {
        const auto asked = decode<ListRequest>(request.body);
        return encode(replicator()->list(asked.kind, asked.generation));
      }
      case Kind::open:
        opened = replicator()->open(decode<replica::Item>(request.body));
        return {};
      case Kind::commit_times:
        return encode(replicator()->commit_times(decode<replica::Item>(request.body)));
      case Kind::remove:
        replicator()->remove(decode<std::vector<replica::Item>>(request.body));
        return {};
      case Kind::probe:
        replicator()->probe(decode<ProbeRequest>(request.body).deadline);
        return {};
      case Kind::destroy:
        (void)take_replicator();  // destroyed here, or by the last call that is still in it
        return {};
      default:
        throw Error(ErrorCode::internal, "the host asked for something that is not known");
    }
  }

  [[nodiscard]] Created create() {
    limit_memory(create_.config.isolation_memory_limit_bytes);
    plugin::ReplicaSetup setup;
    setup.config = create_.config;
    setup.config_file = create_.config_file;
    setup.database = create_.database;
    setup.work_dir = create_.work_dir;
    setup.feed = feed_.get();
    setup.observer = observer_.get();
    const std::shared_ptr<replica::Replicator> made =
        plugin::PluginRegistry(create_.plugin_folders).create(std::move(setup));
    end_at_once_on_exit();  // again, to be called before what the plugin's own static data has registered
    {
      const MutexLock lock(mutex_);
      replicator_ = made;
    }
    return {made->name(), made->type(), made->can_restore(), made->can_remove()};
  }

  [[nodiscard]] Bytes standing() { return encode(Standing{replicator()->snapshotting()}); }

  /// The requests' threads have it in turn: the host asks for the next thing when it has the answer.
  [[nodiscard]] std::shared_ptr<replica::Replicator> replicator() LSHOST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (!replicator_) throw Error(ErrorCode::internal, "the replica was not made");
    return replicator_;
  }
  [[nodiscard]] std::shared_ptr<replica::Replicator> take_replicator() LSHOST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return std::exchange(replicator_, nullptr);
  }

  /// On the thread of its request, after its reply.
  void write_stream(Message& request, ByteStream& stream) noexcept {
    std::optional<Error> error;
    try {
      if (request.descriptors.empty()) throw Error(ErrorCode::internal, "the host gave no place to write to");
      std::vector<std::byte> buffer(256 * 1024);
      const int into = request.descriptors.front().get();
      for (std::size_t size = stream.read(buffer); size != 0; size = stream.read(buffer)) {
        if (!write_all(into, ByteSpan(buffer).first(size))) return;  // the host has enough of it
      }
    } catch (const Error& e) {
      error = e;
    } catch (const std::exception& e) {
      error = Error(ErrorCode::internal, e.what());
    }
    // First the word, then the end: whoever sees the end finds the word.
    link_.send(Kind::stream_end, request.id, encode(Reply{error, {}}));
    request.descriptors.clear();
  }

  [[nodiscard]] static bool write_all(int socket, ByteSpan bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }

  HostLink& link_;
  RequestThreads threads_;
  // Set by the first message, before there is a thread.
  Create create_;
  std::unique_ptr<RemoteFeed> feed_;
  std::unique_ptr<RemoteObserver> observer_;
  // Set by the create request; the host sends no other one before its reply.
  Mutex mutex_;
  std::shared_ptr<replica::Replicator> replicator_ LSHOST_GUARDED_BY(mutex_);
};

void ignore_signals_of_writes() {
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  for (const int signal : {SIGPIPE, SIGXFSZ}) (void)::sigaction(signal, &ignore, nullptr);
}

}  // namespace

void run_plugin_child(int descriptor) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ignore_signals_of_writes();
  end_at_once_on_exit();
  // Both live as long as the process: the plugin's threads use them until its last moment.
  auto* const link = new HostLink(descriptor);
  the_link = link;
  obs::redirect_log(send_log_line);
  auto* const child = new Child(*link);
  child->run();
}

}  // namespace lshost::isolation
