#include "isolation/create_replicator.hpp"

#include <poll.h>

#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include "base/error.hpp"
#include "isolation/channel.hpp"
#include "isolation/child_process.hpp"
#include "isolation/isolated_replicator.hpp"

namespace lshost::isolation {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// nullopt: there is none by the deadline, or never will be.
std::optional<Message> receive_until(Channel& channel, steady_clock::time_point deadline) {
  for (;;) {
    auto received = channel.receive(/*wait=*/false);
    if (std::holds_alternative<Channel::Closed>(received)) return std::nullopt;
    if (auto* message = std::get_if<Message>(&received)) {
      if (message->kind == Kind::reply) return std::move(*message);
      continue;  // a line of the log, say
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return std::nullopt;
    pollfd waiting = {channel.descriptor(), POLLIN, 0};
    (void)::poll(&waiting, 1, static_cast<int>(left));
  }
}

Described describe(const Describe& request, const IsolationOptions& options) {
  auto [ours, theirs] = Channel::make_pair();
  ChildProcess process(options.program, theirs, -1);
  theirs.reset();
  Channel channel(std::move(ours), Channel::Descriptors::refused);
  channel.send(Kind::describe, 1, encode(request));
  const auto message = receive_until(channel, steady_clock::now() + options.answer_limit);
  if (message) {
    const auto reply = decode<Reply>(message->body);
    if (reply.error) throw Error(*reply.error);
    return decode<Described>(reply.body);
  }
  pollfd ending = {process.descriptor(), POLLIN, 0};
  const bool has_ended = ::poll(&ending, 1, 1000) > 0;
  const std::string what = has_ended ? to_string(process.reap()) : "did not answer";
  throw Error(ErrorCode::unsupported,
              "the plugin of type '" + request.type + "' can not be asked for its keys: its process " + what);
}

}  // namespace

std::unique_ptr<replica::Replicator> create_replicator(const plugin::PluginRegistry& plugins,
                                                       plugin::ReplicaSetup setup) {
  if (setup.config.isolation == config::Isolation::none) return plugins.create(std::move(setup));
  return std::make_unique<IsolatedReplicator>(plugins.folders(), std::move(setup), IsolationOptions{});
}

std::optional<std::vector<config::KeySpec>> schema_of(const plugin::PluginRegistry& plugins,
                                                      const config::ReplicaConfig& replica) {
  if (replica.isolation == config::Isolation::none) return plugins.schema_of(replica.type);
  return describe({plugins.folders(), replica.type}, {});
}

}  // namespace lshost::isolation
