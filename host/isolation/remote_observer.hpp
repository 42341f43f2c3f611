#pragma once
// What a plugin tells the host from a process of its own.

#include "isolation/host_link.hpp"
#include "plugin/replica_observer.hpp"

namespace lshost::isolation {

/// Threads: safe. `link` must outlive it.
class RemoteObserver final : public plugin::ReplicaObserver {
 public:
  explicit RemoteObserver(HostLink& link) : link_(link) {}

  void state(plugin::ReplicaState state, std::string_view detail) override {
    link_.send(Kind::state, 0, encode(StateReport{state, std::string(detail)}));
  }
  void error(const plugin::Failure& failure) override { link_.send(Kind::error, 0, encode(failure)); }
  /// The feed has sent it: the host tells its observer once it believes it.
  void durable(const db::Position& /*position*/) override {}
  void snapshot(const db::Position& position, std::uint64_t size_bytes) override {
    link_.send(Kind::snapshot, 0, encode(SnapshotStored{position, size_bytes}));
  }
  void metric(std::string_view name, plugin::MetricKind kind, double value) override {
    link_.send(Kind::metric, 0, encode(MetricReport{std::string(name), kind, value}));
  }

 private:
  HostLink& link_;
};

}  // namespace lshost::isolation
